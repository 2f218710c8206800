/**
 * What a scenario may ask of a storage workload, shared by `disk` and `block`: the options, what of them is impossible,
 * and what they come to. Pure; nothing is touched here.
 */
import type {
  EstimateInput,
  ObjectSchema,
  OptionFault,
  Resolved,
  WorkedOn,
} from '../../../core/contract/index.js';
import type { AccessSpec } from '../access/index.js';
import { ENGINES } from '../engines/open.js';
import { ERROR_OPTIONS } from './error-policy.js';
import { SECTOR_BYTES } from '../verify/stamp.js';

export const WORKLOAD_OPTIONS = {
  blockSize: {
    type: 'string',
    format: 'bytes',
    default: '4KiB',
    description: 'Of each operation; with blockSizeMax the smallest.',
  },
  blockSizeMax: {
    type: 'string',
    format: 'bytes',
    description: 'Block sizes from blockSize to here, in steps of blockSize, all alike.',
  },
  blockSizes: {
    type: 'array',
    maxItems: 64,
    description: 'Block sizes by weight, instead of blockSize.',
    items: {
      type: 'object',
      required: ['size', 'weight'],
      properties: {
        size: { type: 'string', format: 'bytes' },
        weight: { type: 'number', minimum: 0 },
      },
    },
  },
  align: {
    type: 'string',
    format: 'bytes',
    description: 'Offsets are multiples of this. Default: the smallest block size.',
  },
  access: {
    type: 'string',
    enum: ['sequential', 'strided', 'random', 'zipf', 'pareto', 'normal', 'zoned', 'moving', 'append'],
    default: 'random',
    description: 'Where operations go.',
  },
  stride: {
    type: 'string',
    format: 'bytes',
    default: '1MiB',
    description: 'strided: from one block to the next.',
  },
  theta: { type: 'number', minimum: 0.01, maximum: 10, default: 1.1, description: 'zipf: how skewed.' },
  h: {
    type: 'number',
    minimum: 0.001,
    maximum: 0.499,
    default: 0.2,
    description: 'pareto: this share of the blocks gets the rest of the operations; 0.2 is "80 to 20".',
  },
  centre: { type: 'string', format: 'percent', default: '50%', description: 'normal: of the target.' },
  deviation: { type: 'string', format: 'percent', default: '10%', description: 'normal: of the target.' },
  zones: {
    type: 'array',
    maxItems: 256,
    description: 'zoned: from the start of the target on; each column adds up to 100%.',
    items: {
      type: 'object',
      required: ['access', 'size'],
      properties: {
        access: { type: 'string', format: 'percent' },
        size: { type: 'string', format: 'percent' },
      },
    },
  },
  hot: {
    type: 'object',
    description: 'moving: a hot stretch of the target that moves on by its own length.',
    properties: {
      size: { type: 'string', format: 'percent', default: '5%' },
      access: { type: 'string', format: 'percent', default: '90%' },
      every: { type: 'integer', minimum: 1, default: 10_000, description: 'Operations.' },
    },
  },
  scramble: {
    type: 'boolean',
    default: true,
    description: 'zipf, pareto: hot blocks lie anywhere; false: at the start of the target.',
  },
  mix: {
    type: 'object',
    description: 'Shares of the operations; they add up to 100%. Default: all read.',
    properties: {
      read: { type: 'string', format: 'percent' },
      write: { type: 'string', format: 'percent' },
      trim: { type: 'string', format: 'percent' },
    },
  },
  direct: { type: 'boolean', default: false, description: 'O_DIRECT: past the page cache.' },
  advise: {
    type: 'string',
    enum: ['normal', 'random', 'sequential', 'willNeed', 'dontNeed', 'noReuse'],
    default: 'normal',
    description:
      'What the kernel is told of each file or device when it is opened (posix_fadvise; engine mmap: madvise, too).',
  },
  dropCache: {
    type: 'boolean',
    default: false,
    description: 'What is worked on is not in the page cache at the start.',
  },
  sync: {
    type: 'string',
    enum: ['none', 'fsync', 'fdatasync', 'o_sync', 'o_dsync'],
    default: 'none',
    description: 'How writes are made durable; an operation with fsync behind it ends with that.',
  },
  syncEvery: {
    type: 'integer',
    minimum: 1,
    default: 1,
    description: 'fsync, fdatasync: after so many writes.',
  },
  syncEveryTime: {
    type: 'string',
    format: 'duration',
    description: 'fsync, fdatasync: after the first write beyond this time, instead of syncEvery.',
  },
  engine: { type: 'string', enum: ENGINES, default: 'auto', description: 'What does the I/O.' },
  sqPoll: { type: 'boolean', default: false, description: 'io_uring: a thread of the kernel submits.' },
  ioPoll: { type: 'boolean', default: false, description: 'io_uring: polls for completions.' },
  distribution: {
    type: 'string',
    enum: ['shared', 'partitioned', 'per-instance'],
    description:
      'Which instance works where: all on all of it, each on its part, each on a target of its own. To be said where ' +
      'several instances write.',
  },
  compressible: {
    type: 'string',
    format: 'percent',
    default: '0%',
    description: 'How much of each block compresses away.',
  },
  duplicates: {
    type: 'string',
    format: 'percent',
    default: '0%',
    description: 'Share of blocks that are equal to others.',
  },
  verify: {
    type: 'string',
    enum: ['off', 'inline', 'after', 'both'],
    default: 'off',
    description:
      'Stamps every sector; looks at it in every read (inline), and reads all back once the load is over (after).',
  },
  verifyLater: {
    type: 'boolean',
    default: false,
    description:
      'Stamps every sector, and keeps in the record what was written where: a later run can verify it, also when this ' +
      'one is killed.',
  },
  verifyFrom: {
    type: 'string',
    format: 'run',
    description:
      'A run with verifyLater, by id, name or "@last": what its actor of this name wrote must be there. May go on writing.',
  },
  powerLoss: {
    type: 'boolean',
    description:
      'verifyFrom: power was cut since then, and what was not synced may be gone. Default: whether this host has booted anew.',
  },
  ...ERROR_OPTIONS,
  passes: { type: 'integer', minimum: 1, description: 'sequential: is done after so many.' },
  total: {
    type: 'string',
    format: 'bytes',
    description: 'Is done after so many bytes, each instance for its part.',
  },
} as const satisfies ObjectSchema['properties'];

export type WorkloadOptions = Resolved<{
  readonly type: 'object';
  readonly properties: typeof WORKLOAD_OPTIONS;
}>;

/** Sectors are stamped, and it is known what must be where. */
export function isVerifying({ verify, verifyLater, verifyFrom }: WorkloadOptions): boolean {
  return verify !== 'off' || verifyLater || verifyFrom !== undefined;
}

/** What is known of it lies in the record, and not in memory alone. */
export function isKept({ verifyLater, verifyFrom }: WorkloadOptions): boolean {
  return verifyLater || verifyFrom !== undefined;
}

export type OpKind = 'read' | 'write' | 'trim';

export interface BlockSize {
  readonly bytes: number;
  /** Of the operations; they add up to 1. */
  readonly share: number;
}

const MIB = 2 ** 20;
/** Of one operation, and of what all operations of an instance in flight may have together. */
export const BLOCK_MAX = 64 * MIB;

export function sizesOf({ blockSize, blockSizeMax, blockSizes }: WorkloadOptions): readonly BlockSize[] {
  if (blockSizes !== undefined && blockSizes.length > 0) {
    const sum = blockSizes.reduce((total, { weight }) => total + weight, 0);
    return blockSizes.map(({ size, weight }) => ({ bytes: size, share: weight / sum }));
  }
  const count = blockSizeMax === undefined ? 1 : Math.max(1, Math.floor(blockSizeMax / blockSize));
  return Array.from({ length: count }, (_, i) => ({ bytes: blockSize * (i + 1), share: 1 / count }));
}

export function largestOf(options: WorkloadOptions): number {
  return Math.max(...sizesOf(options).map(({ bytes }) => bytes));
}

export function alignOf(options: WorkloadOptions): number {
  return options.align ?? Math.min(...sizesOf(options).map(({ bytes }) => bytes));
}

export function mixOf({ mix }: WorkloadOptions): Readonly<Record<OpKind, number>> {
  const { read, write = 0, trim = 0 } = mix ?? {};
  return { read: read ?? (mix === undefined ? 1 : 0), write, trim };
}

export function isWriting(options: WorkloadOptions): boolean {
  const { write, trim } = mixOf(options);
  return write + trim > 0 || options.access === 'append';
}

/** What other actors are told of a target. */
export function workedOn(
  options: WorkloadOptions,
  target: Pick<WorkedOn, 'what' | 'from' | 'bytes' | 'path'>,
): WorkedOn {
  return {
    ...target,
    isWritten: isWriting(options),
    isVerified: isVerifying(options),
    isShared: options.distribution === 'shared',
  };
}

/** What the smallest piece is that is written: every write covers whole ones. */
export function unitOf(options: WorkloadOptions): number {
  return sizesOf(options).reduce((unit, { bytes }) => gcd(unit, bytes), alignOf(options));
}

/** Of a region of so many places; null for what is no drawing but a walk (`places.ts`). */
export function accessOf(options: WorkloadOptions): AccessSpec | null {
  const { theta, h, scramble, centre, deviation, zones = [], hot } = options;
  switch (options.access) {
    case 'sequential':
    case 'append':
    case 'strided':
      return null;
    case 'random':
      return { kind: 'random' };
    case 'zipf':
      return { kind: 'zipf', theta, scramble };
    case 'pareto':
      return { kind: 'pareto', h, scramble };
    case 'normal':
      return { kind: 'normal', centre, deviation };
    case 'zoned':
      return { kind: 'zoned', zones };
    case 'moving': {
      const { size = 0.05, access = 0.9, every = 10_000 } = hot ?? {};
      return { kind: 'moving', size, access, everyOperations: every };
    }
  }
}

type CheckInput = Omit<EstimateInput<unknown>, 'options' | 'loadedMs'>;

/** `sizeBytes`: of the target, where it is known when the plan is made. */
export function workloadFaults(
  options: WorkloadOptions,
  { instances, control, peak }: CheckInput,
  sizeBytes: number | undefined,
): OptionFault[] {
  const faults: OptionFault[] = [];
  const fault = (path: readonly string[], message: string, seen?: unknown, hint?: string): void => {
    faults.push({ path, message, ...(seen !== undefined && { seen }), ...(hint !== undefined && { hint }) });
  };
  const sizes = sizesOf(options);
  const where = options.blockSizes === undefined ? ['blockSize'] : ['blockSizes'];
  const largest = largestOf(options);
  if (sizes.some(({ bytes }) => !(bytes >= 1 && Number.isInteger(bytes))))
    fault(where, 'a block has no bytes');
  if (sizes.some(({ share }) => Number.isNaN(share))) fault(where, 'the weights add up to nothing');
  if (largest > BLOCK_MAX) fault(where, `a block is larger than ${BLOCK_MAX / MIB} MiB`, largest);
  if (sizeBytes !== undefined && largest > sizeBytes)
    fault(where, 'a block is larger than the target', largest, `The target has ${sizeBytes} bytes.`);
  const { read, write, trim } = mixOf(options);
  if (Math.abs(read + write + trim - 1) > 1e-6)
    fault(['mix'], `the mix adds up to ${round((read + write + trim) * 100)} %, not 100 %`, options.mix);
  faults.push(...alignmentFaults(options), ...skewFaults(options), ...sharingFaults(options, instances));
  if (options.access === 'append' && write < 1)
    fault(['mix'], 'append only writes', options.mix, 'Write "mix": { "write": "100%" }.');
  if (options.advise !== 'normal' && options.direct)
    fault(['advise'], 'it is of the page cache, which direct I/O goes past', options.advise);
  if (options.advise === 'noReuse' && options.engine === 'mmap')
    fault(['advise'], 'of what is mapped nothing can be said that means "noReuse"', options.advise);
  if (options.ioPoll && !options.direct) fault(['ioPoll'], 'polling for completions needs direct I/O');
  const isLinked = options.sync === 'fsync' || options.sync === 'fdatasync';
  if (options.ioPoll && isLinked) fault(['ioPoll'], `polling for completions cannot do ${options.sync}`);
  if (options.verifyFrom !== undefined && options.verify === 'off')
    fault(
      ['verifyFrom'],
      'nothing is looked at',
      options.verifyFrom,
      'Say "verify": "inline" (what is read), "after" (all of it at the end) or "both".',
    );
  if (options.powerLoss !== undefined && options.verifyFrom === undefined)
    fault(['powerLoss'], 'it is said of what another run wrote: "verifyFrom" is missing', options.powerLoss);
  if (isVerifying(options) && options.duplicates > 0)
    fault(
      ['duplicates'],
      'stamped blocks are never equal to others',
      options.duplicates,
      'Leave out one of verify and duplicates.',
    );
  if (options.passes !== undefined && options.access !== 'sequential')
    fault(['passes'], `passes are of sequential access, not ${options.access}`);
  if (control === 'concurrency' && peak < instances)
    fault([], `${peak} operations in flight cannot be shared by ${instances} instances`, peak);
  return faults;
}

function alignmentFaults(options: WorkloadOptions): OptionFault[] {
  const unit = unitOf(options);
  if (options.direct && unit % SECTOR_BYTES !== 0)
    return [
      {
        path: options.align === undefined ? ['blockSize'] : ['align'],
        message: `direct I/O is in whole sectors of ${SECTOR_BYTES} bytes; these sizes and offsets are multiples of ${unit}`,
        seen: unit,
      },
    ];
  if (isVerifying(options) && unit % SECTOR_BYTES !== 0)
    return [
      {
        path: ['verify'],
        message: `every sector of ${SECTOR_BYTES} bytes is stamped; these sizes and offsets are multiples of ${unit}`,
        seen: unit,
      },
    ];
  return [];
}

function skewFaults({ access, zones = [], stride, hot }: WorkloadOptions): OptionFault[] {
  if (access === 'strided' && stride < 1) return [{ path: ['stride'], message: 'a stride of nothing' }];
  if (access === 'moving') {
    const { size = 0.05, access: share = 0.9 } = hot ?? {};
    return size > 0 && size < 1 && share > 0 && share <= 1
      ? []
      : [
          {
            path: ['hot'],
            message: 'the hot stretch and its share of the operations lie between 0 % and 100 %',
          },
        ];
  }
  if (access !== 'zoned') return [];
  if (zones.length === 0) return [{ path: ['zones'], message: 'zoned access needs its zones' }];
  return (['access', 'size'] as const).flatMap((column) => {
    const sum = zones.reduce((total, zone) => total + zone[column], 0);
    if (Math.abs(sum - 1) <= 1e-6) return [];
    return [
      { path: ['zones'], message: `"${column}" of the zones adds up to ${round(sum * 100)} %, not 100 %` },
    ];
  });
}

/** Several writers on one range is a choice, never a default. */
function sharingFaults(options: WorkloadOptions, instances: number): OptionFault[] {
  const { distribution, access } = options;
  if (instances > 1 && distribution === undefined && isWriting(options)) {
    return [
      {
        path: [],
        message: `${instances} instances would write to one target`,
        hint: 'Say "distribution": "shared" (they overwrite each other), "partitioned" or "per-instance".',
      },
    ];
  }
  if (instances > 1 && access === 'append' && distribution !== 'per-instance')
    return [
      {
        path: ['distribution'],
        message: 'several instances append each to a file of its own',
        seen: distribution,
        hint: 'Say "per-instance"; of many files also "partitioned".',
      },
    ];
  return [];
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

const round = (value: number): number => Math.round(value * 1000) / 1000;
