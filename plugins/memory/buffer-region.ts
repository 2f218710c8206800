/**
 * Memory by the engine's own means, where the kernel's interface is not to be had: resizable buffers, each reserving
 * address space once. Growing one and writing every page makes it resident; shrinking it gives the pages back at once.
 */
import { messageOf } from '../../core/base/errors.js';
import type { Contents, Span } from './contents.js';
import { PAGE_BYTES } from './contents.js';
import type { Region } from './holding.js';

const SPAN_BYTES = 2 ** 30;

interface BufferSpan extends Span {
  readonly buffer: ArrayBuffer;
}

export class BufferRegion implements Region {
  readonly means = 'buffers of the engine' as const;
  readonly isVerified = true;
  readonly grainBytes = PAGE_BYTES;
  readonly spanBytes: number;
  readonly spans: BufferSpan[] = [];
  refusal: string | null = null;
  readonly #contents: Contents;
  #heldBytes = 0;

  /** @param spanBytes whole pages: what `renew` is called with, since only a whole buffer can be given back. */
  constructor(contents: Contents, spanBytes: number = SPAN_BYTES) {
    this.#contents = contents;
    this.spanBytes = spanBytes;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  get roomBytes(): number {
    const last = this.spans.at(-1);
    const left = last === undefined ? 0 : this.spanBytes - last.buffer.byteLength;
    return left === 0 ? this.spanBytes : left;
  }

  grow(bytes: number): void {
    this.refusal = null;
    try {
      const span = this.#open();
      const from = span.buffer.byteLength;
      span.buffer.resize(from + bytes);
      this.#heldBytes += bytes;
      this.#contents.write(span, from, bytes);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.refusal = `the engine refused memory (${messageOf(error)})`;
    }
  }

  shrink(bytes: number, isChecked = true): void {
    const last = this.spans.at(-1);
    if (last === undefined) return;
    const given = Math.min(bytes, last.buffer.byteLength);
    const left = last.buffer.byteLength - given;
    if (isChecked) this.#contents.check(last, left, given);
    last.buffer.resize(left);
    if (left === 0) this.spans.pop();
    this.#heldBytes -= given;
  }

  renew(offset: number, bytes: number): void {
    const { span, at } = this.#locate(offset);
    this.#contents.check(span, at, bytes);
    if (at === 0 && bytes === span.buffer.byteLength) {
      span.buffer.resize(0);
      span.buffer.resize(bytes);
    }
    this.#contents.write(span, at, bytes);
  }

  punch(): boolean {
    return false;
  }

  advise(): null {
    return null;
  }

  write(offset: number, bytes: number): void {
    const { span, at } = this.#locate(offset);
    this.#contents.write(span, at, bytes);
  }

  check(offset: number, bytes: number): void {
    const { span, at } = this.#locate(offset);
    this.#contents.check(span, at, bytes);
  }

  dispose(): void {
    for (const { buffer } of this.spans.splice(0)) buffer.resize(0);
    this.#heldBytes = 0;
  }

  #locate(offset: number): { readonly span: BufferSpan; readonly at: number } {
    const span = this.spans[Math.floor(offset / this.spanBytes)];
    if (span === undefined) throw new RangeError(`nothing is held at ${offset}`);
    return { span, at: offset % this.spanBytes };
  }

  #open(): BufferSpan {
    const last = this.spans.at(-1);
    if (last !== undefined && last.buffer.byteLength < this.spanBytes) return last;
    const buffer = new ArrayBuffer(0, { maxByteLength: this.spanBytes });
    // Where the engine put it is not told: spans are numbered, which tells them apart as well.
    const firstPage = (this.spans.length * this.spanBytes) / PAGE_BYTES;
    const span = { buffer, bytes: new Uint8Array(buffer), words: new Uint32Array(buffer), firstPage };
    this.spans.push(span);
    return span;
  }
}
