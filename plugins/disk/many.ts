/**
 * The many files that a disk actor works on: a tree or a manifest below a root. Made where they are not there, looked
 * at where they are; which of them an instance has, and how it opens them. Called by `index.ts`.
 */
import { closeSync, mkdirSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import type { Layout } from '../storage/layout/layout.js';
import { partOf, roomOf } from '../storage/layout/layout.js';
import type { MakeContext } from '../storage/layout/make.js';
import { attempt, lackOfRoom, makeAll, makeFiles } from '../storage/layout/make.js';
import { foldersIn, readManifest } from '../storage/layout/manifest.js';
import { droppedFromCache } from '../storage/workload/advice.js';
import { pickFaults } from '../storage/workload/pick.js';
import { openAsAsked, openFile } from './file.js';
import type { DiskOptions } from './options.js';
import { layoutUnit, madeLayout, manifestLayout, mayBeShort, treeOf } from './options.js';

/** Each is written down before it is made, which takes a moment. */
const CLAIMS_MAX = 1000;

/** Whether the tree was made, or some files of the manifest; else it was there, and is as it must be. */
export async function makeMany(root: string, options: DiskOptions, ctx: MakeContext): Promise<boolean> {
  const tree = treeOf(options);
  const { prepare, compressible } = options;
  if (tree === null) return makeMissing(root, options, ctx);
  if (kindOf(root) === null) {
    await makeAll({ root, layout: madeLayout(options, tree), content: prepare, compressible }, ctx);
    return true;
  }
  const why = unfitTree(root, options, tree);
  if (why !== null) ctx.unavailable(why);
  return false;
}

/** Why what is there is not the tree that is asked for; null when it is, as far as its first files say. */
export function unfitTree(
  root: string,
  options: DiskOptions,
  layout: Layout,
  most = layout.count,
): string | null {
  if (kindOf(root) !== 'folder') return `${root} is no folder`;
  let [count, first] = [0, ''];
  for (let file = 0; file < Math.min(most, layout.count); file++) {
    const bytes = layout.bytes[file] as number;
    const there = statSync(join(root, layout.pathOf(file)), { throwIfNoEntry: false });
    if (there?.isFile() === true && (mayBeShort(options) || there.size >= bytes)) continue;
    count++;
    if (first === '')
      first = `${layout.pathOf(file)} ${there === undefined ? 'is not there' : `has ${there.size} bytes of ${bytes}`}`;
  }
  if (count === 0) return null;
  return `${root} is there and is not this tree: ${count} of ${layout.count} files are not as they must be (${first}); remove it, or name another path`;
}

async function makeMissing(root: string, options: DiskOptions, ctx: MakeContext): Promise<boolean> {
  const entries = readManifest(options.manifest ?? '');
  const missing = entries.flatMap(({ path, bytes }, file) => {
    const there = statSync(join(root, path), { throwIfNoEntry: false });
    if (there === undefined) return [file];
    if (!there.isFile()) ctx.unavailable(`${join(root, path)} is no file`);
    if (bytes !== null && there.size < bytes && !mayBeShort(options))
      ctx.unavailable(`${join(root, path)} has ${there.size} bytes, not the ${bytes} of the manifest`);
    return [];
  });
  if (missing.length === 0) return false;
  const first = entries[missing[0] as number]?.path ?? '';
  if (!options.makeMissing)
    ctx.unavailable(
      `${missing.length} of ${entries.length} files of the manifest are not below ${root}, the first is ${first}: say "makeMissing"`,
    );
  const unknown = missing.find((file) => entries[file]?.bytes === null);
  if (unknown !== undefined)
    ctx.unavailable(`${entries[unknown]?.path ?? ''} is to be made, and the manifest does not say its size`);
  const known = entries.map(({ path, bytes }) => ({ path, bytes: bytes ?? 0 }));
  const layout = madeLayout(options, manifestLayout(known, root, 1));
  const absent = missing.map((file) => known[file] as (typeof known)[number]);
  const made = madeLayout(options, manifestLayout(absent, root, 1));
  const { prepare: content, compressible } = options;
  if (kindOf(root) === null) {
    await makeAll({ root, layout, content, compressible }, ctx);
    return true;
  }
  const lack = lackOfRoom(root, (block) => roomOf(made, block));
  if (lack !== null) ctx.unavailable(lack);
  await claimTopmost(
    root,
    missing.map((file) => layout.pathOf(file)),
    ctx,
  );
  await attempt(`make what is missing below ${root}`, ctx, async () => {
    for (const folder of made.folders) mkdirSync(join(root, folder), { recursive: true });
    await makeFiles({ root, layout, content, compressible }, missing, ctx);
  });
  return true;
}

/** Of each file the uppermost folder that is not there, or itself: what goes with it when that is removed. */
async function claimTopmost(root: string, paths: readonly string[], ctx: MakeContext): Promise<void> {
  const topmost = new Set<string>();
  for (const path of paths) {
    const above = foldersIn([path]).find((folder) => kindOf(join(root, folder)) === null);
    topmost.add(above ?? path);
  }
  if (topmost.size > CLAIMS_MAX)
    ctx.unavailable(
      `${paths.length} files are missing in ${topmost.size} places of ${root}, and ${CLAIMS_MAX} are the most: make it anew`,
    );
  for (const path of topmost) await ctx.claim(join(root, path));
}

export function kindOf(path: string): 'folder' | 'other' | null {
  const there = statSync(path, { throwIfNoEntry: false });
  return there === undefined ? null : there.isDirectory() ? 'folder' : 'other';
}

export interface OwnFiles {
  readonly layout: Layout;
  readonly files: Uint32Array;
  readonly open: (file: number) => number;
}

type OwnContext = Pick<MakeContext, 'unavailable' | 'signal'> & { beat(): void };

/** They are there. What cannot be had is `unavailable`. */
export async function ownFiles(
  root: string,
  options: DiskOptions,
  instance: { readonly index: number; readonly count: number },
  ctx: OwnContext,
): Promise<OwnFiles> {
  const layout =
    treeOf(options) ??
    (await attempt('use the manifest', ctx, () =>
      manifestLayout(readManifest(options.manifest ?? ''), root, layoutUnit(options)),
    ));
  const isShared = options.distribution === 'partitioned';
  const files = isShared ? partOf(layout, instance.index, instance.count) : partOf(layout, 0, 1);
  if (files.length === 0)
    ctx.unavailable(`${layout.count} files cannot be shared out to ${instance.count} instances`);
  for (const file of files) {
    // What the options said was looked at before; what only the files themselves say is looked at now.
    const [fault] = options.manifest === undefined ? [] : pickFaults(options, [layout.bytes[file] as number]);
    if (fault !== undefined) ctx.unavailable(`${layout.pathOf(file)}: ${fault.message}`);
  }
  // Says what is against direct I/O here; all lie in one filesystem.
  closeSync(openFile(join(root, layout.pathOf(files[0] as number)), options, ctx).fd);
  if (options.dropCache) await dropCaches(root, layout, files, ctx);
  return { layout, files, open: (file) => openAsAsked(join(root, layout.pathOf(file)), options) };
}

const DROPPED_TOGETHER = 256;

async function dropCaches(root: string, layout: Layout, files: Uint32Array, ctx: OwnContext): Promise<void> {
  for (const [i, file] of files.entries()) {
    if (ctx.signal.aborted) return;
    const fd = await attempt('drop the cache', ctx, () => openSync(join(root, layout.pathOf(file)), 'r'));
    const failed = droppedFromCache(fd, 0, layout.bytes[file] as number, () => ctx.beat());
    closeSync(fd);
    if (failed !== null) ctx.unavailable(failed);
    if (i % DROPPED_TOGETHER === 0) await turn();
  }
}
