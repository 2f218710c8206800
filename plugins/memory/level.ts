/**
 * Moves what is held towards what is asked: by lease, in small pieces, since what has been claimed is still taken when a
 * limit is crossed meanwhile. Owned by the loop of `index.ts`; works on every kind of holding.
 */
import type { ActorContext } from '../../core/contract/index.js';
import type { Holding } from './holding.js';
import type { MemoryMetrics } from './metrics.js';

const MIB = 2 ** 20;
/** One call works so long; waiting for the lease is parked and not counted. */
const WORK_NS = 50e6;
/** Claimed at a time, and taken even if the guard voids all credit in that moment, unless the holding says otherwise. */
const PIECE_BYTES = 2 * MIB;
/** Given back at a time, between two looks at the clock. */
const BACK_BYTES = 32 * MIB;
/** Of a grant that is nearly used up, no smaller rest than this is claimed by itself. */
const CLAIM_MIN_BYTES = MIB;
/** Asked again after a refusal. */
const RETRY_MS = 1000;

export type LevelContext = Pick<
  ActorContext<unknown, MemoryMetrics>,
  'lease' | 'metrics' | 'achieved' | 'nowNs' | 'log'
>;

export class Level {
  readonly #ctx: LevelContext;
  readonly #holding: Holding;
  #toldRefusal = '';

  constructor(ctx: LevelContext, holding: Holding) {
    this.#ctx = ctx;
    this.#holding = holding;
  }

  /** A step towards so many bytes. Says when to call again: 0 at once, Infinity when it is there. */
  moveTo(amount: number): number {
    const holding = this.#holding;
    const { grainBytes } = holding;
    const target = Math.floor(amount / grainBytes) * grainBytes;
    const untilNs = this.#ctx.nowNs() + WORK_NS;
    let waitedNs = 0;
    while (holding.heldBytes !== target) {
      const fromNs = this.#ctx.nowNs();
      if (fromNs - waitedNs >= untilNs) return 0;
      if (holding.heldBytes > target) this.#shrink(holding.heldBytes - target);
      else {
        const piece = this.#pieceOf(target - holding.heldBytes);
        const claimed = this.#claim(piece);
        if (claimed === 0) return 0;
        waitedNs += this.#ctx.nowNs() - fromNs;
        this.#grow(claimed);
        if (holding.refusal !== null) return RETRY_MS;
      }
    }
    return Infinity;
  }

  /** Everything, now: at the end. */
  moveAllBack(): void {
    while (this.#holding.heldBytes > 0) this.#shrink(this.#holding.heldBytes);
  }

  #pieceOf(wanted: number): number {
    const { grainBytes, roomBytes, pieceBytes = PIECE_BYTES } = this.#holding;
    return Math.max(grainBytes, Math.min(wanted, pieceBytes, this.#ctx.lease.batchMax, roomBytes));
  }

  /** What is granted already is used up before more is waited for; 0: a stop, or less is asked by now. */
  #claim(bytes: number): number {
    const { lease } = this.#ctx;
    const { grainBytes } = this.#holding;
    for (let n = bytes; n >= CLAIM_MIN_BYTES; n = Math.floor(n / 2 / grainBytes) * grainBytes)
      if (lease.take(n)) return n;
    return lease.wait(bytes) ? bytes : 0;
  }

  #grow(bytes: number): void {
    const ctx = this.#ctx;
    const { metrics, lease } = ctx;
    const holding = this.#holding;
    const before = holding.heldBytes;
    const fromNs = ctx.nowNs();
    let taken = 0;
    try {
      holding.grow(bytes);
    } finally {
      // A claim that is not used is given back before a failure goes on.
      taken = Math.max(0, holding.heldBytes - before);
      lease.confirm(bytes);
      if (taken < bytes) lease.give(bytes - taken);
    }
    const tookNs = Math.max(1, ctx.nowNs() - fromNs);
    if (taken > 0) {
      metrics.taken.add(taken);
      metrics.touched.add(taken);
      metrics.allocation.record(tookNs);
      metrics.touch.record((tookNs * MIB) / taken);
    }
    if (holding.refusal !== null) {
      metrics.refused.add(1);
      if (holding.refusal !== this.#toldRefusal)
        ctx.log('warn', `holds ${holding.heldBytes} bytes: ${holding.refusal}`);
      this.#toldRefusal = holding.refusal;
    }
    ctx.achieved(holding.heldBytes);
  }

  #shrink(bytes: number): void {
    const ctx = this.#ctx;
    const { metrics, lease } = ctx;
    const before = this.#holding.heldBytes;
    const fromNs = ctx.nowNs();
    this.#holding.shrink(Math.min(bytes, BACK_BYTES));
    const given = before - this.#holding.heldBytes;
    metrics.release.record(ctx.nowNs() - fromNs);
    metrics['given-back'].add(given);
    if (this.#holding.isVerified) {
      metrics.verified.add(given);
      metrics.touched.add(given);
    }
    lease.give(given);
    ctx.achieved(this.#holding.heldBytes);
  }
}
