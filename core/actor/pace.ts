/**
 * Between slices of work that is no load: a sign of life, held back as the safety gate and the person hold the actor.
 * `pace` of the contexts, in `prepare` and in an instance's life.
 */
import { MS, nowNs } from '../base/clock.js';
import { NUMBER_WORD } from '../contract/control-block.js';
import type { Waiter } from './waiter.js';

/** A slice is made up for by a rest of so long at most: the scale may be another one by then. */
const REST_MAX_MS = 2000;

export class Pace {
  readonly #waiter: Waiter;
  #slicedNs = nowNs();

  constructor(waiter: Waiter) {
    this.#waiter = waiter;
  }

  /** At half the scale it rests as long as the slice took. False once a stop is asked for. */
  async next(): Promise<boolean> {
    const waiter = this.#waiter;
    waiter.beat();
    const sliceMs = (nowNs() - this.#slicedNs) / MS;
    while (!waiter.isStopped) {
      const { seen } = waiter;
      const scale = waiter.block.numbers[NUMBER_WORD.scale] ?? 1;
      if (scale > 0) {
        const restMs = Math.min(REST_MAX_MS, sliceMs * (1 / scale - 1));
        if (restMs > 0) await waiter.rest(seen, restMs);
        break;
      }
      await waiter.rest(seen, Infinity);
    }
    this.#slicedNs = nowNs();
    return !waiter.isStopped;
  }
}
