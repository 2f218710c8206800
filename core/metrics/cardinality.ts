/**
 * The bound on series. A new series goes in; out comes whether it may be, or the overflow series of its metric
 * that takes its data instead. Used by frame builders (their process) and by the window store (the run).
 */
import type { Tags } from '../contract/metrics.js';
import { seriesKey } from './layout.js';

export const SERIES_PER_ACTOR_MAX = 200;
export const SERIES_PER_RUN_MAX = 2000;
/** The tag of a series that holds what exceeded the limit. */
export const OVERFLOW_TAG = 'overflow';

export interface Placed {
  readonly tags: Tags;
  readonly isOverflow: boolean;
}

export class SeriesLimiter {
  readonly #perActorMax: number;
  readonly #perRunMax: number;
  readonly #placed = new Map<string, Placed>();
  readonly #perActor = new Map<string, number>();
  #series = 0;
  #overflowed = 0;

  constructor(perActorMax = SERIES_PER_ACTOR_MAX, perRunMax = SERIES_PER_RUN_MAX) {
    this.#perActorMax = perActorMax;
    this.#perRunMax = perRunMax;
  }

  /** Series that were turned away so far. */
  get overflowed(): number {
    return this.#overflowed;
  }

  /** The tags under which this series is kept; the same answer every time it is asked. */
  place(metric: string, tags: Tags): Placed {
    const key = seriesKey(metric, tags);
    const known = this.#placed.get(key);
    if (known !== undefined) return known;
    const actor = tags['actor'];
    const ofActor = actor === undefined ? 0 : (this.#perActor.get(actor) ?? 0);
    const fits = this.#series < this.#perRunMax && ofActor < this.#perActorMax;
    if (!fits) {
      this.#overflowed++;
      // Not remembered: an unbounded flood of names must not grow this table either.
      return { tags: overflowTags(actor), isOverflow: true };
    }
    const placed: Placed = { tags, isOverflow: false };
    this.#placed.set(key, placed);
    this.#series++;
    if (actor !== undefined) this.#perActor.set(actor, ofActor + 1);
    return placed;
  }
}

function overflowTags(actor: string | undefined): Tags {
  return actor === undefined ? { [OVERFLOW_TAG]: 'true' } : { actor, [OVERFLOW_TAG]: 'true' };
}
