/**
 * Calls back at each window cut of the run. A late turn of the event loop gets the latest cut that is due: frames are
 * cumulative, so that one covers what the missed ones would have. Used by `agent.ts`.
 */
import { MS, nowNs } from '../base/clock.js';
import type { PhaseClock } from '../plan/clock.js';

const TIMEOUT_MAX_MS = 2 ** 31 - 1;

export class CutTimer {
  readonly #clock: PhaseClock;
  readonly #startNs: number;
  readonly #onCut: (window: number) => void;
  /** The window that is open; null after the last cut. */
  #open: number | null;
  #timer: NodeJS.Timeout | undefined;
  #turn: NodeJS.Immediate | undefined;

  /** An agent that is started anew in the middle of a run begins with the window that is open then. */
  constructor(clock: PhaseClock, startNs: number, onCut: (window: number) => void) {
    this.#clock = clock;
    this.#startNs = startNs;
    this.#onCut = onCut;
    this.#open = clock.indexAt((nowNs() - startNs) / MS);
    this.#schedule();
  }

  /** The window that is open now; after the last cut, the last one. */
  get window(): number {
    return this.#open ?? this.#clock.lastIndex;
  }

  /** Phases have moved: the open window may end sooner, and some never come. */
  moved(): void {
    this.#rest();
    if (this.#open !== null) this.#open = this.#clock.from(this.#open);
    this.#schedule();
  }

  end(): void {
    this.#rest();
  }

  /** A cut that is due happens now, before what follows can spoil what was measured up to it. */
  catchUp(): void {
    this.#check();
  }

  #rest(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#turn);
  }

  #schedule(): void {
    this.#rest();
    if (this.#open === null) return;
    const leftMs = Math.ceil((this.#endNs(this.#open) - nowNs()) / MS);
    this.#timer = setTimeout(() => this.#checkSoon(), Math.min(Math.max(0, leftMs), TIMEOUT_MAX_MS));
  }

  /**
   * After messages were read. Where a cut takes so long that the next one is due by then, timers alone would follow each
   * other: no message would be heard, and the agent would be taken for one that nobody steers.
   */
  #checkSoon(): void {
    this.#turn = setImmediate(() => this.#check());
  }

  #check(): void {
    const now = nowNs();
    let due: number | null = null;
    while (this.#open !== null && this.#endNs(this.#open) <= now) {
      due = this.#open;
      this.#open = this.#clock.from(this.#open + 1);
    }
    this.#schedule();
    if (due !== null) this.#onCut(due);
  }

  #endNs(window: number): number {
    return this.#startNs + (this.#clock.windowAt(window)?.endMs ?? 0) * MS;
  }
}
