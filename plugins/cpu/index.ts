/**
 * Plugin `cpu`: holds an amount of processor time, in cores. Each instance is one thread with a closed loop on the
 * kernel's own account of that thread: what it is asked for and has not used yet is owed, and burnt.
 */
import { definePlugin, defineSimulator } from '../../core/contract/index.js';
import { threadCpuNs } from '../../core/linux/thread.js';
import {
  KERNEL_METRICS,
  KERNEL_OPTIONS,
  kernelFaults,
  memoryBytesOf,
  sharedBytesOf,
  takesMemory,
  Work,
} from './kernels/work.js';
import { holdLevel } from './level.js';
import { LEVEL_METRICS } from './meter.js';
import { isRealTime, place, placementFaults, PLACEMENT_OPTIONS } from './placement.js';

const MS = 1e6;
/** Below, waking up takes longer than what is worked: the level would be held, but by nothing but switches. */
const PERIOD_MIN_MS = 1;
/** A rounding error of a share is not more than one core. */
const ONE_CORE = 1 + 1e-9;

const cpu = defineSimulator({
  name: 'cpu',
  description: 'Uses processor time: so many cores, held by the kernel’s own accounting of each thread.',
  controls: [
    {
      kind: 'amount',
      unit: 'cores',
      defaultPeak: '100% of quota',
      bases: {
        quota: (host) => host.quotaCores,
        machine: (host) => host.cores,
        core: () => 1,
      },
      defaultBase: 'quota',
    },
  ],
  options: {
    type: 'object',
    properties: {
      ...KERNEL_OPTIONS,
      period: {
        type: 'string',
        format: 'duration',
        default: '20ms',
        description:
          'How often each thread works and rests; a quarter of the quota period (25 ms) at most is best.',
      },
      ...PLACEMENT_OPTIONS,
    },
  },
  metrics: { ...KERNEL_METRICS, ...LEVEL_METRICS },
  // What a kernel takes is the whole process's.
  isolation: ({ options }) => (takesMemory(options) ? 'process' : 'thread'),
  takes: ({ options }) => (takesMemory(options) ? 'memory' : null),
  shared: ({ options }) => sharedBytesOf(options),
  // Of one core is one thread's; everything else is spread over all that there is.
  defaultInstances: (host, { amount, base }) =>
    Math.max(1, Math.ceil(base === 'core' ? amount : host.quotaCores)),
  check: ({ options, instances }) => [
    ...kernelFaults(options, instances),
    ...(options.period < PERIOD_MIN_MS
      ? [{ path: ['period'], message: `a period is at least ${PERIOD_MIN_MS} ms`, seen: options.period }]
      : []),
    ...placementFaults(options),
  ],
  estimate({ peak, options, instances, host }) {
    const memoryBytes = memoryBytesOf(options, host.caches, instances);
    return {
      cores: peak,
      ...(memoryBytes > 0 && { memoryBytes }),
      ...(isRealTime(options.sched) && { realTimeCores: peak }),
    };
  },
  start(ctx) {
    if (ctx.peak > ONE_CORE) {
      ctx.unavailable(
        `${ctx.peak} cores are the share of one instance, and a thread can use one: ` +
          `raise instances to at least ${Math.ceil(ctx.peak * ctx.instance.count)}`,
      );
    }
    if (threadCpuNs() === null) ctx.unavailable('this host keeps no account of processor time by thread');
    const work = new Work(ctx);
    // Before the kernel's working sets are touched: they belong to the processor that it will run on.
    const placement = place(ctx);
    return {
      run: () => holdLevel({ ctx, work, placement, periodNs: ctx.options.period * MS }),
      dispose() {
        work.dispose();
        placement.undo();
      },
    };
  },
});

export default definePlugin({ name: 'cpu', simulators: [cpu] });
