/**
 * Memory straight from the kernel: address space is reserved in spans, made resident by populating it, given back by
 * madvise while the address space stays. Huge pages, where they are wanted, are had where it grows by 2 MiB and more; a
 * piece of one is never given back, since the kernel would keep the whole of it: the rest is taken anew in small pages.
 */
import { getSystemErrorName } from 'node:util';
import type { Mapper, Mapping } from '../../core/linux/mapping.js';
import {
  MADV_DONTNEED,
  MADV_HUGEPAGE,
  MADV_NOHUGEPAGE,
  MADV_POPULATE_WRITE,
  MADV_REMOVE,
  MAP_ANONYMOUS,
  MAP_NORESERVE,
  MAP_PRIVATE,
  MAP_SHARED,
} from '../../core/linux/mapping.js';
import { readText } from '../../core/linux/procfs.js';
import type { Contents, Span } from './contents.js';
import { PAGE_BYTES } from './contents.js';
import type { Region } from './holding.js';

const HUGE_BYTES = 2 ** 21;
/** Taken at a time in small pages: what has been claimed when a limit is crossed is still taken. */
const SMALL_PIECE_BYTES = 2 ** 20;
/**
 * Of small pages, made resident in one call: a process that is to stand still does so after it, and its other threads
 * cannot map or unmap anything meanwhile, though a busy machine may keep the calling one waiting in the middle of it.
 */
const SMALL_CALL_BYTES = 2 ** 19;
const SPAN_BYTES_MAX = 2 ** 30;
/** What kernels before 5.14 say to populating: the pages come when they are written. */
const EINVAL = 22;

export interface KernelRegionInput {
  readonly mapper: Mapper;
  readonly contents: Contents;
  /** How much it will hold at most, as far as known. */
  readonly expectedBytes: number;
  readonly wantsHuge: boolean;
  /** Held in RAM by mlock. */
  readonly isLocked?: boolean;
  /** Mapped shared, of no file: counts as shared memory. */
  readonly isShared?: boolean;
}

interface KernelSpan extends Span {
  readonly mapping: Mapping;
  /** Where the span begins in the mapping: at a whole huge page. */
  readonly start: number;
  heldBytes: number;
  /** Of each 2 MiB: 1 when it was had as a huge page. */
  readonly huge: Uint8Array;
}

export class KernelRegion implements Region {
  readonly spanBytes: number;
  readonly grainBytes: number;
  readonly pieceBytes: number;
  readonly means;
  readonly isVerified = true;
  readonly spans: KernelSpan[] = [];
  refusal: string | null = null;
  readonly #input: KernelRegionInput;
  readonly #hasHuge: boolean;
  #heldBytes = 0;

  constructor(input: KernelRegionInput) {
    this.#input = input;
    this.grainBytes = input.mapper.pageBytes;
    const whole = Math.ceil(input.expectedBytes / HUGE_BYTES) * HUGE_BYTES;
    this.spanBytes = Math.min(SPAN_BYTES_MAX, Math.max(HUGE_BYTES, whole));
    this.#hasHuge = input.wantsHuge && input.isShared !== true && offersHugePages();
    this.pieceBytes = this.#hasHuge ? HUGE_BYTES : SMALL_PIECE_BYTES;
    this.means = this.#hasHuge ? ('huge pages' as const) : ('pages of the kernel' as const);
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  get roomBytes(): number {
    const last = this.spans.at(-1);
    if (last === undefined || last.heldBytes === this.spanBytes) return this.spanBytes;
    const begun = last.heldBytes % HUGE_BYTES;
    // What was begun in small pages is ended in them: from there on pieces are of whole huge ones.
    return this.#hasHuge && begun > 0 ? HUGE_BYTES - begun : this.spanBytes - last.heldBytes;
  }

  grow(bytes: number): void {
    this.refusal = null;
    const span = this.#open();
    if (span === null) return;
    for (let left = bytes; left > 0;) {
      const from = span.heldBytes;
      const toBoundary = HUGE_BYTES - (from % HUGE_BYTES);
      const isHuge = this.#hasHuge && toBoundary === HUGE_BYTES && left >= HUGE_BYTES;
      const length = isHuge ? left - (left % HUGE_BYTES) : this.#hasHuge ? Math.min(left, toBoundary) : left;
      if (!this.#take(span, from, length, isHuge)) return;
      left -= length;
    }
  }

  shrink(bytes: number, isChecked = true): void {
    const span = this.spans.at(-1);
    if (span === undefined) return;
    let left = Math.min(bytes, span.heldBytes);
    while (left > 0) {
      const block = Math.floor((span.heldBytes - 1) / HUGE_BYTES);
      const blockFrom = block * HUGE_BYTES;
      const length = Math.min(left, span.heldBytes - blockFrom);
      if (span.huge[block] === 1 && length < HUGE_BYTES) {
        this.#give(span, blockFrom, HUGE_BYTES, isChecked);
        this.#take(span, blockFrom, HUGE_BYTES - length, false);
      } else this.#give(span, span.heldBytes - length, length, isChecked);
      left -= length;
    }
    if (span.heldBytes === 0) this.#close();
  }

  renew(offset: number, bytes: number): void {
    const { span, at } = this.#locate(offset);
    this.#input.contents.check(span, at, bytes);
    this.#release(span, at, bytes);
    this.#populate(span, at, bytes);
    this.#input.contents.write(span, at, bytes);
    if (this.#input.isLocked === true) span.mapping.lock(span.start + at, bytes);
  }

  punch(offset: number, bytes: number): boolean {
    const { span, at } = this.#locate(offset);
    this.#release(span, at, bytes);
    return true;
  }

  advise(offset: number, bytes: number, advice: number): number {
    const { span, at } = this.#locate(offset);
    return span.mapping.advise(span.start + at, bytes, advice);
  }

  write(offset: number, bytes: number): void {
    const { span, at } = this.#locate(offset);
    this.#input.contents.write(span, at, bytes);
  }

  check(offset: number, bytes: number): void {
    const { span, at } = this.#locate(offset);
    this.#input.contents.check(span, at, bytes);
  }

  dispose(): void {
    for (const { mapping } of this.spans.splice(0)) mapping.unmap();
    this.#heldBytes = 0;
  }

  #locate(offset: number): { readonly span: KernelSpan; readonly at: number } {
    const span = this.spans[Math.floor(offset / this.spanBytes)];
    if (span === undefined) throw new RangeError(`nothing is held at ${offset}`);
    return { span, at: offset % this.spanBytes };
  }

  #take(span: KernelSpan, from: number, bytes: number, isHuge: boolean): boolean {
    if (this.#hasHuge)
      span.mapping.advise(span.start + from, bytes, isHuge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
    const callBytes = isHuge ? HUGE_BYTES : SMALL_CALL_BYTES;
    for (let at = from; at < from + bytes; at += callBytes) {
      const length = Math.min(callBytes, from + bytes - at);
      const errno = this.#populate(span, at, length);
      if (errno !== 0)
        return this.#refuse(span, from, bytes, `the kernel refused memory (${getSystemErrorName(-errno)})`);
      this.#input.contents.write(span, at, length);
    }
    if (this.#input.isLocked === true) {
      const locked = span.mapping.lock(span.start + from, bytes);
      if (locked !== 0)
        return this.#refuse(span, from, bytes, `mlock was refused (${getSystemErrorName(-locked)})`);
    }
    span.huge.fill(isHuge ? 1 : 0, Math.floor(from / HUGE_BYTES), Math.ceil((from + bytes) / HUGE_BYTES));
    span.heldBytes = from + bytes;
    this.#heldBytes += bytes;
    return true;
  }

  #refuse(span: KernelSpan, from: number, bytes: number, reason: string): false {
    this.#release(span, from, bytes);
    this.refusal = reason;
    return false;
  }

  #give(span: KernelSpan, from: number, bytes: number, isChecked: boolean): void {
    if (isChecked) this.#input.contents.check(span, from, bytes);
    this.#release(span, from, bytes);
    span.heldBytes = from;
    this.#heldBytes -= bytes;
  }

  /** What is mapped shared would live on without its pages: there it is the memory behind them that must go. */
  #release(span: KernelSpan, from: number, bytes: number): void {
    const { isShared = false, isLocked = false } = this.#input;
    if (isLocked) span.mapping.unlock(span.start + from, bytes);
    span.mapping.advise(span.start + from, bytes, isShared ? MADV_REMOVE : MADV_DONTNEED);
  }

  #populate(span: KernelSpan, from: number, bytes: number): number {
    const errno = span.mapping.advise(span.start + from, bytes, MADV_POPULATE_WRITE);
    return errno === EINVAL ? 0 : errno;
  }

  #open(): KernelSpan | null {
    const last = this.spans.at(-1);
    if (last !== undefined && last.heldBytes < this.spanBytes) return last;
    const { mapper, isShared = false } = this.#input;
    const flags = isShared ? MAP_SHARED : MAP_PRIVATE;
    const mapping = mapper.map(this.spanBytes + HUGE_BYTES, flags | MAP_ANONYMOUS | MAP_NORESERVE);
    if (typeof mapping === 'number') {
      this.refusal = `the kernel refused address space (${getSystemErrorName(-mapping)})`;
      return null;
    }
    // Small pages unless said otherwise, whatever the system's default: what is given back in pieces must be small.
    mapping.advise(0, mapping.bytes, MADV_NOHUGEPAGE);
    const start = (HUGE_BYTES - (mapping.address % HUGE_BYTES)) % HUGE_BYTES;
    const buffer = mapping.buffer;
    const span: KernelSpan = {
      bytes: new Uint8Array(buffer, start, this.spanBytes),
      words: new Uint32Array(buffer, start, this.spanBytes / 4),
      firstPage: (mapping.address + start) / PAGE_BYTES,
      mapping,
      start,
      heldBytes: 0,
      huge: new Uint8Array(this.spanBytes / HUGE_BYTES),
    };
    this.spans.push(span);
    return span;
  }

  #close(): void {
    this.spans.pop()?.mapping.unmap();
  }
}

/** Transparent huge pages, by advice at least. */
function offersHugePages(): boolean {
  return /\[(always|madvise)\]/.test(readText('/sys/kernel/mm/transparent_hugepage/enabled') ?? '');
}
