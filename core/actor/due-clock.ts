/**
 * When operations fall due under a rate that follows the timeline and the gate's scale. What has passed is frozen as
 * straight lines of the rate: whatever changes afterwards, what fell due keeps its due time, and nothing is due twice.
 * Used by the open model.
 */
import { SECOND } from '../base/clock.js';
import type { Arrivals } from './arrivals.js';
import type { TimelineReader } from './timeline-reader.js';

/** A stretch of the past in which the rate was one straight line. */
interface Stretch {
  readonly fromNs: number;
  toNs: number;
  /** Operations a second at its begin, and by how much they grow in a second. */
  readonly rate: number;
  readonly slope: number;
  /** The integral of the rate at its begin. */
  readonly area: number;
  /** Which line it is on: the piece of the timeline, and the scale. */
  readonly pieceNs: number;
  readonly scale: number;
}

export interface DueClockInput {
  readonly timeline: TimelineReader;
  /** Operations a second at full level and scale. */
  readonly share: number;
  readonly fromNs: number;
  /** Called twice; both must give the same: one counts what falls due, one is served. */
  readonly arrivals: () => Arrivals;
}

export class DueClock {
  readonly #timeline: TimelineReader;
  readonly #share: number;
  readonly #served: Arrivals;
  readonly #counted: Arrivals;
  /** Not yet served, oldest first; as many as lines met since then. */
  #stretches: Stretch[] = [];
  /** Up to here the past is frozen; `#area` is the integral of the rate so far. */
  #settledNs: number;
  #area = 0;
  #scale = 1;
  #due = 0;
  #dropped = 0;

  constructor({ timeline, share, fromNs, arrivals }: DueClockInput) {
    this.#timeline = timeline;
    this.#share = share;
    this.#settledNs = fromNs;
    this.#served = arrivals();
    this.#counted = arrivals();
  }

  /** From `atNs` on; where the clock has settled beyond that already, from there on. */
  setScale(scale: number, atNs: number): void {
    this.#settle(atNs);
    this.#scale = scale;
  }

  /** When the next operation is due: not after `nowNs` when it has been; Infinity when the timeline has none left. */
  nextNs(nowNs: number): number {
    // While behind, the past that is frozen already has the answer.
    if (this.#served.target > this.#area) this.#settle(nowNs);
    const { target } = this.#served;
    return target <= this.#area ? this.#past(target) : this.#future(target);
  }

  /** The operation that `nextNs` told is started. */
  take(): void {
    this.#served.next();
  }

  /** How many have fallen due, done or not. */
  dueBy(nowNs: number): number {
    this.#settle(nowNs);
    while (this.#counted.target <= this.#area) {
      this.#counted.next();
      this.#due++;
    }
    return this.#due;
  }

  /** Of those, how many were never started, because the actor was idle by then. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Nothing is due from the last look on until `nowNs`, and what is behind is dropped: given back, or over. */
  drop(nowNs: number): void {
    while (this.#served.target <= this.#area) {
      this.#served.next();
      this.#dropped++;
    }
    this.#stretches = [];
    this.#settledNs = Math.max(this.#settledNs, nowNs);
  }

  #settle(nowNs: number): void {
    while (this.#settledNs < nowNs) {
      const fromNs = this.#settledNs;
      const toNs = Math.min(nowNs, this.#timeline.pieceEndNs(fromNs));
      if (this.#timeline.isIdle(fromNs)) this.drop(toNs);
      else this.#freeze(fromNs, toNs);
      this.#settledNs = toNs;
    }
  }

  #freeze(fromNs: number, toNs: number): void {
    const pieceNs = this.#timeline.pieceStartNs(fromNs);
    const scale = this.#scale;
    let last = this.#stretches.at(-1);
    if (last?.toNs !== fromNs || last.pieceNs !== pieceNs || last.scale !== scale) {
      last = { fromNs, toNs, ...this.#lineAt(fromNs), area: this.#area, pieceNs, scale };
      this.#stretches.push(last);
    }
    last.toNs = toNs;
    this.#area = Math.max(this.#area, areaAt(last, toNs));
  }

  #past(target: number): number {
    const all = this.#stretches;
    let first = 0;
    while (first < all.length - 1 && (all[first + 1]?.area ?? 0) < target) first++;
    if (first > 0) all.splice(0, first);
    const stretch = all[0];
    if (stretch === undefined) return this.#settledNs;
    return Math.min(stretch.toNs, stretch.fromNs + solve(stretch, target - stretch.area) * SECOND);
  }

  #future(target: number): number {
    let need = target - this.#area;
    for (let atNs = this.#settledNs; atNs < Infinity;) {
      const endNs = this.#timeline.pieceEndNs(atNs);
      const line = this.#timeline.isIdle(atNs) ? NOTHING : this.#lineAt(atNs);
      const lengthS = (endNs - atNs) / SECOND;
      const area = line.rate === 0 && line.slope === 0 ? 0 : integral(line, lengthS);
      // Later than what is settled, or it would be due before it is counted.
      if (area >= need) return Math.max(atNs + solve(line, need) * SECOND, this.#settledNs + 1);
      need -= area;
      atNs = endNs;
    }
    return Infinity;
  }

  #lineAt(atNs: number): Line {
    const full = this.#share * this.#scale;
    const rate = this.#timeline.level(atNs) * full;
    return { rate: Math.max(0, rate), slope: this.#timeline.slope(atNs) * SECOND * full };
  }
}

type Line = Pick<Stretch, 'rate' | 'slope'>;

const NOTHING: Line = { rate: 0, slope: 0 };

function integral({ rate, slope }: Line, seconds: number): number {
  return seconds === Infinity && slope === 0 ? rate * Infinity : (rate + (slope * seconds) / 2) * seconds;
}

function areaAt(stretch: Stretch, atNs: number): number {
  return stretch.area + integral(stretch, (atNs - stretch.fromNs) / SECOND);
}

/** The root of rate·τ + slope·τ²/2 = area, in seconds, in the form that loses no digits when the slope is small. */
function solve({ rate, slope }: Line, area: number): number {
  if (area <= 0) return 0;
  return (2 * area) / (rate + Math.sqrt(Math.max(0, rate * rate + 2 * slope * area)));
}
