/**
 * Calls back at each window cut of the run. A late turn of the event loop gets the latest cut that is due: frames are
 * cumulative, so that one covers what the missed ones would have. Used by `agent.ts`.
 */
import { MS, nowNs } from '../base/clock.js';
import type { PlannedPhase } from '../contract/plan.js';
import { windowCut } from '../plan/cuts.js';

const TIMEOUT_MAX_MS = 2 ** 31 - 1;

export class CutTimer {
  readonly #phases: readonly PlannedPhase[];
  readonly #windowMs: number;
  readonly #startNs: number;
  readonly #onCut: (window: number) => void;
  #window = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    phases: readonly PlannedPhase[],
    windowMs: number,
    startNs: number,
    onCut: (window: number) => void,
  ) {
    this.#phases = phases;
    this.#windowMs = windowMs;
    this.#startNs = startNs;
    this.#onCut = onCut;
    this.#schedule();
  }

  /** The window that is open now; after the last cut, the last one. */
  get window(): number {
    return this.#endNs(this.#window) === null ? Math.max(0, this.#window - 1) : this.#window;
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    const endNs = this.#endNs(this.#window);
    if (endNs === null) return;
    const leftMs = Math.ceil((endNs - nowNs()) / MS);
    this.#timer = setTimeout(() => this.#check(), Math.min(Math.max(0, leftMs), TIMEOUT_MAX_MS));
  }

  #check(): void {
    const now = nowNs();
    let due: number | null = null;
    for (
      let endNs = this.#endNs(this.#window);
      endNs !== null && endNs <= now;
      endNs = this.#endNs(this.#window)
    ) {
      due = this.#window++;
    }
    this.#schedule();
    if (due !== null) this.#onCut(due);
  }

  #endNs(window: number): number | null {
    const cut = windowCut(this.#phases, this.#windowMs, window);
    return cut === null ? null : this.#startNs + cut.endMs * MS;
  }
}
