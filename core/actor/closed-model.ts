/**
 * The closed model: so many places are asked for, and each takes up its next operation when the last one has ended and
 * its think time is over; that is when the operation is due. Other controls than concurrency have one place while
 * anything is asked. Caps and bursts hold it back beyond that: it is due when they let it. Made by `pacing.ts`.
 */
import { NumberQueue } from '../base/number-queue.js';
import { Bounds } from './bounds.js';
import type { Paced } from './paced.js';
import type { Model } from './model.js';

export class ClosedModel implements Model {
  readonly #ctx: Paced;
  readonly #thinkNs: number;
  readonly #bounds: Bounds | null;
  /** Places that have thought or are thinking, by when they are ready: ascending, since all think equally long. */
  readonly #ready = new NumberQueue();
  /** Places that came up and have not had an operation yet, and when the first of them did. */
  #fresh = 0;
  #freshNs = 0;
  #inFlight = 0;
  #due = 0;
  /** Time in flight and thinking, summed over the places since `held` was asked last. */
  #usedNs = 0;
  #flightAtNs: number;
  /** Think time that was added and lay ahead then. */
  #aheadNs = 0;
  #hasEnded = false;
  readonly dropped = 0;
  readonly queued = 0;
  readonly awaitsEnds = true;

  constructor(ctx: Paced, now: number) {
    const { thinkNs, bounds } = ctx.pacing;
    this.#ctx = ctx;
    this.#thinkNs = thinkNs;
    this.#bounds = bounds === null ? null : new Bounds(bounds, now);
    this.#flightAtNs = now;
  }

  nextNs(now: number): number {
    this.#fit(this.#hasEnded ? 0 : this.#asked(now), now);
    return this.#boundBy(this.#nextReadyNs());
  }

  get capped(): number {
    return this.#bounds?.capped ?? 0;
  }

  #nextReadyNs(): number {
    return this.#fresh > 0 ? this.#freshNs : this.#readyNs();
  }

  #boundBy(readyNs: number): number {
    return this.#bounds === null ? readyNs : Math.max(readyNs, this.#bounds.freeNs);
  }

  #readyNs(): number {
    return this.#ready.length > 0 ? this.#ready.at(0) : Infinity;
  }

  start(dueNs: number, now: number): void {
    this.#fly(now, 1);
    this.#take(dueNs);
    this.#due++;
  }

  startDue(dueNs: Float64Array, most: number, now: number): number {
    this.#fit(this.#hasEnded ? 0 : this.#asked(now), now);
    this.#fly(now, 0);
    let count = 0;
    for (; count < most; count++) {
      const next = this.#boundBy(this.#nextReadyNs());
      if (next > now) break;
      dueNs[count] = next;
      this.#take(next);
    }
    this.#due += count;
    this.#inFlight += count;
    return count;
  }

  ended(now: number, count: number, bytes: number): void {
    this.#fly(now, -count);
    this.#bounds?.ended(now, count, bytes);
    for (let i = 0; i < count; i++) this.#ready.push(now + this.#thinkNs);
    this.#usedNs += this.#thinkNs * count;
  }

  dueBy(): number {
    return this.#due;
  }

  held(now: number, spanNs: number): number {
    this.#fly(now, 0);
    let aheadNs = 0;
    for (let i = 0; i < this.#ready.length; i++) aheadNs += Math.max(0, this.#ready.at(i) - now);
    const usedNs = this.#usedNs + this.#aheadNs - aheadNs;
    this.#usedNs = 0;
    this.#aheadNs = aheadNs;
    return usedNs / spanNs;
  }

  end(now: number): void {
    this.#hasEnded = true;
    this.#fit(0, now);
  }

  #asked(now: number): number {
    const { control, timeline, whole, instance, waiter } = this.#ctx;
    if (control !== 'concurrency') {
      const asked = this.#ctx.askedAt(now);
      return asked > 0 && !timeline.isIdle(now) && !waiter.isReleasing ? 1 : 0;
    }
    // Rounded for the actor and then divided, remainders to the first: places of instances add up to the actor's.
    const sharing = timeline.sharing(now);
    const places = Math.round((this.#ctx.levelAt(now) * sharing * whole) / instance.count);
    return Math.floor(places / sharing) + (instance.index < places % sharing ? 1 : 0);
  }

  /** Places that are too many go as soon as nothing is in flight in them. */
  #fit(asked: number, now: number): void {
    let more = asked - this.#inFlight - this.#fresh - this.#ready.length;
    if (more > 0) {
      if (this.#fresh === 0) this.#freshNs = now;
      this.#fresh += more;
      return;
    }
    for (; more < 0 && this.#fresh > 0; more++) this.#fresh--;
    for (; more < 0 && this.#ready.length > 0; more++) this.#usedNs -= Math.max(0, this.#ready.pop() - now);
  }

  /** The place that is ready first has its operation. */
  #take(dueNs: number): void {
    this.#bounds?.started(this.#nextReadyNs(), dueNs);
    if (this.#fresh > 0) this.#fresh--;
    else this.#ready.shift();
  }

  #fly(now: number, change: number): void {
    this.#usedNs += this.#inFlight * (now - this.#flightAtNs);
    if (this.#bounds !== null) this.#usedNs += this.#heldBackNs(this.#bounds, now);
    this.#flightAtNs = now;
    this.#inFlight += change;
  }

  /**
   * Since the last look, by places that were ready: what the scenario holds back is no shortfall of the actor. Where one
   * is late behind a cap, only that one is: those behind it would still wait.
   */
  #heldBackNs({ freeNs, isOneByOne }: Bounds, now: number): number {
    const fromNs = this.#flightAtNs;
    let places = this.#fresh;
    for (let i = 0; this.#ready.at(i) <= fromNs; i++) places++;
    if (places === 0) return 0;
    const boundNs = Math.max(0, Math.min(freeNs, now) - fromNs);
    const lateNs = now - fromNs - boundNs;
    return places * boundNs + (isOneByOne ? (places - 1) * lateNs : 0);
  }
}
