/**
 * Whether what was drawn follows the formula it was to be drawn from: ranks are counted by eighth of an octave, and
 * compared by chi-square with what the formula expects of each. Each instance asks it of its first draws
 * (`workload/choices.ts`, `workload/file-places.ts`), and the run's trust is told.
 */
import { erfc } from './erfc.js';
import type { Access } from './index.js';

/** Parts of an octave. */
const PARTS = 8;
/** Fewer expected hits than this make no bin of their own (Cochran's rule). */
const EXPECTED_MIN = 5;

export interface Skew {
  readonly draws: number;
  /** The largest distance between observed and expected cumulated shares (Kolmogorov's), 0 to 1. */
  readonly distance: number;
  /** How likely a distance of this kind is if the formula is kept, by chi-square; null with fewer than two bins. */
  readonly p: number | null;
}

/** So many draws tell a formula from its neighbours, and cost nothing afterwards. */
const WATCHED = 100_000;
/** Of a million runs one may be called wrongly. */
const P_MIN = 1e-6;

/** The same access, watched from its first draw on. */
export function watched(
  access: Access,
  n: number,
): { readonly next: () => number; readonly check: SkewCheck } {
  const check = new SkewCheck(access, n);
  let left = WATCHED;
  const next = (): number => {
    const block = access.next();
    if (left > 0) {
      left--;
      check.count();
    }
    return block;
  };
  return { next: access.drawn === null ? access.next : next, check };
}

export function isOff({ p }: Skew): boolean {
  return p !== null && p < P_MIN;
}

export class SkewCheck {
  readonly #access: Access;
  readonly #n: number;
  readonly #counts = new Float64Array(54 * PARTS);
  #draws = 0;

  constructor(access: Access, n: number) {
    this.#access = access;
    this.#n = n;
  }

  /** After each draw. */
  count(): void {
    const { drawn } = this.#access;
    if (drawn === null) return;
    const bin = binOf(drawn.rank());
    this.#counts[bin] = (this.#counts[bin] ?? 0) + 1;
    this.#draws++;
  }

  /** Null where nothing was drawn. */
  result(): Skew | null {
    const { drawn } = this.#access;
    const draws = this.#draws;
    if (drawn === null || draws === 0) return null;
    let [chi, bins, distance] = [0, 0, 0];
    let [open, openExpected, seen, before] = [0, 0, 0, 0];
    for (let bin = 0; bin < this.#counts.length && before < 1; bin++) {
      const share = drawn.below(Math.min(this.#n, edgeOf(bin + 1)));
      open += this.#counts[bin] ?? 0;
      openExpected += (share - before) * draws;
      seen += this.#counts[bin] ?? 0;
      distance = Math.max(distance, Math.abs(seen / draws - share));
      before = share;
      const isLast = edgeOf(bin + 1) >= this.#n;
      if (openExpected < EXPECTED_MIN && !isLast) continue;
      if (openExpected > 0) {
        chi += (open - openExpected) ** 2 / openExpected;
        bins++;
      }
      [open, openExpected] = [0, 0];
      if (isLast) break;
    }
    return { draws, distance, p: bins < 2 ? null : chiSquareTail(chi, bins - 1) };
  }
}

/** Ranks 0 to 7 have a bin each; from there an octave has eight. */
function binOf(rank: number): number {
  if (rank < PARTS) return rank;
  const octave = Math.floor(Math.log2(rank));
  const part = Math.floor((rank / 2 ** octave - 1) * PARTS);
  return (octave - 2) * PARTS + part;
}

/** The first rank of a bin. */
function edgeOf(bin: number): number {
  if (bin <= PARTS) return bin;
  const octave = Math.floor(bin / PARTS) + 2;
  return 2 ** octave * (1 + (bin % PARTS) / PARTS);
}

/** P(X > chi) for chi-square with so many degrees of freedom, by Wilson and Hilferty's cube root (1931). */
function chiSquareTail(chi: number, freedom: number): number {
  const spread = 2 / (9 * freedom);
  const z = (Math.cbrt(chi / freedom) - (1 - spread)) / Math.sqrt(spread);
  return 0.5 * erfc(z / Math.SQRT2);
}
