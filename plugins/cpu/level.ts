/**
 * The loop that holds a level: in each period it works for as long as the thread owes by the kernel's clock of it, and
 * rests. Closed over the work itself and whatever else the thread does. Called by `index.ts`.
 */
import type { ActorContext } from '../../core/contract/index.js';
import { libc } from '../../core/linux/libc.js';
import { threadCpuNs } from '../../core/linux/thread.js';
import { Debt } from './debt.js';
import type { LEVEL_METRICS } from './meter.js';
import { Meter } from './meter.js';
import type { Placement } from './placement.js';

/** What burns: short pieces of work, told now and then over how much processor time they were done. */
export interface Burner {
  operate(): void;
  /** Since it was told last it had so much processor time. */
  tell(cpuNs: number): void;
  /** Nothing is asked until `operate` is called again. */
  rest(): void;
}

type LevelContext = Pick<
  ActorContext<object, typeof LEVEL_METRICS>,
  'instance' | 'metrics' | 'achieved' | 'log' | 'asked' | 'stopped' | 'nowNs' | 'park' | 'random'
>;

export interface LevelInput {
  readonly ctx: LevelContext;
  readonly work: Burner;
  readonly placement: Placement;
  readonly periodNs: number;
}

const MS = 1e6;
/** Work that is done without a look at the clock, at most: what is left is then at most so much late to be seen. */
const BLIND_NS = 0.5e6;
/** Periods vary by this share in both directions, so that instances do not burn in step. */
const JITTER = 0.25;

/** Until a stop is asked for. */
export function holdLevel({ ctx, work, placement, periodNs }: LevelInput): void {
  const readCpuNs = (): number => threadCpuNs() ?? 0;
  // Without libc the account moves in ticks of some milliseconds while the thread runs, and is exact after a wait.
  const readWorkNs = libc() === null ? ctx.nowNs : readCpuNs;
  const meter = new Meter({ ctx, readCpuNs, processor: placement.processor });
  const debt = new Debt(ctx.nowNs(), readCpuNs(), periodNs);
  let toldCpuNs = readCpuNs();
  const tell = (nowNs: number, asked: number, isEnd: boolean): void => {
    if (!meter.tell(nowNs, asked, isEnd)) return;
    const cpuNs = readCpuNs();
    work.tell(cpuNs - toldCpuNs);
    toldCpuNs = cpuNs;
  };
  let operationNs = BLIND_NS;
  // A look at the clock is a system call, and costs some percent of an operation: several at a time, of what is left at
  // most half, so that it ends in time even when they take longer than the last ones did.
  const burn = (wantedNs: number): void => {
    let nowNs = readWorkNs();
    const untilNs = nowNs + wantedNs;
    while (nowNs < untilNs && !ctx.stopped()) {
      const blindNs = Math.min(BLIND_NS, (untilNs - nowNs) / 2);
      const count = Math.max(1, Math.floor(blindNs / operationNs));
      for (let i = 0; i < count; i++) work.operate();
      const beforeNs = nowNs;
      nowNs = readWorkNs();
      operationNs = Math.max(1, (nowNs - beforeNs) / count);
    }
  };
  try {
    meter.begin(ctx.nowNs());
    let asked = 0;
    while (!ctx.stopped()) {
      const beganNs = ctx.nowNs();
      const before = asked;
      asked = ctx.asked();
      const owedNs = debt.update(beganNs, readCpuNs(), asked);
      tell(beganNs, (before + asked) / 2, asked === 0);
      if (asked === 0) {
        meter.rest();
        work.rest();
        ctx.park();
        debt.forget(ctx.nowNs(), readCpuNs());
        meter.begin(ctx.nowNs());
        toldCpuNs = readCpuNs();
        continue;
      }
      const lengthNs = periodNs * (1 - JITTER + 2 * JITTER * ctx.random());
      if (owedNs > 0) burn(Math.min(owedNs, lengthNs * (1 - placement.leavesShare)));
      const restNs = lengthNs - (ctx.nowNs() - beganNs);
      const leastNs = lengthNs * placement.leavesShare;
      if (asked < 1 && Math.max(restNs, leastNs) > 0) ctx.park(Math.max(restNs, leastNs) / MS);
    }
    tell(ctx.nowNs(), asked, true);
  } finally {
    meter.close();
  }
}
