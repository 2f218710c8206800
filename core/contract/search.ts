/** What a search came to, in events and in summary.json; and what chance may have to do with a figure. */
import type { MetricUnit } from './metrics.js';

/** A 95 % confidence interval. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

export interface SearchSummary {
  readonly phase: string;
  /** Of a repeated phase, from 1. */
  readonly round?: number;
  readonly actor: string;
  /** Of the levels: the actor's. */
  readonly unit: string;
  /** What had to hold: "op.latency{actor:db} p99 < 5ms". */
  readonly conditions: readonly string[];
  /**
   * found: `knee` holds and `broke` does not. beyond: it holds at the highest level there was to try. none: it breaks at
   * the lowest. unfinished: the phase or the run was over first.
   */
  readonly outcome: 'found' | 'beyond' | 'none' | 'unfinished';
  /** The highest level that held, and the lowest that broke; null: none did. */
  readonly knee: number | null;
  readonly broke: number | null;
  readonly resolution: number;
  readonly text: string;
  readonly steps: readonly SearchStep[];
}

/** One level that was tried. */
export interface SearchStep {
  /** In the actor's unit. */
  readonly amount: number;
  readonly holds: boolean;
  /** False: an interval has the bound in it, or there were not enough samples for one, when no time was left. */
  readonly isSure: boolean;
  /** How long it was judged. */
  readonly judgedMs: number;
  /** What was done of the level, as a share: below 90 % it does not hold, whatever the conditions say. */
  readonly reached: number | null;
  readonly figures: readonly SearchFigure[];
}

/** What a condition was judged by at one level. */
export interface SearchFigure {
  /** Its place among the conditions. */
  readonly condition: number;
  /** Actor or probe; null: the machine's. */
  readonly owner: string | null;
  /** Null: no data, which breaks it. */
  readonly value: number | null;
  readonly unit: MetricUnit | 'per-second';
  /** Null: not enough samples, or an aggregate that has none. */
  readonly interval: Interval | null;
  readonly holds: boolean;
}
