/**
 * What each operation is: its kind, its size and its place. Kinds and sizes come out of shuffled bags, so that the mix is
 * kept within a thousandth and not only on average. Chance is the instance's own. Called by `work.ts`.
 */
import type { Random } from '../../../core/base/random.js';
import { makeAccess } from '../access/index.js';
import type { SkewCheck } from '../access/skew-check.js';
import { watched } from '../access/skew-check.js';
import type { OpKind, WorkloadOptions } from './options.js';
import { accessOf, alignOf, largestOf, mixOf, sizesOf } from './options.js';

/** Entries of a bag at most: finer shares than 0.1 % are rounded. */
const BAG_MAX = 1000;

/** Draws from values by share: each bag holds them in exactly their shares, in another order. */
export function bagOf<T>(
  values: readonly { readonly value: T; readonly share: number }[],
  random: Random,
): () => T {
  const filled = values.filter(({ share }) => share > 0);
  const [only] = filled;
  if (filled.length === 1 && only !== undefined) return () => only.value;
  const entries = bagSize(filled.map(({ share }) => share));
  const bag = new Array<T>();
  let sum = 0;
  for (const { value, share } of filled) {
    sum += share;
    while (bag.length < Math.round(sum * entries)) bag.push(value);
  }
  let at = bag.length;
  return () => {
    if (at === bag.length) {
      shuffle(bag, random);
      at = 0;
    }
    return bag[at++] as T;
  };
}

/** The smallest bag that holds the shares exactly: the sooner each is empty, the closer the mix is kept. */
function bagSize(shares: readonly number[]): number {
  const isWhole = (amount: number): boolean => Math.abs(amount - Math.round(amount)) < 1e-6;
  for (let size = shares.length; size < BAG_MAX; size++) {
    if (shares.every((share) => isWhole(share * size))) return size;
  }
  return BAG_MAX;
}

/** Fisher and Yates. */
function shuffle(list: unknown[], random: Random): void {
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [list[i], list[j]] = [list[j], list[i]];
  }
}

export interface Region {
  /** In the target. */
  readonly from: number;
  readonly bytes: number;
}

/**
 * Which part of a target an instance works on. Partitions are whole places; what is left over at the end is nobody's.
 * Null: then a partition holds no block.
 */
export function regionOf(
  options: WorkloadOptions,
  { from = 0, bytes }: { readonly from?: number; readonly bytes: number },
  { index, count }: { readonly index: number; readonly count: number },
): Region | null {
  if (options.distribution !== 'partitioned') return { from, bytes };
  const align = alignOf(options);
  const each = Math.floor(bytes / count / align) * align;
  return each < largestOf(options) ? null : { from: from + each * index, bytes: each };
}

export class Choices {
  readonly kind: () => OpKind;
  readonly size: () => number;
  /** Draws the next place; null where places are walked through. */
  readonly #draw: (() => number) | null;
  /** Of what was drawn. */
  readonly skew: SkewCheck | null;
  /** Places that a drawn operation may begin at. */
  readonly places: number;
  readonly #align: number;
  readonly #region: Region;
  readonly #stride: number | null;
  readonly #smallest: number;
  #passes = 0;
  #at = 0;
  #lap = 0;

  constructor(options: WorkloadOptions, region: Region, random: Random) {
    const mix = mixOf(options);
    const kinds = (Object.keys(mix) as OpKind[]).map((value) => ({ value, share: mix[value] }));
    const sizes = sizesOf(options);
    // One size is drawn for all kinds.
    this.kind = bagOf(kinds, random);
    this.size = bagOf(
      sizes.map(({ bytes, share }) => ({ value: bytes, share })),
      random,
    );
    this.#region = region;
    this.#smallest = Math.min(...sizes.map(({ bytes }) => bytes));
    this.#align = alignOf(options);
    this.places = Math.max(1, Math.floor((region.bytes - largestOf(options)) / this.#align) + 1);
    const spec = accessOf(options);
    const drawn = spec === null ? null : watched(makeAccess(spec, this.places, random), this.places);
    this.#draw = drawn?.next ?? null;
    this.skew = drawn?.check ?? null;
    this.#stride = options.access === 'strided' ? options.stride : null;
  }

  /** Where an operation of so many bytes begins. */
  place(bytes: number): number {
    if (this.#draw !== null) return this.#region.from + this.#draw() * this.#align;
    if (this.#at + bytes > this.#region.bytes) this.#wrap();
    const at = this.#at;
    this.#at += this.#stride ?? bytes;
    return this.#region.from + at;
  }

  /** A walk has been through the whole region so many times: no operation fits before its end any more. */
  isThrough(passes = Infinity): boolean {
    return this.#passes + (this.#at + this.#smallest > this.#region.bytes ? 1 : 0) >= passes;
  }

  /** Of a walk, until it begins anew; no end where places are drawn. */
  get bytesToEnd(): number {
    return this.#draw === null ? this.#region.bytes - this.#at : Infinity;
  }

  /** Begins anew; by strides one place further, until every place has been gone to. */
  #wrap(): void {
    if (this.#stride === null) {
      this.#at = 0;
      this.#passes++;
      return;
    }
    this.#lap += this.#align;
    if (this.#lap >= this.#stride) {
      this.#lap = 0;
      this.#passes++;
    }
    this.#at = this.#lap;
  }
}
