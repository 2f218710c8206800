/**
 * What one series did over several windows of a phase. Points of windows go in; one point comes out, with what
 * only the sequence of windows can tell (extremes of window averages, drift). The accumulator owns these.
 */
import type { Point, Tags } from '../contract/metrics.js';
import type { Batches } from './batches.js';
import { BinCounts } from './bin-counts.js';
import type { Across } from './points.js';
import { joinPoints, mergePoints } from './points.js';
import type { Sample } from './slope.js';
import { History } from './slope.js';

/** A point over many windows. */
export interface Total {
  readonly point: Point;
  /** Gauges: the extremes of the windows' averages. */
  readonly windowMin: number;
  readonly windowMax: number;
  readonly samples: readonly Sample[];
}

export class SeriesTotal {
  readonly kind: Point['kind'];
  #count = 0;
  #sum = 0;
  #min = Infinity;
  #max = -Infinity;
  #windowMin = Infinity;
  #windowMax = -Infinity;
  #last = 0;
  #bins: BinCounts | null = null;
  #history: History | null = null;

  constructor(kind: Point['kind']) {
    this.kind = kind;
  }

  add(point: Point, atMs: number): void {
    switch (point.kind) {
      case 'counter':
        this.#count += point.count;
        return;
      case 'ratio':
        this.#sum += point.hits;
        this.#count += point.total;
        return;
      case 'gauge':
        this.#addGauge(point, atMs);
        return;
      case 'trend':
        this.#count += point.count;
        this.#sum += point.sum;
        this.#min = Math.min(this.#min, point.min);
        this.#max = Math.max(this.#max, point.max);
        (this.#bins ??= new BinCounts()).add(point.bins);
    }
  }

  #addGauge(point: Point & { kind: 'gauge' }, atMs: number): void {
    this.#sum += point.avg * point.coveredNs;
    this.#count += point.coveredNs;
    this.#min = Math.min(this.#min, point.min);
    this.#max = Math.max(this.#max, point.max);
    this.#windowMin = Math.min(this.#windowMin, point.avg);
    this.#windowMax = Math.max(this.#windowMax, point.avg);
    this.#last = point.last;
    (this.#history ??= new History()).add({ atMs, value: point.avg, weight: point.coveredNs });
  }

  total(): Total {
    const samples = this.#history?.samples ?? [];
    return { point: this.#point(), windowMin: this.#windowMin, windowMax: this.#windowMax, samples };
  }

  #point(): Point {
    switch (this.kind) {
      case 'counter':
        return { kind: 'counter', count: this.#count };
      case 'ratio':
        return { kind: 'ratio', hits: this.#sum, total: this.#count };
      case 'gauge': {
        const avg = Math.min(this.#max, Math.max(this.#min, this.#sum / this.#count));
        return {
          kind: 'gauge',
          avg,
          min: this.#min,
          max: this.#max,
          last: this.#last,
          coveredNs: this.#count,
        };
      }
      case 'trend':
        return {
          kind: 'trend',
          count: this.#count,
          sum: this.#sum,
          min: this.#min,
          max: this.#max,
          bins: (this.#bins ?? new BinCounts()).toBins(),
        };
    }
  }
}

/** One series in one phase. */
export interface PhaseSeries {
  readonly metric: string;
  readonly tags: Tags;
  readonly total: SeriesTotal;
  /** Of counters, marks and values, by batches of windows; null for gauges. */
  readonly counts: Batches | null;
}

/** What the windows of one phase added up to. */
export interface PhaseTotals {
  readonly index: number;
  readonly name: string;
  readonly measured: boolean;
  /** Of a repeated phase. */
  readonly round: number | null;
  spanMs: number;
  windows: number;
  readonly lengthsMs: Batches;
  /** Windows that lacked a source. */
  incomplete: number;
  readonly series: Map<string, PhaseSeries>;
}

/** The same series over one phase after another. */
export function inSequence(totals: readonly Total[]): Total {
  return totals.reduce((a, b) => ({
    point: joinPoints(a.point, b.point),
    windowMin: Math.min(a.windowMin, b.windowMin),
    windowMax: Math.max(a.windowMax, b.windowMax),
    samples: [...a.samples, ...b.samples],
  }));
}

/** Several tag sets of one metric in the same windows, taken together. */
export function sideBySide(totals: readonly Total[], across: Across): Total {
  return totals.reduce((a, b) => {
    const point = mergePoints(a.point, b.point, across);
    if (point.kind !== 'gauge') return { point, windowMin: Infinity, windowMax: -Infinity, samples: [] };
    // Window by window is no longer known for both: what each met by itself bounds what they met together.
    const both = (x: number, y: number): number => {
      const merged = mergePoints({ ...point, avg: x }, { ...point, avg: y }, across);
      return merged.kind === 'gauge' ? merged.avg : x;
    };
    const later = new Map(b.samples.map((sample) => [sample.atMs, sample]));
    const samples = a.samples.flatMap((sample) => {
      const other = later.get(sample.atMs);
      return other === undefined ? [] : [{ ...sample, value: both(sample.value, other.value) }];
    });
    return {
      point,
      windowMin: both(a.windowMin, b.windowMin),
      windowMax: both(a.windowMax, b.windowMax),
      samples,
    };
  });
}

/** The share of one error code is of all operations, which are spread over all codes. */
export function shareOf(part: Total, whole: Total | undefined): Total {
  if (part.point.kind !== 'ratio' || whole?.point.kind !== 'ratio') return part;
  return { ...part, point: { ...part.point, total: whole.point.total } };
}
