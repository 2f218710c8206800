/**
 * Patterns heap and gc: memory of the JavaScript engine. heap holds it in one of the engine's spaces; gc lets objects
 * live for a while and be replaced, so that the collector has work. Unlike everything else here, what is given back
 * leaves by the collector, which is asked to run at once; the engine keeps a few MiB for itself.
 */
import { PerformanceObserver, constants } from 'node:perf_hooks';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Holding } from './holding.js';
import type { MemoryRecorders } from './metrics.js';
import type { Pattern, PatternInput } from './pattern.js';
import { SLICE_NS } from './pattern.js';

const MIB = 2 ** 20;
/** An object and its share of the array that holds it: a body of doubles, read by nobody. */
const CELL_BYTES = 1024;
const CELL_DOUBLES = (CELL_BYTES - 32) / 8;
/** Cells are taken and given back by the MiB. */
const CELLS_PER_GRAIN = MIB / CELL_BYTES;
/** Of what the engine allows itself; the rest is for the collector's own room. */
const LIMIT_SHARE = 0.75;
/** gc: of what is asked so much lives; the rest is room for what has died and is not collected yet. */
const LIVE_SHARE = 0.5;
const BATCH_CELLS = 64;

type Cell = readonly number[];

export function heap({ ctx }: PatternInput): Pattern {
  const { space } = ctx.options;
  if (space === 'old') return { holding: new CellHeap(roomOf(ctx)) };
  return { holding: new ChunkHeap(space === 'external' ? externalString : filledBuffer) };
}

export function gc({ ctx }: PatternInput): Pattern {
  const holding = new CellHeap(roomOf(ctx), LIVE_SHARE);
  watchCollector(ctx.metrics);
  const collect = collector();
  const perNs = (): number => holding.cells.length / (ctx.options.lifetime * 1e6);
  let [fromNs, done] = [NaN, 0];
  return {
    holding,
    work() {
      const { cells } = holding;
      const beganNs = ctx.nowNs();
      if (cells.length === 0) {
        fromNs = NaN;
        return Infinity;
      }
      if (Number.isNaN(fromNs) || beganNs - fromNs > 1e9) [fromNs, done] = [beganNs, 0];
      for (let now = beganNs; now - beganNs < SLICE_NS; now = ctx.nowNs()) {
        if (done > (now - fromNs) * perNs()) return 1;
        for (let i = 0; i < BATCH_CELLS; i++) cells[Math.floor(ctx.random() * cells.length)] = cell(i);
        done += BATCH_CELLS;
        ctx.metrics.touched.add(BATCH_CELLS * CELL_BYTES);
        ctx.metrics.renewed.add(BATCH_CELLS * CELL_BYTES);
        ctx.metrics.allocation.record((ctx.nowNs() - now) / BATCH_CELLS);
      }
      // The bound of the lease: the collector would let garbage grow further before it comes by itself.
      if (getHeapStatistics().used_heap_size - holding.baseBytes > holding.heldBytes) collect();
      return 0;
    },
  };
}

/** What is asked of one instance must fit into what the engine allows one thread. */
function roomOf(ctx: PatternInput['ctx']): number {
  const { peak, control, instance } = ctx;
  const { heap_size_limit: limit, used_heap_size: used } = getHeapStatistics();
  const room = Math.floor((limit * LIMIT_SHARE - used) / MIB) * MIB;
  if (control === 'amount' && peak > room)
    ctx.unavailable(
      `${peak} bytes are the share of one instance, and the heap of a thread takes ${room} here: ` +
        `raise instances to at least ${Math.ceil((peak * instance.count) / room)}`,
    );
  return room;
}

/** Many small objects in the old space: they get there by surviving. */
class CellHeap implements Holding {
  readonly grainBytes = MIB;
  readonly isVerified = false;
  readonly cells: Cell[] = [];
  readonly baseBytes = getHeapStatistics().used_heap_size;
  refusal: string | null = null;
  heldBytes = 0;
  readonly #room: number;
  readonly #liveShare: number;
  readonly #collect = collector();

  constructor(roomBytes: number, liveShare = 1) {
    this.#room = roomBytes;
    this.#liveShare = liveShare;
  }

  get roomBytes(): number {
    return Math.max(MIB, this.#room - this.heldBytes);
  }

  grow(bytes: number): void {
    this.refusal = null;
    if (this.heldBytes + bytes > this.#room) {
      this.refusal = 'the heap of the thread is full';
      return;
    }
    const count = Math.floor((bytes / MIB) * CELLS_PER_GRAIN * this.#liveShare);
    for (let i = 0; i < count; i++) this.cells.push(cell(i));
    this.heldBytes += bytes;
  }

  shrink(bytes: number): void {
    const given = Math.min(bytes, this.heldBytes);
    this.heldBytes -= given;
    this.cells.length = Math.floor((this.heldBytes / MIB) * CELLS_PER_GRAIN * this.#liveShare);
    this.#collect();
  }

  dispose(): void {
    this.cells.length = 0;
    this.#collect();
  }
}

/** Chunks outside the heap that the engine frees with the small objects they hang on. */
class ChunkHeap implements Holding {
  readonly grainBytes = MIB;
  readonly isVerified = false;
  readonly roomBytes = 2 ** 30;
  refusal: string | null = null;
  readonly #chunks: unknown[] = [];
  readonly #make: (bytes: number) => unknown;
  readonly #collect = collector();

  constructor(make: (bytes: number) => unknown) {
    this.#make = make;
  }

  get heldBytes(): number {
    return this.#chunks.length * MIB;
  }

  grow(bytes: number): void {
    this.refusal = null;
    try {
      for (let left = bytes; left > 0; left -= MIB) this.#chunks.push(this.#make(MIB));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.refusal = `the engine refused memory (${error.message})`;
    }
  }

  shrink(bytes: number): void {
    this.#chunks.length = Math.max(0, this.#chunks.length - Math.ceil(bytes / MIB));
    this.#collect();
  }

  dispose(): void {
    this.#chunks.length = 0;
    this.#collect();
  }
}

function cell(seed: number): Cell {
  return new Array<number>(CELL_DOUBLES).fill(seed + 0.5);
}

function filledBuffer(bytes: number): Uint8Array {
  return new Uint8Array(bytes).fill(0xa5);
}

/** Text of this length is kept outside the heap. */
function externalString(bytes: number): string {
  return Buffer.alloc(bytes, 0xa5).toString('latin1');
}

/** The engine's own collector, which it shows only when told to. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

const KINDS = {
  [constants.NODE_PERFORMANCE_GC_MINOR]: 'minor',
  [constants.NODE_PERFORMANCE_GC_MAJOR]: 'major',
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: 'incremental',
  [constants.NODE_PERFORMANCE_GC_WEAKCB]: 'weak',
} as const;

function watchCollector(metrics: MemoryRecorders): void {
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const kind = KINDS[kindOf(entry)];
      if (kind === undefined) continue;
      metrics.collections.with({ kind }).add(1);
      metrics.pause.with({ kind }).record(entry.duration * 1e6);
    }
  });
  observer.observe({ entryTypes: ['gc'] });
}

/** The types of Node know this of marks only. */
function kindOf(entry: object): number {
  return 'detail' in entry ? ((entry.detail as { readonly kind?: number }).kind ?? -1) : -1;
}
