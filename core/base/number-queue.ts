/** Numbers in the order in which they came, in one block of memory that is used again: no garbage on hot paths. */
export class NumberQueue {
  #numbers = new Float64Array(16);
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The nth from the front, counted from 0; NaN where there is none. */
  at(nth: number): number {
    return nth < this.#length ? (this.#numbers[this.#place(nth)] as number) : NaN;
  }

  push(number: number): void {
    if (this.#length === this.#numbers.length) this.#grow();
    this.#numbers[this.#place(this.#length++)] = number;
  }

  /** Takes the first away; there is one. */
  shift(): void {
    this.#head = this.#place(1);
    this.#length--;
  }

  /** Takes the last away; there is one. */
  pop(): number {
    return this.#numbers[this.#place(--this.#length)] as number;
  }

  #place(nth: number): number {
    // The size is a power of two.
    return (this.#head + nth) & (this.#numbers.length - 1);
  }

  #grow(): void {
    const grown = new Float64Array(2 * this.#numbers.length);
    for (let i = 0; i < this.#length; i++) grown[i] = this.#numbers[this.#place(i)] as number;
    this.#numbers = grown;
    this.#head = 0;
  }
}
