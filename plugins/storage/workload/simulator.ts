/** What the storage simulators declare alike: spread into the definitions of `disk` and `block`. */
import { KINDS } from './work.js';

export const storageSimulator = {
  controls: [
    { kind: 'concurrency', unit: 'count', defaultPeak: '4' },
    { kind: 'rate', unit: 'ops/s' },
  ],
  operations: KINDS,
  takes: 'memory',
  /** A device that stalls is what some runs are for: it is not the actor that hangs. */
  quietMs: 60_000,
} as const;
