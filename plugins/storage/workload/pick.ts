/**
 * Which of many files is next: the options that say it, what of them is impossible, and the drawing. Skews share their
 * parameters (theta, h, zones, …) with `access`, which says where in the file.
 */
import type { Random } from '../../../core/base/random.js';
import type { ObjectSchema, OptionFault, Resolved } from '../../../core/contract/index.js';
import type { AccessSpec } from '../access/index.js';
import { makeAccess } from '../access/index.js';
import type { SkewCheck } from '../access/skew-check.js';
import { watched } from '../access/skew-check.js';
import type { Layout } from '../layout/layout.js';
import type { WorkloadOptions } from './options.js';
import { accessOf, isVerifying, largestOf, unitOf } from './options.js';

export const PICK_OPTIONS = {
  pick: {
    type: 'string',
    enum: ['random', 'sequential', 'bySize', 'zipf', 'pareto', 'normal', 'zoned', 'moving'],
    default: 'random',
    description:
      'tree, manifest: which file an operation goes to; bySize: larger ones in proportion. Skews are told by theta, h, ' +
      'zones and so on, as those of access.',
  },
  visit: {
    type: 'string',
    enum: ['operation', 'pass'],
    default: 'operation',
    description:
      'tree, manifest: a file is picked for each operation, or gone through from start to end before the next is.',
  },
} as const satisfies ObjectSchema['properties'];

export type PickOptions = Resolved<{ readonly type: 'object'; readonly properties: typeof PICK_OPTIONS }>;

/** The place in `files` of the next file. */
export function makePick(
  options: WorkloadOptions & PickOptions,
  { starts }: Layout,
  files: Uint32Array,
  random: Random,
): { readonly next: () => number; readonly check: SkewCheck | null } {
  if (options.pick === 'bySize') return { next: bySize(files, starts, random), check: null };
  return watched(makeAccess(specOf(options), files.length, random), files.length);
}

function specOf(options: WorkloadOptions & PickOptions): AccessSpec {
  const { pick } = options;
  if (pick === 'bySize' || pick === 'sequential') return { kind: 'sequential' };
  return accessOf({ ...options, access: pick }) ?? { kind: 'sequential' };
}

/** A byte of all of them is drawn, and the file that it lies in. */
function bySize(files: Uint32Array, starts: Float64Array, random: Random): () => number {
  const ends = new Float64Array(files.length);
  let sum = 0;
  for (const [i, file] of files.entries())
    ends[i] = sum += (starts[file + 1] as number) - (starts[file] as number);
  return () => {
    const at = random() * sum;
    let [low, high] = [0, files.length - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((ends[middle] as number) > at) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}

/** `sizes`: all that the files may have at the ends of their ranges, where that is known when the plan is made. */
export function pickFaults(options: WorkloadOptions & PickOptions, sizes: readonly number[]): OptionFault[] {
  const { access, visit, pick, passes, direct } = options;
  const isChecked = isVerifying(options);
  const faults: OptionFault[] = [];
  if (visit === 'pass' && access !== 'sequential')
    faults.push({
      path: ['visit'],
      message: `a file is gone through from start to end, and access is ${access}`,
      hint: 'Say "access": "sequential".',
    });
  if (passes !== undefined && (pick !== 'sequential' || visit !== 'pass'))
    faults.push({
      path: ['passes'],
      message: 'passes of many files go through one after the other',
      hint: 'Say "pick": "sequential" and "visit": "pass".',
    });
  const [smallest, largest, unit] = [Math.min(...sizes), largestOf(options), unitOf(options)];
  if (smallest < 1) faults.push({ path: ['tree'], message: 'a file has no bytes' });
  else if (visit !== 'pass' && largest > smallest)
    faults.push({
      path: [options.blockSizes === undefined ? 'blockSize' : 'blockSizes'],
      message: 'a block is larger than the smallest file',
      seen: largest,
      hint: `That has ${smallest} bytes. "visit": "pass" goes through files of any size.`,
    });
  const odd = sizes.find((bytes) => bytes % unit !== 0);
  if (odd !== undefined && (isChecked || (direct && visit === 'pass')))
    faults.push({
      path: ['tree'],
      message: `${isChecked ? 'verification' : 'direct I/O to the end'} of a file is in multiples of ${unit} bytes, and one has ${odd}`,
      seen: odd,
    });
  return faults;
}
