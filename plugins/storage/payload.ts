/**
 * What is written: bytes from a seed, as hard to compress and as often the same as asked, made at the speed of a copy.
 * One maker belongs to one instance; it fills the engine's buffers. Called by workloads before each write.
 */
import type { Random } from '../../core/base/random.js';

export interface PayloadSpec {
  /** Share of each block that compresses away, 0 (random bytes) to 1. */
  readonly compressible: number;
  /** Share of the blocks that are equal to one of `DUPLICATES` others. */
  readonly duplicate: number;
}

/** Random bytes that blocks are cut from, at any multiple of 8: half a million different beginnings. */
const POOL_BYTES = 4 * 2 ** 20;
/** The longest run that one copy takes from the pool. */
const CUT_BYTES = 2 ** 20;
/** Compression is asked for within each of these, so that it holds for every block size. */
const GRAIN_BYTES = 512;
/** Different blocks that duplicates are copies of. */
const DUPLICATES = 64;
/** What compresses away is a repeated word, never zeros: those are often not stored at all. */
const FILLER = 0xa5;

export class Payload {
  readonly #random: Random;
  readonly #spec: PayloadSpec;
  readonly #pool: Uint8Array;
  /** In each block, so that no two are alike though they come from one pool. */
  #serial = 0;

  constructor(spec: PayloadSpec, random: Random) {
    this.#random = random;
    this.#spec = spec;
    const words = new Uint32Array((POOL_BYTES + CUT_BYTES) / 4);
    for (let i = 0; i < words.length; i++) words[i] = random() * 2 ** 32;
    this.#pool = new Uint8Array(words.buffer);
    const filled = Math.round(GRAIN_BYTES * spec.compressible);
    if (filled > 0) {
      for (let at = 0; at < this.#pool.length; at += GRAIN_BYTES) {
        this.#pool.fill(FILLER, at + GRAIN_BYTES - filled, at + GRAIN_BYTES);
      }
    }
  }

  /** One block's worth: `bytes` from `at` of the buffer (both multiples of 8). */
  fill(buffer: Uint8Array, at: number, bytes: number): void {
    const isDuplicate = this.#spec.duplicate > 0 && this.#random() < this.#spec.duplicate;
    // Duplicates begin at one of few places; all else anywhere. With filler, grains must stay whole.
    const step = this.#spec.compressible > 0 ? GRAIN_BYTES : 8;
    const place = isDuplicate
      ? Math.floor(this.#random() * DUPLICATES) * GRAIN_BYTES * 16
      : Math.floor(this.#random() * (POOL_BYTES / step)) * step;
    for (let done = 0; done < bytes; done += CUT_BYTES) {
      const length = Math.min(CUT_BYTES, bytes - done);
      buffer.set(this.#pool.subarray(place, place + length), at + done);
    }
    if (!isDuplicate && this.#spec.compressible < 1) this.#mark(buffer, at, bytes);
  }

  /**
   * What a file of this number has from a place of it on: the same each time and however it is cut up, so that it can be
   * held against what is read. That two places or two files have the same is a chance of one in 2^32 for each grain, and sure
   * only where all of it is to compress away.
   */
  fillAs(number: number, from: number, buffer: Uint8Array, at: number, bytes: number): void {
    for (let done = 0; done < bytes;) {
      const within = (from + done) % CUT_BYTES;
      const cut = Math.floor((from + done) / CUT_BYTES);
      const place = (scatter(number, cut) % (POOL_BYTES / GRAIN_BYTES)) * GRAIN_BYTES + within;
      const length = Math.min(CUT_BYTES - within, bytes - done);
      buffer.set(this.#pool.subarray(place, place + length), at + done);
      done += length;
    }
    if (this.#spec.compressible === 1) return;
    for (let grain = Math.floor(from / GRAIN_BYTES); grain * GRAIN_BYTES < from + bytes; grain++) {
      const mark = scatter(~number, grain);
      for (let byte = 0; byte < 4; byte++) {
        const place = grain * GRAIN_BYTES + byte - from;
        if (place >= 0 && place < bytes) buffer[at + place] = mark >>> (8 * byte);
      }
    }
  }

  /** A serial number in every grain of the pool's random part. */
  #mark(buffer: Uint8Array, at: number, bytes: number): void {
    // Odd multiples of an odd number never meet again, and look like chance.
    const serial = Math.imul(++this.#serial, 0x9e3779b1);
    for (let grain = at; grain < at + bytes; grain += GRAIN_BYTES) {
      buffer[grain] = serial;
      buffer[grain + 1] = serial >>> 8;
      buffer[grain + 2] = serial >>> 16;
      buffer[grain + 3] = serial >>> 24;
    }
  }
}

function scatter(a: number, b: number): number {
  const h = Math.imul(a ^ Math.imul(b + 1, 0x85ebca77), 0x9e3779b1);
  return (h ^ (h >>> 15)) >>> 0;
}
