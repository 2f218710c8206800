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

/** The counts of one octave, summed over instances. */
const sums = new Float64Array(BINS_PER_OCTAVE);

export class MergedTrend {
  readonly kind = 'trend';
  readonly readers: TrendReader[] = [];
  readonly extremes = new PendingExtremes();
  readonly #seen = new Float64Array(OCTAVES);
  readonly #octaves = new Float64Array(OCTAVES);
  /** Only the octaves that were ever hit have memory. */
  readonly #counts: (Float64Array | undefined)[] = [];
  /**
   * What the receiver may not know: bins, ascending, and their counts. Kept as a list, since looking for it costs more than
   * all else: a thousand distributions do not fit into the caches, and what is not touched need not come from memory.
   */
  readonly #openBins: number[] = [];
  readonly #openCounts: number[] = [];
  acked = 0;
  count = 0;
  sum = 0;

  /** Bins before extremes, the reverse of the writer: what is counted has its extremes told, now or earlier. */
  read(): void {
    const seen = this.#seen;
    this.#octaves.fill(0);
    for (const { octaves } of this.readers) addTo(this.#octaves, octaves, 0, OCTAVES);
    const before = this.#openBins.length;
    for (let octave = 0; octave < OCTAVES; octave++) {
      if (this.#octaves[octave] !== seen[octave]) this.#refresh(octave);
    }
    if (before > 0 && this.#openBins.length > before) this.#orderOpen();
    this.sum = 0;
    for (const { extremes, sum } of this.readers) {
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
    const counts = (this.#counts[octave] ??= new Float64Array(BINS_PER_OCTAVE));
    const first = firstBinOf(octave);
    const width = octave === 0 ? 1 : BINS_PER_OCTAVE;
    sums.fill(0);
    for (const { bins } of this.readers) addTo(sums, bins, first, width);
    let total = 0;
    for (let i = 0; i < width; i++) {
      const count = sums[i] as number;
      total += count;
      if (count === counts[i]) continue;
      counts[i] = count;
      this.#openBins.push(first + i);
      this.#openCounts.push(count);
    }
    this.count += total - (this.#seen[octave] as number);
    this.#seen[octave] = total;
  }

  /** An earlier frame is still not acknowledged: its bins and those of this turn, the newer count of each. */
  #orderOpen(): void {
    const latest = new Map(this.#openBins.map((bin, i) => [bin, this.#openCounts[i] as number]));
    this.#openBins.length = 0;
    this.#openCounts.length = 0;
    for (const [bin, count] of [...latest].sort(([a], [b]) => a - b)) {
      this.#openBins.push(bin);
      this.#openCounts.push(count);
    }
  }

  /** Appends every bin that differs from what was acknowledged, ascending; returns how many. */
  appendChanges(binIndex: Uint16List, binCount: Float64List): number {
    const { length } = this.#openBins;
    for (let i = 0; i < length; i++) {
      binIndex.push(this.#openBins[i] as number);
      binCount.push(this.#openCounts[i] as number);
    }
    return length;
  }

  /** The receiver has these counts of these bins, ascending. */
  ackBins(binIndex: Uint16Array, binCount: Float64Array, from: number, to: number): void {
    const bins = this.#openBins;
    const counts = this.#openCounts;
    let kept = 0;
    let k = from;
    for (let i = 0; i < bins.length; i++) {
      const bin = bins[i] as number;
      while (k < to && (binIndex[k] as number) < bin) k++;
      if (k < to && binIndex[k] === bin && binCount[k] === counts[i]) continue;
      bins[kept] = bin;
      counts[kept] = counts[i] as number;
      kept++;
    }
    bins.length = kept;
    counts.length = kept;
  }
}

function addTo(into: Float64Array, from: Float64Array, at: number, length: number): void {
  for (let i = 0; i < length; i++) into[i] = (into[i] as number) + (from[at + i] as number);
}
