/**
 * Plugin `disk`: reads, writes and trims of files, as deep or as often as asked, through an engine that is picked or
 * named. What it does once a file is open is `plugins/storage`.
 */
import { closeSync } from 'node:fs';
import { join } from 'node:path';
import { randomFor } from '../../core/base/random.js';
import { definePlugin, defineSimulator } from '../../core/contract/index.js';
import type { ActorContext, ObjectSchema, Resolved } from '../../core/contract/index.js';
import { workloadExpectations } from '../storage/workload/expectations.js';
import { STORAGE_METRICS } from '../storage/workload/metrics.js';
import { WORKLOAD_OPTIONS, workloadFaults } from '../storage/workload/options.js';
import { KINDS } from '../storage/workload/work.js';
import { memoryEstimate, Session, sharedBytes } from '../storage/workload/session.js';
import type { FileSpec, MakeContext } from './file.js';
import { makeFile, openFile } from './file.js';

const OPTIONS = {
  type: 'object',
  properties: {
    path: {
      type: 'string',
      format: 'path',
      access: 'write',
      description: 'The file. Without it each instance has one in a scratch folder.',
    },
    size: { type: 'string', format: 'bytes', default: '64MiB', description: 'Of the file.' },
    prepare: {
      type: 'string',
      enum: ['fill', 'allocate', 'sparse'],
      default: 'fill',
      description:
        'What a file that is not there is made like. Only what was filled says something about reading.',
    },
    keep: { type: 'boolean', default: false, description: 'Leaves a file that the run made.' },
    advise: {
      type: 'string',
      enum: ['normal', 'random', 'sequential', 'noReuse'],
      default: 'normal',
      description: 'What the kernel is told of the access (posix_fadvise).',
    },
    dropCache: {
      type: 'boolean',
      default: false,
      description: 'The file is not in the page cache at the start.',
    },
    ...WORKLOAD_OPTIONS,
  },
} as const satisfies ObjectSchema;

type DiskOptions = Resolved<typeof OPTIONS>;
type Context = ActorContext<DiskOptions, typeof STORAGE_METRICS>;

/** A device that stalls is what some runs are for: it is not the actor that hangs. */
const QUIET_MS = 60_000;

/** One file for all instances, or one for each. */
const isCommon = ({ path, distribution }: DiskOptions): boolean =>
  path !== undefined && distribution !== 'per-instance';

const disk = defineSimulator({
  name: 'disk',
  description: 'Reads, writes and trims files, at a depth or at a rate.',
  controls: [
    { kind: 'concurrency', unit: 'count', defaultPeak: '4' },
    { kind: 'rate', unit: 'ops/s' },
  ],
  operations: KINDS,
  options: OPTIONS,
  metrics: STORAGE_METRICS,
  takes: 'memory',
  quietMs: QUIET_MS,
  shared: ({ options }) => (isCommon(options) ? sharedBytes(options, options.size) : 0),
  check: ({ options, ...input }) => {
    // Without a path every instance has a file of its own anyway.
    const distribution = options.path === undefined ? 'per-instance' : options.distribution;
    return workloadFaults(
      { ...options, ...(distribution !== undefined && { distribution }) },
      input,
      options.size,
    );
  },
  expects: ({ options }) => workloadExpectations(options),
  estimate: ({ options, ...input }) => ({
    ...memoryEstimate(options, input, options.size),
    diskBytes: options.size * (isCommon(options) ? 1 : input.instances),
    openFiles: input.instances,
  }),
  async prepare(ctx) {
    const { options, actor, signal } = ctx;
    if (!isCommon(options) || options.path === undefined) return;
    const made = await makeFile(fileSpec(options, options.path), {
      signal,
      random: randomFor(0, actor, 'prepare'),
      unavailable: (reason) => ctx.unavailable(reason),
      claim: (path) => (options.keep ? Promise.resolve() : ctx.claim(path)),
    });
    if (!made) ctx.log('info', `${options.path} is there and is used as it is`);
  },
  async start(ctx) {
    const path = await ownFile(ctx);
    const { fd } = openFile(path, ctx.options, ctx);
    const session = new Session(ctx, {
      name: path,
      fd,
      bytes: ctx.options.size,
      trim: 'punch',
      trimsToZero: true,
    });
    return {
      run: () => session.run(),
      async dispose() {
        await session.dispose();
        closeSync(fd);
      },
    };
  },
});

/** The file of this instance, which is there when this returns. */
async function ownFile(ctx: Context): Promise<string> {
  const { options, instance, signal } = ctx;
  if (isCommon(options) && options.path !== undefined) return options.path;
  const path =
    options.path === undefined ? join(await ctx.scratch(), 'data') : `${options.path}.${instance.index}`;
  const common: MakeContext = {
    signal,
    random: () => ctx.random(),
    unavailable: (reason) => ctx.unavailable(reason),
    claim: (file) => (options.keep || options.path === undefined ? Promise.resolve() : ctx.claim(file)),
  };
  await makeFile(fileSpec(options, path), common);
  return path;
}

function fileSpec({ size, prepare, access, compressible }: DiskOptions, path: string): FileSpec {
  return { path, bytes: size, content: access === 'append' ? 'empty' : prepare, compressible };
}

export default definePlugin({ name: 'disk', simulators: [disk] });
