/** What must and must not compile about simulators and their instances; `@ts-expect-error` is the assertion. */
import type { ActorInstance, Plugin } from '../../core/contract/index.js';
import { definePlugin, defineSimulator, OperationError, PLUGIN_API } from '../../core/contract/index.js';

const common = {
  name: 'shaped',
  description: 'Of the right shape.',
  options: { type: 'object', properties: {} },
  metrics: {},
} as const;
const start = (): ActorInstance => ({ dispose: () => undefined });

const good = defineSimulator({
  ...common,
  controls: [{ kind: 'amount', unit: 'bytes', bases: { total: (host) => host.memory.totalBytes } }],
  takes: 'memory',
  isolation: 'process',
  needs: ['linux'],
  async start(ctx) {
    const held: number = ctx.asked();
    ctx.achieved(held);
    const isGranted: boolean = ctx.lease.take(1) || (await ctx.lease.request(1));
    if (!isGranted) ctx.unavailable('no lease');
    return {
      step: ({ dueNs, sequence, random }) => ({ bytes: dueNs + sequence + random() }),
      adjust: (amount) => ctx.achieved(amount),
      release: () => ctx.lease.give(1),
      dispose: () => undefined,
    };
  },
});

export const plugin: Plugin = definePlugin({ name: 'types', simulators: [good] });
export const api: 1 = PLUGIN_API;
export const failed: { readonly code: string } = new OperationError('EIO');

// @ts-expect-error the API version is put in by definePlugin
definePlugin({ name: 'types', api: 1 });
// @ts-expect-error a plugin has a name
definePlugin({ simulators: [good] });
// @ts-expect-error a failed operation has a code
new OperationError();
// @ts-expect-error a simulator has controls
defineSimulator({ ...common, start });
// @ts-expect-error no such kind of control
defineSimulator({ ...common, controls: [{ kind: 'level', unit: 'bytes' }], start });
// @ts-expect-error no such unit of control
defineSimulator({ ...common, controls: [{ kind: 'amount', unit: 'MiB' }], start });
// @ts-expect-error a capability that nothing knows
defineSimulator({ ...common, controls: [{ kind: 'switch', unit: 'switch' }], needs: ['wings'], start });
// @ts-expect-error a resource that is not leased
defineSimulator({ ...common, controls: [{ kind: 'switch', unit: 'switch' }], takes: 'cake', start });
const isOn = [{ kind: 'switch', unit: 'switch' }] as const;
// @ts-expect-error an instance can be disposed of
defineSimulator({ ...common, controls: isOn, start: () => ({ run: () => undefined }) });

defineSimulator({
  ...common,
  controls: [{ kind: 'rate', unit: 'ops/s' }],
  operations: ['get'],
  // @ts-expect-error an estimate names resources that brunt knows
  estimate: ({ peak }) => ({ memoryMb: peak }),
  start(ctx) {
    // @ts-expect-error durations of clocks are nanoseconds, and say so
    ctx.nowMs();
    // @ts-expect-error levels of a log
    ctx.log('error', 'x');
    // @ts-expect-error the plan's numbers are not ours to change
    ctx.peak = 1;
    const instance: ActorInstance = {
      // @ts-expect-error a synchronous step gives no promise
      step: async () => ({ bytes: 1 }),
      // @ts-expect-error done is the only word
      stepAsync: async () => 'finished',
      dispose: () => undefined,
    };
    return instance;
  },
});
