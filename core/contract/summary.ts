/** summary.json: the outcome of a run. Schema version 1; additions only. */
import type { ExitCode } from '../base/exit-codes.js';
import type { SafetyState } from '../base/sentences.js';
import type { CycleSummary } from './cycle.js';
import type { StopCause } from './events.js';
import type { HostFacts } from './host.js';
import type { MetricKind, MetricUnit, Tags } from './metrics.js';
import type { Interval, SearchSummary } from './search.js';
import type { SweepSummary } from './sweep.js';

export const SUMMARY_VERSION = 1;

export type Verdict = 'passed' | 'failed' | 'stopped' | 'interrupted' | 'error' | 'incomplete';

export interface RunSummary {
  readonly version: typeof SUMMARY_VERSION;
  readonly run: string;
  readonly scenario: string;
  readonly description: string;
  readonly seed: number;
  /** Passed: everything held. Incomplete: rebuilt from the record of a run that did not end itself. */
  readonly verdict: Verdict;
  readonly exitCode: ExitCode;
  /** One sentence each; the first is the reason for the exit code. */
  readonly reasons: readonly string[];
  readonly startedAt: string | null;
  readonly plannedMs: number;
  readonly tookMs: number;
  readonly stopCause: StopCause | null;
  readonly thresholds: readonly ThresholdResult[];
  readonly phases: readonly PhaseSummary[];
  readonly actors: readonly ActorSummary[];
  /** What phases with the shape `search` found, in order; absent where nothing was searched. */
  readonly searches?: readonly SearchSummary[];
  /** Phases with the shape `sweep`, by actor; absent where nothing was swept. */
  readonly sweeps?: readonly SweepSummary[];
  /** Cycles of which a round at least was gone through; absent without. */
  readonly cycles?: readonly CycleSummary[];
  readonly trust: TrustReport;
  /** Null without a target. */
  readonly target: TargetSummary | null;
  readonly safety: SafetySummary;
  /** What was given back and what is left behind. */
  readonly after: {
    readonly stopMs: number | null;
    readonly leftBehind: readonly string[];
    readonly heldAtStop: Readonly<Record<string, number>>;
  };
  readonly host: HostFacts;
  readonly record: string;
  readonly lost: { readonly windows: number; readonly events: number; readonly frames: number };
  readonly notes: readonly string[];
}

export interface ThresholdResult {
  readonly text: string;
  readonly selector: string;
  readonly aggregate: string;
  /** Null: no data, which fails the threshold. */
  readonly value: number | null;
  readonly unit: MetricUnit | 'per-second';
  readonly wanted: string;
  readonly ok: boolean;
  readonly severity: 'fail' | 'warn';
  /** Which actor (where each is judged by itself) and phases it is about. */
  readonly actor: string | null;
  readonly phases: readonly string[];
  /** Set when it failed: why, in words ("no data", "first above in climb at 00:07"). */
  readonly detail: string | null;
}

/** One series over a phase or the run. Quantiles are null where n·(1−p) < 10. */
export interface SeriesSummary {
  readonly metric: string;
  readonly kind: MetricKind;
  readonly unit: MetricUnit;
  readonly tags: Tags;
  readonly count: number | null;
  readonly sum: number | null;
  readonly rate: number | null;
  readonly avg: number | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly last: number | null;
  readonly quantiles: Readonly<Record<Quantile, number | null>> | null;
  /**
   * What `rate` and `quantiles` may be off by, by chance. Rates by the means of batches of windows, null with fewer than
   * three; quantiles by the ranks beside theirs as if operations were independent, null with fewer than ten beyond.
   */
  readonly rateInterval?: Interval | null;
  readonly quantileIntervals?: Readonly<Record<Quantile, Interval | null>>;
}

export type Quantile = 'p50' | 'p90' | 'p99' | 'p99.9' | 'p99.99';

export interface PhaseSummary {
  readonly name: string;
  readonly index: number;
  /** Of a repeated phase, from 1. */
  readonly round?: number;
  readonly measured: boolean;
  readonly tookMs: number;
  readonly windows: number;
  readonly series: readonly SeriesSummary[];
}

export interface ActorSummary {
  readonly actor: string;
  readonly simulator: string;
  readonly unit: string;
  /** Of `asked` and `held`: of a growth that which has grown, else `unit`. */
  readonly heldUnit: string;
  readonly peak: number;
  readonly instances: number;
  /** By phase in which it was loaded: what was asked and done, time-weighted; lowest window of achieved (share). */
  readonly phases: readonly {
    readonly phase: string;
    /** Of a repeated phase, from 1. */
    readonly round?: number;
    readonly asked: number;
    readonly held: number;
    readonly achieved: number | null;
    readonly lowest: number | null;
  }[];
  readonly failures: readonly string[];
}

export interface TrustReport {
  readonly trustworthy: boolean;
  readonly checks: readonly TrustCheck[];
  /** May its figures stand beside those of other runs: trustworthy, and measured long enough. */
  readonly comparable: { readonly ok: boolean; readonly detail: string };
}

export interface TrustCheck {
  /** Stable name: one of CORE_CHECKS, or what a simulator expects by a name of its own ("coverage"). */
  readonly check: string;
  /** Null: this run gives nothing to check it on. */
  readonly ok: boolean | null;
  readonly detail: string;
}

export interface TargetSummary {
  readonly memory: LeakSummary;
}

/** What the target's resident memory did over the measured phases, without its start-up (their first half). */
export interface LeakSummary {
  /** Leaks: it grows, with 97.5 % confidence. None seen: it may grow by less than slope and error together. */
  readonly verdict: 'leaks' | 'none-seen' | 'unknown';
  readonly bytesPerMinute: number | null;
  /** Half the width of the 95 % interval, per minute. */
  readonly plusMinus: number | null;
  /** Windows looked at. */
  readonly samples: number;
  /** "leaks 1.3 MiB/min ± 0.2". */
  readonly text: string;
}

export interface SafetySummary {
  readonly profile: string;
  readonly worst: SafetyState;
  readonly actions: number;
  /** The limit that came nearest to acting, with the reading closest to its bound. */
  readonly closest: {
    readonly sensor: string;
    readonly unit: string;
    readonly value: number;
    readonly action: string;
    readonly bound: number;
  } | null;
  /** Sensors that this host lacks. */
  readonly absent: readonly string[];
}
