/**
 * What holds the places of the closed model back though they are free: caps on operations and bytes a second, and bursts
 * (so many operations, then a rest). Starts and ends of operations enter, the instant from which the next may start
 * leaves. Made by the closed model where the plan asks for it; of one instance, its share of the actor's.
 */
import { MS, SECOND } from '../base/clock.js';
import type { InstanceBounds } from './planned-pacing.js';

/** What a late instance may catch up on: beyond it a cap is not used up later. */
const CATCH_UP_NS = 100 * MS;

export class Bounds {
  readonly #input: InstanceBounds;
  /** From when on the next operation, the next byte, the next burst may start. */
  #operationsNs: number;
  #bytesNs: number;
  #restNs = -Infinity;
  #left: number;
  /** Bytes are known when an operation ends; until then it counts as one like those before it. */
  #bytesEach = 0;
  #foreseen = 0;
  #inFlight = 0;
  #capped = 0;

  constructor(input: InstanceBounds, now: number) {
    this.#input = input;
    this.#operationsNs = input.operationsMax === Infinity ? -Infinity : now;
    this.#bytesNs = input.bytesMax === Infinity ? -Infinity : now;
    this.#left = input.burst;
  }

  /** Infinity: when those in flight have ended. */
  get freeNs(): number {
    return Math.max(this.#capNs, this.#restNs);
  }

  /** True: the next may start at freeNs, those behind it later. False: all that are ready may. */
  get isOneByOne(): boolean {
    return this.#capNs > -Infinity && this.#capNs >= this.#restNs;
  }

  get #capNs(): number {
    return Math.max(this.#operationsNs, this.#bytesNs);
  }

  /** Operations that a cap held back. */
  get capped(): number {
    return this.#capped;
  }

  /** A place was ready for it at `readyNs`; it is due at `dueNs`. */
  started(readyNs: number, dueNs: number): void {
    const { operationsMax, bytesMax, burst } = this.#input;
    if (this.#capNs > readyNs) this.#capped++;
    const latest = dueNs - CATCH_UP_NS;
    if (operationsMax < Infinity)
      this.#operationsNs = Math.max(this.#operationsNs, latest) + SECOND / operationsMax;
    if (bytesMax < Infinity)
      this.#bytesNs = Math.max(this.#bytesNs, latest) + (this.#bytesEach * SECOND) / bytesMax;
    this.#foreseen += this.#bytesEach;
    this.#inFlight++;
    if (burst > 0 && --this.#left === 0) this.#restNs = Infinity;
  }

  ended(now: number, count: number, bytes: number): void {
    const foreseen = this.#inFlight > 0 ? (this.#foreseen * count) / this.#inFlight : 0;
    this.#foreseen -= foreseen;
    this.#inFlight -= count;
    this.#bytesNs += ((bytes - foreseen) * SECOND) / this.#input.bytesMax;
    if (bytes > 0) this.#bytesEach = bytes / count;
    if (this.#restNs !== Infinity || this.#inFlight > 0) return;
    this.#restNs = now + this.#input.restNs;
    this.#left = this.#input.burst;
  }
}
