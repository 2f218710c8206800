/**
 * Pattern churn: blocks that live for a while and are given back to the kernel and taken again, in place, so that the
 * amount stays. Lifetimes are exponential: at any moment each block is as likely to go as any other.
 */
import type { Pattern, PatternInput } from './pattern.js';
import { SLICE_NS } from './pattern.js';

/** What falls due while the thread is held up longer than this is not made up for. */
const BEHIND_MAX_NS = 250e6;

export function churn({ ctx, region }: PatternInput): Pattern {
  const { block, lifetime } = ctx.options;
  const holding = region({ isSmall: block < 2 ** 21, blockBytes: block });
  let dueNs = NaN;
  let isToldBehind = false;

  const next = (blocks: number): number => (-Math.log(1 - ctx.random()) * lifetime * 1e6) / blocks;

  const renew = (blocks: number): void => {
    const offset = Math.floor(ctx.random() * blocks) * block;
    const fromNs = ctx.nowNs();
    holding.renew(offset, block);
    ctx.metrics.allocation.record(ctx.nowNs() - fromNs);
    for (const counter of ['taken', 'given-back', 'renewed', 'verified'] as const)
      ctx.metrics[counter].add(block);
    ctx.metrics.touched.add(2 * block);
  };

  return {
    holding,
    work() {
      const blocks = Math.floor(holding.heldBytes / block);
      const fromNs = ctx.nowNs();
      if (blocks === 0) {
        dueNs = NaN;
        return Infinity;
      }
      if (Number.isNaN(dueNs)) dueNs = fromNs + next(blocks);
      for (let now = fromNs; now - fromNs < SLICE_NS; now = ctx.nowNs()) {
        if (dueNs > now) return (dueNs - now) / 1e6;
        renew(blocks);
        dueNs += next(blocks);
      }
      if (ctx.nowNs() - dueNs > BEHIND_MAX_NS) {
        dueNs = ctx.nowNs();
        if (!isToldBehind)
          ctx.log(
            'warn',
            'churn is slower than asked: memory.renewed says how fast it is; more instances share it',
          );
        isToldBehind = true;
      }
      return 0;
    },
  };
}
