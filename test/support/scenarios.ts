/** Small scenarios that every host can run. */

/** Two built-in simulators for three seconds: a fraction of a core, 48 MiB. */
export const SHORT = {
  version: 1,
  name: 'short',
  window: '500ms',
  seed: 7,
  actors: { cpu: { peak: '0.3cores', instances: 1 }, memory: { peak: '48MiB' } },
  phases: [
    { name: 'climb', duration: '1s', load: { '*': '0% -> 100%' } },
    { name: 'hold', duration: '2s', load: { '*': '100%' } },
  ],
} as const;

/** The same load for as long as the test needs it. */
export const LONG = {
  ...SHORT,
  name: 'long',
  phases: [{ name: 'hold', duration: '2m', load: { '*': '100%' } }],
} as const;
