/**
 * Where operations fall due, counted in operations: the n-th of an instance is due when the integral of its rate
 * reaches `target`. Poisson streams of instances add up to one of the whole actor; the evenly spaced kinds deal the
 * actor's slots to the instances in turn, so that together they are what one instance would do. Used by the due clock.
 */
import type { Random } from '../base/random.js';
import type { PlannedPacing } from '../contract/plan.js';

/**
 * constant: one operation at the end of each slot of 1/rate. uniform: one at a uniformly random instant of each slot,
 * so that gaps lie between 0 and twice the mean. poisson: exponential gaps, independent of each other.
 */
export type Arrival = PlannedPacing['arrival'];

export class Arrivals {
  readonly #arrival: Arrival;
  readonly #index: number;
  readonly #count: number;
  readonly #random: Random;
  #slot = 0;
  #target = 0;

  /** Two made from equal streams give equal targets. */
  constructor(
    arrival: Arrival,
    instance: { readonly index: number; readonly count: number },
    random: Random,
  ) {
    this.#arrival = arrival;
    this.#index = instance.index;
    this.#count = instance.count;
    this.#random = random;
    this.next();
  }

  get target(): number {
    return this.#target;
  }

  next(): void {
    switch (this.#arrival) {
      case 'constant':
        this.#target = this.#slot++ + (this.#index + 1) / this.#count;
        return;
      case 'uniform':
        this.#target = this.#slot++ + (this.#index + this.#random()) / this.#count;
        return;
      case 'poisson':
        this.#target -= Math.log(1 - this.#random());
    }
  }
}
