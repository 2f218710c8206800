/** `brunt/plugin`: all that a plugin or an exporter is written against. */
export * from './exporter.js';
export * from './events.js';
export * from './expectation.js';
export * from './host.js';
export * from './metrics.js';
export * from './plan.js';
export * from './plugin.js';
export * from './probe.js';
export * from './schema-types.js';
export * from './summary.js';
