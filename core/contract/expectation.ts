/**
 * What a simulator promises of its work, so that a run which did something else is told by name: `expects` of a
 * simulator gives these when the plan is made, the trust checks hold the run's series against them at its end. The
 * simulator only counts; whether what was counted is what was asked is judged elsewhere.
 */

/** Checks that the core makes by itself: a figure cannot take one of these names. */
export const CORE_CHECKS = [
  'achieved',
  'actors-alive',
  'bytes-match',
  'clock-jump',
  'complete-windows',
  'guard-lateness',
  'held-measured',
  'littles-law',
  'lost-frames',
  'mix',
  'operations-done',
  'own-cpu',
  'refused-values',
  'restarts',
  'run-ended',
  'unleased',
] as const;

export type Expectation =
  /**
   * Check `operations-done`: these kinds of operation are done, others need not be. Without it: those that a mix names,
   * else all that the simulator declares.
   */
  | { readonly kind: 'operations'; readonly operations: readonly string[] }
  /** Check `bytes-match`: what operations of this kind that did not fail move, on average, lies between these bounds. */
  | { readonly kind: 'bytes'; readonly operation: string; readonly min: number; readonly max: number }
  /**
   * Check `mix`: of all operations, so large a share is of each kind (they add up to 1), kept within one point or, with
   * few operations, within four standard errors.
   */
  | { readonly kind: 'mix'; readonly shares: Readonly<Record<string, number>> }
  | FigureExpectation;

/**
 * A check of the simulator's own name ("skew", "coverage", "sparse", "compressibility"): what one of its metrics came to
 * over the whole run (of a counter the count, of a gauge its last value, of a ratio its share, of a trend its mean; over
 * all tags and instances) lies between `min` and `max`, and no farther than `within` from `near`. A ratio of few marks
 * may stand farther off by four standard errors. A figure that is promised and never recorded is a broken promise.
 */
export interface FigureExpectation {
  readonly kind: 'figure';
  readonly check: string;
  /** One of the simulator's metrics, as it declares it. */
  readonly metric: string;
  readonly min?: number;
  readonly max?: number;
  /** A number, or another metric of the simulator: what the formula says of what was done. */
  readonly near?: number | { readonly metric: string };
  /** In the unit of the metric; needed with `near`. */
  readonly within?: number;
}
