/**
 * Plugin `files`: operations on names and files — create, open, stat, rename, link, unlink and so on — in a tree that the
 * actor owns, each kind with its own latency. What must be there is known at any time, and looked at in the end.
 */
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf } from '../../core/base/errors.js';
import { randomFor } from '../../core/base/random.js';
import type { OptionFault } from '../../core/contract/index.js';
import { definePlugin, defineSimulator } from '../../core/contract/index.js';
import type { Layout } from '../storage/layout/layout.js';
import { roomOf } from '../storage/layout/layout.js';
import type { MakeContext } from '../storage/layout/make.js';
import { attempt, lackOfRoom, makeAll, makeFiles, makingBy } from '../storage/layout/make.js';
import { treeLayout } from '../storage/layout/tree.js';
import { Payload } from '../storage/payload.js';
import type { Context } from './loop.js';
import { FilesLoop, METRICS, prefixOf } from './loop.js';
import type { FilesOptions } from './options.js';
import { filesFaults, filesMaxOf, isCommon, KINDS, OPTIONS, sharesOf, treeOf } from './options.js';

/** Of names, folders and what is known of them, in the heap. */
const FILE_BYTES = 256;
/** A filesystem that stalls is what some runs are for: it is not the actor that hangs. */
const QUIET_MS = 60_000;
/** Instances that a peak in flight makes by itself at the most: each is a thread. */
const INSTANCES_MAX = 64;

const files = defineSimulator({
  name: 'files',
  description:
    'Creates, opens, renames, links, removes files and folders, one operation at a time each instance.',
  controls: [
    { kind: 'concurrency', unit: 'count', defaultPeak: '1' },
    { kind: 'rate', unit: 'ops/s' },
  ],
  operations: KINDS,
  options: OPTIONS,
  metrics: METRICS,
  quietMs: QUIET_MS,
  defaultInstances: (_, { control, amount }) =>
    control === 'concurrency' ? Math.min(INSTANCES_MAX, Math.max(1, Math.ceil(amount))) : 1,
  check: (input) => filesFaults(input),
  expects: ({ options }) => [{ kind: 'mix', shares: { ...sharesOf(options) } }],
  estimate: ({ options, instances }) => {
    const { files: count, size, sizeMax = size } = treeOf(options);
    const most = filesMaxOf(options);
    return {
      memoryBytes: instances * most * FILE_BYTES,
      diskBytes: (instances * most * (size + sizeMax)) / 2,
      inodes: instances * (Math.max(most, count) + options.foldersMax),
      openFiles: instances,
    };
  },
  async inspect({ options, instances }) {
    const { path } = options;
    if (path === undefined) return { faults: [], destroys: [] };
    const count = isCommon(options) ? 1 : instances;
    const each = isCommon(options) ? instances : 1;
    const paths = Array.from({ length: count }, (_, i) => pathFor(options, path, i));
    const found = await Promise.all(paths.map((one) => lookAt(one, layoutFor(options, 0), each)));
    return { faults: found.flat(), destroys: [] };
  },
  async prepare(ctx) {
    const { options, actor } = ctx;
    const { path } = options;
    if (path === undefined || !isCommon(options)) return;
    const layout = { ...layoutFor(options, 0), count: 0, bytes: new Float64Array(0) };
    await makeAll(
      { root: path, layout, content: 'fill', compressible: options.compressible },
      { random: randomFor(0, actor, 'prepare'), ...makingBy(ctx, false) },
    );
  },
  async start(ctx) {
    const layout = layoutFor(ctx.options, ctx.instance.index);
    const payload = new Payload({ compressible: ctx.options.compressible, duplicate: 0 }, () => ctx.random());
    const root = await ownRoot(ctx, layout, payload);
    const loop = new FilesLoop(ctx, { root, layout, payload });
    return { run: () => loop.run(), dispose: () => undefined };
  },
});

/** The tree of an instance: the same folders for all, names of its own. */
function layoutFor(options: FilesOptions, instance: number): Layout {
  const layout = treeLayout(treeOf(options), 1);
  const prefix = prefixOf(instance);
  const pathOf = (file: number): string => {
    const path = layout.pathOf(file);
    const at = path.lastIndexOf('/') + 1;
    return path.slice(0, at) + prefix + path.slice(at);
  };
  return { ...layout, pathOf };
}

function pathFor(options: FilesOptions, path: string, instance: number): string {
  return isCommon(options) ? path : `${path}.${instance}`;
}

async function lookAt(path: string, layout: Layout, each: number): Promise<OptionFault[]> {
  const faultOf = (message: string | null): OptionFault[] =>
    message === null ? [] : [{ path: ['path'], message }];
  try {
    if ((await stat(path).catch(() => null)) !== null)
      return faultOf(`${path} is there already: "files" works only in what it made`);
    return faultOf(
      lackOfRoom(dirname(path), (block) => {
        const { bytes, inodes } = roomOf(layout, block);
        return { bytes: bytes * each, inodes: inodes * each };
      }),
    );
  } catch (error) {
    return faultOf(`${path} cannot be made: ${messageOf(error)}`);
  }
}

/** The root of this instance's tree, which is there when this returns. */
async function ownRoot(ctx: Context, layout: Layout, payload: Payload): Promise<string> {
  const { options, instance } = ctx;
  const { path, compressible } = options;
  // The model numbers files from 1 on, in the same order.
  const fill = (file: number, from: number, piece: Uint8Array, bytes: number): void =>
    payload.fillAs(file + 1, from, piece, 0, bytes);
  const content = { content: 'fill', compressible, fill } as const;
  const making: MakeContext = { random: () => ctx.random(), ...makingBy(ctx, path === undefined) };
  if (path !== undefined && isCommon(options)) {
    const all = Array.from({ length: layout.count }, (_, i) => i);
    await attempt(`make files in ${path}`, making, () =>
      makeFiles({ root: path, layout, ...content }, all, making),
    );
    return path;
  }
  const root =
    path === undefined ? join(await ctx.scratch(), 'data') : pathFor(options, path, instance.index);
  await makeAll({ root, layout, ...content }, making);
  return root;
}

export default definePlugin({ name: 'files', simulators: [files] });
