/** The last two seconds of one sensor: readings in, speed out. Fixed size, allocates nothing. Used by the gate. */
import { MS, SECOND } from '../base/clock.js';

/** How far back a speed is taken from. */
export const LOOK_BACK_NS = 2 * SECOND;
/** A start from rest shows only in the newest readings; the long span would see it too small. */
const LOOK_BACK_SHORT_NS = 200 * MS;
/** LOOK_BACK_NS at 50 readings a second, and some more. */
const CAPACITY = 128;
/** Fewer readings than this have no speed. */
const SAMPLES_MIN = 3;

export class Trail {
  readonly #atNs = new Float64Array(CAPACITY);
  readonly #values = new Float64Array(CAPACITY);
  #count = 0;

  add(nowNs: number, value: number): void {
    const slot = this.#count % CAPACITY;
    this.#atNs[slot] = nowNs;
    this.#values[slot] = value;
    this.#count++;
  }

  /**
   * Units a nanosecond towards a bound in the given direction: the greater of the speeds over the last 2 s and the
   * last 200 ms, 0 when the reading moved less than `noise` over each.
   */
  speedTowards(operator: '<' | '>', noise: number): number {
    const sign = operator === '<' ? -1 : 1;
    return Math.max(this.#speed(LOOK_BACK_NS, sign, noise), this.#speed(LOOK_BACK_SHORT_NS, sign, noise), 0);
  }

  #speed(spanNs: number, sign: number, noise: number): number {
    if (this.#count < SAMPLES_MIN) return 0;
    const newest = (this.#count - 1) % CAPACITY;
    const [endNs, end] = [this.#atNs[newest] ?? 0, this.#values[newest] ?? 0];
    let [startNs, start, samples] = [endNs, end, 1];
    for (let back = 1; back < Math.min(this.#count, CAPACITY); back++) {
      const slot = (this.#count - 1 - back) % CAPACITY;
      const atNs = this.#atNs[slot] ?? 0;
      if (endNs - atNs > spanNs) break;
      [startNs, start, samples] = [atNs, this.#values[slot] ?? 0, samples + 1];
    }
    const moved = (end - start) * sign;
    return samples < SAMPLES_MIN || moved < noise || endNs <= startNs ? 0 : moved / (endNs - startNs);
  }
}
