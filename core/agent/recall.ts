/**
 * The agent's end of the page by which the guard can void all credit at once (`contract/recall.ts`). Made when actors
 * that take something are loaded; goes with the process. Owned by `agent.ts`.
 */
import type { PlannedActor } from '../contract/plan.js';
import { RECALL_WORD } from '../contract/recall.js';
import type { MadePage } from '../linux/shared-page.js';
import { makeSharedPage } from '../linux/shared-page.js';

export class Recall {
  readonly #page: MadePage | null;

  constructor(actors: readonly PlannedActor[]) {
    this.#page = actors.some(({ takes }) => takes !== null) ? makeSharedPage('brunt-recall') : null;
    if (this.#page !== null) this.#page.words[RECALL_WORD.pid] = process.pid;
  }

  /** How often credit was recalled so far. */
  get count(): number {
    return this.#page === null ? 0 : Atomics.load(this.#page.words, RECALL_WORD.count);
  }

  /** For the instances' threads. */
  get address(): number | null {
    return this.#page?.address ?? null;
  }

  /** For the guard. */
  get fd(): number | null {
    return this.#page?.fd ?? null;
  }
}
