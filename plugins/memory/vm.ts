/**
 * Pattern vm: works the kernel's memory management. Piece by piece, what is held is written, dropped and faulted in
 * again, offered for reclaim, paged out, made into huge pages; after each it is read back.
 */
import {
  MADV_COLD,
  MADV_COLLAPSE,
  MADV_DONTNEED,
  MADV_FREE,
  MADV_HUGEPAGE,
  MADV_NOHUGEPAGE,
  MADV_PAGEOUT,
} from '../../core/linux/mapping.js';
import { parseMeminfo, readText } from '../../core/linux/procfs.js';
import { getSystemErrorName } from 'node:util';
import type { Region } from './holding.js';
import type { Advice } from './metrics.js';
import { ADVICE } from './metrics.js';
import type { Pattern, PatternInput } from './pattern.js';
import { SLICE_NS } from './pattern.js';

const PIECE_BYTES = 2 ** 21;
const EINVAL = 22;

const CALLS: Readonly<Partial<Record<Advice, number>>> = {
  dontneed: MADV_DONTNEED,
  free: MADV_FREE,
  cold: MADV_COLD,
  pageout: MADV_PAGEOUT,
  collapse: MADV_COLLAPSE,
};
/** After these the content may be gone: it is written anew. */
const FORGETS: readonly Advice[] = ['dirty', 'dontneed', 'free'];

export function vm({ ctx, region }: PatternInput): Pattern {
  const holding = region({ isSmall: true });
  if (holding.means === 'buffers of the engine') ctx.unavailable('madvise needs Linux and the package koffi');
  const list = ctx.options.advice === undefined ? hasOf(ctx) : [...ctx.options.advice];
  if (list.includes('pageout') && !hasSwap())
    ctx.unavailable('pageout of anonymous memory needs swap, and this machine has none');
  let [at, turn] = [0, 0];

  const step = (): void => {
    const advice = list[turn % list.length] ?? 'dirty';
    const bytes = Math.min(PIECE_BYTES, holding.heldBytes - at);
    // A huge page is made of as many small ones as it has, or not at all.
    const errno = advice === 'collapse' && bytes < PIECE_BYTES ? 0 : work(holding, advice, at, bytes, ctx);
    if (errno === EINVAL && ctx.options.advice === undefined && list.length > 1) {
      ctx.log('info', `this kernel does not know ${advice}: left out`);
      list.splice(list.indexOf(advice), 1);
      return;
    }
    if (errno === EINVAL) ctx.unavailable(`this kernel does not know the advice ${advice}`);
    // EAGAIN and the like (no huge page to be had at the moment) are answers of a kernel under pressure.
    if (errno !== 0) ctx.log('debug', `${advice}: ${getSystemErrorName(-errno)}`);
    at += bytes;
    if (at < holding.heldBytes) return;
    at = 0;
    turn++;
  };

  return {
    holding,
    work() {
      const fromNs = ctx.nowNs();
      while (ctx.nowNs() - fromNs < SLICE_NS) {
        if (holding.heldBytes === 0) return Infinity;
        if (at >= holding.heldBytes) at = 0;
        step();
      }
      return 0;
    },
  };
}

function work(holding: Region, advice: Advice, at: number, bytes: number, ctx: PatternInput['ctx']): number {
  holding.check(at, bytes);
  const call = CALLS[advice];
  if (advice === 'collapse') holding.advise(at, bytes, MADV_HUGEPAGE);
  const fromNs = ctx.nowNs();
  const errno = call === undefined ? 0 : (holding.advise(at, bytes, call) ?? 0);
  if (call === undefined) holding.write(at, bytes);
  const { metrics } = ctx;
  metrics['advice-latency'].with({ advice }).record(ctx.nowNs() - fromNs);
  if (call !== undefined && FORGETS.includes(advice)) holding.write(at, bytes);
  if (errno === 0) holding.check(at, bytes);
  // Small again: of a huge page no part can be given back.
  if (advice === 'collapse') holding.advise(at, bytes, MADV_NOHUGEPAGE);
  if (advice === 'collapse' && errno === 0) holding.renew(at, bytes);
  if (errno !== 0) return errno;
  metrics.advised.with({ advice }).add(bytes);
  metrics.verified.add(2 * bytes);
  metrics.touched.add((FORGETS.includes(advice) ? 3 : 2) * bytes);
  return 0;
}

/** What this host has of it; what a kernel does not know shows at the first call. */
function hasOf(ctx: PatternInput['ctx']): Advice[] {
  if (hasSwap()) return [...ADVICE];
  ctx.log('info', 'no swap on this machine: pageout would do nothing and is left out');
  return ADVICE.filter((advice) => advice !== 'pageout');
}

function hasSwap(): boolean {
  return (parseMeminfo(readText('/proc/meminfo') ?? '')?.swapTotalBytes ?? 0) > 0;
}
