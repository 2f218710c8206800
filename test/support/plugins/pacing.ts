/** Simulators for the tests of pacing: slow ones, ones that fail in each way, one with an engine of its own. */
import { definePlugin, defineSimulator, OperationError } from '../../../core/contract/index.js';
import type { ActorContext, ActorInstance, MetricSpecs, Operation } from '../../../core/contract/index.js';

const metrics = {
  outstanding: { kind: 'trend', unit: 'count', help: 'Operations in flight as the simulator counts them.' },
  adjusts: { kind: 'counter', unit: 'count', help: 'Calls of adjust.' },
} as const satisfies MetricSpecs;
const options = { type: 'object', properties: {} } as const;
type Context = ActorContext<object, typeof metrics>;

const dispose = (): void => undefined;
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const aborted = ({ signal }: Operation): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(new OperationError('cut'))));

/** Operations of so many milliseconds, that note how many there are at a time. */
function slow(ctx: Context, ms: number): ActorInstance {
  let inFlight = 0;
  return {
    async stepAsync(op) {
      ctx.metrics.outstanding.record(++inFlight);
      try {
        await Promise.race([wait(ms), aborted(op)]);
      } finally {
        inFlight--;
      }
    },
    dispose,
  };
}

/** Takes two at a time as they fall due, each 5 ms long, every fifth of which fails. */
function engine(ctx: Context): ActorInstance {
  return {
    async run() {
      const inFlight = new Set<Promise<void>>();
      for (let n = 0; !ctx.stopped();) {
        const dueNs = ctx.operations.nextDueNs();
        const startNs = ctx.nowNs();
        if (dueNs > startNs) {
          await Promise.race([wait(Math.min(20, (dueNs - startNs) / 1e6)), ...inFlight]);
          continue;
        }
        ctx.operations.start(dueNs, startNs);
        ctx.metrics.outstanding.record(inFlight.size + 1);
        const isBad = n++ % 5 === 4;
        const one = wait(5).then(() => {
          inFlight.delete(one);
          const times = { dueNs, startNs, endNs: ctx.nowNs() };
          ctx.operations.record({ op: 'write', ...(isBad ? { code: 'EIO' } : { bytes: 100 }), ...times });
        });
        inFlight.add(one);
      }
      await Promise.all(inFlight);
    },
    dispose,
  };
}

/** One after the other, parked until the next is due. */
function parking(ctx: Context): ActorInstance {
  return {
    run() {
      while (!ctx.stopped()) {
        const dueNs = ctx.operations.nextDueNs();
        const startNs = ctx.nowNs();
        if (dueNs > startNs) ctx.park((dueNs - startNs) / 1e6);
        else {
          ctx.operations.start(dueNs, startNs);
          ctx.operations.record({ dueNs, startNs, endNs: ctx.nowNs() });
        }
      }
    },
    dispose,
  };
}

const ways: Readonly<Record<string, (ctx: Context) => ActorInstance>> = {
  slow: (ctx) => slow(ctx, 20),
  deaf: () => ({ stepAsync: () => new Promise<void>(dispose), dispose }),
  failing: () => ({
    async stepAsync({ sequence }) {
      await Promise.resolve();
      if (sequence % 2 === 0) return { op: 'read', bytes: 7 };
      throw new OperationError(sequence % 4 === 1 ? 'ETIMEDOUT' : 'ECONNRESET', undefined, 'write');
    },
    dispose,
  }),
  'throwing-step': () => ({
    step({ sequence }) {
      if (sequence === 3) throw new TypeError('the third one is bad');
    },
    dispose,
  }),
  'throwing-async': () => ({
    async stepAsync({ sequence }) {
      await wait(1);
      if (sequence === 3) throw new TypeError('the third one is bad');
    },
    dispose,
  }),
  // What no compiler would let pass, from a plugin that none has seen.
  'promising-step': () => ({ step: (() => wait(1)) as unknown as () => void, dispose }),
  'empty-async': () => ({ stepAsync: (() => undefined) as unknown as () => Promise<void>, dispose }),
  'unknown-op': () => ({ step: () => ({ op: 'reed' }), dispose }),
  finishing: () => ({ step: ({ sequence }) => (sequence === 5 ? 'done' : undefined), dispose }),
  adjusted: (ctx) => ({
    step: () => undefined,
    adjust: () => ctx.metrics.adjusts.add(1),
    dispose,
  }),
  'throwing-adjust': () => ({
    step: () => undefined,
    adjust() {
      throw new Error('cannot adjust');
    },
    dispose,
  }),
  engine,
  parking,
  'quick-async': () => ({ stepAsync: () => Promise.resolve(), dispose }),
  'double-timing': (ctx) => ({ step: () => void ctx.operations.nextDueNs(), dispose }),
  quick: () => ({ step: () => undefined, dispose }),
};

export default definePlugin({
  name: 'pacing',
  simulators: Object.entries(ways).map(([name, start]) =>
    defineSimulator({
      name,
      description: 'A simulator of the tests of pacing.',
      controls: [
        { kind: 'rate', unit: 'ops/s' },
        { kind: 'concurrency', unit: 'count' },
      ],
      operations: ['read', 'write'],
      options,
      metrics,
      start,
    }),
  ),
});

export { metrics as pacingMetrics };
