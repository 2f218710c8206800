/**
 * Memory that really comes and really goes: resizable buffers, each reserving address space once. Growing one and
 * writing every page makes it resident; shrinking it gives the pages back to the kernel at once. Used by `index.ts`.
 */
import type { Random } from '../../core/base/random.js';

export const PAGE_BYTES = 4096;
const SLAB_BYTES = 2 ** 30;
const TEMPLATE_BYTES = 2 ** 20;
/** Golden-ratio step: stamps of neighbouring pages share no pattern. */
const STAMP_STEP = 0x9e3779b1;

export class Slabs {
  readonly #slabs: ArrayBuffer[] = [];
  /** Random words, so that no page can be compressed away; each page gets a stamp as well, so that no two are alike. */
  readonly #template: Uint8Array;
  #stamp = 1;
  #heldBytes = 0;

  constructor(random: Random) {
    const words = new Uint32Array(TEMPLATE_BYTES / 4);
    for (let i = 0; i < words.length; i++) words[i] = random() * 2 ** 32;
    this.#template = new Uint8Array(words.buffer);
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** How much the next `grow` may take at most. */
  get room(): number {
    const last = this.#slabs[this.#slabs.length - 1];
    const left = last === undefined ? 0 : SLAB_BYTES - last.byteLength;
    return left === 0 ? SLAB_BYTES : left;
  }

  /** Makes so many bytes (whole pages, at most `room`) resident. Throws RangeError when the system has no more. */
  grow(bytes: number): void {
    const slab = this.#open();
    const from = slab.byteLength;
    slab.resize(from + bytes);
    this.#heldBytes += bytes;
    const target = new Uint8Array(slab, from, bytes);
    const words = new Uint32Array(slab, from, bytes / 4);
    for (let at = 0; at < bytes; at += TEMPLATE_BYTES) {
      const end = Math.min(bytes, at + TEMPLATE_BYTES);
      target.set(this.#template.subarray(0, end - at), at);
      // Stamped while they are still in the cache.
      for (let page = at; page < end; page += PAGE_BYTES) {
        this.#stamp = (this.#stamp + STAMP_STEP) >>> 0;
        words[page / 4] = this.#stamp;
      }
    }
  }

  /** Gives back at most so many bytes, the newest first; says how many it was. */
  shrink(bytes: number): number {
    const last = this.#slabs[this.#slabs.length - 1];
    if (last === undefined) return 0;
    const given = Math.min(bytes, last.byteLength);
    last.resize(last.byteLength - given);
    if (last.byteLength === 0) this.#slabs.pop();
    this.#heldBytes -= given;
    return given;
  }

  #open(): ArrayBuffer {
    const last = this.#slabs[this.#slabs.length - 1];
    if (last !== undefined && last.byteLength < SLAB_BYTES) return last;
    const slab = new ArrayBuffer(0, { maxByteLength: SLAB_BYTES });
    this.#slabs.push(slab);
    return slab;
  }
}
