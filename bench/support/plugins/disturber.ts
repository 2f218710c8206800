/**
 * Does to brunt's own process what a bad day does: uses its processor, lets the clock that it reads run too fast, loses messages on
 * their way to it. Which: BRUNT_BENCH_DISTURB, on the main thread of the orchestrator only, where plugins are imported
 * when the plan is made. Its simulator does nothing. Used by the bench `trust`.
 */
import { EventEmitter } from 'node:events';
import { isMainThread } from 'node:worker_threads';
import { definePlugin, defineSimulator } from '../../../core/contract/index.js';

const BURN_MS = 80;
const EVERY_MS = 100;

const disturbances: Readonly<Record<string, () => void>> = {
  'busy-orchestrator': () => {
    setInterval(() => {
      const until = performance.now() + BURN_MS;
      while (performance.now() < until);
    }, EVERY_MS).unref();
  },
  'clock-fast': () => {
    const { now } = Date;
    Date.now = () => now() + performance.now();
  },
  'frames-lost': () => {
    // eslint-disable-next-line @typescript-eslint/unbound-method -- called with the emitter that it was called on
    const { emit } = EventEmitter.prototype;
    let frames = 0;
    EventEmitter.prototype.emit = function (this: EventEmitter, name: string | symbol, ...args: unknown[]) {
      const message = args[0] as { readonly body?: { readonly type?: string } } | null | undefined;
      if (name === 'message' && message?.body?.type === 'frame' && ++frames % 3 === 2) return true;
      return emit.call(this, name, ...args);
    };
  },
};

if (isMainThread && process.send === undefined) disturbances[process.env['BRUNT_BENCH_DISTURB'] ?? '']?.();

const nothing = defineSimulator({
  name: 'nothing',
  description: 'Does nothing.',
  controls: [{ kind: 'switch', unit: 'switch' }],
  options: { type: 'object', properties: {} },
  metrics: {},
  start: (ctx) => ({
    run() {
      while (!ctx.stopped()) ctx.park(100);
    },
    dispose: () => undefined,
  }),
});

export default definePlugin({ name: 'disturber', simulators: [nothing] });
