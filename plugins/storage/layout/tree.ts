/**
 * A tree of folders and files by depth, width and count. Names and sizes are drawn from what is asked for alone, never
 * from the run's seed: a tree that was kept is the same one for the next run. Pure. Called by `disk` and `files`.
 */
import type { Random } from '../../../core/base/random.js';
import { randomFor } from '../../../core/base/random.js';
import type { ObjectSchema, OptionFault, Resolved } from '../../../core/contract/index.js';
import type { Layout } from './layout.js';
import { layoutOf } from './layout.js';

export const FILES_MAX = 1_000_000;
const FOLDERS_MAX = 100_000;

export const TREE_OPTIONS = {
  files: { type: 'integer', minimum: 1, maximum: FILES_MAX, default: 1000, description: 'How many files.' },
  depth: {
    type: 'integer',
    minimum: 0,
    maximum: 32,
    default: 1,
    description: 'Levels of folders below the root; files lie in those of the last. 0: all in the root.',
  },
  width: { type: 'integer', minimum: 1, maximum: FOLDERS_MAX, default: 10, description: 'Folders in each.' },
  size: {
    type: 'string',
    format: 'bytes',
    default: '64KiB',
    description: 'Of each file; with sizeMax the smallest.',
  },
  sizeMax: { type: 'string', format: 'bytes', description: 'Files from size to here.' },
  spread: {
    type: 'string',
    enum: ['uniform', 'lognormal'],
    default: 'uniform',
    description: 'From size to sizeMax: all alike, or many small ones and a few large ones.',
  },
  sizes: {
    type: 'array',
    maxItems: 64,
    description: 'Sizes by weight, instead of size.',
    items: {
      type: 'object',
      required: ['size', 'weight'],
      properties: {
        size: { type: 'string', format: 'bytes' },
        weight: { type: 'number', minimum: 0 },
      },
    },
  },
} as const satisfies ObjectSchema['properties'];

export type TreeSpec = Resolved<{ readonly type: 'object'; readonly properties: typeof TREE_OPTIONS }>;

export const DEFAULT_TREE: TreeSpec = {
  files: 1000,
  depth: 1,
  width: 10,
  size: 65_536,
  spread: 'uniform',
};

/** Of a range that is spread log-normally, so many standard deviations lie on each side of its geometric middle. */
const DEVIATIONS = 3;

/** What of it is impossible. Told without making anything. */
export function treeFaults(spec: TreeSpec): Omit<OptionFault, 'path'>[] {
  const { depth, width, size, sizeMax, sizes } = spec;
  const faults: Omit<OptionFault, 'path'>[] = [];
  const folders = foldersIn(depth, width);
  if (folders > FOLDERS_MAX)
    faults.push({
      message: `a tree ${depth} deep and ${width} wide has ${folders} folders, and ${FOLDERS_MAX} are the most`,
      seen: folders,
    });
  if (sizeMax !== undefined && sizeMax < size)
    faults.push({ message: `sizes from ${size} to ${sizeMax} bytes: that is no range`, seen: sizeMax });
  if (sizes !== undefined && !(sizes.reduce((sum, { weight }) => sum + weight, 0) > 0))
    faults.push({ message: 'the weights of the sizes add up to nothing' });
  if (spec.spread === 'lognormal' && (sizeMax === undefined || size < 1))
    faults.push({ message: 'a log-normal spread lies between a size above 0 and a sizeMax' });
  return faults;
}

/** The smallest and the largest size that a file may have. */
export function sizeRange({ size, sizeMax, sizes }: TreeSpec): {
  readonly min: number;
  readonly max: number;
} {
  const listed = sizes?.filter(({ weight }) => weight > 0).map((one) => one.size) ?? [];
  return listed.length > 0
    ? { min: Math.min(...listed), max: Math.max(...listed) }
    : { min: size, max: sizeMax ?? size };
}

/** `unitBytes`: sizes of a range are drawn as multiples of it, and files begin at one in the row. */
export function treeLayout(spec: TreeSpec, unitBytes: number): Layout {
  const random = randomFor(spec.files, 'tree', spec.depth, spec.width);
  const name = namer(random);
  const { folders, leaves } = foldersOf(spec, name);
  // Drawn now, so that names do not depend on how often or in which order they are asked for.
  const key = Math.floor(random() * 2 ** 32);
  const draw = sizeDrawer(spec, unitBytes, random);
  const bytes = Float64Array.from({ length: spec.files }, draw);
  const pathOf = (file: number): string => {
    const leaf = leaves[file % leaves.length] as string;
    return `${leaf}${leaf === '' ? '' : '/'}${fileName(file, key)}`;
  };
  return layoutOf({ pathOf, folders, bytes }, unitBytes);
}

function foldersOf({ depth, width }: TreeSpec, name: () => string): { folders: string[]; leaves: string[] } {
  const folders: string[] = [];
  let level = [''];
  for (let i = 0; i < depth; i++) {
    level = level.flatMap((above) =>
      Array.from({ length: width }, () => `${above}${above === '' ? '' : '/'}${name()}`),
    );
    folders.push(...level);
  }
  return { folders, leaves: level };
}

function foldersIn(depth: number, width: number): number {
  let [sum, level] = [0, 1];
  for (let i = 0; i < depth && sum <= FOLDERS_MAX; i++) sum += level *= width;
  return sum;
}

/** Never the same one twice: a number that grows, behind what was drawn. */
function namer(random: Random): () => string {
  let made = 0;
  return () => `d${hex(random() * 2 ** 32)}${(made++).toString(36)}`;
}

/** Scattered over the alphabet, so that making the files in order does not make them in the order of their names. */
function fileName(file: number, key: number): string {
  return `f${hex(Math.imul((file ^ key) >>> 0, 0x9e3779b1) >>> 0)}${file.toString(36)}`;
}

function hex(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0');
}

/** Sizes of files as the spec spreads them. */
export function sizeDrawer(spec: TreeSpec, unitBytes: number, random: Random): () => number {
  const { size, sizeMax, sizes, spread } = spec;
  if (sizes !== undefined && sizes.length > 0) {
    const sum = sizes.reduce((total, { weight }) => total + weight, 0);
    return () => {
      let at = random() * sum;
      const found = sizes.find(({ weight }) => (at -= weight) < 0);
      return (found ?? sizes.at(-1) ?? { size }).size;
    };
  }
  if (sizeMax === undefined || sizeMax === size) return () => size;
  const whole = (bytes: number): number =>
    Math.min(sizeMax, Math.max(size, Math.round(bytes / unitBytes) * unitBytes));
  if (spread === 'uniform') return () => whole(size + random() * (sizeMax - size));
  const [low, high] = [Math.log(size), Math.log(sizeMax)];
  return () => {
    for (;;) {
      const deviations = gauss(random);
      if (Math.abs(deviations) > DEVIATIONS) continue;
      return whole(Math.exp(low + ((deviations / DEVIATIONS + 1) / 2) * (high - low)));
    }
  };
}

/** Box and Muller. */
function gauss(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
