/** What storage simulators measure beside the operations themselves. */
import type { MetricSpecs } from '../../../core/contract/index.js';
import { BAD_VERDICTS } from '../verify/verifier.js';

export const STORAGE_METRICS = {
  sync: {
    kind: 'trend',
    unit: 'ns',
    better: 'lower',
    help: 'Time that fsync or fdatasync took behind a write. It is part of that write’s latency.',
  },
  'skew-off': {
    kind: 'counter',
    unit: 'count',
    better: 'lower',
    help: 'Instances whose first 100,000 places (of many files: files) do not follow the formula they are drawn by.',
  },
  'bad-sectors': {
    kind: 'counter',
    unit: 'count',
    better: 'lower',
    mustBeZero: true,
    help: 'Sectors that were not what they must be, by what they were.',
    tags: { verdict: BAD_VERDICTS },
  },
  verified: { kind: 'counter', unit: 'bytes', help: 'Bytes that were read back and looked at.' },
  unverified: {
    kind: 'counter',
    unit: 'bytes',
    better: 'lower',
    help: 'Bytes that were to be looked at and could not be: reading them back failed, or there was no more time for it, or they were being written while they were read.',
  },
} as const satisfies MetricSpecs;
