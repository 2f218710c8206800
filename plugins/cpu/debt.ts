/**
 * What a thread owes: asked time minus used time, integrated. What it used too much is always made good; what may be owed
 * is bounded, so that after a long starvation it does not burn far above what is asked to catch up: what it missed beyond
 * that shows as a shortfall of what it achieved. Used by `level.ts`.
 */

/** Processor time that may be owed at most, in periods. */
const PERIODS_OWED = 5;
/**
 * But so much at least: where others are as urgent, a thread that demands its arrears without a rest is moved to where
 * there is room, and one that forgives them gets half of a processor at most.
 */
const OWED_NS = 250e6;

export class Debt {
  readonly maxNs: number;
  #atNs: number;
  #cpuNs: number;
  #owedNs = 0;
  #asked = 0;

  constructor(nowNs: number, cpuNs: number, periodNs: number) {
    this.#atNs = nowNs;
    this.#cpuNs = cpuNs;
    this.maxNs = Math.max(OWED_NS, PERIODS_OWED * periodNs);
  }

  /** Brings the account up to now; `asked` cores are asked for from now on. Says what is owed, in CPU nanoseconds. */
  update(nowNs: number, cpuNs: number, asked: number): number {
    // Between two looks what is asked moves in a straight line, or close to it.
    const average = (this.#asked + asked) / 2;
    const owed = this.#owedNs + average * (nowNs - this.#atNs) - (cpuNs - this.#cpuNs);
    this.#owedNs = Math.min(this.maxNs, owed);
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
