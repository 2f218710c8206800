/**
 * Where the next operation goes: an access pattern over n blocks. What a scenario asks for enters, a generator leaves.
 * One generator belongs to one instance; chance comes from the actor's seed. Called by disk and block.
 */
import type { Random } from '../../../core/base/random.js';
import { permutation } from './permutation.js';
import type { Ranks, Zone } from './ranks.js';
import { normal, pareto, uniform, zipf, zoned } from './ranks.js';

export type AccessSpec =
  | { readonly kind: 'sequential' }
  | { readonly kind: 'random' }
  | { readonly kind: 'zipf'; readonly theta: number; readonly scramble: boolean }
  | { readonly kind: 'pareto'; readonly h: number; readonly scramble: boolean }
  | { readonly kind: 'normal'; readonly centre: number; readonly deviation: number }
  | { readonly kind: 'zoned'; readonly zones: readonly Zone[] }
  /** `access` of the operations go to a stretch of `size` of the blocks, which moves on by its own length. */
  | {
      readonly kind: 'moving';
      readonly size: number;
      readonly access: number;
      readonly everyOperations: number;
    };

export interface Access {
  /** The next block, 0 ≤ block < n. */
  readonly next: () => number;
  /** For what is drawn: the rank behind the last block, and what the formula says of it. Null where nothing is drawn. */
  readonly drawn: { readonly rank: () => number; readonly below: (k: number) => number } | null;
}

/** `moves` is how often a hot stretch has moved on, asked once for each operation: one for several patterns that move together. */
export function makeAccess(spec: AccessSpec, n: number, random: Random, moves?: () => number): Access {
  switch (spec.kind) {
    case 'sequential':
      return inOrder(n);
    case 'random':
      return drawing(uniform(n, random), null);
    case 'zipf':
      return drawing(zipf(n, spec.theta, random), spec.scramble ? permutation(n, random) : null);
    case 'pareto':
      return drawing(pareto(n, spec.h, random), spec.scramble ? permutation(n, random) : null);
    case 'normal':
      return drawing(normal(n, spec.centre, spec.deviation, random), null);
    case 'zoned':
      return drawing(zoned(n, spec.zones, random), null);
    case 'moving':
      return moving(spec, n, random, moves ?? movesOf(spec));
  }
}

function inOrder(n: number): Access {
  let at = n - 1;
  return { next: () => (at = (at + 1) % n), drawn: null };
}

function drawing(ranks: Ranks, place: ((rank: number) => number) | null): Access {
  let rank = 0;
  const next = (): number => {
    rank = ranks.next();
    return place === null ? rank : place(rank);
  };
  return { next, drawn: { rank: () => rank, below: ranks.below } };
}

type Moving = Extract<AccessSpec, { kind: 'moving' }>;

/** Counts its calls, each of which is an operation. */
export function movesOf({ everyOperations }: Moving): () => number {
  let operations = 0;
  return () => Math.floor(operations++ / everyOperations);
}

/** Ranks are told from the start of the hot stretch, so that the formula stays the same while it moves. */
function moving({ size, access }: Moving, n: number, random: Random, moves: () => number): Access {
  const hot = Math.max(1, Math.round(size * n));
  const ranks = zoned(
    n,
    [
      { access, size: hot / n },
      { access: 1 - access, size: 1 - hot / n },
    ],
    random,
  );
  return drawing(ranks, (rank) => (moves() * hot + rank) % n);
}
