/**
 * What is written into held memory, and whether it still stands there. Every page is seeded noise, so that nothing can
 * compress it away, with a stamp made of its own address, so that no two are alike and a page that answers for another
 * is found. Used by all regions; what reads back wrong goes to `onWrong`.
 */
import type { Random } from '../../core/base/random.js';

/** Stamped at this distance whatever the system's own page is. */
export const PAGE_BYTES = 4096;
const STAMP_WORDS = 2;
const PAGE_WORDS = PAGE_BYTES / 4;
const TEMPLATE_BYTES = 2 ** 20;
const TEMPLATE_PAGES = TEMPLATE_BYTES / PAGE_BYTES;

/** A piece of memory in which pages lie: its views follow a buffer that is resized. */
export interface Span {
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;
  /** Address of its first byte, in pages. */
  readonly firstPage: number;
}

export function spanOf(buffer: ArrayBuffer, address: number): Span {
  return {
    bytes: new Uint8Array(buffer),
    words: new Uint32Array(buffer),
    firstPage: address / PAGE_BYTES,
  };
}

export class Contents {
  readonly #template: Buffer;
  readonly #seed: number;
  readonly #onWrong: (page: number) => void;

  constructor(random: Random, onWrong: (page: number) => void) {
    const words = new Uint32Array(TEMPLATE_BYTES / 4);
    for (let i = 0; i < words.length; i++) words[i] = random() * 2 ** 32;
    this.#template = Buffer.from(words.buffer);
    this.#seed = random() * 2 ** 32;
    this.#onWrong = onWrong;
  }

  /** Whole pages. */
  write(span: Span, from: number, bytes: number): void {
    for (let at = from; at < from + bytes;) {
      const page = span.firstPage + at / PAGE_BYTES;
      const start = (page % TEMPLATE_PAGES) * PAGE_BYTES;
      const length = Math.min(from + bytes - at, TEMPLATE_BYTES - start);
      span.bytes.set(this.#template.subarray(start, start + length), at);
      // Stamped while they are still in the cache.
      for (let i = 0; i < length / PAGE_BYTES; i++) {
        const word = at / 4 + i * PAGE_WORDS;
        const stamp = this.#stamp(page + i);
        span.words[word] = stamp;
        span.words[word + 1] = mixed(stamp);
      }
      at += length;
    }
  }

  /** Reads whole pages back. */
  check(span: Span, from: number, bytes: number): void {
    for (let at = from; at < from + bytes; at += PAGE_BYTES) {
      const page = span.firstPage + at / PAGE_BYTES;
      const stamp = this.#stamp(page);
      const word = at / 4;
      const start = (page % TEMPLATE_PAGES) * PAGE_BYTES;
      const isRight =
        span.words[word] === stamp &&
        span.words[word + 1] === mixed(stamp) &&
        this.#template.compare(
          span.bytes,
          at + 4 * STAMP_WORDS,
          at + PAGE_BYTES,
          start + 4 * STAMP_WORDS,
          start + PAGE_BYTES,
        ) === 0;
      if (!isRight) this.#onWrong(page);
    }
  }

  /** Of all bits of the page's number and of the seed. */
  #stamp(page: number): number {
    const low = Math.imul((page ^ this.#seed) | 0, 0x9e3779b1);
    return (low ^ Math.imul(Math.floor(page / 2 ** 32) + 1, 0x85ebca6b)) >>> 0;
  }
}

function mixed(stamp: number): number {
  return Math.imul(stamp ^ (stamp >>> 15), 0xc2b2ae35) >>> 0;
}
