/**
 * One series of an actor, merged from the recorders of all its instances: the frame builder's state for it.
 * Each kind reads its instances, keeps what is cumulative, and remembers what the receiver has acknowledged.
 */
import type { MetricSpec } from '../contract/metrics.js';
import { BINS_PER_OCTAVE, OCTAVES, firstBinOf } from './bins.js';
import type { Float64List, Uint16List } from './number-list.js';
import type { CounterReader, GaugeReader, RatioReader, TrendReader } from './readers.js';

/** Frames of which the extremes are kept apart; those of older unacknowledged ones are taken together. */
const SENT_MAX = 8;

/** Extremes since the last acknowledged frame: one entry for each frame in flight that carried some. */
export class PendingExtremes {
  #min = Infinity;
  #max = -Infinity;
  #sent: { readonly seq: number; readonly min: number; readonly max: number }[] = [];

  note(min: number, max: number): void {
    if (min < this.#min) this.#min = min;
    if (max > this.#max) this.#max = max;
  }

  /** What frame `seq` says: everything noted since the last acknowledged one. */
  send(seq: number): { min: number; max: number } {
    if (this.#min <= this.#max) this.#sent.push({ seq, min: this.#min, max: this.#max });
    this.#min = Infinity;
    this.#max = -Infinity;
    if (this.#sent.length > SENT_MAX) this.#joinOldest();
    let [min, max] = [Infinity, -Infinity];
    for (const sent of this.#sent) {
      min = Math.min(min, sent.min);
      max = Math.max(max, sent.max);
    }
    return { min, max };
  }

  #joinOldest(): void {
    const [a, b, ...rest] = this.#sent;
    if (a === undefined || b === undefined) return;
    this.#sent = [{ seq: b.seq, min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) }, ...rest];
  }

  ack(seq: number): void {
    if (this.#sent.length > 0) this.#sent = this.#sent.filter((sent) => sent.seq > seq);
  }
}

export class MergedCounter {
  readonly kind = 'counter';
  readonly readers: CounterReader[] = [];
  acked = 0;
  total = 0;

  read(): void {
    this.total = 0;
    for (const reader of this.readers) this.total += reader.total();
  }
}

export class MergedRatio {
  readonly kind = 'ratio';
  readonly readers: RatioReader[] = [];
  ackedHits = 0;
  ackedTotal = 0;
  hits = 0;
  total = 0;

  read(): void {
    this.hits = 0;
    this.total = 0;
    for (const reader of this.readers) {
      this.hits += reader.hits();
      this.total += reader.total();
    }
  }
}

/** One instance's gauge, with what of it is already part of the merged one. */
interface GaugePart {
  readonly reader: GaugeReader;
  integral: number;
  coveredNs: number;
  hadValue: boolean;
  min: number;
  max: number;
}

/** The part of one instance in the present span. */
interface PartSpan {
  readonly integral: number;
  readonly coveredNs: number;
  readonly avg: number;
  readonly min: number;
  readonly max: number;
  readonly last: number;
}

export class MergedGauge {
  readonly kind = 'gauge';
  readonly extremes = new PendingExtremes();
  readonly #across: NonNullable<MetricSpec['across']>;
  readonly #parts: GaugePart[] = [];
  #readNs = -Infinity;
  ackedNs = 0;
  integral = 0;
  coveredNs = 0;
  last = 0;

  constructor(across: MetricSpec['across']) {
    this.#across = across ?? 'sum';
  }

  add(reader: GaugeReader): void {
    this.#parts.push({ reader, integral: 0, coveredNs: 0, hadValue: false, min: Infinity, max: -Infinity });
  }

  /**
   * Adds what the instances did since the last read. Integrals of different instances cannot be subtracted from a
   * merged total once one of them has ended, so it is their increases that are combined.
   */
  read(toNs: number): void {
    let isComplete = true;
    for (const part of this.#parts) {
      isComplete = part.reader.read(toNs) && isComplete;
      part.min = Math.min(part.min, part.reader.min);
      part.max = Math.max(part.max, part.reader.max);
    }
    // One writer was interrupted in the middle of a write: all of them wait for the next turn, together.
    if (!isComplete) return;
    const spans: PartSpan[] = [];
    let [headNs, tailNs] = [0, 0];
    for (const part of this.#parts) {
      const coveredNs = part.reader.coveredNs - part.coveredNs;
      if (part.hadValue) headNs = Math.max(headNs, coveredNs);
      else tailNs = Math.max(tailNs, coveredNs);
      part.hadValue = !Number.isNaN(part.reader.last);
      if (coveredNs > 0 && part.min <= part.max) spans.push(consumed(part, coveredNs));
    }
    // Instances with a value at the beginning cover its head, those that got theirs later its tail.
    const coveredNs = Math.min(toNs - this.#readNs, headNs + tailNs);
    this.#readNs = toNs;
    if (spans.length > 0 && coveredNs > 0) this.#include(spans, coveredNs);
  }

  #include(spans: readonly PartSpan[], coveredNs: number): void {
    const combine = (pick: (span: PartSpan) => number): number => combined(this.#across, spans.map(pick));
    this.integral += this.#averageOf(spans, coveredNs) * coveredNs;
    this.coveredNs += coveredNs;
    this.last = combine((span) => span.last);
    this.extremes.note(
      combine((span) => span.min),
      combine((span) => span.max),
    );
  }

  /** Instances need not cover the same time: one may have followed another. */
  #averageOf(spans: readonly PartSpan[], coveredNs: number): number {
    const total = (pick: (span: PartSpan) => number): number => combined('sum', spans.map(pick));
    switch (this.#across) {
      case 'sum':
        return total((span) => span.integral) / coveredNs;
      case 'mean':
        return total((span) => span.integral) / total((span) => span.coveredNs);
      default:
        return combined(
          this.#across,
          spans.map((span) => span.avg),
        );
    }
  }
}

/** What an instance did in the span; from here on it counts as told. */
function consumed(part: GaugePart, coveredNs: number): PartSpan {
  const { reader, min, max } = part;
  const integral = reader.integral - part.integral;
  const avg = integral / coveredNs;
  const last = Number.isNaN(reader.last) ? avg : reader.last;
  part.integral = reader.integral;
  part.coveredNs = reader.coveredNs;
  part.min = Infinity;
  part.max = -Infinity;
  return { integral, coveredNs, avg, min, max, last };
}

/**
 * One value of several instances. For extremes this is a bound, as instances need not meet theirs at the same
 * moment: never below the true maximum of a sum, never above its true minimum.
 */
export function combined(across: NonNullable<MetricSpec['across']>, values: readonly number[]): number {
  switch (across) {
    case 'sum':
      return values.reduce((a, b) => a + b, 0);
    case 'mean':
      return values.reduce((a, b) => a + b, 0) / values.length;
    case 'max':
      return values.reduce((a, b) => Math.max(a, b), -Infinity);
    case 'min':
      return values.reduce((a, b) => Math.min(a, b), Infinity);
  }
}

/** In each octave's memory: the counts now, then the counts that were acknowledged. */
const ACKED = BINS_PER_OCTAVE;

export class MergedTrend {
  readonly kind = 'trend';
  readonly readers: TrendReader[] = [];
  readonly extremes = new PendingExtremes();
  readonly #seen = new Float64Array(OCTAVES);
  /** Only the octaves that were ever hit have memory. */
  readonly #counts: (Float64Array | undefined)[] = [];
  /** Octaves in which something may not be acknowledged yet. */
  readonly #open = new Set<number>();
  acked = 0;
  count = 0;
  sum = 0;

  /** Bins before extremes, the reverse of the writer: what is counted has its extremes told, now or earlier. */
  read(): void {
    const readers = this.readers;
    for (let octave = 0; octave < OCTAVES; octave++) {
      let count = 0;
      for (const reader of readers) count += reader.octaves[octave] as number;
      if (count !== this.#seen[octave]) this.#refresh(octave);
    }
    this.sum = 0;
    for (const { extremes, sum } of readers) {
      this.sum += sum[0] as number;
      extremes.take();
      this.extremes.note(extremes.min, extremes.max);
    }
  }

  /**
   * What was seen is the sum of the bins, not the octave's own count: if the two were caught apart, they differ at
   * the next turn and the octave is read again.
   */
  #refresh(octave: number): void {
    const counts = (this.#counts[octave] ??= new Float64Array(2 * BINS_PER_OCTAVE));
    const first = firstBinOf(octave);
    const width = octave === 0 ? 1 : BINS_PER_OCTAVE;
    let total = 0;
    for (let i = 0; i < width; i++) {
      let count = 0;
      for (const reader of this.readers) count += reader.bins[first + i] as number;
      counts[i] = count;
      total += count;
    }
    this.count += total - (this.#seen[octave] as number);
    this.#seen[octave] = total;
    this.#open.add(octave);
  }

  /** Appends every bin that differs from what was acknowledged, ascending; returns how many. */
  appendChanges(binIndex: Uint16List, binCount: Float64List): number {
    const before = binIndex.length;
    for (let octave = 0; octave < OCTAVES; octave++) {
      if (!this.#open.has(octave)) continue;
      const counts = this.#counts[octave];
      if (counts === undefined) continue;
      const first = firstBinOf(octave);
      const length = binIndex.length;
      for (let i = 0; i < BINS_PER_OCTAVE; i++) {
        if (counts[i] === counts[ACKED + i]) continue;
        binIndex.push(first + i);
        binCount.push(counts[i] as number);
      }
      if (binIndex.length === length) this.#open.delete(octave);
    }
    return binIndex.length - before;
  }

  ackBin(octave: number, bin: number, count: number): void {
    const counts = this.#counts[octave];
    if (counts !== undefined) counts[ACKED + bin - firstBinOf(octave)] = count;
  }
}
