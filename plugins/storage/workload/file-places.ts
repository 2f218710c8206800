/**
 * Where the next operation goes among many files: which file (`pick`), and where in it (`access`), each with its own
 * pattern. Walks keep a place for every file; what is drawn is drawn alike in all files of one size. Made by `session.ts`.
 */
import type { Random } from '../../../core/base/random.js';
import type { Access, AccessSpec } from '../access/index.js';
import { makeAccess, movesOf } from '../access/index.js';
import type { SkewCheck } from '../access/skew-check.js';
import type { Slots } from '../engines/engine.js';
import type { Layout } from '../layout/layout.js';
import type { OpenFiles } from '../layout/open-files.js';
import type { WorkloadOptions } from './options.js';
import { accessOf, alignOf, largestOf } from './options.js';
import type { PickOptions } from './pick.js';
import { makePick } from './pick.js';
import type { Places } from './places.js';

/** Drawers kept, one for each number of places that a file has; beyond that they are made anew. */
const DRAWERS_MAX = 4096;
const NONE = -1;

export interface FilePlacesInput {
  readonly slots: Slots;
  readonly options: WorkloadOptions & PickOptions;
  readonly layout: Layout;
  /** Of this instance. */
  readonly files: Uint32Array;
  readonly open: OpenFiles;
  readonly random: Random;
}

export class FilePlaces implements Places {
  readonly #input: FilePlacesInput;
  readonly #spec: AccessSpec | null;
  /** A hot stretch moves on in all files together. */
  readonly #moves: (() => number) | undefined;
  readonly #align: number;
  readonly #largest: number;
  readonly #stride: number | null;
  readonly #isWhole: boolean;
  readonly #next: () => number;
  /** Of the files that were picked. */
  readonly skew: SkewCheck | null;
  readonly #drawers = new Map<number, Access>();
  /** Of walks, by the place in `files`: where each goes on, and by strides in which lap. */
  readonly #at: Float64Array;
  readonly #laps: Float64Array;
  /** By slot. */
  readonly #fileOf: Int32Array;
  readonly #fds: Int32Array;
  readonly #codes: (string | null)[];
  /** The file that is gone through, where one is gone through before the next is picked. */
  #current = NONE;
  /** Files that were gone through. */
  #done = 0;

  constructor(input: FilePlacesInput) {
    const { options, layout, files, slots, random } = input;
    this.#input = input;
    this.#spec = accessOf(options);
    this.#moves = this.#spec?.kind === 'moving' ? movesOf(this.#spec) : undefined;
    this.#align = alignOf(options);
    this.#largest = largestOf(options);
    this.#stride = options.access === 'strided' ? options.stride : null;
    this.#isWhole = options.visit === 'pass';
    const { next, check } = makePick(options, layout, files, random);
    this.#next = next;
    this.skew = check;
    this.#at = new Float64Array(files.length);
    this.#laps = new Float64Array(files.length);
    const depth = slots.file.length;
    this.#fileOf = new Int32Array(depth).fill(NONE);
    this.#fds = new Int32Array(depth).fill(NONE);
    this.#codes = new Array<string | null>(depth).fill(null);
  }

  draw(slot: number, bytes: number): void {
    const { slots, layout, files } = this.#input;
    const which = this.#pick();
    const file = files[which] as number;
    const size = layout.bytes[file] as number;
    const [offset, length] = this.#isWhole
      ? this.#walkThrough(which, size, bytes)
      : [this.#spec === null ? this.#walk(which, size, bytes) : this.#drawn(this.#spec, size), bytes];
    slots.offset[slot] = offset;
    slots.bytes[slot] = length;
    this.#open(slot, file);
  }

  baseOf(slot: number): number {
    return this.#input.layout.starts[this.#fileOf[slot] as number] as number;
  }

  fdOf(slot: number): number {
    return this.#fds[slot] as number;
  }

  codeOf(slot: number): string | null {
    return this.#codes[slot] ?? null;
  }

  ended(slot: number): void {
    if (this.#codes[slot] === null) this.#input.open.done(this.#fileOf[slot] as number);
  }

  isThrough(passes = Infinity): boolean {
    return this.#done >= passes * this.#input.files.length;
  }

  /** Of the file that is gone through: there is always so much more to do, and whether there is more is asked again. */
  get bytesToEnd(): number {
    if (!this.#isWhole || this.#current === NONE) return this.#isWhole ? 1 : Infinity;
    const size = this.#input.layout.bytes[this.#input.files[this.#current] as number] as number;
    return size - (this.#at[this.#current] as number);
  }

  #pick(): number {
    if (!this.#isWhole) return this.#next();
    if (this.#current === NONE) this.#current = this.#next();
    return this.#current;
  }

  /** Block by block to its end, where the last one may be shorter; then another file. */
  #walkThrough(which: number, size: number, bytes: number): [offset: number, bytes: number] {
    const offset = this.#at[which] as number;
    const length = Math.min(bytes, size - offset);
    const isOver = offset + length >= size;
    this.#at[which] = isOver ? 0 : offset + length;
    if (isOver) {
      this.#done++;
      this.#current = NONE;
    }
    return [offset, length];
  }

  #walk(which: number, size: number, bytes: number): number {
    let at = this.#at[which] as number;
    if (at + bytes > size) {
      let lap = 0;
      if (this.#stride !== null) {
        lap = (this.#laps[which] as number) + this.#align;
        if (lap >= this.#stride || lap + bytes > size) lap = 0;
      }
      this.#laps[which] = at = lap;
    }
    this.#at[which] = at + (this.#stride ?? bytes);
    return at;
  }

  #drawn(spec: AccessSpec, size: number): number {
    const places = Math.max(1, Math.floor((size - this.#largest) / this.#align) + 1);
    let drawer = this.#drawers.get(places);
    if (drawer === undefined) {
      if (this.#drawers.size >= DRAWERS_MAX) this.#drawers.clear();
      drawer = makeAccess(spec, places, this.#input.random, this.#moves);
      this.#drawers.set(places, drawer);
    }
    return drawer.next() * this.#align;
  }

  /** A file that cannot be opened is told by the operation, which then fails. */
  #open(slot: number, file: number): void {
    const { slots, open } = this.#input;
    this.#fileOf[slot] = file;
    try {
      const { fd, attached } = open.use(file);
      slots.file[slot] = attached;
      this.#fds[slot] = fd;
      this.#codes[slot] = null;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === undefined) throw error;
      slots.file[slot] = NONE;
      this.#fds[slot] = NONE;
      this.#codes[slot] = code;
    }
  }
}
