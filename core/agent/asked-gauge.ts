/**
 * What an actor as a whole is asked for over a span, worked out from its timeline: exact average and extremes, whether
 * or not any of its instances still runs. Called by `actor-host.ts` at each window cut and each change of scale.
 */
import { SECOND } from '../base/clock.js';
import type { AskedActor } from '../actor/asked.js';
import type { TimelineReader } from '../actor/timeline-reader.js';

export interface AskedSpan {
  readonly avg: number;
  readonly min: number;
  readonly max: number;
  readonly last: number;
}

export class AskedSeries {
  readonly #reader: TimelineReader;
  readonly #actor: AskedActor;
  readonly #peak: number;
  /** Growth: asked for at the end of the last span. */
  #grown = 0;

  constructor(reader: TimelineReader, actor: AskedActor, peak: number) {
    this.#reader = reader;
    this.#actor = actor;
    this.#peak = peak;
  }

  /** Spans follow each other without gaps; each under one scale. */
  over(fromNs: number, toNs: number, scale: number): AskedSpan {
    let integral = 0;
    let [min, max, last] = [Infinity, -Infinity, 0];
    for (let atNs = fromNs; atNs < toNs;) {
      const endNs = Math.min(toNs, this.#reader.pieceEndNs(atNs));
      const piece = this.#piece(atNs, endNs, scale);
      integral += piece.avg * (endNs - atNs);
      min = Math.min(min, piece.from, piece.to);
      max = Math.max(max, piece.from, piece.to);
      last = piece.to;
      atNs = endNs;
    }
    return { avg: integral / (toNs - fromNs), min, max, last };
  }

  /** Within one piece, where the level is a straight line. */
  #piece(fromNs: number, toNs: number, scale: number): { from: number; to: number; avg: number } {
    const middle = this.#reader.level((fromNs + toNs) / 2) * scale;
    if (this.#actor.control === 'growth') return this.#growth(fromNs, toNs, scale);
    if (this.#actor.control === 'switch') {
      const on = middle > 0 ? this.#peak : 0;
      return { from: on, to: on, avg: on };
    }
    const from = this.#reader.level(fromNs) * scale * this.#peak;
    return { from, to: 2 * middle * this.#peak - from, avg: middle * this.#peak };
  }

  /** Growth is the integral of a straight line; its average over the piece is Simpson's rule, exact for a parabola. */
  #growth(fromNs: number, toNs: number, scale: number): { from: number; to: number; avg: number } {
    // In a pause everything is given back, as where the actor is idle.
    if (scale === 0 || this.#reader.isIdle(fromNs)) this.#grown = 0;
    const from = this.#grown;
    const at = (untilNs: number): number =>
      from + (this.#peak * scale * this.#reader.level((fromNs + untilNs) / 2) * (untilNs - fromNs)) / SECOND;
    const middle = at((fromNs + toNs) / 2);
    const to = at(toNs);
    this.#grown = to;
    return { from, to, avg: (from + 4 * middle + to) / 6 };
  }
}
