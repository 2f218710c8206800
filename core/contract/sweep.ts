/** A sweep as one table, in summary.json: levels of one actor, and what each came to. */
import type { Interval } from './search.js';

export interface SweepSummary {
  readonly phase: string;
  readonly actor: string;
  /** Of the levels: the actor's. */
  readonly unit: string;
  readonly levels: readonly SweepLevel[];
}

/** One round. Null: not known, or the actor does no operations. */
export interface SweepLevel {
  readonly round: number;
  /** Asked, in the actor's unit. */
  readonly amount: number;
  /** That shared it; absent: all that the actor has. */
  readonly instances?: number;
  readonly tookMs: number;
  /** Done of it, as a share. */
  readonly achieved: number | null;
  /** Operations that ended, of all kinds, a second. */
  readonly rate: number | null;
  readonly rateInterval: Interval | null;
  readonly bytesPerSecond: number | null;
  /** Failed ones, as a share. */
  readonly errors: number | null;
  readonly latency: SweepLatency | null;
}

/** From when operations were due until they ended, all kinds together, in ns; with the rules of every summary. */
export interface SweepLatency {
  readonly avg: number;
  readonly max: number;
  readonly quantiles: Readonly<Record<string, number | null>>;
  readonly quantileIntervals: Readonly<Record<string, Interval | null>>;
}
