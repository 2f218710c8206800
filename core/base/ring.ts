import { assert } from './assert.js';

/** A bounded queue that drops its oldest when full, and counts what it dropped. */
export class Ring<T> {
  readonly capacity: number;
  #items: (T | undefined)[];
  #head = 0;
  #size = 0;
  #dropped = 0;

  constructor(capacity: number) {
    assert(Number.isInteger(capacity) && capacity > 0, 'ring capacity is a positive integer');
    this.capacity = capacity;
    this.#items = new Array<T | undefined>(capacity);
  }

  get size(): number {
    return this.#size;
  }

  get dropped(): number {
    return this.#dropped;
  }

  push(item: T): void {
    if (this.#size === this.capacity) {
      this.shift();
      this.#dropped++;
    }
    this.#items[(this.#head + this.#size) % this.capacity] = item;
    this.#size++;
  }

  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head = (this.#head + 1) % this.capacity;
    this.#size--;
    return item;
  }

  toArray(): T[] {
    return Array.from({ length: this.#size }, (_, i) => this.#items[(this.#head + i) % this.capacity] as T);
  }
}
