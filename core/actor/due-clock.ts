/**
 * When operations fall due under a rate that follows the timeline: the n-th one when the integral of the rate reaches
 * n, solved exactly on each straight piece. Late operations keep their due times. Used by the pacers.
 */
import { SECOND } from '../base/clock.js';
import type { TimelineReader } from './timeline-reader.js';

export class DueClock {
  readonly #timeline: TimelineReader;
  readonly #share: number;
  /** Up to here operations were taken or counted; `#part` of the next one has built up since it was due. */
  #atNs: number;
  #part = 0;
  #taken = 0;

  /** `share`: operations a second at full level and scale. */
  constructor(timeline: TimelineReader, share: number, fromNs: number) {
    this.#timeline = timeline;
    this.#share = share;
    this.#atNs = fromNs;
  }

  /** When the next operation is due; Infinity when the timeline has none left. In the past when work is behind. */
  nextNs(scale: number): number {
    let need = 1 - this.#part;
    for (let atNs = this.#atNs; atNs < Infinity;) {
      const endNs = this.#timeline.pieceEndNs(atNs);
      const [first, last] = this.#rates(atNs, endNs, scale);
      const lengthS = (endNs - atNs) / SECOND;
      const area = first + last > 0 ? ((first + last) / 2) * lengthS : 0;
      if (area >= need) {
        const slope = (last - first) / lengthS;
        // The root of first·τ + slope·τ²/2 = need, in the form that loses no digits when the slope is small.
        const tau = (2 * need) / (first + Math.sqrt(Math.max(0, first * first + 2 * slope * need)));
        return atNs + tau * SECOND;
      }
      need -= area;
      atNs = endNs;
    }
    return Infinity;
  }

  /** The operation due at `dueNs` is done now. */
  take(dueNs: number): void {
    this.#atNs = dueNs;
    this.#part = 0;
    this.#taken++;
  }

  /** Nothing is behind: what has built up so far stays, whatever the scale is from now on. */
  settle(nowNs: number, scale: number): void {
    if (nowNs <= this.#atNs) return;
    this.#part = Math.min(1, this.#part + this.#area(nowNs, scale));
    this.#atNs = nowNs;
  }

  /** What is behind will not be done: the actor is idle now. It was due all the same. */
  drop(nowNs: number, scale: number): void {
    this.#taken = this.dueBy(nowNs, scale);
    this.#part = 0;
    this.#atNs = Math.max(this.#atNs, nowNs);
  }

  /** How many operations have fallen due since the start, done or not. */
  dueBy(nowNs: number, scale: number): number {
    return this.#taken + Math.floor(this.#part + (nowNs > this.#atNs ? this.#area(nowNs, scale) : 0));
  }

  #area(toNs: number, scale: number): number {
    let area = 0;
    for (let atNs = this.#atNs; atNs < toNs;) {
      const endNs = Math.min(toNs, this.#timeline.pieceEndNs(atNs));
      const [first, last] = this.#rates(atNs, endNs, scale);
      area += ((first + last) / 2) * ((endNs - atNs) / SECOND);
      atNs = endNs;
    }
    return area;
  }

  /** Operations a second at both ends of a span within one piece. */
  #rates(fromNs: number, toNs: number, scale: number): [number, number] {
    if (this.#timeline.isIdle(fromNs)) return [0, 0];
    const full = this.#share * scale;
    const first = this.#timeline.level(fromNs) * full;
    return [first, Math.max(0, 2 * this.#timeline.level((fromNs + toNs) / 2) * full - first)];
  }
}
