/**
 * Plugin `cpu`: holds an amount of processor time, in cores. Each instance is one thread with a closed loop on the
 * kernel's own account of that thread: what it is asked for and has not used yet is owed, and burnt.
 */
import { definePlugin, defineSimulator } from '../../core/contract/index.js';
import { libc } from '../../core/linux/libc.js';
import { threadCpuNs } from '../../core/linux/thread.js';
import { Debt } from './debt.js';
import { KERNEL_METRICS, KERNEL_OPTIONS, Work } from './kernels/work.js';

const MS = 1e6;
/** What is achieved is told over at least so long. */
const METER_NS = 100 * MS;
/** Periods vary by this share in both directions, so that instances do not burn in step. */
const JITTER = 0.25;
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
    },
  },
  metrics: KERNEL_METRICS,
  isolation: 'thread',
  defaultInstances: (host) => Math.max(1, Math.ceil(host.quotaCores)),
  estimate: ({ peak }) => ({ cores: peak }),
  start(ctx) {
    if (ctx.peak > ONE_CORE) {
      ctx.unavailable(
        `${ctx.peak} cores are the share of one instance, and a thread can use one: ` +
          `raise instances to at least ${Math.ceil(ctx.peak * ctx.instance.count)}`,
      );
    }
    const used = threadCpuNs();
    if (used === null) ctx.unavailable('this host keeps no account of processor time by thread');
    // Without libc the account moves in ticks of some milliseconds while the thread runs, and is exact after a wait.
    const isFine = libc() !== null;
    const readCpu = (): number => threadCpuNs() ?? 0;
    const work = new Work(ctx);

    const burn = (wantedNs: number): void => {
      const fromNs = isFine ? readCpu() : ctx.nowNs();
      while (!ctx.stopped()) {
        work.operate();
        if ((isFine ? readCpu() : ctx.nowNs()) - fromNs >= wantedNs) return;
      }
    };

    return {
      run() {
        const debt = new Debt(ctx.nowNs(), readCpu());
        let meter = { atNs: ctx.nowNs(), cpuNs: readCpu() };
        while (!ctx.stopped()) {
          const beganNs = ctx.nowNs();
          const asked = ctx.asked();
          const owedNs = debt.update(beganNs, readCpu(), asked);
          if (beganNs - meter.atNs >= METER_NS) {
            const cpuNs = readCpu();
            const spanNs = beganNs - meter.atNs;
            ctx.achieved((cpuNs - meter.cpuNs) / spanNs, spanNs);
            work.tell(cpuNs - meter.cpuNs);
            meter = { atNs: beganNs, cpuNs };
          }
          if (asked === 0) {
            ctx.achieved(0);
            work.rest();
            ctx.park();
            debt.forget(ctx.nowNs(), readCpu());
            meter = { atNs: ctx.nowNs(), cpuNs: readCpu() };
            continue;
          }
          const periodNs = ctx.options.period * MS * (1 - JITTER + 2 * JITTER * ctx.random());
          if (owedNs > 0) burn(Math.min(owedNs, periodNs));
          const leftNs = periodNs - (ctx.nowNs() - beganNs);
          if (leftNs > 0 && asked < 1) ctx.park(leftNs / MS);
        }
      },
      dispose() {
        work.rest();
      },
    };
  },
});

export default definePlugin({ name: 'cpu', simulators: [cpu] });
