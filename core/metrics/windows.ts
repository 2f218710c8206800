/**
 * Frames of all sources in, closed windows out. The orchestrator applies each frame as it arrives, asks for what
 * can be closed, and flushes at the end. Frames may be lost, doubled, late or out of order: each only says how
 * far its source has come, and what was said before is subtracted.
 */
import { MS } from '../base/clock.js';
import { atOnce } from '../base/turns.js';
import type { Frame, FrameSeries } from '../contract/messages.js';
import type { Point, SeriesPoint, Tags, Window } from '../contract/metrics.js';
import type { Plan, PlannedPhase } from '../contract/plan.js';
import { PhaseClock } from '../plan/clock.js';
import { achievedPoints } from './achieved.js';
import { SeriesLimiter } from './cardinality.js';
import { seriesKey } from './layout.js';
import type { Across } from './points.js';
import { joinPoints, mergePoints } from './points.js';
import type { Increase } from './source-state.js';
import { SourceState } from './source-state.js';

export interface WindowStoreInput {
  readonly plan: Pick<Plan, 'phases' | 'windowMs' | 'actors' | 'catalogue'>;
  /** The start instant, CLOCK_MONOTONIC. */
  readonly startNs: number;
  /** How long after its end a window waits for sources that have not delivered. */
  readonly graceMs: number;
  readonly limiter?: SeriesLimiter;
  /** Whoever ends phases early moves it and says `moved`. Default: nothing moves. */
  readonly clock?: PhaseClock;
}

/** What did not come, or came otherwise than it should. None of it loses data unless it says so. */
export interface Lost {
  /** Frames that never arrived; the next frame of their source covered them. */
  readonly frames: number;
  /** Frames whose window was closed already; their increase went into the next open one. */
  readonly lateFrames: number;
  /** Frames that came when no window was left to take their increase: what they said is lost. */
  readonly unplacedFrames: number;
  /** Values that recorders refused (not finite, negative). */
  readonly refused: number;
  /** Series beyond the limits, kept together as the overflow series of their metrics. */
  readonly overflowedSeries: number;
  /** Figures of series that were never introduced. */
  readonly unknownSeries: number;
}

/** So many missing frames of a source are remembered, to tell late ones from lost ones. */
const GAPS_MAX = 64;

interface Source {
  boot: string;
  state: SourceState;
  /** The newest window that it has delivered a frame for. */
  delivered: number;
  /** Values refused in earlier boots. */
  refusedBefore: number;
  /** Sequence numbers that were passed over, the newest GAPS_MAX of them. */
  readonly gaps: Set<number>;
  readonly pastBoots: Set<string>;
}

interface Series {
  readonly metric: string;
  readonly tags: Tags;
  readonly across: Across;
}

interface Pending {
  /** Of each source its own: what one says in several frames is joined in time, what several say is merged. */
  readonly points: Map<Series, Map<string, Point>>;
  /** Sources with a frame for exactly this window. */
  readonly from: Set<string>;
  toNs: number;
}

export class WindowStore {
  readonly #input: WindowStoreInput;
  readonly #limiter: SeriesLimiter;
  readonly #across: ReadonlyMap<string, Across>;
  readonly #expected = new Set<string>();
  readonly #sources = new Map<string, Source>();
  readonly #series = new Map<string, Series>();
  /** By the table entry itself: a source's entries live as long as its boot. */
  #seriesOf = new WeakMap<FrameSeries, Series>();
  readonly #pending = new Map<number, Pending>();
  readonly #clock: PhaseClock;
  /** The first window that is not closed; null after the last. */
  #next: number | null = 0;
  #newest = -1;
  #frames = 0;
  #lateFrames = 0;
  #unplacedFrames = 0;
  #unknownBefore = 0;

  constructor(input: WindowStoreInput) {
    this.#input = input;
    this.#limiter = input.limiter ?? new SeriesLimiter();
    this.#across = new Map(input.plan.catalogue.map((entry) => [entry.metric, entry.across ?? 'sum']));
    this.#clock = input.clock ?? new PhaseClock(input.plan.phases, input.plan.windowMs);
  }

  get lost(): Lost {
    const sources = [...this.#sources.values()];
    return {
      frames: this.#frames,
      lateFrames: this.#lateFrames,
      unplacedFrames: this.#unplacedFrames,
      refused: sources.reduce((sum, s) => sum + s.refusedBefore + s.state.refused, 0),
      overflowedSeries: this.#limiter.overflowed,
      unknownSeries: this.#unknownBefore + sources.reduce((sum, s) => sum + s.state.unknown, 0),
    };
  }

  /** Windows wait for this source from now on. */
  expect(source: string): void {
    this.#expected.add(source);
  }

  /** It will deliver no more. */
  forget(source: string): void {
    this.#expected.delete(source);
  }

  /** `boot` names one life of the source: a new one counts from zero, frames of an earlier one are passed over. */
  apply(source: string, boot: string, frame: Frame): void {
    atOnce(this.applying(source, boot, frame));
  }

  /** The same, series by series. Nothing else may be done with the store until it is through. */
  *applying(source: string, boot: string, frame: Frame): Generator<void, void> {
    const known = this.#source(source, boot);
    if (known === null) return;
    const { state } = known;
    if (frame.seq <= state.seq) {
      // Doubled, or overtaken by a newer one that said all of it: late, but not lost.
      if (known.gaps.delete(frame.seq)) this.#frames--;
      return;
    }
    const next = this.#next;
    if (next === null) {
      this.#unplacedFrames++;
      return;
    }
    this.#noteGap(known, frame.seq);
    const isAfterEnd = this.#clock.from(frame.window) === null || frame.fromNs >= this.#endNs;
    const index = this.#placeFor(frame.window, next);
    known.delivered = Math.max(known.delivered, frame.window);
    this.#newest = Math.max(this.#newest, this.#clock.from(frame.window) ?? this.#clock.lastIndex);
    const pending = this.#pendingAt(index);
    if (isAfterEnd || frame.window === index) pending.from.add(source);
    if (!isAfterEnd) pending.toNs = Math.max(pending.toNs, frame.toNs);
    yield* state.applying(frame, (series, increase) => {
      // What a gauge is after the end of the plan says nothing about any window.
      if (isAfterEnd && increase.kind === 'gauge') return;
      this.#include(pending, source, series, increase);
    });
  }

  /** A phase ended early. Figures for windows that now never exist go into the next one that does. */
  moved(): void {
    if (this.#next !== null) this.#next = this.#clock.from(this.#next);
    for (const [index, { points, toNs }] of [...this.#pending]) {
      const there = this.#clock.from(index) ?? this.#clock.lastIndex;
      if (there === index) continue;
      this.#pending.delete(index);
      const into = this.#pendingAt(there);
      into.toNs = Math.max(into.toNs, toNs);
      for (const [series, bySource] of points) {
        for (const [source, point] of bySource) join(into, source, series, point);
      }
    }
  }

  /**
   * Every window that is complete, or that has waited its time, in order, at most `max` of them. Call at each cut and
   * after the grace.
   */
  closeDue(nowNs: number, max = Infinity): Window[] {
    const closed: Window[] = [];
    // The last window stays open for what ends after the plan does; `flush` closes it.
    while (closed.length < max && this.#next !== null && this.#next < this.#clock.lastIndex) {
      const cut = this.#clock.windowAt(this.#next);
      if (cut === null) break;
      const endNs = this.#input.startNs + cut.endMs * MS;
      if (nowNs < endNs) break;
      if (!this.#isDelivered(this.#next) && nowNs < endNs + this.#input.graceMs * MS) break;
      closed.push(this.#close(this.#next, cut.endMs));
    }
    return closed;
  }

  /** Closes everything that anything was delivered for, the last one as far as it was covered. */
  flush(): Window[] {
    const closed: Window[] = [];
    while (this.#next !== null && this.#next <= this.#newest) {
      const index = this.#next;
      const cut = this.#clock.windowAt(index);
      if (cut === null) break;
      const toNs = this.#pending.get(index)?.toNs ?? -Infinity;
      const coveredMs = (toNs - this.#input.startNs) / MS;
      const isCut = index === this.#newest && coveredMs > cut.startMs;
      closed.push(this.#close(index, isCut ? Math.min(cut.endMs, coveredMs) : cut.endMs));
    }
    return closed;
  }

  /** Of the whole timeline. */
  get #endNs(): number {
    return this.#input.startNs + this.#clock.endMs * MS;
  }

  /** Null: a frame of an earlier life. */
  #source(name: string, boot: string): Source | null {
    const known = this.#sources.get(name);
    if (known === undefined) {
      const source: Source = {
        boot,
        state: new SourceState(),
        delivered: -1,
        refusedBefore: 0,
        gaps: new Set(),
        pastBoots: new Set(),
      };
      this.#sources.set(name, source);
      return source;
    }
    if (known.boot === boot) return known;
    if (known.pastBoots.has(boot)) return null;
    known.pastBoots.add(known.boot);
    known.refusedBefore += known.state.refused;
    this.#unknownBefore += known.state.unknown;
    known.boot = boot;
    known.gaps.clear();
    known.state = new SourceState();
    return known;
  }

  #noteGap(source: Source, seq: number): void {
    const missing = seq - source.state.seq - 1;
    this.#frames += missing;
    for (let back = Math.min(missing, GAPS_MAX); back > 0; back--) source.gaps.add(seq - back);
    for (const oldest of source.gaps) {
      if (source.gaps.size <= GAPS_MAX) break;
      source.gaps.delete(oldest);
    }
  }

  /** The window that takes the increase: the frame's own while open, else the next that is. */
  #placeFor(window: number, next: number): number {
    if (window >= next) return this.#clock.from(window) ?? this.#clock.lastIndex;
    this.#lateFrames++;
    return next;
  }

  #isDelivered(index: number): boolean {
    for (const source of this.#expected) {
      if ((this.#sources.get(source)?.delivered ?? -1) < index) return false;
    }
    return true;
  }

  #pendingAt(index: number): Pending {
    let pending = this.#pending.get(index);
    if (pending === undefined) {
      pending = { points: new Map(), from: new Set(), toNs: -Infinity };
      this.#pending.set(index, pending);
    }
    return pending;
  }

  #include(pending: Pending, source: string, told: FrameSeries, increase: Increase): void {
    const series = this.#seriesOf.get(told) ?? this.#register(told);
    join(pending, source, series, increase.kind === 'gauge' ? gaugePoint(increase) : increase);
  }

  #register(told: FrameSeries): Series {
    const { tags } = this.#limiter.place(told.metric, told.tags);
    const key = seriesKey(told.metric, tags);
    const across = this.#across.get(told.metric) ?? 'sum';
    const series = this.#series.get(key) ?? { metric: told.metric, tags, across };
    this.#series.set(key, series);
    this.#seriesOf.set(told, series);
    return series;
  }

  #close(index: number, endMs: number): Window {
    const cut = this.#clock.windowAt(index);
    const pending = this.#pendingAt(index);
    this.#pending.delete(index);
    this.#next = this.#clock.from(index + 1);
    const { phases, actors } = this.#input.plan;
    const phase = phases[cut?.phaseIndex ?? -1];
    const startMs = cut?.startMs ?? endMs;
    const series: SeriesPoint[] = [];
    for (const [{ metric, tags, across }, bySource] of pending.points) {
      const point = [...bySource.values()].reduce((a, b) => mergePoints(a, b, across));
      series.push({ metric, tags, point });
    }
    series.push(...achievedPoints(actors, series, (endMs - startMs) * MS));
    return {
      index,
      phase: phase?.name ?? '',
      phaseIndex: cut?.phaseIndex ?? -1,
      ...(phase?.round === undefined ? {} : { round: phase.round }),
      startMs,
      endMs,
      measured: phase?.measure ?? false,
      missing: [...this.#expected].filter((source) => !pending.from.has(source)),
      series: phase?.cycle === undefined ? series : series.filter((one) => !isIdling(one, phase)),
    };
  }
}

/**
 * That an actor did nothing in a phase that is not its own. A cycle may have a phase for each of fifty actors and be gone
 * through twenty times: then nearly all there is to keep would be this.
 */
function isIdling({ tags, point }: SeriesPoint, { load }: PlannedPhase): boolean {
  const actor = tags['actor'];
  if (actor === undefined || Object.hasOwn(load, actor)) return false;
  if (point.kind === 'gauge') return true;
  return (point.kind === 'ratio' ? point.total : point.count) === 0;
}

/** The average is kept between the extremes: what lies beyond is the rounding of a long integral. */
function gaugePoint({ integral, coveredNs, last, min, max }: Increase & { kind: 'gauge' }): Point {
  const avg = Math.min(max, Math.max(min, integral / coveredNs));
  return { kind: 'gauge', avg, min, max, last, coveredNs };
}

/** Adds what a source says to what it has said for this window before. */
function join(pending: Pending, source: string, series: Series, point: Point): void {
  let bySource = pending.points.get(series);
  if (bySource === undefined) {
    bySource = new Map();
    pending.points.set(series, bySource);
  }
  const there = bySource.get(source);
  bySource.set(source, there === undefined ? point : joinPoints(there, point));
}
