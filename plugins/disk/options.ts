/** What a scenario may ask of `disk`, what of that is impossible, and which files it comes to. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../core/base/errors.js';
import type { EstimateInput, ObjectSchema, OptionFault, Resolved } from '../../core/contract/index.js';
import { FILES_MAX } from '../storage/engines/engine.js';
import type { Layout } from '../storage/layout/layout.js';
import { layoutOf, rowBytes, totalBytes } from '../storage/layout/layout.js';
import type { ManifestEntry } from '../storage/layout/manifest.js';
import { foldersIn, readManifest } from '../storage/layout/manifest.js';
import { TREE_OPTIONS, treeFaults, treeLayout } from '../storage/layout/tree.js';
import { isVerifying, unitOf, WORKLOAD_OPTIONS, workloadFaults } from '../storage/workload/options.js';
import { PICK_OPTIONS, pickFaults } from '../storage/workload/pick.js';

const DEFAULT_SIZE = 64 * 2 ** 20;

export const OPTIONS = {
  type: 'object',
  properties: {
    path: {
      type: 'string',
      format: 'path',
      access: 'write',
      description:
        'The file; with tree or manifest the folder that all lie in. Without it each instance has its own in a scratch folder.',
    },
    size: { type: 'string', format: 'bytes', description: 'Of the one file. Default: 64MiB.' },
    tree: {
      type: 'object',
      description: 'Many files in a tree of folders, instead of one.',
      properties: TREE_OPTIONS,
    },
    manifest: {
      type: 'string',
      format: 'path',
      access: 'read',
      description:
        'Many files by a list: CSV lines "path,size", or JSON objects with path and size, as an array or one a line.',
    },
    makeMissing: {
      type: 'boolean',
      default: false,
      description: 'manifest: makes the files that are not there. Otherwise all have to be.',
    },
    ...PICK_OPTIONS,
    openFiles: {
      type: 'integer',
      minimum: 1,
      maximum: FILES_MAX,
      description:
        'tree, manifest: files that an instance has open at one time; the one unused longest is closed for another. ' +
        'Default: 256, or as many as operations in flight.',
    },
    lock: {
      type: 'string',
      enum: ['none', 'range', 'file'],
      default: 'none',
      description:
        'Each operation locks what it reads or writes, or the whole file, against other instances and processes (fcntl, ' +
        'locks of the open file): reads share it, writes do not. An instance has one at a time.',
    },
    prepare: {
      type: 'string',
      enum: ['fill', 'allocate', 'sparse'],
      default: 'fill',
      description:
        'What a file that is not there is made like. Only what was filled says something about reading.',
    },
    keep: { type: 'boolean', default: false, description: 'Leaves what the run made.' },
    ...WORKLOAD_OPTIONS,
  },
} as const satisfies ObjectSchema;

export type DiskOptions = Resolved<typeof OPTIONS>;

/** Many files, not one. */
export function isMany({ tree, manifest }: DiskOptions): boolean {
  return tree !== undefined || manifest !== undefined;
}

export function sizeOf({ size = DEFAULT_SIZE }: DiskOptions): number {
  return size;
}

/** All instances work on the same, or each on its own. */
export function isCommon({ path, distribution }: DiskOptions): boolean {
  return path !== undefined && distribution !== 'per-instance';
}

/** What is there may be shorter than asked: it has yet to grow, or what it lost is to be found. */
export function mayBeShort({ access, verifyFrom }: DiskOptions): boolean {
  return access === 'append' || verifyFrom !== undefined;
}

/** As they are made: those that are appended to begin with nothing. */
export function madeLayout({ access }: DiskOptions, layout: Layout): Layout {
  return access === 'append' ? { ...layout, bytes: new Float64Array(layout.count) } : layout;
}

/** Where an instance's file or folder is, when it has a path. */
export function pathFor(options: DiskOptions, path: string, instance: number): string {
  return isCommon(options) ? path : `${path}.${instance}`;
}

/** Files begin at whole units, and sizes that are drawn are of whole ones, unless each is gone through to its last byte. */
export function layoutUnit(options: DiskOptions): number {
  const isExact = options.visit !== 'pass' || isVerifying(options) || options.direct;
  return isExact ? unitOf(options) : 1;
}

const trees = new WeakMap<object, Layout>();

/** Of a tree; null of what is none, or an impossible one. The same one each time, since it is asked for often. */
export function treeOf(options: DiskOptions): Layout | null {
  const { tree } = options;
  if (tree === undefined || treeFaults(tree).length > 0) return null;
  const known = trees.get(options);
  if (known !== undefined) return known;
  const made = treeLayout(tree, layoutUnit(options));
  trees.set(options, made);
  return made;
}

/** Of a manifest whose files are there, wherever it does not say their sizes itself. Throws an Error of one sentence. */
export function manifestLayout(entries: readonly ManifestEntry[], root: string, unitBytes: number): Layout {
  const sizes = entries.map(({ path, bytes }) => bytes ?? statSync(join(root, path)).size);
  const paths = entries.map(({ path }) => path);
  const pathOf = (file: number): string => paths[file] as string;
  return layoutOf({ pathOf, folders: foldersIn(paths), bytes: Float64Array.from(sizes) }, unitBytes);
}

/** Bytes of one target as far as the options alone say them: of the file, or of the tree. 0 of a manifest. */
export function plannedBytes(options: DiskOptions): { readonly made: number; readonly row: number } {
  if (options.manifest !== undefined) return { made: 0, row: 0 };
  const tree = treeOf(options);
  return tree === null
    ? { made: sizeOf(options), row: sizeOf(options) }
    : { made: totalBytes(tree), row: rowBytes(tree) };
}

type CheckInput = Omit<EstimateInput<DiskOptions>, 'loadedMs'>;

export function diskFaults(input: CheckInput): OptionFault[] {
  return [...targetFaults(input), ...lockFaults(input)];
}

/** Waiting for one lock with another in hand is how two wait for each other. */
function lockFaults({ options, control, peak, instances }: CheckInput): OptionFault[] {
  if (options.lock === 'none' || control !== 'concurrency' || peak <= instances) return [];
  return [
    {
      path: ['lock'],
      message: `an instance has one lock, and so one operation, at a time: ${peak} in flight need as many instances`,
      seen: instances,
      hint: `Write "instances": ${peak}.`,
    },
  ];
}

function targetFaults({ options, ...input }: CheckInput): OptionFault[] {
  // Without a path every instance has a target of its own anyway; and of files that are shared out each has one owner.
  const isOwned = options.path === undefined || (isMany(options) && options.distribution === 'partitioned');
  const distribution = isOwned ? 'per-instance' : options.distribution;
  const asked = { ...options, ...(distribution !== undefined && { distribution }) };
  const keeping = keepingFaults(options);
  if (!isMany(options))
    return [...workloadFaults(asked, input, sizeOf(options)), ...singleFaults(options), ...keeping];
  const faults = [...workloadFaults(asked, input, undefined), ...manyFaults(options, input.instances)];
  faults.push(...keeping);
  if (options.tree !== undefined)
    faults.push(...treeFaults(options.tree).map((fault) => ({ path: ['tree'], ...fault })));
  return faults;
}

/** A later run needs the file, too. */
function keepingFaults({ verifyLater, keep, path }: DiskOptions): OptionFault[] {
  if (!verifyLater || (keep && path !== undefined)) return [];
  const message = 'a file that this run makes would be gone before a later run could verify it';
  return [{ path: ['verifyLater'], message, hint: 'Say "path" and "keep": true.' }];
}

function singleFaults({ pick, visit, openFiles, makeMissing }: DiskOptions): OptionFault[] {
  const said = {
    pick: pick !== 'random',
    visit: visit !== 'operation',
    openFiles: openFiles !== undefined,
    makeMissing,
  };
  return Object.entries(said)
    .filter(([, isSaid]) => isSaid)
    .map(([name]) => ({
      path: [name],
      message: `"${name}" is of many files, and there is one`,
      hint: 'Say "tree" or "manifest".',
    }));
}

function manyFaults(options: DiskOptions, instances: number): OptionFault[] {
  const { tree, manifest, size, path, distribution, makeMissing } = options;
  const faults: OptionFault[] = [];
  const fault = (where: string, message: string, hint?: string): void => {
    faults.push({ path: [where], message, ...(hint !== undefined && { hint }) });
  };
  if (tree !== undefined && manifest !== undefined)
    fault('manifest', 'files come from a tree or from a manifest');
  if (size !== undefined)
    fault('size', 'it is that of one file, and here are many', 'Say "tree": { "size": … }.');
  if (manifest === undefined && makeMissing) fault('makeMissing', 'a tree that is not there is made anyway');
  if (manifest !== undefined && path === undefined && !makeMissing)
    fault(
      'manifest',
      'without a path there is nothing where its files could be',
      'Say "path", or "makeMissing".',
    );
  const { files = Infinity } = tree ?? {};
  if (distribution === 'partitioned' && files < instances)
    fault('distribution', `${files} files cannot be shared out to ${instances} instances`);
  const { sizes, size: least = 0, sizeMax } = tree ?? {};
  const listed = sizes?.map((one) => one.size) ?? [least, sizeMax ?? least];
  if (tree !== undefined) faults.push(...pickFaults(options, listed));
  else faults.push(...pickFaults(options, []));
  return faults;
}

/** What the manifest itself says, when the plan is made. */
export function manifestFaults(options: DiskOptions): OptionFault[] {
  const { manifest } = options;
  if (manifest === undefined) return [];
  try {
    const sizes = readManifest(manifest).flatMap(({ bytes }) => (bytes === null ? [] : [bytes]));
    const least = sizes.reduce((least, bytes) => Math.min(least, bytes), Infinity);
    const odd = sizes.filter((bytes) => bytes % unitOf(options) !== 0).slice(0, 1);
    return pickFaults(options, [least, ...odd]).map((fault) => ({ ...fault, path: ['manifest'] }));
  } catch (error) {
    return [
      { path: ['manifest'], message: `the manifest cannot be used: ${messageOf(error)}`, seen: manifest },
    ];
  }
}
