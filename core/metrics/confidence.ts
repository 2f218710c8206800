/**
 * How far a figure of a run can be off by chance: distributions and the values of batches enter, 95 % intervals leave.
 * Summaries and searches ask.
 *
 * A percentile lies between two order statistics whose ranks are what a binomial count may be off by (normal
 * approximation, good where ten samples lie beyond it): that takes operations as independent, so what stalls together
 * makes the real interval wider. A mean or rate is that of up to ten batches of windows, its interval Student's t over
 * them: what lasts less than a batch is in it.
 */
import type { Interval } from '../contract/search.js';
import type { Trend } from './aggregate.js';
import { Batches } from './batches.js';
import { isEnoughFor, valueAtRank } from './aggregate.js';

const Z_975 = 1.96;
/** Student's t, 97.5 %, by degrees of freedom from 2. */
const T_975 = [4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262];
export const BATCHES_MIN = 3;
export const BATCHES_MAX = T_975.length + 2;

/** Null: not enough samples on one of its sides. */
export function quantileInterval(trend: Trend, p: number): Interval | null {
  if (!isEnoughFor(trend, p) || !isEnoughFor(trend, 1 - p)) return null;
  const { count } = trend;
  const half = Z_975 * Math.sqrt(count * p * (1 - p));
  const [first, last] = [Math.floor(count * p - half), Math.ceil(count * p + half) + 1];
  if (first < 1 || last > count) return null;
  return { low: valueAtRank(trend, first), high: valueAtRank(trend, last) };
}

export interface Mean {
  readonly value: number;
  /** Half the width of the interval around it. */
  readonly plusMinus: number;
}

/** Of values of equal weight in the order of time: more than ten become ten batches. Null: fewer than three. */
export function meanOf(values: readonly number[]): Mean | null {
  const batches = batched(values, Math.min(values.length, BATCHES_MAX));
  const n = batches.length;
  if (n < BATCHES_MIN) return null;
  const value = batches.reduce((sum, one) => sum + one, 0) / n;
  const squares = batches.reduce((sum, one) => sum + (one - value) ** 2, 0);
  return { value, plusMinus: (T_975[n - BATCHES_MIN] ?? NaN) * Math.sqrt(squares / (n - 1) / n) };
}

/** Around the rate of the phase. Null: too few windows. */
export function rateInterval(rate: number, counts: Batches, lengthsMs: Batches): Interval | null {
  return intervalAround(rate, Batches.rates(counts, lengthsMs));
}

/** Of what is not below 0, by the values of its batches. */
export function intervalAround(value: number, batches: readonly number[]): Interval | null {
  const mean = meanOf(batches);
  return mean && { low: Math.max(0, value - mean.plusMinus), high: value + mean.plusMinus };
}

function batched(values: readonly number[], count: number): number[] {
  return Array.from({ length: count }, (_, i) => {
    const part = values.slice(
      Math.floor((i * values.length) / count),
      Math.floor(((i + 1) * values.length) / count),
    );
    return part.reduce((sum, one) => sum + one, 0) / part.length;
  });
}
