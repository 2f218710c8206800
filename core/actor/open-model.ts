/**
 * The open model: operations start when they fall due, whether or not earlier ones are done, up to `inFlight` at a
 * time. What is due beyond that waits, and its latency counts from when it was due. Made by `pacing.ts`.
 */
import { SECOND } from '../base/clock.js';
import { randomFor } from '../base/random.js';
import { Arrivals } from './arrivals.js';
import type { Paced } from './paced.js';
import { DueClock } from './due-clock.js';
import type { Model } from './model.js';
import type { InstancePacing } from './planned-pacing.js';
import { ScaleLog } from './scale-log.js';

export class OpenModel implements Model {
  readonly #ctx: Paced;
  readonly #clock: DueClock;
  readonly #scales: ScaleLog;
  readonly #inFlightMax: number;
  #inFlight = 0;
  #done = 0;
  #queued = 0;
  /** When the last operation ended that others had to wait for. */
  #roomNs = -Infinity;
  #hasEnded = false;
  readonly capped = 0;

  constructor(ctx: Paced, { arrival, inFlight }: InstancePacing) {
    this.#ctx = ctx;
    this.#scales = new ScaleLog(ctx.waiter.block);
    this.#inFlightMax = inFlight;
    const { actor, instance, seed } = ctx;
    const arrivals = (): Arrivals =>
      new Arrivals(arrival, instance, randomFor(seed, actor, instance.index, 'arrivals'));
    this.#clock = new DueClock({ timeline: ctx.timeline, share: ctx.peak, fromNs: ctx.joinedNs, arrivals });
  }

  nextNs(now: number): number {
    this.#follow(now);
    // A paused actor starts nothing, not even what is behind.
    if (this.#inFlight >= this.#inFlightMax || this.#ctx.scale === 0 || this.#hasEnded) return Infinity;
    return this.#clock.nextNs(now);
  }

  start(dueNs: number): void {
    this.#clock.take();
    this.#inFlight++;
    if (dueNs < this.#roomNs) this.#queued++;
  }

  startDue(dueNs: Float64Array, most: number, now: number): number {
    let count = 0;
    for (; count < most; count++) {
      const next = this.nextNs(now);
      if (next > now) break;
      dueNs[count] = next;
      this.start(next);
    }
    return count;
  }

  ended(now: number, count: number): void {
    if (this.awaitsEnds) this.#roomNs = now;
    this.#inFlight -= count;
    this.#done += count;
  }

  get awaitsEnds(): boolean {
    return this.#inFlight >= this.#inFlightMax;
  }

  dueBy(now: number): number {
    this.#follow(now);
    return this.#clock.dueBy(now);
  }

  get dropped(): number {
    return this.#clock.dropped;
  }

  get queued(): number {
    return this.#queued;
  }

  held(_now: number, spanNs: number): number {
    const done = this.#done;
    this.#done = 0;
    return (done * SECOND) / spanNs;
  }

  end(now: number): void {
    this.#clock.dueBy(now);
    this.#clock.drop(now);
    this.#hasEnded = true;
  }

  #follow(now: number): void {
    this.#scales.follow((scale, atNs) => this.#clock.setScale(scale, Math.min(atNs, now)));
    if (this.#ctx.waiter.isReleasing) this.#clock.drop(now);
  }
}
