/** What a scenario may ask of `files`, and what of that is impossible. Pure. */
import type { EstimateInput, ObjectSchema, OptionFault, Resolved } from '../../core/contract/index.js';
import { sizeRange, TREE_OPTIONS, treeFaults } from '../storage/layout/tree.js';
import { ERROR_OPTIONS } from '../storage/workload/error-policy.js';
import { DEFAULT_TREE } from '../storage/layout/tree.js';
import type { TreeSpec } from '../storage/layout/tree.js';

export const KINDS = [
  'create',
  'open',
  'stat',
  'read',
  'append',
  'truncate',
  'rename',
  'link',
  'unlink',
  'readdir',
  'mkdir',
  'rmdir',
  'setxattr',
  'getxattr',
] as const;
export type Kind = (typeof KINDS)[number];

/** What an instance keeps in mind of its files is a part of its heap. */
const FILES_MAX = 200_000;
const FOLDERS_MAX = 100_000;

const weight = { type: 'number', minimum: 0 } as const;

export const OPTIONS = {
  type: 'object',
  properties: {
    path: {
      type: 'string',
      format: 'path',
      access: 'write',
      description:
        'The folder, where nothing is now: each instance has one behind which its number stands. Without it each has ' +
        'one in a scratch folder.',
    },
    tree: {
      type: 'object',
      description:
        'What is there at the start, for each instance; files that are created are as large as these.',
      properties: TREE_OPTIONS,
    },
    distribution: {
      type: 'string',
      enum: ['per-instance', 'shared'],
      default: 'per-instance',
      description:
        'per-instance: each in folders of its own. shared: all in the folders of one tree, each with files of its own.',
    },
    mix: {
      type: 'object',
      description:
        'The operations by weight. Default: create 2, open 1, stat 4, rename 1, unlink 2, readdir 1. create, append ' +
        'and read move the bytes of a whole file, or of an append.',
      properties: {
        create: weight,
        open: weight,
        stat: weight,
        read: weight,
        append: weight,
        truncate: weight,
        rename: weight,
        link: weight,
        unlink: weight,
        readdir: weight,
        mkdir: weight,
        rmdir: weight,
        setxattr: weight,
        getxattr: weight,
      },
    },
    appendSize: {
      type: 'string',
      format: 'bytes',
      default: '4KiB',
      description: 'What append adds; a file that has grown to four times the largest is emptied first.',
    },
    filesMax: {
      type: 'integer',
      minimum: 1,
      maximum: FILES_MAX,
      description: 'Names of files that an instance has at the most. Default: twice those at the start.',
    },
    foldersMax: {
      type: 'integer',
      minimum: 1,
      maximum: FOLDERS_MAX,
      default: 1000,
      description: 'Folders that mkdir makes at the most, beside those at the start.',
    },
    sync: {
      type: 'string',
      enum: ['none', 'file', 'all'],
      default: 'none',
      description:
        'file: what create and append write is durable when they end (fsync); all: names are too, by fsync of the folder.',
    },
    compressible: {
      type: 'string',
      format: 'percent',
      default: '0%',
      description: 'How much of what is written compresses away.',
    },
    ...ERROR_OPTIONS,
  },
} as const satisfies ObjectSchema;

export type FilesOptions = Resolved<typeof OPTIONS>;

const DEFAULT_MIX: Readonly<Partial<Record<Kind, number>>> = {
  create: 2,
  open: 1,
  stat: 4,
  rename: 1,
  unlink: 2,
  readdir: 1,
};

/** Of all kinds, adding up to 1. */
export function sharesOf({ mix = DEFAULT_MIX }: FilesOptions): Readonly<Record<Kind, number>> {
  const sum = KINDS.reduce((total, kind) => total + (mix[kind] ?? 0), 0);
  return Object.fromEntries(KINDS.map((kind) => [kind, (mix[kind] ?? 0) / sum])) as Record<Kind, number>;
}

export function treeOf({ tree = { ...DEFAULT_TREE, size: 4096 } }: FilesOptions): TreeSpec {
  return tree;
}

export function filesMaxOf(options: FilesOptions): number {
  return options.filesMax ?? Math.min(FILES_MAX, 2 * treeOf(options).files);
}

/** One folder for all instances, or one for each. */
export function isCommon({ path, distribution }: FilesOptions): boolean {
  return path !== undefined && distribution === 'shared';
}

type CheckInput = Omit<EstimateInput<FilesOptions>, 'loadedMs'>;

export function filesFaults({ options, control, peak, instances }: CheckInput): OptionFault[] {
  const { mix, path, distribution, filesMax } = options;
  const tree = treeOf(options);
  const faults: OptionFault[] = treeFaults(tree).map((fault) => ({ path: ['tree'], ...fault }));
  if (mix !== undefined && !KINDS.some((kind) => (mix[kind] ?? 0) > 0))
    faults.push({ path: ['mix'], message: 'the weights add up to nothing', seen: mix });
  if (tree.files > FILES_MAX)
    faults.push({
      path: ['tree'],
      message: `an instance keeps ${FILES_MAX} files in mind at the most`,
      seen: tree.files,
      hint: 'Use more instances.',
    });
  if (filesMax !== undefined && filesMax < tree.files)
    faults.push({
      path: ['filesMax'],
      message: `${tree.files} files are there at the start`,
      seen: filesMax,
    });
  if (distribution === 'shared' && path === undefined)
    faults.push({
      path: ['distribution'],
      message: 'without a path there is no folder that all could share',
    });
  if (sizeRange(tree).max > 2 ** 30)
    faults.push({
      path: ['tree'],
      message: 'files are written whole, and 1 GiB is the most',
      seen: tree.sizeMax,
    });
  if (control === 'concurrency' && peak > instances)
    faults.push({
      path: [],
      message: `each instance does one operation at a time: ${peak} in flight need as many instances`,
      seen: instances,
      hint: 'Leave "instances" out.',
    });
  return faults;
}
