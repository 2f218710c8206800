/**
 * One line of JSON as it grows, in bytes. A window of a thousand distributions is mostly small whole numbers: they are
 * written digit by digit, which takes a tenth of the time that arrays and strings of them would. Used by the codec.
 */
import { assert } from '../base/assert.js';

const BYTES_AT_FIRST = 4096;
/** The next line is about as long as the last one was: nothing is made in vain, and cleared away again. */
const MORE_THAN_LAST = 1.125;
let lastBytes = BYTES_AT_FIRST;
/** A whole number below 2^31, and a comma. */
const NUMBER_BYTES_MAX = 11;
const [COMMA, OPEN, CLOSE, ZERO] = [44, 91, 93, 48];

export class LineBuffer {
  #buffer = Buffer.allocUnsafeSlow(Math.ceil(lastBytes * MORE_THAN_LAST));
  #length = 0;

  text(text: string): void {
    this.#room(3 * text.length);
    this.#length += this.#buffer.write(text, this.#length);
  }

  /** A JSON array. `what` is named when one of them is not finite. */
  numbers(values: Uint16Array | Float64Array, what: string): void {
    this.#room(2 + values.length * NUMBER_BYTES_MAX);
    this.#buffer[this.#length++] = OPEN;
    for (let i = 0; i < values.length; i++) {
      if (i > 0) this.#buffer[this.#length++] = COMMA;
      const value = values[i] as number;
      if (value < 2 ** 31 && value >= 0 && (value | 0) === value) {
        this.#length = writeWhole(this.#buffer, this.#length, value);
      } else {
        assert(Number.isFinite(value), `a bin of ${what} is not finite`);
        this.text(String(value));
        this.#room((values.length - i) * NUMBER_BYTES_MAX);
      }
    }
    this.#buffer[this.#length++] = CLOSE;
  }

  bytes(): Buffer {
    lastBytes = Math.max(BYTES_AT_FIRST, this.#length);
    return this.#buffer.subarray(0, this.#length);
  }

  #room(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(2 * this.#buffer.length, this.#length + bytes));
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }
}

/** The digits of a whole number below 2^31; returns where they end. */
function writeWhole(buffer: Buffer, from: number, value: number): number {
  let digits = 1;
  for (let limit = 10; value >= limit; limit *= 10) digits++;
  let rest = value;
  for (let at = from + digits - 1; at >= from; at--) {
    const tens = (rest / 10) | 0;
    buffer[at] = ZERO + (rest - 10 * tens);
    rest = tens;
  }
  return from + digits;
}
