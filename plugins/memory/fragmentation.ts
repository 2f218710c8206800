/**
 * Pattern fragmentation: blocks of many sizes are allocated end to end, then every other one is freed. Pages on which
 * nothing lives any more go back to the kernel, as an allocator would give them; the others stay for the sake of what is
 * left on them. Held is what stays resident; the ratio is held ÷ what is in use.
 */
import { readText } from '../../core/linux/procfs.js';
import type { Random } from '../../core/base/random.js';
import { PAGE_BYTES } from './contents.js';
import type { Holding, Region } from './holding.js';
import type { Pattern, PatternInput } from './pattern.js';

/** Sizes up to `block` are spread evenly over their logarithm, as in programs: most blocks are small, most bytes in large ones. */
const BLOCK_MIN_BYTES = 16;
/** Less than so many of the largest are filled with what lives, so that the amount is met to the page. */
const ALTERNATE_MIN_BLOCKS = 16;
const PIECE_BYTES = 2 ** 21;
const HUGE_ORDER = 9;

export function fragmentation({ ctx, region }: PatternInput): Pattern {
  const { block } = ctx.options;
  const holding = new Fragmented(region({ isSmall: true }), () => ctx.random(), block);
  return {
    holding,
    settled() {
      if (holding.liveBytes > 0)
        ctx.metrics['fragmentation-ratio'].set(holding.heldBytes / holding.liveBytes);
      else ctx.metrics['fragmentation-ratio'].set(NaN);
      const unusable = unusableFree(readText('/proc/buddyinfo') ?? '');
      if (unusable !== null) ctx.metrics['unusable-free'].set(unusable);
    },
  };
}

class Fragmented implements Holding {
  readonly grainBytes = PAGE_BYTES;
  readonly pieceBytes: number;
  readonly isVerified = true;
  heldBytes = 0;
  liveBytes = 0;
  readonly #memory: Region;
  readonly #random: Random;
  readonly #blockMax: number;
  /** Of each page of the region: bytes in use, or GONE. */
  readonly #pages: number[] = [];

  constructor(memory: Region, random: Random, blockMax: number) {
    this.#blockMax = blockMax;
    this.pieceBytes = Math.ceil((2 * ALTERNATE_MIN_BLOCKS * blockMax) / PIECE_BYTES) * PIECE_BYTES;
    this.#memory = memory;
    this.#random = random;
  }

  get roomBytes(): number {
    return this.#memory.roomBytes;
  }

  get refusal(): string | null {
    return this.#memory.refusal;
  }

  grow(bytes: number): void {
    const before = this.#memory.heldBytes;
    this.#memory.grow(bytes);
    const grown = this.#memory.heldBytes - before;
    const live = grown < ALTERNATE_MIN_BLOCKS * this.#blockMax ? full(grown) : this.#alternate(grown);
    for (let page = 0; page < live.length; page++) {
      const isGone = live[page] === 0 && this.#memory.punch(before + page * PAGE_BYTES, PAGE_BYTES);
      this.#pages.push(isGone ? GONE : (live[page] ?? 0));
      if (!isGone) this.heldBytes += PAGE_BYTES;
      this.liveBytes += live[page] ?? 0;
    }
  }

  /** From the end; holes on the way go with it, and are not read back: what lay there was given away. */
  shrink(bytes: number): void {
    const end = this.#pages.length;
    let [first, given] = [end, 0];
    while (given < bytes && first > 0) {
      const live = this.#pages[--first] ?? GONE;
      if (live === GONE) continue;
      this.#memory.check(first * PAGE_BYTES, PAGE_BYTES);
      this.liveBytes -= live;
      given += PAGE_BYTES;
    }
    this.#pages.length = first;
    while (this.#memory.heldBytes > first * PAGE_BYTES)
      this.#memory.shrink(this.#memory.heldBytes - first * PAGE_BYTES, false);
    this.heldBytes -= given;
  }

  dispose(): void {
    this.#memory.dispose();
  }

  /** Bytes in use on each page once every other block is freed. */
  #alternate(bytes: number): Uint16Array {
    const live = new Uint16Array(bytes / PAGE_BYTES);
    for (let at = 0, isKept = true; at < bytes; isKept = !isKept) {
      const size = BLOCK_MIN_BYTES * (this.#blockMax / BLOCK_MIN_BYTES) ** this.#random();
      const end = Math.min(bytes, at + Math.ceil(size / 16) * 16);
      for (let from = at; isKept && from < end;) {
        const page = Math.floor(from / PAGE_BYTES);
        const to = Math.min(end, (page + 1) * PAGE_BYTES);
        live[page] = (live[page] ?? 0) + to - from;
        from = to;
      }
      at = end;
    }
    return live;
  }
}

const GONE = -1;

function full(bytes: number): Uint16Array {
  return new Uint16Array(bytes / PAGE_BYTES).fill(PAGE_BYTES);
}

/** Of /proc/buddyinfo: the share of free memory in pieces below a huge page; null where the kernel does not say. */
export function unusableFree(text: string): number | null {
  let [all, large] = [0, 0];
  for (const line of text.split('\n')) {
    const counts = /zone\s+\S+\s+(.*)$/.exec(line)?.[1]?.trim().split(/\s+/).map(Number) ?? [];
    counts.forEach((count, order) => {
      all += count * 2 ** order;
      if (order >= HUGE_ORDER) large += count * 2 ** order;
    });
  }
  return all === 0 ? null : 1 - large / all;
}
