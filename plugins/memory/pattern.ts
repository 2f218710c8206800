/** What is done with what is held. Each pattern is one file that exports a function making one of these. */
import type { ActorContext } from '../../core/contract/index.js';
import type { Contents } from './contents.js';
import type { Holding, Region } from './holding.js';
import type { MemoryMetrics } from './metrics.js';
import type { MemoryOptions } from './options.js';

export type MemoryContext = ActorContext<MemoryOptions, MemoryMetrics>;

export interface Pattern {
  readonly holding: Holding;
  /** Does what is due with what is held, for at most 20 ms; in how many ms there is more: 0 at once, Infinity nothing. */
  work?(): number;
  /** The amount was reached, or has changed: whatever is measured only then. */
  settled?(): void;
}

export interface RegionWish {
  readonly isLocked?: boolean;
  readonly isShared?: boolean;
  /** Huge pages do not do: pieces smaller than they are given back. */
  readonly isSmall?: boolean;
  /** What will be renewed at a time. */
  readonly blockBytes?: number;
}

/** What a pattern is made from. */
export interface PatternInput {
  readonly ctx: MemoryContext;
  readonly contents: Contents;
  /** Memory of the best kind that this host has. */
  readonly region: (wish?: RegionWish) => Region;
}

/** A pattern works so long at a time, so that what is asked and a stop are looked at. */
export const SLICE_NS = 20e6;
