/**
 * Arithmetic on points: adding those of several sources, tag sets, windows or phases into one. Used by the window
 * store and by the accumulator; merging in any order gives the same, but for the last digits of sums.
 */
import { assert } from '../base/assert.js';
import type { Bins, MetricSpec, Point } from '../contract/metrics.js';
import { combined } from './merged.js';

export type Across = NonNullable<MetricSpec['across']>;

/** The counts of both, ascending by index. */
export function mergeBins(a: Bins, b: Bins): Bins {
  const [n, m] = [a.index.length, b.index.length];
  const index = new Uint16Array(n + m);
  const count = new Float64Array(n + m);
  let [i, j, k] = [0, 0, 0];
  while (i < n || j < m) {
    const x = i < n ? (a.index[i] as number) : Infinity;
    const y = j < m ? (b.index[j] as number) : Infinity;
    index[k] = Math.min(x, y);
    count[k++] = (x <= y ? (a.count[i++] as number) : 0) + (y <= x ? (b.count[j++] as number) : 0);
  }
  return { index: index.slice(0, k), count: count.slice(0, k) };
}

/** Two parts of one series in the same span: of two sources, or of two tag sets that a selector takes together. */
export function mergePoints(a: Point, b: Point, across: Across): Point {
  if (a.kind === 'counter' && b.kind === 'counter') return { kind: 'counter', count: a.count + b.count };
  if (a.kind === 'ratio' && b.kind === 'ratio') {
    return { kind: 'ratio', hits: a.hits + b.hits, total: a.total + b.total };
  }
  if (a.kind === 'trend' && b.kind === 'trend') {
    return {
      kind: 'trend',
      count: a.count + b.count,
      sum: a.sum + b.sum,
      min: Math.min(a.min, b.min),
      max: Math.max(a.max, b.max),
      bins: mergeBins(a.bins, b.bins),
    };
  }
  assert(a.kind === 'gauge' && b.kind === 'gauge', `points of kinds ${a.kind} and ${b.kind} do not merge`);
  return {
    kind: 'gauge',
    avg: combined(across, [a.avg, b.avg]),
    min: combined(across, [a.min, b.min]),
    max: combined(across, [a.max, b.max]),
    last: combined(across, [a.last, b.last]),
    coveredNs: Math.max(a.coveredNs, b.coveredNs),
  };
}

/** Two parts of one series one after the other, `a` first: of one source, or of two phases. */
export function joinPoints(a: Point, b: Point): Point {
  if (a.kind !== 'gauge' || b.kind !== 'gauge') return mergePoints(a, b, 'sum');
  const coveredNs = a.coveredNs + b.coveredNs;
  const avg = (a.avg * a.coveredNs + b.avg * b.coveredNs) / coveredNs;
  return {
    kind: 'gauge',
    avg,
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
    last: b.last,
    coveredNs,
  };
}
