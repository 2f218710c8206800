/**
 * Plugin `disk`: reads, writes and trims of files, one or a tree of them, as deep or as often as asked, through an engine
 * that is picked or named. What it does once files are there is `plugins/storage`.
 */
import { rm, stat } from 'node:fs/promises';
import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { messageOf } from '../../core/base/errors.js';
import { randomFor } from '../../core/base/random.js';
import { definePlugin, defineSimulator } from '../../core/contract/index.js';
import type { ActorContext, MetricSpecs, OptionFault } from '../../core/contract/index.js';
import { closeTold } from '../storage/close.js';
import { roomOf, rowBytes } from '../storage/layout/layout.js';
import type { MakeContext } from '../storage/layout/make.js';
import { lackOfRoom, makingBy } from '../storage/layout/make.js';
import { keptFaults } from '../storage/verify/kept-file.js';
import { workloadExpectations } from '../storage/workload/expectations.js';
import { STORAGE_METRICS } from '../storage/workload/metrics.js';
import { workedOn } from '../storage/workload/options.js';
import { storageSimulator } from '../storage/workload/simulator.js';
import { FILE_BYTES, memoryEstimate, sharedBytes } from '../storage/workload/memory-needs.js';
import { Session } from '../storage/workload/session.js';
import type { Target } from '../storage/workload/target.js';
import { OPEN_FILES } from '../storage/workload/target.js';
import type { FileSpec } from './file.js';
import { makeFile, openFile, roomFault, unfit } from './file.js';
import { kindOf, makeMany, ownFiles, unfitTree } from './many.js';
import type { DiskOptions } from './options.js';
import {
  diskFaults,
  isCommon,
  isMany,
  madeLayout,
  manifestFaults,
  mayBeShort,
  OPTIONS,
  pathFor,
  plannedBytes,
  sizeOf,
  treeOf,
} from './options.js';

const METRICS = {
  ...STORAGE_METRICS,
  open: {
    kind: 'trend',
    unit: 'ns',
    better: 'lower',
    help: 'Time that opening one of many files took. It is part of that operation’s latency.',
  },
  'lock-wait': {
    kind: 'trend',
    unit: 'ns',
    better: 'lower',
    help: 'Time until an operation had its lock. It is part of its latency, not of its service time.',
  },
  'lock-conflicts': {
    kind: 'counter',
    unit: 'count',
    better: 'lower',
    help: 'Operations that found what they were to lock held by another.',
  },
} as const satisfies MetricSpecs;

type Context = ActorContext<DiskOptions, typeof METRICS>;

/** Of a tree that is there, so many files are looked at when the plan is made; all of them before the load. */
const LOOKED_AT = 1000;

const disk = defineSimulator({
  ...storageSimulator,
  name: 'disk',
  description: 'Reads, writes and trims files, one or a tree of them, at a depth or at a rate.',
  options: OPTIONS,
  metrics: METRICS,
  shared: ({ options }) => (isCommon(options) ? sharedBytes(options, plannedBytes(options).row) : 0),
  check: (input) => diskFaults(input),
  expects: ({ options }) => workloadExpectations(options, options.visit === 'pass'),
  estimate: ({ options, ...input }) => {
    const { made, row } = plannedBytes(options);
    const { memoryBytes } = memoryEstimate(options, input, row);
    const targets = isCommon(options) ? 1 : input.instances;
    const files = isMany(options) ? (treeOf(options)?.count ?? OPEN_FILES) : 1;
    const inFlight = input.control === 'concurrency' ? Math.ceil(input.peak / input.instances) : OPEN_FILES;
    const open = Math.min(files, options.openFiles ?? Math.max(OPEN_FILES, inFlight));
    return {
      memoryBytes: memoryBytes + (isMany(options) ? input.instances * files * FILE_BYTES : 0),
      diskBytes: made * targets,
      openFiles: input.instances * open,
    };
  },
  async inspect({ options, instances, actor }) {
    const count = isCommon(options) ? 1 : instances;
    const paths =
      options.path === undefined
        ? []
        : Array.from({ length: count }, (_, i) => pathFor(options, options.path as string, i));
    const found = await Promise.all(paths.map((path) => lookAt(path, options)));
    const faults = [...manifestFaults(options), ...keptFaults(options, actor), ...found.flat()];
    const bytes = isMany(options) ? Infinity : sizeOf(options);
    const works = paths.map((path) =>
      workedOn(options, { what: realPath(path), from: 0, bytes, path: ['path'] }),
    );
    return { faults, destroys: [], works };
  },
  async prepare(ctx) {
    const { options, actor } = ctx;
    if (!isCommon(options) || options.path === undefined) return;
    const made = await make(options.path, options, {
      random: randomFor(0, actor, 'prepare'),
      ...makingBy(ctx, options.keep),
    });
    if (!made) ctx.log('info', `${options.path} is there and is used as it is`);
  },
  async start(ctx) {
    const path = await ownPath(ctx);
    const { target, close } = await open(path, ctx);
    const session = await Session.open(ctx, target);
    return {
      run: () => session.run(),
      async dispose() {
        await session.dispose();
        close();
      },
    };
  },
});

/** When the plan is made: what is there already, or the room for what is not. */
async function lookAt(path: string, options: DiskOptions): Promise<OptionFault[]> {
  const faultOf = (message: string | null): OptionFault[] =>
    message === null ? [] : [{ path: ['path'], message }];
  const tree = treeOf(options);
  try {
    if (options.verifyFrom !== undefined && kindOf(path) === null) return faultOf(nothingLeft(path));
    if (isMany(options)) {
      if (kindOf(path) !== null)
        return faultOf(tree === null ? null : unfitTree(path, options, tree, LOOKED_AT));
      if (tree === null || options.prepare === 'sparse') return [];
      return faultOf(lackOfRoom(dirname(path), (block) => roomOf(madeLayout(options, tree), block)));
    }
    const spec = fileSpec(options, path);
    const there = await stat(path).catch(() => null);
    if (there !== null) return faultOf(unfit(spec, { isFile: there.isFile(), bytes: there.size }));
    return faultOf(roomFault(spec));
  } catch (error) {
    return faultOf(`${path} cannot be made: ${messageOf(error)}`);
  }
}

/** Whatever links lead to it; of what is to be made by where it is to be. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return existsSync(dirname(path)) ? join(realpathSync(dirname(path)), basename(path)) : path;
  }
}

function nothingLeft(path: string): string {
  return `${path} is not there: nothing is left to verify`;
}

async function make(path: string, options: DiskOptions, ctx: MakeContext): Promise<boolean> {
  const wasThere = kindOf(path) !== null;
  if (options.verifyFrom !== undefined && !wasThere) ctx.unavailable(nothingLeft(path));
  const made = await (isMany(options)
    ? makeMany(path, options, ctx)
    : makeFile(fileSpec(options, path), ctx));
  // What is to be kept is kept whole; the rest is claimed, and goes with the run.
  if (ctx.signal.aborted && !wasThere && options.keep) await rm(path, { recursive: true, force: true });
  return made;
}

/** The file or folder of this instance, which is there when this returns. */
async function ownPath(ctx: Context): Promise<string> {
  const { options, instance } = ctx;
  if (isCommon(options) && options.path !== undefined) return options.path;
  const isScratch = options.path === undefined;
  const path = isScratch ? join(await ctx.scratch(), 'data') : pathFor(options, options.path, instance.index);
  await make(path, options, { random: () => ctx.random(), ...makingBy(ctx, options.keep || isScratch) });
  return path;
}

async function open(path: string, ctx: Context): Promise<{ target: Target; close: () => void }> {
  const { options, instance, metrics } = ctx;
  const onTaken = (waitNs: number, wasHeld: boolean): void => {
    metrics['lock-wait'].record(waitNs);
    if (wasHeld) metrics['lock-conflicts'].add(1);
  };
  const common = {
    isOwn: !isCommon(options),
    trim: 'punch',
    trimsToZero: true,
    ...(options.lock !== 'none' && { lock: { isRange: options.lock === 'range', onTaken } }),
  } as const;
  if (!isMany(options)) {
    const { fd } = openFile(path, options, ctx);
    const target = { name: path, on: fd, bytes: sizeOf(options), ...common };
    return { target, close: () => closeTold(fd, path, (level, message) => ctx.log(level, message)) };
  }
  const { layout, files, open: openOne } = await ownFiles(path, options, instance, ctx);
  const on = {
    layout,
    files,
    pick: options,
    openMost: options.openFiles,
    open: openOne,
    onOpen: (ns: number) => metrics.open.record(ns),
  };
  return { target: { name: path, on, bytes: rowBytes(layout), ...common }, close: () => undefined };
}

function fileSpec(options: DiskOptions, path: string): FileSpec {
  const { prepare, compressible } = options;
  return { path, bytes: sizeOf(options), content: mayBeShort(options) ? 'empty' : prepare, compressible };
}

export default definePlugin({ name: 'disk', simulators: [disk] });
