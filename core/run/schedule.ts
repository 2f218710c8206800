/** Walks a run through its phases and window cuts in real time; returns early when the run is stopped. */
import { MS, nowNs } from '../base/clock.js';
import type { Plan, PlannedPhase } from '../contract/plan.js';
import { windowCut } from '../plan/cuts.js';

export interface Cut {
  readonly index: number;
  readonly phaseIndex: number;
  readonly startMs: number;
  readonly endMs: number;
}

export interface ScheduleSteps {
  phaseStarted(phase: PlannedPhase): void;
  phaseEnded(phase: PlannedPhase): void;
  /** The instant at which a window ends. */
  cut(cut: Cut): void;
}

/** True when the whole timeline was walked, false when `stopped` settled first. */
export async function walkSchedule(
  plan: Plan,
  startNs: number,
  stopped: Promise<unknown>,
  steps: ScheduleSteps,
): Promise<boolean> {
  if (!(await sleepUntil(startNs, stopped))) return false;
  let phase: PlannedPhase | undefined;
  for (let index = 0; ; index++) {
    const next = windowCut(plan.phases, plan.windowMs, index);
    if (next?.phaseIndex !== phase?.index) {
      if (phase !== undefined) steps.phaseEnded(phase);
      phase = next === null ? undefined : plan.phases[next.phaseIndex];
      if (phase !== undefined) steps.phaseStarted(phase);
    }
    if (next === null) return true;
    if (!(await sleepUntil(startNs + next.endMs * MS, stopped))) return false;
    steps.cut({ index, ...next });
  }
}

/** False when `stopped` settled before the instant came. */
async function sleepUntil(instantNs: number, stopped: Promise<unknown>): Promise<boolean> {
  for (let leftMs = (instantNs - nowNs()) / MS; leftMs > 0; leftMs = (instantNs - nowNs()) / MS) {
    let timer: NodeJS.Timeout | undefined;
    const slept = new Promise<true>((resolve) => {
      timer = setTimeout(() => resolve(true), Math.min(Math.ceil(leftMs), 2 ** 31 - 1));
    });
    const isDue = await Promise.race([slept, stopped.then(() => false)]);
    clearTimeout(timer);
    if (!isDue) return false;
  }
  return true;
}
