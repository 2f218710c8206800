/** Patterns hold, lock and shared: memory that is there and costs no processor time. */
import type { Pattern, PatternInput } from './pattern.js';
import { lockRoom } from './lock-room.js';

export function hold({ region }: PatternInput): Pattern {
  return { holding: region() };
}

export function shared({ region }: PatternInput): Pattern {
  return { holding: region({ isShared: true }) };
}

export function lock({ ctx, region }: PatternInput): Pattern {
  const holding = region({ isLocked: true });
  if (holding.means === 'buffers of the engine') ctx.unavailable('mlock needs Linux and the package koffi');
  const { roomBytes, text } = lockRoom();
  const wanted = ctx.peak * ctx.instance.count;
  if (ctx.control === 'amount' && wanted > roomBytes)
    ctx.unavailable(`${wanted} bytes are to be locked, and this process may lock ${text}`);
  return { holding };
}
