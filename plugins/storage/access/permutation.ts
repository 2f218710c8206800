/**
 * Spreads what is hot over the whole target: a bijection of 0 … n-1 that looks random, without a table. Every rank
 * has one block and every block one rank, so that a skew stays exactly what it was. Used by `index.ts`.
 */
import type { Random } from '../../../core/base/random.js';

const ROUNDS = 4;

/** A Feistel network over the next even power of two, walked until it is back inside (Black and Rogaway, 2002). */
export function permutation(n: number, random: Random): (rank: number) => number {
  const halfBits = Math.max(1, Math.ceil(Math.log2(Math.max(2, n)) / 2));
  const half = 2 ** halfBits;
  const mask = half - 1;
  const keys = Array.from({ length: ROUNDS }, () => Math.floor(random() * 2 ** 32));
  const mix = (value: number): number => {
    let high = Math.floor(value / half);
    let low = value % half;
    for (const key of keys) {
      let h = Math.imul(low ^ key, 0x9e3779b1);
      h = Math.imul(h ^ (h >>> 15), 0x85ebca6b);
      h = (h ^ (h >>> 13)) & mask;
      [high, low] = [low, (high ^ h) >>> 0];
    }
    return high * half + low;
  };
  return (rank) => {
    let at = mix(rank);
    while (at >= n) at = mix(at);
    return at;
  };
}
