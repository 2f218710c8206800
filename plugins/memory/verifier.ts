/** Reads everything that is held back once in so long, a piece at a time: for memory that is held for days. */
import type { Holding, Region } from './holding.js';
import type { MemoryContext } from './pattern.js';
import { SLICE_NS } from './pattern.js';

const PIECE_BYTES = 2 ** 20;
/** What falls due while the thread is held up longer than this is not made up for. */
const BEHIND_MAX_NS = 1e9;

export class Verifier {
  readonly #ctx: MemoryContext;
  readonly #region: Region;
  readonly #everyNs: number;
  #at = 0;
  #dueNs = NaN;

  /** Null: not asked for. */
  static of(ctx: MemoryContext, holding: Holding): Verifier | null {
    const { verifyEvery } = ctx.options;
    if (verifyEvery === undefined) return null;
    if (!isRegion(holding)) return null; // refused when the plan was made
    return new Verifier(ctx, holding, verifyEvery * 1e6);
  }

  private constructor(ctx: MemoryContext, region: Region, everyNs: number) {
    this.#ctx = ctx;
    this.#region = region;
    this.#everyNs = everyNs;
  }

  work(): number {
    const { heldBytes, spanBytes } = this.#region;
    const beganNs = this.#ctx.nowNs();
    if (heldBytes === 0) {
      this.#dueNs = NaN;
      return Infinity;
    }
    const pieceNs = (this.#everyNs * PIECE_BYTES) / Math.max(heldBytes, PIECE_BYTES);
    if (!(this.#dueNs > beganNs - BEHIND_MAX_NS)) this.#dueNs = beganNs + pieceNs;
    for (let now = beganNs; now - beganNs < SLICE_NS; now = this.#ctx.nowNs()) {
      if (this.#dueNs > now) return Math.max(1, (this.#dueNs - now) / 1e6);
      if (this.#at >= heldBytes) this.#at = 0;
      const toSpanEnd = spanBytes - (this.#at % spanBytes);
      const bytes = Math.min(PIECE_BYTES, heldBytes - this.#at, toSpanEnd);
      this.#region.check(this.#at, bytes);
      this.#ctx.metrics.verified.add(bytes);
      this.#ctx.metrics.touched.add(bytes);
      this.#at += bytes;
      this.#dueNs += pieceNs;
    }
    return 0;
  }
}

function isRegion(holding: Holding): holding is Region {
  return 'check' in holding;
}
