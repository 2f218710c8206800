/**
 * The least and the greatest value of one series since they were last taken, exact, between one writing thread
 * and one reading thread without a lock. Values go in by `note` on the writer's side; `take` gives them out.
 *
 * Two slots of (min, max); the reader's epoch word says which one the writer is to use. Resetting a slot is the
 * writer's alone: when it meets a new epoch it starts that epoch's slot with the value at hand and then says
 * "adopted". The reader moves the epoch on only after the last one was adopted. So the writer is always in the
 * current epoch or in the one before, and a slot is started anew only when the writer has left it and the reader
 * has read it after that. A writer that was interrupted between reading the epoch and writing puts its value
 * into the slot before; the reader reads that slot a second time at its next turn and finds it there. Nothing is
 * lost; such a value is told one turn later.
 */
const EPOCH = 0;
/** Epoch last adopted, plus one: fresh memory is zero and says "none". */
const ADOPTED = 1;

interface Views {
  /** Epoch and adopted. */
  readonly words: Int32Array;
  /** min, max of slot 0, min, max of slot 1. */
  readonly values: Float64Array;
}

function viewsAt(buffer: SharedArrayBuffer, at: number): Views {
  return { words: new Int32Array(buffer, at * 8, 2), values: new Float64Array(buffer, (at + 1) * 8, 4) };
}

export class ExtremesWriter {
  readonly #words: Int32Array;
  readonly #values: Float64Array;
  #seen: number;
  /** What the slot of the epoch last seen holds, at hand: nearly every value lies between. */
  #min = Infinity;
  #max = -Infinity;

  constructor(buffer: SharedArrayBuffer, at: number) {
    ({ words: this.#words, values: this.#values } = viewsAt(buffer, at));
    this.#seen = Atomics.load(this.#words, ADOPTED) - 1;
  }

  note(value: number): void {
    // A plain read: it is the reader's word, and being a turn late is allowed for above.
    const epoch = this.#words[EPOCH] as number;
    if (epoch !== this.#seen) this.#adopt(epoch, value);
    else if (value < this.#min || value > this.#max) this.#widen(epoch, value);
  }

  #widen(epoch: number, value: number): void {
    const slot = (epoch & 1) << 1;
    const values = this.#values;
    if (value < (values[slot] as number)) values[slot] = value;
    if (value > (values[slot + 1] as number)) values[slot + 1] = value;
    [this.#min, this.#max] = [values[slot] as number, values[slot + 1] as number];
  }

  #adopt(epoch: number, value: number): void {
    const slot = (epoch & 1) << 1;
    this.#values[slot] = value;
    this.#values[slot + 1] = value;
    this.#min = this.#max = value;
    this.#seen = epoch;
    Atomics.store(this.#words, ADOPTED, epoch + 1);
  }
}

export class ExtremesReader {
  readonly #words: Int32Array;
  readonly #values: Float64Array;
  /** What was last read from the slot that the writer may still write into late. */
  #lastMin = Infinity;
  #lastMax = -Infinity;
  /** Of the last `take`: Infinity and -Infinity when nothing was noted. */
  min = Infinity;
  max = -Infinity;

  constructor(buffer: SharedArrayBuffer, at: number) {
    ({ words: this.#words, values: this.#values } = viewsAt(buffer, at));
  }

  /** Puts the extremes noted since the last call into `min` and `max`. */
  take(): void {
    this.min = Infinity;
    this.max = -Infinity;
    const epoch = this.#words[EPOCH] as number;
    const isAdopted = Atomics.load(this.#words, ADOPTED) === epoch + 1;
    if (epoch > 0) this.#readLate((epoch - 1) & 1);
    if (!isAdopted) return;
    Atomics.store(this.#words, EPOCH, epoch + 1);
    const slot = (epoch & 1) << 1;
    this.#lastMin = this.#values[slot] as number;
    this.#lastMax = this.#values[slot + 1] as number;
    this.#include(this.#lastMin, this.#lastMax);
  }

  #readLate(index: number): void {
    const min = this.#values[index << 1] as number;
    const max = this.#values[(index << 1) + 1] as number;
    if (min < this.#lastMin) this.#include(min, min);
    if (max > this.#lastMax) this.#include(max, max);
    this.#lastMin = min;
    this.#lastMax = max;
  }

  #include(min: number, max: number): void {
    if (min < this.min) this.min = min;
    if (max > this.max) this.max = max;
  }
}
