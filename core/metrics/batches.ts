/**
 * What was counted, batch by batch in the order of time, in bounded memory: counts of windows enter, at most 32 sums of
 * equally many windows leave. The accumulator keeps one for each counter and distribution of a phase, and one for the
 * lengths of its windows: beside each other they give rates with confidence.
 */
const KEPT = 32;

export class Batches {
  readonly #sums = new Float64Array(KEPT);
  /** A batch is 2 ** shift windows. */
  #shift = 0;
  #windows = 0;

  /** `window`: its number in the phase, from 0; what is not told of one is 0. */
  add(window: number, amount: number): void {
    while (window >> this.#shift >= KEPT) this.#halve();
    const batch = window >> this.#shift;
    this.#sums[batch] = (this.#sums[batch] ?? 0) + amount;
    this.#windows = Math.max(this.#windows, window + 1);
  }

  /** Of the whole ones: the last may still be short of windows. */
  static rates(counts: Batches, lengthsMs: Batches): number[] {
    while (counts.#shift < lengthsMs.#shift) counts.#halve();
    const whole = lengthsMs.#windows >> lengthsMs.#shift;
    return Array.from({ length: whole }, (_, i) => {
      const [count = 0, ms = 0] = [counts.#sums[i], lengthsMs.#sums[i]];
      return count / (ms / 1000);
    });
  }

  #halve(): void {
    for (let i = 0; i < KEPT / 2; i++) {
      this.#sums[i] = (this.#sums[2 * i] ?? 0) + (this.#sums[2 * i + 1] ?? 0);
    }
    this.#sums.fill(0, KEPT / 2);
    this.#shift++;
  }
}
