/**
 * Reads an actor's timeline from shared memory: which straight line the level is on at an instant. Each thread has a
 * reader of its own; nobody has to run in time for the load to keep its shape.
 */
import type { TimelineView } from '../contract/control-block.js';
import { PIECE_WORDS } from '../contract/control-block.js';
import { MS } from '../base/clock.js';

/** Whose timeline it is: of an actor's instances the first ones may have a phase for themselves. */
export interface Reading {
  readonly index: number;
  readonly count: number;
}

/** While the level moves, whoever follows it looks again this often. */
const FOLLOW_NS = 20 * MS;

export class TimelineReader {
  readonly #view: TimelineView;
  /** The phase that was read last, and the words that it lies between: they move when a phase ends early. */
  #phase = 0;
  #phaseFromNs = NaN;
  #phaseToNs = NaN;
  #edits = 0;
  /** The piece that was read last, in absolute time; valid while `fromNs ≤ t < toNs`. */
  #fromNs = Infinity;
  #toNs = -Infinity;
  #from = 0;
  #slope = 0;
  #isIdle = true;
  readonly #instance: Reading | null;
  #sharing = 1;

  /** Of one instance: levels are of its share of the peak, and beyond 1 in a phase that few instances share. */
  constructor(view: TimelineView, instance: Reading | null = null) {
    this.#view = view;
    this.#instance = instance;
  }

  /** Null until the run's start instant is known. */
  get startNs(): number | null {
    const start = this.#view.starts[0] ?? NaN;
    return Number.isNaN(start) ? null : start;
  }

  /** When the last phase ends; null until known. */
  get endNs(): number | null {
    const end = this.#view.starts[this.#view.phases] ?? NaN;
    return Number.isNaN(end) ? null : end;
  }

  /** 0 to 1 of peak (of an instance: of its share), before any scale; 0 outside the run and where nothing is asked. */
  level(atNs: number): number {
    this.#seek(atNs);
    return this.#from + (this.#slope === 0 ? 0 : this.#slope * (atNs - this.#fromNs));
  }

  /** True in a phase that does not load this actor, in a rest of a search, and outside the run. */
  isIdle(atNs: number): boolean {
    this.#seek(atNs);
    return this.#isIdle;
  }

  /** Of how many instances what is asked at `atNs` is. */
  sharing(atNs: number): number {
    this.#seek(atNs);
    return this.#sharing;
  }

  /** Where the straight line that the level is on at `atNs` begins; -Infinity before the run. */
  pieceStartNs(atNs: number): number {
    this.#seek(atNs);
    return this.#fromNs;
  }

  /** By how much the level changes in a nanosecond. */
  slope(atNs: number): number {
    this.#seek(atNs);
    return this.#slope;
  }

  /** Until then the level keeps what it is at `atNs`, or its straight line. Infinity when nothing more is planned. */
  pieceEndNs(atNs: number): number {
    this.#seek(atNs);
    return this.#toNs;
  }

  /** When to look again: the end of a level piece, a short while on a ramp. */
  lookAgainNs(atNs: number): number {
    this.#seek(atNs);
    return this.#slope === 0 ? this.#toNs : Math.min(this.#toNs, atNs + FOLLOW_NS);
  }

  #seek(atNs: number): void {
    const { starts, phases, edits } = this.#view;
    const isSame =
      starts[this.#phase] === this.#phaseFromNs &&
      starts[this.#phase + 1] === this.#phaseToNs &&
      edits[0] === this.#edits;
    if (isSame && atNs >= this.#fromNs && atNs < this.#toNs) return;
    const start = this.startNs;
    this.#edits = edits[0] ?? 0;
    this.#hold(atNs < (start ?? Infinity) ? 0 : phases - 1);
    if (start === null) this.#set(Infinity, Infinity, 0, 0, true);
    else if (atNs < start) this.#set(-Infinity, start, 0, 0, true);
    else if (atNs >= (starts[phases] ?? start)) this.#set(starts[phases] ?? start, Infinity, 0, 0, true);
    else this.#seekPhase(atNs, lastAtMost(starts, 0, phases, 1, atNs));
  }

  #seekPhase(atNs: number, phase: number): void {
    const { firstPiece, pieces, sharing } = this.#view;
    const { index: own, count } = this.#instance ?? { index: 0, count: 1 };
    this.#hold(phase);
    const [startNs, endNs] = [this.#phaseFromNs, this.#phaseToNs];
    const first = firstPiece[phase] ?? 0;
    const end = firstPiece[phase + 1] ?? 0;
    this.#sharing = (this.#instance === null ? 0 : sharing[phase]) || count;
    if (first === end || own >= this.#sharing) {
      this.#set(startNs, endNs, 0, 0, true);
      return;
    }
    const index = lastAtMost(pieces, first, end, PIECE_WORDS, atNs - startNs);
    const word = (offset: number): number => pieces[PIECE_WORDS * index + offset] ?? 0;
    const [from, to] = [(word(2) * count) / this.#sharing, (word(3) * count) / this.#sharing];
    const fromNs = startNs + word(0);
    const toNs = index === end - 1 ? endNs : Math.min(endNs, startNs + word(1));
    const lengthNs = word(1) - word(0);
    const slope = lengthNs > 0 ? (to - from) / lengthNs : 0;
    // A phase longer than its pieces keeps the last level.
    if (atNs >= startNs + word(1)) this.#setOrRest(startNs + word(1), endNs, to, 0);
    else this.#setOrRest(fromNs, Math.min(toNs, startNs + word(1)), from, slope);
  }

  /** A search rests where its level is none. */
  #setOrRest(fromNs: number, toNs: number, from: number, slope: number): void {
    if (Number.isNaN(from)) this.#set(fromNs, toNs, 0, 0, true);
    else this.#set(fromNs, toNs, from, slope, false);
  }

  #hold(phase: number): void {
    this.#phase = Math.max(0, phase);
    this.#phaseFromNs = this.#view.starts[this.#phase] ?? NaN;
    this.#phaseToNs = this.#view.starts[this.#phase + 1] ?? NaN;
  }

  #set(fromNs: number, toNs: number, from: number, slope: number, isIdle: boolean): void {
    this.#fromNs = fromNs;
    this.#toNs = toNs;
    this.#from = from;
    this.#slope = slope;
    this.#isIdle = isIdle;
  }
}

/** Index of the last of `words[first · stride], … words[(end − 1) · stride]`, which ascend, that is ≤ value; else first. */
function lastAtMost(words: Float64Array, first: number, end: number, stride: number, value: number): number {
  let low = first;
  let high = end - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((words[middle * stride] ?? Infinity) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}
