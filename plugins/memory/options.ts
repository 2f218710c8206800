/** What a scenario may say under `with`; shared by all patterns, each says in its help which one reads it. */
import type { Resolved } from '../../core/contract/index.js';
import { ADVICE } from './metrics.js';

export const PATTERNS = [
  'hold',
  'churn',
  'fragmentation',
  'working-set',
  'page-cache',
  'vm',
  'lock',
  'shared',
  'heap',
  'gc',
] as const;

export const MEMORY_OPTIONS = {
  type: 'object',
  properties: {
    pattern: {
      type: 'string',
      enum: PATTERNS,
      default: 'hold',
      description:
        'What is done with the memory that is held; how much that is over time is the load of the phases.',
    },
    pages: {
      type: 'string',
      enum: ['auto', 'small', 'huge'],
      default: 'small',
      description:
        'Pages of the usual size (small), huge ones where the kernel offers them (auto), or else not at all (huge).',
    },
    verifyEvery: {
      type: 'string',
      format: 'duration',
      description:
        'All that is held is read back once in so long, in the background. It is read back before it is given back anyway.',
    },
    lifetime: {
      type: 'string',
      format: 'duration',
      default: '1s',
      description:
        'churn, gc: how long a block lives on average; the allocation rate is what is held divided by it.',
    },
    block: {
      type: 'string',
      format: 'bytes',
      default: '64KiB',
      description:
        'churn: size of a block, page-cache: of one read or write, in whole pages of 4 KiB; fragmentation: of the largest block.',
    },
    access: {
      type: 'string',
      enum: ['sequential', 'random', 'strided', 'zipf', 'chase'],
      default: 'random',
      description:
        'working-set, page-cache: the order of accesses. chase: each depends on what the one before it read.',
    },
    accessRate: {
      type: 'string',
      format: 'rate',
      description:
        'working-set, page-cache: accesses a second of the whole actor; as fast as it can when left out.',
    },
    writes: {
      type: 'string',
      format: 'percent',
      default: '0%',
      description: 'working-set, page-cache: share of accesses that write.',
    },
    stride: {
      type: 'string',
      format: 'bytes',
      default: '4KiB',
      description: 'working-set: how far strided accesses lie apart, in whole cache lines of 64 bytes.',
    },
    skew: {
      type: 'number',
      minimum: 0,
      maximum: 4,
      default: 0.99,
      description: 'working-set, page-cache: exponent of Zipf: the larger, the fewer pages are hot.',
    },
    advice: {
      type: 'array',
      maxItems: 6,
      items: { type: 'string', enum: ADVICE },
      description: 'vm: what is done in turn; all that the host has when left out.',
    },
    space: {
      type: 'string',
      enum: ['old', 'external', 'array-buffers'],
      default: 'old',
      description: 'heap: where in the JavaScript engine it is held.',
    },
  },
} as const;

export type MemoryOptions = Resolved<typeof MEMORY_OPTIONS>;
