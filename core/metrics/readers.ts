/**
 * The other side of the recorders: reads one instance's memory from another thread while its owner writes.
 * The frame builder calls these once a tick; each reader is used by one thread only.
 */
import { assert } from '../base/assert.js';
import type { MetricSpec, MetricSpecs, Tags } from '../contract/metrics.js';
import { BINS, OCTAVES } from './bins.js';
import { ExtremesReader } from './extremes.js';
import { GAUGE, REFUSED_AT, TREND, layoutOf } from './layout.js';

interface Described {
  readonly metric: string;
  readonly spec: MetricSpec;
  readonly tags: Tags;
}

export type SeriesReader = Described &
  (
    | { readonly kind: 'counter'; readonly reader: CounterReader }
    | { readonly kind: 'ratio'; readonly reader: RatioReader }
    | { readonly kind: 'gauge'; readonly reader: GaugeReader }
    | { readonly kind: 'trend'; readonly reader: TrendReader }
  );

/** Values that the recorders of this memory refused, ever. */
export function readRefused(buffer: SharedArrayBuffer): number {
  return new Float64Array(buffer, REFUSED_AT * 8, 1)[0] as number;
}

export class CounterReader {
  readonly #words: Float64Array;
  constructor(buffer: SharedArrayBuffer, at: number) {
    this.#words = new Float64Array(buffer, at * 8, 1);
  }
  total(): number {
    return this.#words[0] as number;
  }
}

export class RatioReader {
  readonly #words: Float64Array;
  constructor(buffer: SharedArrayBuffer, at: number) {
    this.#words = new Float64Array(buffer, at * 8, 2);
  }
  hits(): number {
    return this.#words[0] as number;
  }
  /** Read it after `hits`: the writer raises the total first. */
  total(): number {
    return this.#words[1] as number;
  }
}

/** A writer holds the version odd for some ten instructions; more turns than this mean that it was interrupted. */
const GAUGE_TRIES_MAX = 1000;

export class GaugeReader {
  readonly #version: Int32Array;
  readonly #words: Float64Array;
  readonly #extremes: ExtremesReader;
  /** Of the last successful read, cumulative up to its `nowNs`. */
  integral = 0;
  coveredNs = 0;
  /** NaN: has no value now. */
  last = NaN;
  /** Since the read before, the value carried into the span included; Infinity and -Infinity: none. */
  min = Infinity;
  max = -Infinity;

  constructor(buffer: SharedArrayBuffer, at: number) {
    this.#version = new Int32Array(buffer, (at + GAUGE.version) * 8, 1);
    this.#words = new Float64Array(buffer, at * 8, GAUGE.extremes);
    this.#extremes = new ExtremesReader(buffer, at + GAUGE.extremes);
  }

  /** False when the writer was interrupted in the middle of a write: the next read covers this one too. */
  read(nowNs: number): boolean {
    for (let tries = 0; tries < GAUGE_TRIES_MAX; tries++) {
      const version = Atomics.load(this.#version, 0);
      if ((version & 1) === 1) continue;
      const integral = this.#words[GAUGE.integral] as number;
      const covered = this.#words[GAUGE.covered] as number;
      const value = this.#words[GAUGE.value] as number;
      const since = this.#words[GAUGE.since] as number;
      if (Atomics.load(this.#version, 0) !== version) continue;
      if (version > 0) this.#accept(integral, covered, value, Math.max(0, nowNs - since));
      return true;
    }
    return false;
  }

  #accept(integral: number, covered: number, value: number, tailNs: number): void {
    const carried = this.last;
    const hasValue = !Number.isNaN(value);
    this.integral = hasValue ? integral + value * tailNs : integral;
    this.coveredNs = hasValue ? covered + tailNs : covered;
    this.last = value;
    this.#extremes.take();
    this.min = this.#extremes.min;
    this.max = this.#extremes.max;
    for (const held of [carried, value]) {
      if (held < this.min) this.min = held;
      if (held > this.max) this.max = held;
    }
  }
}

export class TrendReader {
  readonly octaves: Float64Array;
  readonly bins: Float64Array;
  readonly extremes: ExtremesReader;
  /** One word. */
  readonly sum: Float64Array;

  constructor(buffer: SharedArrayBuffer, at: number) {
    this.octaves = new Float64Array(buffer, (at + TREND.octaves) * 8, OCTAVES);
    this.bins = new Float64Array(buffer, (at + TREND.bins) * 8, BINS);
    this.extremes = new ExtremesReader(buffer, at + TREND.extremes);
    this.sum = new Float64Array(buffer, (at + TREND.sum) * 8, 1);
  }
}

/** The readers of every series of these metrics, in layout order. */
export function openReaders(specs: MetricSpecs, buffer: SharedArrayBuffer): SeriesReader[] {
  const { slots, bytes } = layoutOf(specs);
  assert(buffer.byteLength >= bytes, 'recorder memory is smaller than its metrics need');
  return slots.map(({ metric, spec, tags, at }): SeriesReader => {
    switch (spec.kind) {
      case 'counter':
        return { metric, spec, tags, kind: spec.kind, reader: new CounterReader(buffer, at) };
      case 'ratio':
        return { metric, spec, tags, kind: spec.kind, reader: new RatioReader(buffer, at) };
      case 'gauge':
        return { metric, spec, tags, kind: spec.kind, reader: new GaugeReader(buffer, at) };
      case 'trend':
        return { metric, spec, tags, kind: spec.kind, reader: new TrendReader(buffer, at) };
    }
  });
}
