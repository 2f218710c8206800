/**
 * From a total to one number: the aggregates of thresholds and the columns of summaries. A value is null where the
 * data do not hold it; it is never 0 for want of data.
 */
import type { Aggregate } from '../base/sentences.js';
import type { MetricUnit, Point } from '../contract/metrics.js';
import { binValue } from './bins.js';
import { driftOf } from './drift.js';
import { theilSen } from './slope.js';
import type { Total } from './totals.js';

export type Trend = Point & { kind: 'trend' };

/** A percentile says something when at least so many samples lie beyond it. */
export const SAMPLES_BEYOND_MIN = 10;

/**
 * Nearest-rank quantile (0 < p < 1) from bins: the value of the bin that holds sample number ⌈p·n⌉, at most
 * 0.39 % off, kept between the exact extremes. Null without samples.
 */
export function quantileOf(trend: Trend, p: number): number | null {
  const { count } = trend;
  // A hair less: 0.999 * 1000 is 999.0000000000001 in doubles.
  return count === 0 ? null : valueAtRank(trend, Math.max(1, Math.ceil(p * count - 1e-9 * count)));
}

/** The value of sample number `rank`, from 1, as its bin has it. */
export function valueAtRank({ bins, min, max }: Trend, rank: number): number {
  let seen = 0;
  for (let i = 0; i < bins.index.length; i++) {
    seen += bins.count[i] as number;
    if (seen >= rank) return Math.min(max, Math.max(min, binValue(bins.index[i] as number)));
  }
  return max;
}

/** The quantile if n·(1−p) ≥ 10, else null: what is printed. */
export function printableQuantile(trend: Trend, p: number): number | null {
  return isEnoughFor(trend, p) ? quantileOf(trend, p) : null;
}

export function isEnoughFor({ count }: Trend, p: number): boolean {
  // The same hair: 10 of 1,000 are beyond p99, though 1 - 0.99 is less than 0.01.
  return count * (1 - p) >= SAMPLES_BEYOND_MIN - 1e-6;
}

/** Standard deviation of the whole population, from bins. */
export function stddevOf({ bins, count, sum }: Trend): number | null {
  if (count === 0) return null;
  const mean = sum / count;
  let squares = 0;
  bins.index.forEach((bin, i) => {
    squares += (bins.count[i] as number) * (binValue(bin) - mean) ** 2;
  });
  return Math.sqrt(squares / count);
}

/**
 * The aggregate of a total over `spanMs`, in the metric's unit; `rate`, `slope` and `drift` are per second (`drift`: the
 * most that it may be, at 97.5 % confidence; null with too few samples). Null when the
 * kind has no such aggregate or the data no answer. Percentiles are given with few samples too: for a threshold
 * the nearest rank of twelve samples is a verdict, while a summary would not print it.
 */
export function aggregateOf(
  total: Total,
  aggregate: Aggregate,
  { spanMs, unit }: { readonly spanMs: number; readonly unit: MetricUnit },
): number | null {
  const { point } = total;
  switch (point.kind) {
    case 'counter':
      if (aggregate === 'rate') return spanMs > 0 ? point.count / (spanMs / 1000) : null;
      return aggregate === 'count' ? point.count : null;
    case 'ratio':
      if (aggregate === 'share') return point.total > 0 ? point.hits / point.total : null;
      return aggregate === 'count' ? point.hits : null;
    case 'gauge':
      return gaugeAggregate(total, point, aggregate, unit);
    case 'trend':
      return trendAggregate(point, aggregate);
  }
}

/** Extremes of a share are over closed windows: at an instant it is all or nothing, and says little. */
function gaugeAggregate(
  total: Total,
  point: Point & { kind: 'gauge' },
  aggregate: Aggregate,
  unit: MetricUnit,
): number | null {
  switch (aggregate) {
    case 'avg':
      return point.avg;
    case 'last':
      return point.last;
    case 'min':
      return unit === 'share' ? total.windowMin : point.min;
    case 'max':
      return unit === 'share' ? total.windowMax : point.max;
    case 'slope':
      return theilSen(total.samples);
    case 'drift': {
      const drift = driftOf(total.samples);
      return drift === null ? null : drift.perSecond + drift.plusMinus;
    }
    default:
      return null;
  }
}

function trendAggregate(point: Trend, aggregate: Aggregate): number | null {
  if (typeof aggregate === 'object') return quantileOf(point, aggregate.percentile);
  if (aggregate === 'count') return point.count;
  if (point.count === 0) return null;
  switch (aggregate) {
    case 'avg':
      return point.sum / point.count;
    case 'sum':
      return point.sum;
    case 'min':
      return point.min;
    case 'max':
      return point.max;
    case 'med':
      return quantileOf(point, 0.5);
    case 'stddev':
      return stddevOf(point);
    default:
      return null;
  }
}
