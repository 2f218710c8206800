/** A cycle as one table, in summary.json: whether its rounds became steady, and what its phases came to in the last ones. */
import type { MetricUnit } from './metrics.js';
import type { Interval } from './search.js';
import type { SweepLatency } from './sweep.js';

export interface CycleSummary {
  readonly cycle: string;
  /** Whole ones that were gone through. */
  readonly rounds: number;
  /** All that is tracked was steady over the last five of them. Null: nothing is. */
  readonly isSteady: boolean | null;
  readonly tracked: readonly TrackedFigure[];
  /** The figures of `phases` are over so many rounds: the last five, or all where there are fewer. */
  readonly over: number;
  readonly phases: readonly CycleRow[];
}

/** What is compared from round to round. */
export interface TrackedFigure {
  /** "steady rate op.count{phase:w4k}". */
  readonly text: string;
  /** The actor or probe that has it; null: the machine or the run. */
  readonly owner: string | null;
  readonly unit: MetricUnit | 'per-second';
  /** Of the rounds `over`, in order; null: not known, or a source was missing. */
  readonly rounds: readonly (number | null)[];
  /** By SNIA's rule; null with fewer than five rounds. */
  readonly isSteady: boolean | null;
  readonly mean: number | null;
  /** Range and rise of the fitted line, as shares of the mean. */
  readonly excursion: number | null;
  readonly drift: number | null;
}

/** One actor in one phase of the cycle. Null: not known, or the actor does no operations. */
export interface CycleRow {
  readonly phase: string;
  readonly actor: string;
  /** Operations that ended, of all kinds, a second; its interval by the means of the rounds. */
  readonly rate: number | null;
  readonly rateInterval: Interval | null;
  readonly bytesPerSecond: number | null;
  /** Failed ones, as a share. */
  readonly errors: number | null;
  readonly latency: SweepLatency | null;
}
