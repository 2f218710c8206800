/** Simulators that work, and ones that fail in every way a plugin can; for tests of agents. */
import { definePlugin, defineSimulator, OperationError } from '../../../core/contract/index.js';
import type { AnySimulator } from '../../../core/contract/index.js';

const none = { type: 'object', properties: {} } as const;
const dispose = (): void => undefined;

function simulator(
  name: string,
  start: AnySimulator['start'],
  over: Partial<AnySimulator> = {},
): AnySimulator {
  return defineSimulator({
    name,
    description: 'A simulator of the tests.',
    controls: [{ kind: 'switch', unit: 'switch' }],
    options: none,
    metrics: {},
    start,
    ...over,
  });
}

/** Never looks at anything. */
function hotLoop(): never {
  for (let x = 0; ; x = (x + 1) | 0) if (x === -1) Math.imul(x, x);
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const looping = simulator('looping', (ctx) => ({
  run() {
    while (!ctx.stopped()) ctx.level();
  },
  dispose,
}));

const parked = simulator('parked', (ctx) => ({
  run() {
    while (!ctx.stopped()) ctx.park();
  },
  dispose,
}));

const asyncLoop = simulator('async-loop', (ctx) => ({
  run: () => new Promise<void>((resolve) => ctx.signal.addEventListener('abort', () => resolve())),
  dispose,
}));

const hot = simulator('hot', () => ({ run: hotLoop, dispose }));

const throwing = simulator('throwing', () => ({
  run() {
    throw new TypeError('thrown by run');
  },
  dispose,
}));

const throwingStart = simulator('throwing-start', () => {
  throw new Error('thrown by start');
});

const throwingLate = simulator('throwing-late', (ctx) => ({
  run() {
    setTimeout(() => {
      throw new Error('thrown late');
    }, 20);
    return new Promise<void>((resolve) => ctx.signal.addEventListener('abort', () => resolve()));
  },
  dispose,
}));

const rejecting = simulator('rejecting', (ctx) => ({
  run() {
    void Promise.reject(new Error('rejected and not handled'));
    return new Promise<void>((resolve) => ctx.signal.addEventListener('abort', () => resolve()));
  },
  dispose,
}));

const exiting = simulator('exiting', () => ({
  run() {
    process.exit(3);
  },
  dispose,
}));

const hungry = simulator('hungry', () => ({
  run() {
    const kept: unknown[] = [];
    for (;;) kept.push(new Array(200).fill(kept.length));
  },
  dispose,
}));

const early = simulator('early', () => ({ run: dispose, dispose }));

const lacking = simulator('lacking', (ctx) => ctx.unavailable('no such device here'));

const disposing = simulator('disposing', (ctx) => ({
  run() {
    while (!ctx.stopped()) ctx.park();
  },
  dispose() {
    throw new Error('thrown by dispose');
  },
}));

const noWay = simulator('no-way', () => ({ dispose }));

const prepared = simulator(
  'prepared',
  async (ctx) => {
    ctx.log('info', `scratch ${await ctx.scratch()}`);
    console.log('printed by a plugin');
    return {
      run: () => new Promise<void>((resolve) => ctx.signal.addEventListener('abort', () => resolve())),
      dispose: () => ctx.log('info', 'disposed'),
    };
  },
  {
    prepare: (ctx) => ctx.log('info', 'prepared'),
    cleanup: (ctx) => ctx.log('info', 'cleaned up'),
  },
);

/** Takes what it is asked for, by lease, and holds nothing real. */
const leasing = defineSimulator({
  name: 'leasing',
  description: 'Leases and holds numbers.',
  controls: [
    { kind: 'amount', unit: 'count' },
    { kind: 'growth', unit: 'bytes/s' },
  ],
  options: none,
  metrics: { adjusts: { kind: 'counter', unit: 'count', help: 'Calls of adjust.' } },
  takes: 'openFiles',
  start(ctx) {
    let held = 0;
    const give = (to: number): void => {
      if (held > to) ctx.lease.give(held - to);
      held = Math.min(held, to);
      ctx.achieved(held);
    };
    return {
      adjust(amount) {
        ctx.metrics.adjusts.add(1);
        while (held < amount) {
          const n = Math.min(amount - held, ctx.lease.batchMax);
          if (!ctx.lease.wait(n)) return;
          ctx.lease.confirm(n);
          held += n;
          ctx.achieved(held);
        }
        give(amount);
      },
      release: () => give(0),
      dispose: () => give(0),
    };
  },
});

const stepping = defineSimulator({
  name: 'stepping',
  description: 'Synchronous operations, each tenth of which fails.',
  controls: [
    { kind: 'rate', unit: 'ops/s' },
    { kind: 'concurrency', unit: 'count' },
  ],
  operations: ['read', 'write'],
  options: none,
  metrics: {},
  start: () => ({
    step({ sequence }) {
      if (sequence % 10 === 9) throw new OperationError('EIO');
      return { op: sequence % 2 === 0 ? 'read' : 'write', bytes: 10 };
    },
    dispose,
  }),
});

const steppingAsync = defineSimulator({
  name: 'stepping-async',
  description: 'Operations of 10 ms each.',
  controls: [
    { kind: 'rate', unit: 'ops/s' },
    { kind: 'concurrency', unit: 'count' },
  ],
  operations: ['wait'],
  options: none,
  metrics: {},
  start: () => ({
    async stepAsync() {
      await wait(10);
    },
    dispose,
  }),
});

export default definePlugin({
  name: 'misbehaving',
  simulators: [
    ...[looping, parked, asyncLoop, hot, throwing, throwingStart, throwingLate, rejecting, exiting, hungry],
    ...[early, lacking, disposing, noWay, prepared, leasing, stepping, steppingAsync],
  ],
});
