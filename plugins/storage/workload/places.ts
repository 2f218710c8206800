/**
 * Where the next operation goes: into the one file or device that is open, or into one of many. Filled into the slot by
 * `draw`; the workload (`work.ts`) knows no more of it. `file-places.ts` is the other implementation.
 */
import type { SkewCheck } from '../access/skew-check.js';
import type { Slots } from '../engines/engine.js';
import type { Choices } from './choices.js';

export interface Places {
  /** Says file, offset and bytes of the slot: at most so many, fewer at the end of a file. */
  draw(slot: number, bytes: number): void;
  /** From the slot's offset to its place in all that is worked on, which verification knows. */
  baseOf(slot: number): number;
  /** The descriptor that the slot works on; -1 where it could not be opened. */
  fdOf(slot: number): number;
  /** Why its file could not be opened: then the operation fails with this. */
  codeOf(slot: number): string | null;
  /** The slot has ended. */
  ended(slot: number): void;
  /** All has been gone through so many times. */
  isThrough(passes?: number): boolean;
  /** Whether what was drawn follows its formula; null where nothing is. */
  readonly skew: SkewCheck | null;
  /** Until it begins anew; no end where places are drawn. */
  readonly bytesToEnd: number;
}

/** All in one open file or device. */
export class OnePlace implements Places {
  readonly #slots: Slots;
  readonly #choices: Choices;
  readonly #file: number;
  readonly #fd: number;

  constructor(slots: Slots, choices: Choices, opened: { readonly file: number; readonly fd: number }) {
    this.#slots = slots;
    this.#choices = choices;
    this.#file = opened.file;
    this.#fd = opened.fd;
  }

  draw(slot: number, bytes: number): void {
    const slots = this.#slots;
    slots.file[slot] = this.#file;
    slots.offset[slot] = this.#choices.place(bytes);
    slots.bytes[slot] = bytes;
  }

  baseOf(): number {
    return 0;
  }

  fdOf(): number {
    return this.#fd;
  }

  codeOf(): null {
    return null;
  }

  ended(): void {
    // It stays open.
  }

  isThrough(passes?: number): boolean {
    return this.#choices.isThrough(passes);
  }

  get skew(): SkewCheck | null {
    return this.#choices.skew;
  }

  get bytesToEnd(): number {
    return this.#choices.bytesToEnd;
  }
}
