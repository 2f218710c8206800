/**
 * A small storage simulator that promises what such a one must (kinds, bytes, mix, skew, coverage, allocation,
 * compressibility) and, by its option `lie`, breaks exactly one of the promises; and holders that hold nothing. The bench
 * `trust` and its test run it: what is honest must pass, each lie must be called by name.
 */
import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import type { ActorContext, ActorInstance, MetricSpecs, Operation } from '../../../core/contract/index.js';
import { definePlugin, defineSimulator } from '../../../core/contract/index.js';

const MIB = 2 ** 20;
const BLOCK = 4096;
const BLOCKS = 1000;
const HOT_BLOCKS = 200;
const HOT_SHARE = 0.8;
const READS = 0.7;
const SAMPLE = 64 * 1024;

export const LIES = [
  ...([
    'none',
    'no-operations',
    'one-kind',
    'no-bytes',
    'short-bytes',
    'mix',
    'slow',
    'made-up-service',
  ] as const),
  ...(['uniform', 'few-blocks', 'sparse', 'compressible', 'not-a-number', 'untold', 'throws'] as const),
] as const;
type LieName = (typeof LIES)[number];

const metrics = {
  hot: { kind: 'ratio', unit: 'share', help: 'Accesses of the hot blocks, among all.' },
  coverage: { kind: 'gauge', unit: 'share', across: 'mean', help: 'Blocks that were used, among all.' },
  expected: {
    kind: 'gauge',
    unit: 'share',
    across: 'mean',
    help: 'The same by formula for as many accesses.',
  },
  allocated: { kind: 'gauge', unit: 'share', across: 'mean', help: 'Allocated of the file, by its blocks.' },
  deflated: { kind: 'gauge', unit: 'share', across: 'mean', help: 'What deflate leaves of the payload.' },
  time: { kind: 'trend', unit: 'ns', help: 'Of nothing in particular.' },
} as const satisfies MetricSpecs;

const store = defineSimulator({
  name: 'store',
  description: 'Reads and writes blocks of a scratch file, and says so truly or not.',
  controls: [
    { kind: 'rate', unit: 'ops/s' },
    { kind: 'concurrency', unit: 'count' },
  ],
  operations: ['read', 'write'],
  options: {
    type: 'object',
    properties: {
      lie: { type: 'string', enum: LIES, default: 'none' },
      length: {
        type: 'string',
        format: 'duration',
        default: '0ms',
        description: 'Of an operation, at least.',
      },
    },
  },
  metrics,
  expects: () => [
    { kind: 'mix', shares: { read: READS, write: 1 - READS } },
    { kind: 'bytes', operation: 'read', min: BLOCK, max: BLOCK },
    { kind: 'bytes', operation: 'write', min: BLOCK, max: BLOCK },
    { kind: 'figure', check: 'skew', metric: 'hot', near: HOT_SHARE, within: 0.01 },
    { kind: 'figure', check: 'coverage', metric: 'coverage', near: { metric: 'expected' }, within: 0.05 },
    { kind: 'figure', check: 'sparse', metric: 'allocated', min: 0.99 },
    { kind: 'figure', check: 'compressibility', metric: 'deflated', near: 1, within: 0.05 },
  ],
  estimate: ({ instances }) => ({ diskBytes: instances * BLOCK * BLOCKS }),
  start: async (ctx) => startStore(ctx, ctx.options.lie, await ctx.scratch()),
});

type Context = ActorContext<{ readonly length: number }, typeof metrics>;

function startStore(ctx: Context, lie: LieName, folder: string): ActorInstance {
  const file = openSync(join(folder, 'data'), 'w+');
  const payload = payloadOf(ctx, lie);
  fill(file, payload, lie);
  const { blocks, size } = fstatSync(file);
  const deflated = deflateSync(payload).length / payload.length;
  const used = new Set<number>();
  const block = Buffer.alloc(BLOCK);
  let accesses = 0;

  const place = (op: Operation): number => {
    const share = lie === 'uniform' ? HOT_BLOCKS / BLOCKS : HOT_SHARE;
    const isHot = op.random() < share;
    const few = lie === 'few-blocks' ? 0.1 : 1;
    const among = isHot ? HOT_BLOCKS : BLOCKS - HOT_BLOCKS;
    return (isHot ? 0 : HOT_BLOCKS) + Math.floor(op.random() * among * few);
  };
  const tell = (at: number): void => {
    used.add(at);
    accesses++;
    if (lie === 'not-a-number') ctx.metrics.time.record(NaN);
    ctx.metrics.hot.mark(at < HOT_BLOCKS);
    if (lie !== 'untold') ctx.metrics.coverage.set(used.size / BLOCKS);
    ctx.metrics.expected.set(expectedShare(accesses));
    ctx.metrics.allocated.set((blocks * 512) / size);
    ctx.metrics.deflated.set(deflated);
  };
  const dispose = (): void => closeSync(file);

  if (lie === 'no-operations') {
    return {
      run() {
        while (!ctx.stopped()) ctx.park(20);
      },
      dispose,
    };
  }
  if (lie === 'made-up-service') return { run: () => makeUp(ctx), dispose };
  return {
    step(op) {
      if (lie === 'throws' && op.sequence === 20) throw new Error('it broke, as it was told to');
      if (lie === 'slow') ctx.park(10);
      if (ctx.options.length > 0) pause(ctx.options.length);
      const at = place(op);
      const length = lie === 'short-bytes' ? BLOCK / 8 : BLOCK;
      const isRead = lie === 'one-kind' || op.random() < (lie === 'mix' ? READS + 0.1 : READS);
      if (isRead) readSync(file, block, 0, length, at * BLOCK);
      else writeSync(file, payload, 0, length, at * BLOCK);
      tell(at);
      return { op: isRead ? 'read' : 'write', bytes: lie === 'no-bytes' && !isRead ? 0 : length };
    },
    dispose,
  };
}

const asleep = new Int32Array(new SharedArrayBuffer(4));

function pause(ms: number): void {
  Atomics.wait(asleep, 0, 0, ms);
}

function payloadOf(ctx: Context, lie: LieName): Buffer {
  const payload = Buffer.alloc(SAMPLE);
  if (lie !== 'compressible') for (let i = 0; i < SAMPLE; i++) payload[i] = ctx.random() * 256;
  return payload;
}

function fill(file: number, payload: Buffer, lie: LieName): void {
  ftruncateSync(file, BLOCK * BLOCKS);
  if (lie === 'sparse') return;
  for (let at = 0; at < BLOCK * BLOCKS; at += SAMPLE)
    writeSync(file, payload, 0, Math.min(SAMPLE, BLOCK * BLOCKS - at), at);
  fsyncSync(file);
}

/** Of the blocks, after so many accesses: each group of blocks is drawn from uniformly. */
function expectedShare(accesses: number): number {
  const group = (size: number, share: number): number => size * (1 - (1 - share / size) ** accesses);
  return (group(HOT_BLOCKS, HOT_SHARE) + group(BLOCKS - HOT_BLOCKS, 1 - HOT_SHARE)) / BLOCKS;
}

/** An engine that writes down more time in service than there was. */
function makeUp(ctx: Context): void {
  while (!ctx.stopped()) {
    const dueNs = ctx.operations.nextDueNs();
    const now = ctx.nowNs();
    if (dueNs <= now) {
      ctx.operations.start(dueNs, now);
      ctx.operations.record({ op: 'read', dueNs, startNs: now - 400e6, endNs: now, bytes: BLOCK });
    }
    ctx.park(5);
  }
}

const idle = defineSimulator({
  name: 'idle',
  description: 'Says that it holds cores, and uses none.',
  controls: [{ kind: 'amount', unit: 'cores' }],
  options: { type: 'object', properties: {} },
  metrics: {},
  estimate: ({ peak }) => ({ cores: peak }),
  start: (ctx) => ({ adjust: (amount) => ctx.achieved(amount), dispose: () => undefined }),
});

const untouched = defineSimulator({
  name: 'untouched',
  description: 'Takes address space by lease and says that it holds memory: no page of it is touched.',
  controls: [{ kind: 'amount', unit: 'bytes' }],
  options: { type: 'object', properties: {} },
  metrics: {},
  takes: 'memory',
  isolation: 'process',
  estimate: ({ peak }) => ({ memoryBytes: peak }),
  start(ctx) {
    const held: Buffer[] = [];
    return {
      adjust(amount) {
        const more = Math.min(amount - held.reduce((sum, { length }) => sum + length, 0), ctx.lease.batchMax);
        if (more <= 0 || !ctx.lease.wait(more)) return;
        held.push(Buffer.allocUnsafeSlow(more));
        ctx.lease.confirm(more);
        ctx.achieved(held.reduce((sum, { length }) => sum + length, 0));
      },
      dispose() {
        ctx.lease.give(held.splice(0).reduce((sum, { length }) => sum + length, 0));
      },
    };
  },
});

const greedy = defineSimulator({
  name: 'greedy',
  description: 'Takes memory that nobody granted.',
  controls: [{ kind: 'switch', unit: 'switch' }],
  options: { type: 'object', properties: {} },
  metrics: {},
  start(ctx) {
    const taken = Buffer.alloc(192 * MIB, 1);
    return {
      run() {
        while (!ctx.stopped()) ctx.park(50);
      },
      dispose: () => void taken.fill(0),
    };
  },
});

export default definePlugin({ name: 'liar', simulators: [store, idle, untouched, greedy] });
