/** Metrics: what is declared, and what a closed window says about each series. */

/** counter: only grows. gauge: has a value at any time. ratio: hits among marks. trend: a distribution. */
export type MetricKind = 'counter' | 'gauge' | 'ratio' | 'trend';

/** Base units only; values are recorded in them. `state` is a severity of the safety gate (0 ok … 5 kill). */
export type MetricUnit =
  | 'ns'
  | 'bytes'
  | 'share'
  | 'cores'
  | 'count'
  | 'celsius'
  | 'hertz'
  | 'ops/s'
  | 'bytes/s'
  | 'flop/s'
  | 'state';

export interface MetricSpec {
  readonly kind: MetricKind;
  readonly unit: MetricUnit;
  readonly better?: 'lower' | 'higher';
  readonly help: string;
  /** Closed sets of tag values; each combination is a series of its own, made before the run. */
  readonly tags?: Readonly<Record<string, readonly string[]>>;
  /** Gauges: how the instances of one actor make the actor's value. Default: sum. */
  readonly across?: 'sum' | 'mean' | 'max' | 'min';
  /**
   * Counters of what must never happen (a wrong result, data that was not what had been written): anything counted, in
   * whatever phase, fails the run as a threshold of its own would.
   */
  readonly mustBeZero?: boolean;
}

export type MetricSpecs = Readonly<Record<string, MetricSpec>>;
export type Tags = Readonly<Record<string, string>>;

/** The tags one record carries: one of the declared values for every declared tag. */
export type TagValues<M extends MetricSpec> = M extends {
  readonly tags: infer T extends Readonly<Record<string, readonly string[]>>;
}
  ? { readonly [K in keyof T]: T[K][number] }
  : never;

interface CounterRecorder {
  /** Adds a finite amount ≥ 0; anything else is refused and counted. */
  add(amount: number): void;
}
interface GaugeRecorder {
  /**
   * The value from now until the next set; its average over a window is weighted by time. NaN: there is no value from
   * now on. Infinite values are refused and counted. With overNs: what it was on average over so many nanoseconds up to
   * now, for what can only be measured afterwards.
   */
  set(value: number, overNs?: number): void;
}
interface RatioRecorder {
  mark(hit: boolean): void;
}
interface TrendRecorder {
  /** One value ≥ 0, in the metric's unit; non-finite and negative values are refused and counted. */
  record(value: number): void;
}

type PlainRecorder<K extends MetricKind> = K extends 'counter'
  ? CounterRecorder
  : K extends 'gauge'
    ? GaugeRecorder
    : K extends 'ratio'
      ? RatioRecorder
      : TrendRecorder;

/** With tags declared, `with(...)` gives the recorder of one series; fetch it once, outside the loop. */
export type Recorder<M extends MetricSpec> = M extends { readonly tags: object }
  ? { with(tags: TagValues<M>): PlainRecorder<M['kind']> }
  : PlainRecorder<M['kind']>;

export type Recorders<M extends MetricSpecs> = { readonly [K in keyof M]: Recorder<M[K]> };

/**
 * A distribution as sparse log-linear bins: `index[i]` was hit `count[i]` times; indices ascend.
 * `core/metrics/bins.ts` says which values a bin holds.
 */
export interface Bins {
  readonly index: Uint16Array;
  readonly count: Float64Array;
}

/** What one series did in one window, phase or run. Absent is absent: nothing here is 0 for want of data. */
export type Point =
  | { readonly kind: 'counter'; readonly count: number }
  | {
      readonly kind: 'gauge';
      /** Weighted by time over what is covered. */
      readonly avg: number;
      readonly min: number;
      readonly max: number;
      readonly last: number;
      readonly coveredNs: number;
    }
  | { readonly kind: 'ratio'; readonly hits: number; readonly total: number }
  | {
      readonly kind: 'trend';
      readonly count: number;
      readonly sum: number;
      readonly min: number;
      readonly max: number;
      readonly bins: Bins;
    };

export interface SeriesPoint {
  readonly metric: string;
  readonly tags: Tags;
  readonly point: Point;
}

/** One closed interval over all agents. Cut at phase boundaries, so that it belongs to one phase only. */
export interface Window {
  readonly index: number;
  readonly phase: string;
  readonly phaseIndex: number;
  /** Of a repeated phase, from 1. */
  readonly round?: number;
  /** Milliseconds since the start instant of the run. Rates divide by endMs - startMs. */
  readonly startMs: number;
  readonly endMs: number;
  /** False in phases with `measure: false`: recorded, shown, never judged. */
  readonly measured: boolean;
  /** Sources (agents, host) whose frame for this window did not arrive in time. Empty when complete. */
  readonly missing: readonly string[];
  readonly series: readonly SeriesPoint[];
}

/** One series as everybody sees it: what it is and whose it is. */
export interface CatalogueEntry extends MetricSpec {
  readonly metric: string;
}
