/**
 * Which of n blocks is next, for accesses that draw: each distribution draws a rank (0 is the most wanted) and knows
 * its own exact share below any rank, against which what was drawn is tested. Whether the wanted blocks lie at the start
 * of the target or anywhere is the matter of `permutation.ts`. Made by `index.ts`.
 */
import type { Random } from '../../../core/base/random.js';
import { erfc } from './erfc.js';

export interface Ranks {
  /** A rank, 0 ≤ rank < n. */
  readonly next: () => number;
  /** The share of draws with a rank below k, 0 ≤ k ≤ n: what the formula says. */
  readonly below: (k: number) => number;
}

/** A draw from all doubles in [0, 1), where 2^32 steps are too coarse for so many blocks. */
function fine(random: Random): number {
  return random() + random() * 2 ** -32;
}

/** All alike. */
export function uniform(n: number, random: Random): Ranks {
  const draw = n > 2 ** 22 ? () => fine(random) : random;
  return {
    next: () => Math.floor(draw() * n),
    below: (k) => k / n,
  };
}

/**
 * Zipf: rank r is drawn in proportion to (r + 1)^-theta, theta > 0, by rejection-inversion (Hörmann and Derflinger,
 * 1996): exact for any n without a table, about 1.1 tries a draw.
 */
export function zipf(n: number, theta: number, random: Random): Ranks {
  const q = 1 - theta;
  // Integral of x^-theta, and its inverse; expm1 and log1p keep both exact near theta = 1.
  const integral = (x: number): number => {
    const log = Math.log(x);
    return log * relativeExp(q * log);
  };
  const inverse = (y: number): number => {
    const t = Math.max(-1, y * q);
    return Math.exp(y * relativeLog(t));
  };
  const weight = (x: number): number => Math.exp(-theta * Math.log(x));
  const from = integral(1.5) - 1;
  const to = integral(n + 0.5);
  const sure = 2 - inverse(integral(2.5) - weight(2));
  const next = (): number => {
    for (;;) {
      const u = to + fine(random) * (from - to);
      const x = inverse(u);
      const k = Math.min(n, Math.max(1, Math.floor(x + 0.5)));
      if (k - x <= sure || u >= integral(k + 0.5) - weight(k)) return k - 1;
    }
  };
  const total = harmonic(n, theta);
  return { next, below: (k) => harmonic(k, theta) / total };
}

/**
 * Pareto (self-similar; Gray et al., 1994): the first share h of the ranks gets 1 - h of the draws, and so again within
 * each part. 0 < h < 0.5; 0.2 is "80 to 20".
 */
export function pareto(n: number, h: number, random: Random): Ranks {
  const power = Math.log(h) / Math.log(1 - h);
  return {
    next: () => Math.min(n - 1, Math.floor(n * fine(random) ** power)),
    below: (k) => (k / n) ** (1 / power),
  };
}

/** Normal around a centre, both as shares of the range; what falls outside is drawn again. Rank is position here. */
export function normal(n: number, centre: number, deviation: number, random: Random): Ranks {
  const share = (x: number): number => 0.5 * erfc((centre - x) / (deviation * Math.SQRT2));
  const low = share(0);
  const inside = share(1) - low;
  const next = (): number => {
    for (;;) {
      // Box and Muller (1958); the second value is not kept, so that a draw depends on nothing before it.
      const radius = Math.sqrt(-2 * Math.log(1 - random()));
      const x = centre + deviation * radius * Math.cos(2 * Math.PI * random());
      if (x >= 0 && x < 1) return Math.min(n - 1, Math.floor(x * n));
    }
  };
  return { next, below: (k) => (share(k / n) - low) / inside };
}

export interface Zone {
  /** Share of the accesses that go here. */
  readonly access: number;
  /** Share of the blocks that lie here. */
  readonly size: number;
}

/** One zone after the other from the start; within a zone all blocks alike. Shares add up to 1. */
export function zoned(n: number, zones: readonly Zone[], random: Random): Ranks {
  const edges = [{ at: 0, share: 0 }];
  for (const { access, size } of zones) {
    const last = edges[edges.length - 1] ?? { at: 0, share: 0 };
    edges.push({ at: last.at + size * n, share: last.share + access });
  }
  const whole = edges[edges.length - 1];
  if (whole !== undefined) Object.assign(whole, { at: n, share: 1 }); // sums of shares are not exact
  // A zone's blocks are those from the rounded edge to the next, so that `below` is exact at each block.
  for (const edge of edges) edge.at = Math.round(edge.at);
  const next = (): number => {
    const u = random();
    let i = 1;
    while (i < edges.length - 1 && u >= (edges[i]?.share ?? 1)) i++;
    const [low, high] = [edges[i - 1] ?? { at: 0, share: 0 }, edges[i] ?? { at: n, share: 1 }];
    return Math.min(n - 1, low.at + Math.floor(fine(random) * Math.max(1, high.at - low.at)));
  };
  const below = (k: number): number => {
    if (k >= n) return 1;
    let i = 1;
    while (i < edges.length - 1 && k > (edges[i]?.at ?? n)) i++;
    const [low, high] = [edges[i - 1] ?? { at: 0, share: 0 }, edges[i] ?? { at: n, share: 1 }];
    return low.share + ((k - low.at) / Math.max(1, high.at - low.at)) * (high.share - low.share);
  };
  return { next, below };
}

/** (exp(x) - 1) / x, also near 0. */
function relativeExp(x: number): number {
  return Math.abs(x) > 1e-8 ? Math.expm1(x) / x : 1 + x / 2;
}

/** log(1 + x) / x, also near 0. */
function relativeLog(x: number): number {
  return Math.abs(x) > 1e-8 ? Math.log1p(x) / x : 1 - x / 2;
}

/** Summed to here, then by Euler and Maclaurin: exact to some 1e-12. */
const SUMMED = 1024;

/** Sum of r^-theta for r = 1 to k. */
function harmonic(k: number, theta: number): number {
  let sum = 0;
  for (let r = 1; r <= Math.min(k, SUMMED); r++) sum += r ** -theta;
  if (k <= SUMMED) return sum;
  const q = 1 - theta;
  const span = Math.log(k / SUMMED);
  const integral = SUMMED ** q * span * relativeExp(q * span);
  const slope = (x: number): number => -theta * x ** (-theta - 1);
  return sum + integral + (k ** -theta - SUMMED ** -theta) / 2 + (slope(k) - slope(SUMMED)) / 12;
}
