/**
 * The hot path: one thread of an actor writes its samples into shared memory, without a message, an allocation
 * or a lock. `core/actor` opens the recorders; readers of the same memory are in `readers.ts`.
 *
 * Numbers are aligned 8-byte words, which 64-bit processors never tear. Each memory has exactly one writer.
 */
import type { ClockNs } from '../base/clock.js';
import type { MetricSpec, MetricSpecs, Recorder, Recorders, Tags } from '../contract/metrics.js';
import { BruntError } from '../base/errors.js';
import { suggestion } from '../base/suggest.js';
import { BINS, binOf, octaveOf } from './bins.js';
import { ExtremesWriter } from './extremes.js';
import { GAUGE, REFUSED_AT, TREND, layoutOf, tagsKey } from './layout.js';
import type { Slot } from './layout.js';

export { openReaders, readRefused } from './readers.js';
export type { SeriesReader } from './readers.js';

/** Bytes of shared memory that one instance needs to record these metrics. */
export function recorderBytes(specs: MetricSpecs): number {
  return layoutOf(specs).bytes;
}

/** Counts what a recorder would not take. */
class Refusals {
  readonly #words: Float64Array;
  constructor(buffer: SharedArrayBuffer) {
    this.#words = new Float64Array(buffer, REFUSED_AT * 8, 1);
  }
  count(): void {
    this.#words[0] = (this.#words[0] as number) + 1;
  }
}

export class CounterWriter {
  readonly #words: Float64Array;
  readonly #refusals: Refusals;

  constructor(buffer: SharedArrayBuffer, at: number, refusals: Refusals) {
    this.#words = new Float64Array(buffer, at * 8, 1);
    this.#refusals = refusals;
  }

  add(amount: number): void {
    if (amount >= 0 && amount < Infinity) this.#words[0] = (this.#words[0] as number) + amount;
    else this.#refusals.count();
  }
}

export class RatioWriter {
  /** Hits, total. */
  readonly #words: Float64Array;

  constructor(buffer: SharedArrayBuffer, at: number) {
    this.#words = new Float64Array(buffer, at * 8, 2);
  }

  mark(hit: boolean, times = 1): void {
    // Total first: a reader in between must never see more hits than marks.
    this.#words[1] = (this.#words[1] as number) + times;
    if (hit) this.#words[0] = (this.#words[0] as number) + times;
  }
}

/** Of this module, since the engine reads what it imports anew each time: a tenth of what a record costs. */
const { sum: SUM, bins: BINS_AT, octaves: OCTAVES_AT } = TREND;

/** A distribution. Not finite and negative values are refused and counted. */
export class TrendWriter {
  /** All of the trend but its extremes: one view, so that a record looks up one. */
  readonly #words: Float64Array;
  readonly #extremes: ExtremesWriter;
  readonly #refusals: Refusals;

  constructor(buffer: SharedArrayBuffer, at: number, refusals: Refusals) {
    this.#words = new Float64Array(buffer, at * 8, TREND.bins + BINS);
    this.#extremes = new ExtremesWriter(buffer, at + TREND.extremes);
    this.#refusals = refusals;
  }

  record(value: number): void {
    if (!(value >= 0 && value < Infinity)) {
      this.#refusals.count();
      return;
    }
    // Extremes before bins, so that whoever sees the count can see them too; the octave last, since its change
    // is what makes the reader look at the bins.
    this.#extremes.note(value);
    const words = this.#words;
    words[SUM] = (words[SUM] as number) + value;
    const bin = binOf(value);
    words[BINS_AT + bin] = (words[BINS_AT + bin] as number) + 1;
    const octave = OCTAVES_AT + octaveOf(bin);
    words[octave] = (words[octave] as number) + 1;
  }
}

/**
 * A value that holds until the next one. Kept as its integral over time, so that averages are weighted by time
 * and any window can be told by subtracting. Readers retry while the version is odd or has moved.
 */
export class GaugeWriter {
  readonly #version: Int32Array;
  readonly #words: Float64Array;
  readonly #extremes: ExtremesWriter;
  readonly #refusals: Refusals;
  readonly #clock: ClockNs;

  constructor(buffer: SharedArrayBuffer, at: number, refusals: Refusals, clock: ClockNs) {
    this.#version = new Int32Array(buffer, (at + GAUGE.version) * 8, 1);
    this.#words = new Float64Array(buffer, at * 8, GAUGE.extremes);
    this.#extremes = new ExtremesWriter(buffer, at + GAUGE.extremes);
    this.#refusals = refusals;
    this.#clock = clock;
    // Fresh memory says 0 at instant 0: that is "no value yet", told by NaN.
    if (Atomics.load(this.#version, 0) === 0) this.#write(0, 0, NaN, NaN);
  }

  /**
   * The value from now on; NaN: it has none from now on. Infinite values are refused and counted. With `overNs` it was so
   * on average over the time that ends now.
   */
  set(value: number, overNs?: number): void {
    if (overNs !== undefined && !Number.isNaN(value)) {
      this.advance(value, value, value, value, overNs);
      return;
    }
    if (value === Infinity || value === -Infinity) {
      this.#refusals.count();
      return;
    }
    const nowNs = this.#clock();
    const heldNs = this.#heldNs(nowNs);
    const integral = heldNs > 0 ? heldNs * (this.#words[GAUGE.value] as number) : 0;
    if (!Number.isNaN(value)) this.#extremes.note(value);
    this.#write(integral, heldNs, value, nowNs);
  }

  /**
   * For writers that know an exact average: what the value was over the `spanNs` that end now. Time before that
   * span keeps the value it had; `last` holds from now on. A span that reaches back beyond the last set or
   * advance is cut there, so that no time counts twice. Not finite numbers are refused and counted.
   */
  advance(avg: number, min: number, max: number, last: number, spanNs: number): void {
    if (!Number.isFinite(avg + min + max + last) || !(spanNs >= 0 && spanNs < Infinity)) {
      this.#refusals.count();
      return;
    }
    const nowNs = this.#clock();
    const isHeld = !Number.isNaN(this.#words[GAUGE.value]);
    const heldNs = this.#heldNs(nowNs);
    const coveredNs = isHeld ? Math.min(spanNs, heldNs) : spanNs;
    const beforeNs = isHeld ? heldNs - coveredNs : 0;
    const before = beforeNs > 0 ? beforeNs * (this.#words[GAUGE.value] as number) : 0;
    this.#extremes.note(min);
    this.#extremes.note(max);
    this.#write(before + avg * coveredNs, beforeNs + coveredNs, last, nowNs);
  }

  /** How long the present value has been held; 0 without one. */
  #heldNs(nowNs: number): number {
    if (Number.isNaN(this.#words[GAUGE.value])) return 0;
    return Math.max(0, nowNs - (this.#words[GAUGE.since] as number));
  }

  #write(integral: number, coveredNs: number, value: number, sinceNs: number): void {
    Atomics.add(this.#version, 0, 1);
    this.#words[GAUGE.integral] = (this.#words[GAUGE.integral] as number) + integral;
    this.#words[GAUGE.covered] = (this.#words[GAUGE.covered] as number) + coveredNs;
    this.#words[GAUGE.value] = value;
    this.#words[GAUGE.since] = sinceNs;
    Atomics.add(this.#version, 0, 1);
  }
}

export type AnyWriter = CounterWriter | GaugeWriter | RatioWriter | TrendWriter;

function openWriter(slot: Slot, buffer: SharedArrayBuffer, refusals: Refusals, clock: ClockNs): AnyWriter {
  switch (slot.spec.kind) {
    case 'counter':
      return new CounterWriter(buffer, slot.at, refusals);
    case 'gauge':
      return new GaugeWriter(buffer, slot.at, refusals, clock);
    case 'ratio':
      return new RatioWriter(buffer, slot.at);
    case 'trend':
      return new TrendWriter(buffer, slot.at, refusals);
  }
}

/** The recorder of a metric with tags: one writer for each declared combination. */
class TaggedRecorder {
  readonly #metric: string;
  readonly #writers = new Map<string, AnyWriter>();
  readonly #known: string[] = [];

  constructor(metric: string) {
    this.#metric = metric;
  }

  add(tags: Tags, writer: AnyWriter): void {
    this.#writers.set(tagsKey(tags), writer);
    this.#known.push(Object.values(tags).join('/'));
  }

  with(tags: Tags): AnyWriter {
    const writer = this.#writers.get(tagsKey(tags));
    if (writer !== undefined) return writer;
    const seen = Object.values(tags).join('/');
    throw new BruntError({
      code: 'E_NAME',
      message: `metric "${this.#metric}" declares no series with the tags ${JSON.stringify(tags)}`,
      seen: tags,
      wanted: 'one declared value for each declared tag',
      hint: suggestion(seen, this.#known),
    });
  }
}

/**
 * The recorders of one instance over its memory (`recorderBytes` of the same specs). One thread only writes.
 * Throws E_NAME from `with` when the tags are not declared.
 */
export function openRecorders<M extends MetricSpecs>(
  specs: M,
  buffer: SharedArrayBuffer,
  clock: ClockNs,
): WritersOf<M> {
  const refusals = new Refusals(buffer);
  const opened: Record<string, AnyWriter | TaggedRecorder> = {};
  for (const slot of layoutOf(specs).slots) {
    const writer = openWriter(slot, buffer, refusals, clock);
    if (slot.spec.tags === undefined) {
      opened[slot.metric] = writer;
      continue;
    }
    const known = opened[slot.metric];
    const tagged = known instanceof TaggedRecorder ? known : new TaggedRecorder(slot.metric);
    tagged.add(slot.tags, writer);
    opened[slot.metric] = tagged;
  }
  // The loop has made, for every metric, the writer of its kind; the compiler cannot follow that.
  return opened as WritersOf<M>;
}

type Writers = {
  readonly counter: CounterWriter;
  readonly gauge: GaugeWriter;
  readonly ratio: RatioWriter;
  readonly trend: TrendWriter;
};

/** As `Recorders` of the contract, but with the concrete classes: gauges have `advance` too. */
export type WritersOf<M extends MetricSpecs> = {
  readonly [K in keyof M]: WriterOf<M[K]>;
} & Recorders<M>;

type WriterOf<S extends MetricSpec> = S extends { readonly tags: object }
  ? Recorder<S> & { with(tags: Tags): Writers[S['kind']] }
  : Writers[S['kind']];
