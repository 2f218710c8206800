/**
 * Wakes each sampler when its next sample is due. Timers of Node are whole milliseconds late; the last of the way is
 * waited for in the kernel, to some 0.1 ms, unless an answer may come in meanwhile. Owned by the probe thread.
 */
import { deferred } from '../base/deferred.js';
import { MS, nowNs } from '../base/clock.js';

/** A timer is used as long as more than this is left. */
const FINE_MS = 2;
/** A timer may come so much too late by its own rounding. */
const ROUNDING_MS = 1.5;

interface Waiting {
  readonly dueNs: number;
  readonly wake: () => void;
}

export class DueClock {
  readonly #waiting = new Set<Waiting>();
  readonly #word = new Int32Array(new SharedArrayBuffer(4));
  #busy = 0;
  #isTurning = false;
  #isStopped = false;
  #nudge = deferred();

  /** Settles at the instant, or when the clock is stopped. */
  until(dueNs: number): Promise<void> {
    if (this.#isStopped) return Promise.resolve();
    return new Promise((wake) => {
      this.#waiting.add({ dueNs, wake });
      this.#nudge.resolve();
      if (!this.#isTurning) void this.#turn();
    });
  }

  /** While something is in flight the thread does not stand still: its end would be noticed late. */
  async whileBusy<T>(work: Promise<T>): Promise<T> {
    this.#busy++;
    try {
      return await work;
    } finally {
      this.#busy--;
    }
  }

  stop(): void {
    this.#isStopped = true;
    this.#nudge.resolve();
  }

  async #turn(): Promise<void> {
    this.#isTurning = true;
    while (this.#waiting.size > 0) {
      const earliestNs = Math.min(...[...this.#waiting].map(({ dueNs }) => dueNs));
      if (!this.#isStopped) await this.#approach((earliestNs - nowNs()) / MS);
      const now = nowNs();
      for (const waiting of this.#waiting) {
        if (!this.#isStopped && waiting.dueNs > now) continue;
        this.#waiting.delete(waiting);
        waiting.wake();
      }
      // Whoever was woken goes first; what has come in is read.
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#isTurning = false;
  }

  /** Comes nearer to an instant that is so far away; the caller asks again until it is there. */
  async #approach(leftMs: number): Promise<void> {
    if (leftMs <= 0) return;
    if (leftMs > FINE_MS) {
      this.#nudge = deferred();
      let timer: NodeJS.Timeout | undefined;
      const waitMs = Math.min(Math.floor(leftMs - ROUNDING_MS), 2 ** 31 - 1);
      const slept = new Promise<void>((resolve) => (timer = setTimeout(resolve, waitMs)));
      await Promise.race([slept, this.#nudge.promise]);
      clearTimeout(timer);
    } else if (this.#busy === 0) {
      Atomics.wait(this.#word, 0, 0, leftMs);
    }
  }
}
