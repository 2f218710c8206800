/** Tells the agent's main thread that some instance waits for credit: one shared word, watched without a timer. */
export class Doorbell {
  readonly buffer = new SharedArrayBuffer(4);
  readonly #word = new Int32Array(this.buffer);
  readonly #onRing: () => void;
  #isOver = false;

  constructor(onRing: () => void) {
    this.#onRing = onRing;
    void this.#watch();
  }

  end(): void {
    this.#isOver = true;
    Atomics.notify(this.#word, 0);
  }

  async #watch(): Promise<void> {
    let seen = 0;
    while (!this.#isOver) {
      const waiting = Atomics.waitAsync(this.#word, 0, seen);
      if (waiting.async) await waiting.value;
      const rings = Atomics.load(this.#word, 0);
      if (rings !== seen) this.#onRing();
      seen = rings;
    }
  }
}
