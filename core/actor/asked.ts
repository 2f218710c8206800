/**
 * From the timeline and the gate's scale to the amount that is asked of one instance (or, with the whole peak as the
 * share, of an actor). Used by the instance's thread and, for `actor.asked`, by the agent's main thread.
 */
import { SECOND } from '../base/clock.js';
import type { PlannedActor } from '../contract/plan.js';
import type { TimelineReader } from './timeline-reader.js';

export type AskedActor = Pick<PlannedActor, 'control' | 'unit'>;

/** Amounts of bytes and of things are whole: half a descriptor cannot be held. */
export function isWhole(actor: AskedActor): boolean {
  return actor.unit !== 'cores' && (actor.control === 'amount' || actor.control === 'growth');
}

/** Rounds down, but 29 % of 100 is 29, whatever binary fractions make of it. */
function whole(amount: number): number {
  return Math.floor(amount + 1e-3);
}

export class AskedAmount {
  readonly #reader: TimelineReader;
  readonly #share: number;
  readonly #isGrowth: boolean;
  readonly #isSwitch: boolean;
  readonly #isWhole: boolean;
  #grown = 0;
  #grownAtNs = NaN;
  /** Since when it was last asked: who is told of a new scale is woken and asks at once. */
  #scale = 1;

  constructor(reader: TimelineReader, actor: AskedActor, share: number) {
    this.#reader = reader;
    this.#share = share;
    this.#isGrowth = actor.control === 'growth';
    this.#isSwitch = actor.control === 'switch';
    this.#isWhole = isWhole(actor);
  }

  /** In the control's unit; for growth what should be held by now, and nothing in a pause. Instants never go back. */
  at(atNs: number, scale: number): number {
    if (this.#isGrowth) {
      this.#growTo(atNs, this.#scale);
      this.#scale = scale;
      if (scale === 0) this.#grown = 0;
      return whole(this.#grown);
    }
    const level = this.#reader.level(atNs) * scale;
    if (this.#isSwitch) return level > 0 ? this.#share : 0;
    return this.#isWhole ? whole(level * this.#share) : level * this.#share;
  }

  /** Growth begins again from nothing: everything was given back. */
  reset(atNs: number): void {
    this.#grown = 0;
    this.#grownAtNs = atNs;
  }

  /** Exact: the level is a straight line within a piece, so its middle is its average. */
  #growTo(atNs: number, scale: number): void {
    const startNs = this.#reader.startNs;
    if (startNs === null || atNs <= startNs) return;
    let fromNs = Number.isNaN(this.#grownAtNs) ? startNs : this.#grownAtNs;
    while (fromNs < atNs) {
      const toNs = Math.min(atNs, this.#reader.pieceEndNs(fromNs));
      if (this.#reader.isIdle(fromNs)) this.#grown = 0;
      else
        this.#grown +=
          (this.#share * scale * this.#reader.level((fromNs + toNs) / 2) * (toNs - fromNs)) / SECOND;
      fromNs = toNs;
    }
    this.#grownAtNs = Math.max(fromNs, this.#grownAtNs || 0);
    if (this.#reader.isIdle(atNs)) this.#grown = 0;
  }
}
