/** How many accesses are due: at the rate that is asked of this instance, or as many as it can. */
import type { MemoryContext } from './pattern.js';

/** What falls due while the thread is held up longer than this is not made up for. */
const BEHIND_MAX_NS = 250e6;

export class Pace {
  readonly #perNs: number;
  #fromNs = NaN;
  #done = 0;

  /** The rate is of the whole actor: each instance has its share. */
  constructor(ctx: MemoryContext) {
    const { accessRate } = ctx.options;
    this.#perNs = accessRate === undefined ? Infinity : accessRate / ctx.instance.count / 1e9;
  }

  due(now: number): number {
    if (this.#perNs === Infinity) return Infinity;
    if (Number.isNaN(this.#fromNs)) this.#fromNs = now;
    const most = this.#perNs * BEHIND_MAX_NS + 1;
    const due = (now - this.#fromNs) * this.#perNs - this.#done;
    if (due > most) this.#done += due - most;
    return Math.floor(Math.min(due, most));
  }

  done(count: number): void {
    this.#done += count;
  }

  /** Until one more is due; a few at a time where they come quickly. */
  restMs(now: number): number {
    const oneNs = this.#fromNs + (this.#done + 1) / this.#perNs - now;
    return Math.max(1, oneNs / 1e6);
  }

  /** Nothing is held: what would have been due is not owed. */
  forget(): void {
    this.#fromNs = NaN;
    this.#done = 0;
  }
}
