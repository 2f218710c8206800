/**
 * Numbers that are gathered again and again: pushed one by one, taken as one typed array. Memory is kept from one time to
 * the next, so that a frame of a thousand series allocates nothing but what it sends. Used by the frame builder.
 */
const LENGTH_AT_FIRST = 64;

type Numbers = Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

class NumberList<A extends Numbers> {
  readonly #make: (length: number) => A;
  #numbers: A;
  #length = 0;

  constructor(make: (length: number) => A) {
    this.#make = make;
    this.#numbers = make(LENGTH_AT_FIRST);
  }

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    if (this.#length === this.#numbers.length) {
      const grown = this.#make(2 * this.#length);
      grown.set(this.#numbers);
      this.#numbers = grown;
    }
    this.#numbers[this.#length++] = value;
  }

  /** A copy of all there is; the list is empty then. */
  take(): A {
    const taken = this.#numbers.slice(0, this.#length) as A;
    this.#length = 0;
    return taken;
  }
}

export class Uint16List extends NumberList<Uint16Array<ArrayBuffer>> {
  constructor() {
    super((length) => new Uint16Array(length));
  }
}

export class Uint32List extends NumberList<Uint32Array<ArrayBuffer>> {
  constructor() {
    super((length) => new Uint32Array(length));
  }
}

export class Float64List extends NumberList<Float64Array<ArrayBuffer>> {
  constructor() {
    super((length) => new Float64Array(length));
  }
}
