/** What the simulator measures, whatever the pattern: one that a pattern or a host has nothing to say to has no values. */
import type { Recorders } from '../../core/contract/index.js';

export const ADVICE = ['dirty', 'dontneed', 'free', 'cold', 'pageout', 'collapse'] as const;
export type Advice = (typeof ADVICE)[number];

export const MEMORY_METRICS = {
  touch: {
    kind: 'trend',
    unit: 'ns',
    better: 'lower',
    help: 'Time to make one MiB resident: having it from the kernel and writing every page.',
  },
  allocation: {
    kind: 'trend',
    unit: 'ns',
    better: 'lower',
    help: 'Time of one allocation: a piece on the way to the level (1 MiB, or a huge page, as a rule), or one block of a pattern.',
  },
  release: {
    kind: 'trend',
    unit: 'ns',
    better: 'lower',
    help: 'Time to read one piece back and to give it to the kernel.',
  },
  taken: { kind: 'counter', unit: 'bytes', help: 'Bytes that were made resident.' },
  'given-back': { kind: 'counter', unit: 'bytes', help: 'Bytes that were given back to the system.' },
  touched: {
    kind: 'counter',
    unit: 'bytes',
    better: 'higher',
    help: 'Bytes written or read, by taking, by the pattern and by reading back; its rate is bytes touched a second.',
  },
  verified: { kind: 'counter', unit: 'bytes', help: 'Bytes that were read back and compared.' },
  mismatches: {
    kind: 'counter',
    unit: 'count',
    better: 'lower',
    mustBeZero: true,
    help: 'Pages that did not hold what was written into them: the memory, or what rules over it, is at fault.',
  },
  refused: {
    kind: 'counter',
    unit: 'count',
    better: 'lower',
    help: 'Pieces that the system refused although they were within the lease.',
  },
  faults: {
    kind: 'counter',
    unit: 'count',
    help: 'Page faults of the instances: minor ones found their page in memory, major ones had to read it.',
    tags: { kind: ['minor', 'major'] },
  },
  huge: { kind: 'gauge', unit: 'bytes', help: 'Held in huge pages, by the account of the kernel.' },
  locked: { kind: 'gauge', unit: 'bytes', help: 'Locked in RAM by mlock, by the account of the kernel.' },
  'fragmentation-ratio': {
    kind: 'gauge',
    unit: 'share',
    better: 'lower',
    across: 'mean',
    help: 'Resident bytes for each byte that is in use: 100 % is none lost.',
  },
  'unusable-free': {
    kind: 'gauge',
    unit: 'share',
    better: 'lower',
    across: 'max',
    help: 'Share of the free memory of the machine that lies in pieces smaller than a huge page.',
  },
  cached: { kind: 'gauge', unit: 'bytes', help: 'Of the files of pattern page-cache, what is in memory.' },
  renewed: {
    kind: 'counter',
    unit: 'bytes',
    help: 'Bytes that a pattern gave back and took again in place.',
  },
  access: {
    kind: 'counter',
    unit: 'count',
    better: 'higher',
    help: 'Accesses of one cache line (page-cache: of one block).',
  },
  'access-latency': {
    kind: 'trend',
    unit: 'ns',
    better: 'lower',
    help: 'Time of one access: the mean of each batch of some thousands (page-cache: of each block).',
  },
  advised: {
    kind: 'counter',
    unit: 'bytes',
    help: 'Bytes that pattern vm worked on, by what it did.',
    tags: { advice: ADVICE },
  },
  'advice-latency': {
    kind: 'trend',
    unit: 'ns',
    better: 'lower',
    help: 'Time of one such call on a piece of 2 MiB, without what comes after it.',
    tags: { advice: ADVICE },
  },
  collections: {
    kind: 'counter',
    unit: 'count',
    help: 'Garbage collections of the thread, by kind.',
    tags: { kind: ['minor', 'major', 'incremental', 'weak'] },
  },
  pause: {
    kind: 'trend',
    unit: 'ns',
    better: 'lower',
    help: 'Time of one garbage collection, by kind.',
    tags: { kind: ['minor', 'major', 'incremental', 'weak'] },
  },
} as const;

export type MemoryMetrics = typeof MEMORY_METRICS;
export type MemoryRecorders = Recorders<MemoryMetrics>;
