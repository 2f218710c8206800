/**
 * How much memory a kernel works in so that it stays within one level of the host's caches, or in none of them: facts of
 * the caches and the number of instances enter, bytes of one instance leave. Called by `walk.ts` and `stream.ts`.
 */
import type { CacheFact } from '../../../core/contract/index.js';

export type Level = 'l1' | 'l2' | 'l3' | 'dram';
type Caches = readonly CacheFact[] | null;

/** What is to be found in no cache is so many times as large as all caches of the last level together. */
const BEYOND = 4;
/** Of a cache that it is to stay in: the rest is for everything else. */
const WITHIN = 1 / 2;
/** More than so many times the level before, so as not to be found there. */
const ABOVE = 2;
/** WebAssembly addresses 4 GiB; the next power of two below leaves room for the rest. */
const BYTES_MAX = 2 ** 31;

/** A power of two. Null: the host has no such level, or does not say. */
export function workingSetBytes(level: Level, caches: Caches, instances: number): number | null {
  const last = caches?.at(-1);
  if (last === undefined) return null;
  if (level === 'dram') return powerOfTwo(beyondCachesBytes(last, caches?.at(-2), instances));
  const own = caches?.find((cache) => cache.level === Number(level[1]));
  if (own === undefined) return null;
  // Caches of the first two levels are a core's own.
  const part = level === 'l3' ? Math.min(1, own.count / instances) : 1;
  const before = caches?.find((cache) => cache.level === own.level - 1)?.bytes ?? 0;
  return powerOfTwo(Math.max(WITHIN * part * own.bytes, ABOVE * before));
}

function beyondCachesBytes(last: CacheFact, before: CacheFact | undefined, instances: number): number {
  const part = (BEYOND * last.count * last.bytes) / instances;
  return Math.min(BYTES_MAX, Math.max(part, ABOVE * (before?.bytes ?? 0)));
}

function powerOfTwo(bytes: number): number {
  return 2 ** Math.floor(Math.log2(bytes));
}

/** Why there is no such working set, for people. */
export function withoutLevel(level: Level, caches: Caches): string {
  if (caches === null) return 'this host does not say which caches it has';
  return `this host has no cache of level ${level[1] ?? ''}`;
}
