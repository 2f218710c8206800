/** Which of n things is accessed next: the orders that patterns working-set and page-cache know. */
import type { Random } from '../../core/base/random.js';

/** Of `count` things; `seen` is what the last access read. */
export type Pick = (count: number, seen: number) => number;

export type Order = 'sequential' | 'random' | 'strided' | 'zipf' | 'chase';

export interface PickInput {
  readonly order: Order;
  readonly random: Random;
  /** strided: in things. */
  readonly stride: number;
  readonly skew: number;
  /** zipf: this many things beside each other are equally hot: one page. */
  readonly together: number;
}

export function pickerOf({ order, random, stride, skew, together }: PickInput): Pick {
  switch (order) {
    case 'sequential':
      return strided(1);
    case 'strided':
      return strided(stride);
    case 'random':
      return quick(random);
    case 'chase':
      return chased(random);
    case 'zipf':
      return zipf(random, skew, together);
  }
}

/** After each round it begins one further on, so that in the end everything is reached. */
function strided(stride: number): Pick {
  let at = -stride;
  let start = 0;
  return (count) => {
    at += stride;
    if (at >= count) {
      start = (start + 1) % Math.min(stride, count);
      at = start;
    }
    return at;
  };
}

/** A generator of a few instructions (xorshift128+ in 32-bit halves is more than this needs): period 2^32 − 1, seeded. */
function quick(random: Random): Pick {
  const next = xorshift(random);
  return (count) => Math.floor((next() / 2 ** 32) * count);
}

/** The place follows from what was read there last and from a counter, so that no short circle is run round for ever. */
function chased(random: Random): Pick {
  let counter = (random() * 2 ** 32) | 0;
  return (count, seen) => {
    counter = (counter + 0x9e3779b1) | 0;
    let h = seen ^ counter;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h ^= h >>> 13;
    return Math.floor(((h >>> 0) / 2 ** 32) * count);
  };
}

function xorshift(random: Random): () => number {
  let x = (random() * (2 ** 32 - 1) + 1) >>> 0;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
}

/**
 * Rank k with probability in proportion to 1 ÷ k^skew, by rejection-inversion (Hörmann and Derflinger, 1996): no table,
 * whatever the count. Ranks are scattered over the pages, so that the hot ones are no neighbours.
 */
function zipf(random: Random, skew: number, together: number): Pick {
  const next = xorshift(random);
  const uniform = (): number => next() / 2 ** 32;
  let made = { count: 0, rank: (): number => 0, scatter: (rank: number): number => rank };
  return (count) => {
    const pages = Math.max(1, Math.floor(count / together));
    if (made.count !== pages)
      made = { count: pages, rank: zipfRank(pages, skew, uniform), scatter: scatterOf(pages) };
    return made.scatter(made.rank()) * together + Math.floor(uniform() * Math.min(together, count));
  };
}

function zipfRank(count: number, skew: number, uniform: () => number): () => number {
  const isOne = Math.abs(skew - 1) < 1e-9;
  const integral = (x: number): number => (isOne ? Math.log(x) : (x ** (1 - skew) - 1) / (1 - skew));
  const inverse = (y: number): number => (isOne ? Math.exp(y) : (1 + y * (1 - skew)) ** (1 / (1 - skew)));
  const low = integral(1.5) - 1;
  const high = integral(count + 0.5);
  return () => {
    for (;;) {
      const y = low + uniform() * (high - low);
      const x = inverse(y);
      const rank = Math.min(count, Math.max(1, Math.round(x)));
      if (y >= integral(rank + 0.5) - rank ** -skew) return rank - 1;
    }
  };
}

/** A step that shares no factor with the count visits every place once. */
function scatterOf(count: number): (rank: number) => number {
  let step = Math.max(1, Math.floor(count * 0.6180339887));
  while (greatestCommonDivisor(step, count) !== 1) step++;
  return (rank) => (rank * step) % count;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
