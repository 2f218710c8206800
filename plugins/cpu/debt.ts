/**
 * What a thread owes: asked time minus used time, integrated. Bounded both ways: after a long starvation it does not
 * burn far above what is asked to catch up; what it missed shows as a shortfall of what it achieved. Used by `index.ts`.
 */

/** CPU time that may be owed at most: five periods of the default length. */
export const DEBT_MAX_NS = 100e6;

export class Debt {
  #atNs: number;
  #cpuNs: number;
  #owedNs = 0;
  #asked = 0;

  constructor(nowNs: number, cpuNs: number) {
    this.#atNs = nowNs;
    this.#cpuNs = cpuNs;
  }

  /** Brings the account up to now; `asked` cores are asked for from now on. Says what is owed, in CPU nanoseconds. */
  update(nowNs: number, cpuNs: number, asked: number): number {
    // Between two looks what is asked moves in a straight line, or close to it.
    const average = (this.#asked + asked) / 2;
    const owed = this.#owedNs + average * (nowNs - this.#atNs) - (cpuNs - this.#cpuNs);
    this.#owedNs = Math.max(-DEBT_MAX_NS, Math.min(DEBT_MAX_NS, owed));
    this.#atNs = nowNs;
    this.#cpuNs = cpuNs;
    this.#asked = asked;
    return this.#owedNs;
  }

  /** After a time in which nothing was asked. */
  forget(nowNs: number, cpuNs: number): void {
    this.#owedNs = 0;
    this.#asked = 0;
    this.#atNs = nowNs;
    this.#cpuNs = cpuNs;
  }
}
