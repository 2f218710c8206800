/** `brunt/plugin`: all that a plugin or an exporter is written against. */
export * from './exporter.js';
export type * from './events.js';
export * from './expectation.js';
export type * from './host.js';
export * from './kept.js';
export * from './metrics.js';
export type * from './plan.js';
export * from './plugin.js';
export * from './probe.js';
export type * from './schema-types.js';
export type * from './search.js';
export * from './summary.js';
export type * from './sweep.js';
