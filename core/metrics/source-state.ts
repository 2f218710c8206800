/**
 * What one source (an agent's life, the host) has told so far: the base from which the next frame's cumulative
 * figures are subtracted. Frames go in; increases come out. The window store owns one for each (source, boot).
 */
import { atOnce } from '../base/turns.js';
import type { Frame, FrameSeries } from '../contract/messages.js';
import type { Bins } from '../contract/metrics.js';
import { BINS, binOf, binValue, octaveOf } from './bins.js';
import { OctaveCounts, octaveEndOf } from './octave-counts.js';

/** What a series did since the frame before. */
export type Increase =
  | { readonly kind: 'counter'; readonly count: number }
  | { readonly kind: 'ratio'; readonly hits: number; readonly total: number }
  | {
      readonly kind: 'gauge';
      readonly integral: number;
      readonly coveredNs: number;
      readonly last: number;
      readonly min: number;
      readonly max: number;
    }
  | {
      readonly kind: 'trend';
      readonly count: number;
      readonly sum: number;
      readonly min: number;
      readonly max: number;
      readonly bins: Bins;
    };

export type OnIncrease = (series: FrameSeries, increase: Increase) => void;

/** Cumulative words: counter [total]; ratio [hits, total]; gauge [integral, covered]; trend [sum, min, max told last]. */
interface SourceSeries {
  readonly series: FrameSeries;
  readonly base: Float64Array;
  /** Trends: cumulative. */
  readonly counts: OctaveCounts | null;
  /** Frame in which it was mentioned last. */
  seq: number;
}

/** The increases of a frame's bins, trend after trend: points are views of it, so that a frame makes two arrays, not two each. */
class Increases {
  readonly index: Uint16Array<ArrayBuffer>;
  readonly count: Float64Array<ArrayBuffer>;
  used = 0;

  constructor(bins: number) {
    this.index = new Uint16Array(bins);
    this.count = new Float64Array(bins);
  }

  /** Those since `from`. */
  since(from: number): Bins {
    return { index: this.index.subarray(from, this.used), count: this.count.subarray(from, this.used) };
  }
}

export class SourceState {
  readonly #series = new Map<number, SourceSeries>();
  /** Sequence number of the newest frame applied; -1: none. */
  seq = -1;
  refused = 0;
  /** Figures of series that no table has named: a sender that broke the protocol. */
  unknown = 0;

  /** The frame must be newer than the last one; an older one has nothing that the newer did not have. */
  apply(frame: Frame, onIncrease: OnIncrease): void {
    atOnce(this.applying(frame, onIncrease));
  }

  /** The same, trend by trend. */
  *applying(frame: Frame, onIncrease: OnIncrease): Generator<void, void> {
    this.seq = frame.seq;
    this.refused = frame.refused;
    for (const series of frame.table) {
      if (this.#series.has(series.id)) continue;
      // No extremes told yet: NaN equals nothing.
      const base = Float64Array.of(0, series.kind === 'trend' ? NaN : 0, series.kind === 'trend' ? NaN : 0);
      const counts = series.kind === 'trend' ? new OctaveCounts() : null;
      this.#series.set(series.id, { series, base, counts, seq: -1 });
    }
    this.#applyCounters(frame, onIncrease);
    this.#applyRatios(frame, onIncrease);
    this.#applyGauges(frame, onIncrease);
    yield;
    yield* this.#applyTrends(frame, onIncrease);
    this.#tellUnchanged(onIncrease);
  }

  /** What a frame leaves out has not changed. For a counter that is a figure, 0, and not the want of one. */
  #tellUnchanged(onIncrease: OnIncrease): void {
    for (const { series, seq } of this.#series.values()) {
      if (seq === this.seq) continue;
      if (series.kind === 'counter') onIncrease(series, { kind: 'counter', count: 0 });
      else if (series.kind === 'ratio') onIncrease(series, { kind: 'ratio', hits: 0, total: 0 });
    }
  }

  #find(id: number | undefined): SourceSeries | undefined {
    const found = id === undefined ? undefined : this.#series.get(id);
    if (found === undefined) this.unknown++;
    else found.seq = this.seq;
    return found;
  }

  #applyCounters(frame: Frame, onIncrease: OnIncrease): void {
    for (let i = 0; i < frame.counterIds.length; i++) {
      const state = this.#find(frame.counterIds[i]);
      if (state === undefined) continue;
      const count = advanceTo(state.base, 0, frame.counters[i]);
      onIncrease(state.series, { kind: 'counter', count });
    }
  }

  #applyRatios(frame: Frame, onIncrease: OnIncrease): void {
    for (let i = 0; i < frame.ratioIds.length; i++) {
      const state = this.#find(frame.ratioIds[i]);
      if (state === undefined) continue;
      const hits = advanceTo(state.base, 0, frame.ratios[2 * i]);
      const total = advanceTo(state.base, 1, frame.ratios[2 * i + 1]);
      onIncrease(state.series, { kind: 'ratio', hits, total });
    }
  }

  #applyGauges(frame: Frame, onIncrease: OnIncrease): void {
    for (let i = 0; i < frame.gaugeIds.length; i++) {
      const state = this.#find(frame.gaugeIds[i]);
      if (state === undefined) continue;
      const covered = frame.gauges[5 * i + 1] as number;
      // No time covered: the integral is left as it is, and comes with the time that follows.
      if (covered <= (state.base[1] as number)) continue;
      onIncrease(state.series, {
        kind: 'gauge',
        integral: advanceTo(state.base, 0, frame.gauges[5 * i]),
        coveredNs: advanceTo(state.base, 1, covered),
        last: frame.gauges[5 * i + 2] as number,
        min: frame.gauges[5 * i + 3] as number,
        max: frame.gauges[5 * i + 4] as number,
      });
    }
  }

  *#applyTrends(frame: Frame, onIncrease: OnIncrease): Generator<void, void> {
    let at = 0;
    const increases = new Increases(frame.binIndex.length);
    for (let i = 0; i < frame.trendIds.length; i++) {
      const state = this.#find(frame.trendIds[i]);
      const end = at + (frame.trends[5 * i + 4] as number);
      if (state !== undefined) this.#applyTrend(state, frame, i, at, end, increases, onIncrease);
      at = end;
      yield;
    }
  }

  #applyTrend(
    { series, base, counts }: SourceSeries,
    frame: Frame,
    i: number,
    from: number,
    to: number,
    increases: Increases,
    onIncrease: OnIncrease,
  ): void {
    if (counts === null) return;
    const { binIndex, binCount } = frame;
    const { index, count: counted, used: first } = increases;
    let hit = first;
    let count = 0;
    let [end, shift] = [0, 0];
    for (let k = from; k < to; k++) {
      const bin = binIndex[k] as number;
      if (bin >= BINS) continue;
      if (bin >= end || k === from) {
        shift = counts.shiftOf(octaveOf(bin));
        end = octaveEndOf(bin);
      }
      const words = counts.words;
      const cumulative = binCount[k] as number;
      const increase = cumulative - (words[bin + shift] as number);
      words[bin + shift] = cumulative;
      if (increase <= 0) continue;
      index[hit] = bin;
      counted[hit] = increase;
      count += increase;
      hit++;
    }
    const told = { min: frame.trends[5 * i + 2] as number, max: frame.trends[5 * i + 3] as number };
    increases.used = hit;
    const bins = increases.since(first);
    const extremes = ownExtremes(told, base, bins.index);
    [base[1], base[2]] = [told.min, told.max];
    if (hit === first) return;
    const sum = advanceTo(base, 0, frame.trends[5 * i + 1]);
    onIncrease(series, { kind: 'trend', count, sum, ...extremes, bins });
  }
}

/**
 * Extremes are told since the last acknowledged frame. If an acknowledgement was late, they still hold those of
 * the frame before, which have been counted where they belong: the bins that were hit tell which is the case.
 */
function ownExtremes(
  told: { readonly min: number; readonly max: number },
  base: Float64Array,
  hit: Uint16Array,
): { min: number; max: number } {
  const [lowest, highest] = [hit[0], hit[hit.length - 1]];
  if (lowest === undefined || highest === undefined) return told;
  const isMinOld = told.min === base[1] && binOf(told.min) < lowest;
  const isMaxOld = told.max === base[2] && binOf(told.max) > highest;
  return {
    min: told.min <= told.max && !isMinOld ? told.min : binValue(lowest),
    max: told.min <= told.max && !isMaxOld ? told.max : binValue(highest),
  };
}

/** Moves a cumulative word on and returns by how much. */
function advanceTo(words: Float64Array, at: number, cumulative: number | undefined): number {
  const increase = (cumulative ?? 0) - (words[at] as number);
  words[at] = cumulative ?? 0;
  return increase;
}
