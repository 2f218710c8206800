/**
 * Where windows begin and end. Orchestrator and agents call it with the same phases and get the same cuts, so
 * that the index of a window means one span everywhere.
 */
import type { PlannedPhase } from '../contract/plan.js';

export interface WindowCut {
  readonly phaseIndex: number;
  /** Since the start instant. */
  readonly startMs: number;
  readonly endMs: number;
}

/** Keeps a phase of 3 × 100.1 ms from getting a fourth window of a few rounding errors. */
const ROUNDING = 1e-9;

function windowsIn(durationMs: number, windowMs: number): number {
  return Math.max(1, Math.ceil(durationMs / windowMs - ROUNDING));
}

/** The window of this index, or null after the last. Windows restart at each phase; its last may be short. */
export function windowCut(
  phases: readonly Pick<PlannedPhase, 'startMs' | 'durationMs'>[],
  windowMs: number,
  index: number,
): WindowCut | null {
  let first = 0;
  for (const [phaseIndex, { startMs, durationMs }] of phases.entries()) {
    const count = windowsIn(durationMs, windowMs);
    const within = index - first;
    if (within < count) {
      const isLast = within === count - 1;
      const endMs = startMs + (isLast ? durationMs : (within + 1) * windowMs);
      return { phaseIndex, startMs: startMs + within * windowMs, endMs };
    }
    first += count;
  }
  return null;
}

/** How many windows the whole run has. */
export function windowCount(phases: readonly Pick<PlannedPhase, 'durationMs'>[], windowMs: number): number {
  return phases.reduce((sum, { durationMs }) => sum + windowsIn(durationMs, windowMs), 0);
}
