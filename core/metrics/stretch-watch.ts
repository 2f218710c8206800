/**
 * Thresholds that have a window of their own: closed windows of the run enter, the figures of whole stretches leave.
 * Stretches begin anew with each phase, and the last of a phase may be short, as the run's own windows do. Owned by
 * the accumulator; keeps one figure for each stretch and owner, which the length of the plan bounds.
 */
import type { MetricUnit, Window } from '../contract/metrics.js';
import type { PlannedThreshold } from '../contract/plan.js';
import { looksAt } from './selector.js';
import type { Measures } from './selector-totals.js';
import { SelectorTotals } from './selector-totals.js';

export interface Stretch {
  readonly owner: string | null;
  readonly phase: string;
  readonly startMs: number;
  readonly endMs: number;
  /** As long as the threshold says. */
  readonly isWhole: boolean;
  /** Nothing more comes into it. */
  readonly isOver: boolean;
  readonly value: number | null;
  readonly unit: MetricUnit;
}

interface Open {
  readonly phase: string;
  readonly phaseIndex: number;
  readonly startMs: number;
  endMs: number;
  readonly totals: SelectorTotals;
}

interface Watched {
  readonly threshold: PlannedThreshold;
  readonly closed: Stretch[];
  open: Open | null;
}

/** Windows are as long as they are but for rounding. */
const NEAR_MS = 1e-3;

export class StretchWatch {
  readonly #measures: Measures;
  readonly #watched: readonly Watched[];

  constructor(thresholds: readonly PlannedThreshold[], measures: Measures) {
    this.#measures = measures;
    this.#watched = thresholds
      .filter(({ windowMs }) => windowMs !== undefined)
      .map((threshold) => ({ threshold, closed: [], open: null }));
  }

  add(window: Window): void {
    const { phase, phaseIndex, round = null, measured, startMs } = window;
    for (const watched of this.#watched) {
      const { threshold } = watched;
      if (watched.open !== null && watched.open.phaseIndex !== phaseIndex) this.#close(watched);
      if (!looksAt(threshold.selector, { phase, round, measured })) continue;
      const totals = new SelectorTotals(threshold.selector, this.#measures);
      watched.open ??= { phase, phaseIndex, startMs, endMs: startMs, totals };
      watched.open.totals.add(window);
      watched.open.endMs = window.endMs;
      if (isWhole(watched.open, threshold)) this.#close(watched);
    }
  }

  /** So far, in order; the last may not be over. */
  of(threshold: PlannedThreshold): readonly Stretch[] {
    const watched = this.#watched.find((one) => one.threshold === threshold);
    if (watched === undefined) return [];
    return watched.open === null
      ? watched.closed
      : [...watched.closed, ...told(watched.open, threshold, false)];
  }

  #close(watched: Watched): void {
    if (watched.open !== null) watched.closed.push(...told(watched.open, watched.threshold, true));
    watched.open = null;
  }
}

function isWhole({ startMs, endMs }: Open, { windowMs = 0 }: PlannedThreshold): boolean {
  return endMs - startMs >= windowMs - NEAR_MS;
}

function told(open: Open, threshold: PlannedThreshold, isOver: boolean): Stretch[] {
  const { phase, startMs, endMs, totals } = open;
  return totals
    .values(threshold.assertion.aggregate)
    .map((found) => ({ ...found, phase, startMs, endMs, isWhole: isWhole(open, threshold), isOver }));
}
