/**
 * Turns the recorders of a process into frames: an agent's main thread (or the guard's owner) adds groups of
 * recorder memory, calls `build` at each window cut and `ack` when the receiver has answered.
 */
import { assert } from '../base/assert.js';
import type { Frame, FrameSeries } from '../contract/messages.js';
import { FRAMES_IN_FLIGHT } from '../contract/messages.js';
import type { MetricSpecs, Tags } from '../contract/metrics.js';
import { SeriesLimiter } from './cardinality.js';
import { seriesKey } from './layout.js';
import { Float64List, Uint16List, Uint32List } from './number-list.js';
import { MergedCounter, MergedGauge, MergedRatio, MergedTrend } from './merged.js';
import { openReaders, readRefused } from './readers.js';
import type { SeriesReader } from './readers.js';

export interface FrameGroup {
  /** Put before each metric's name with a dot; empty for metrics under their full names. */
  readonly prefix: string;
  readonly specs: MetricSpecs;
  /** Whose they are: `{ actor: 'hog' }`. Tags of the specs are added to these. */
  readonly tags: Tags;
  /** Recorder memory of every instance; they become one series for each metric and tag set. */
  readonly buffers: readonly SharedArrayBuffer[];
}

type Merged = MergedCounter | MergedGauge | MergedRatio | MergedTrend;
interface Entry {
  readonly series: FrameSeries;
  readonly merged: Merged;
  isTold: boolean;
}

/**
 * So many builds in a row are refused for want of an acknowledgement; then the oldest frame counts as lost, so that
 * a link that came back after losing both is spoken on again.
 */
export const BUILDS_REFUSED_MAX = 3;

export class FrameBuilder {
  readonly #entries: Entry[] = [];
  readonly #byKey = new Map<string, Entry>();
  readonly #buffers: SharedArrayBuffer[] = [];
  readonly #limiter: SeriesLimiter;
  readonly #parts = new FrameParts();
  #inFlight: Frame[] = [];
  #seq = 0;
  #refused = 0;

  constructor(limiter: SeriesLimiter = new SeriesLimiter()) {
    this.#limiter = limiter;
  }

  /** Series that exceeded the limits; their data went to the overflow series of their metric. */
  get overflowed(): number {
    return this.#limiter.overflowed;
  }

  /** May be called at any time; memory of a series that is already there joins it. */
  add(group: FrameGroup): void {
    assert(!group.prefix.endsWith('.'), 'the prefix of a frame group is given without its dot');
    for (const buffer of group.buffers) {
      this.#buffers.push(buffer);
      for (const reader of openReaders(group.specs, buffer)) this.#join(group, reader);
    }
  }

  #join(group: FrameGroup, source: SeriesReader): void {
    const metric = group.prefix === '' ? source.metric : `${group.prefix}.${source.metric}`;
    const { tags } = this.#limiter.place(metric, { ...group.tags, ...source.tags });
    const key = seriesKey(metric, tags);
    let entry = this.#byKey.get(key);
    if (entry === undefined) {
      const { kind, unit } = source.spec;
      const series: FrameSeries = { id: this.#entries.length, metric, kind, unit, tags };
      entry = { series, merged: makeMerged(source), isTold: false };
      this.#entries.push(entry);
      this.#byKey.set(key, entry);
    }
    addReader(entry.merged, source);
  }

  /**
   * The frame that closes window `window`, of everything up to `toNs`; null while FRAMES_IN_FLIGHT are not
   * acknowledged: nothing is read then, and the next frame covers that span as well. After BUILDS_REFUSED_MAX of
   * those the oldest is given up.
   */
  build(span: { readonly window: number; readonly fromNs: number; readonly toNs: number }): Frame | null {
    if (!this.#mayBuild()) return null;
    const seq = this.#seq++;
    for (const entry of this.#entries) {
      readMerged(entry.merged, span.toNs);
      this.#parts.append(seq, entry.series.id, entry.merged);
    }
    const frame: Frame = {
      seq,
      ...span,
      table: this.#entries.filter((entry) => !entry.isTold).map((entry) => entry.series),
      ...this.#parts.packed(),
      refused: this.#buffers.reduce((sum, buffer) => sum + readRefused(buffer), 0),
    };
    this.#inFlight.push(frame);
    return frame;
  }

  #mayBuild(): boolean {
    if (this.#inFlight.length < FRAMES_IN_FLIGHT) return true;
    if (this.#refused < BUILDS_REFUSED_MAX) {
      this.#refused++;
      return false;
    }
    this.#refused = 0;
    this.#inFlight.shift();
    return true;
  }

  /** The receiver has applied frame `seq`; earlier ones still in flight are covered by it. */
  ack(seq: number): void {
    const frame = this.#inFlight.find((candidate) => candidate.seq === seq);
    if (frame === undefined) return;
    this.#inFlight = this.#inFlight.filter((candidate) => candidate.seq > seq);
    this.#refused = 0;
    for (const { id } of frame.table) this.#entry(id).isTold = true;
    frame.counterIds.forEach((id, i) => {
      const { merged } = this.#entry(id);
      if (merged.kind === 'counter') merged.acked = frame.counters[i] as number;
    });
    frame.ratioIds.forEach((id, i) => {
      const { merged } = this.#entry(id);
      if (merged.kind !== 'ratio') return;
      merged.ackedHits = frame.ratios[2 * i] as number;
      merged.ackedTotal = frame.ratios[2 * i + 1] as number;
    });
    frame.gaugeIds.forEach((id, i) => {
      const { merged } = this.#entry(id);
      if (merged.kind !== 'gauge') return;
      merged.ackedNs = frame.gauges[5 * i + 1] as number;
      merged.extremes.ack(seq);
    });
    this.#ackTrends(frame);
  }

  #ackTrends(frame: Frame): void {
    let at = 0;
    frame.trendIds.forEach((id, i) => {
      const { merged } = this.#entry(id);
      const end = at + (frame.trends[5 * i + 4] as number);
      if (merged.kind === 'trend') {
        merged.acked = frame.trends[5 * i] as number;
        merged.extremes.ack(frame.seq);
        merged.ackBins(frame.binIndex, frame.binCount, at, end);
      }
      at = end;
    });
  }

  #entry(id: number): Entry {
    const entry = this.#entries[id];
    assert(entry !== undefined, `frame series ${id} is unknown`);
    return entry;
  }
}

/** Collects the numbers of one frame; series that say nothing new are left out. Reused for every frame. */
class FrameParts {
  readonly #counterIds = new Uint32List();
  readonly #counters = new Float64List();
  readonly #ratioIds = new Uint32List();
  readonly #ratios = new Float64List();
  readonly #gaugeIds = new Uint32List();
  readonly #gauges = new Float64List();
  readonly #trendIds = new Uint32List();
  readonly #trends = new Float64List();
  readonly #binIndex = new Uint16List();
  readonly #binCount = new Float64List();

  append(seq: number, id: number, merged: Merged): void {
    switch (merged.kind) {
      case 'counter':
        if (merged.total === merged.acked) return;
        this.#counterIds.push(id);
        this.#counters.push(merged.total);
        return;
      case 'ratio':
        if (merged.total === merged.ackedTotal && merged.hits === merged.ackedHits) return;
        this.#ratioIds.push(id);
        this.#ratios.push(merged.hits);
        this.#ratios.push(merged.total);
        return;
      case 'gauge':
        this.#appendGauge(seq, id, merged);
        return;
      case 'trend':
        this.#appendTrend(seq, id, merged);
    }
  }

  #appendGauge(seq: number, id: number, merged: MergedGauge): void {
    if (merged.coveredNs === merged.ackedNs) return;
    const { min, max } = merged.extremes.send(seq);
    this.#gaugeIds.push(id);
    for (const n of [merged.integral, merged.coveredNs, merged.last, min, max]) this.#gauges.push(n);
  }

  #appendTrend(seq: number, id: number, merged: MergedTrend): void {
    if (merged.count === merged.acked) return;
    const { min, max } = merged.extremes.send(seq);
    const bins = merged.appendChanges(this.#binIndex, this.#binCount);
    this.#trendIds.push(id);
    for (const n of [merged.count, merged.sum, min, max, bins]) this.#trends.push(n);
  }

  /** Copies of their own; what is collected from here on is the next frame's. */
  packed(): Omit<Frame, 'seq' | 'window' | 'fromNs' | 'toNs' | 'table' | 'refused'> {
    return {
      counterIds: this.#counterIds.take(),
      counters: this.#counters.take(),
      ratioIds: this.#ratioIds.take(),
      ratios: this.#ratios.take(),
      gaugeIds: this.#gaugeIds.take(),
      gauges: this.#gauges.take(),
      trendIds: this.#trendIds.take(),
      trends: this.#trends.take(),
      binIndex: this.#binIndex.take(),
      binCount: this.#binCount.take(),
    };
  }
}

function makeMerged(source: SeriesReader): Merged {
  switch (source.kind) {
    case 'counter':
      return new MergedCounter();
    case 'ratio':
      return new MergedRatio();
    case 'gauge':
      return new MergedGauge(source.spec.across);
    case 'trend':
      return new MergedTrend();
  }
}

function addReader(merged: Merged, source: SeriesReader): void {
  if (merged.kind === 'counter' && source.kind === 'counter') merged.readers.push(source.reader);
  else if (merged.kind === 'ratio' && source.kind === 'ratio') merged.readers.push(source.reader);
  else if (merged.kind === 'gauge' && source.kind === 'gauge') merged.add(source.reader);
  else if (merged.kind === 'trend' && source.kind === 'trend') merged.readers.push(source.reader);
  else assert(false, `metric ${source.metric} is declared with two kinds`);
}

function readMerged(merged: Merged, toNs: number): void {
  if (merged.kind === 'gauge') merged.read(toNs);
  else merged.read();
}
