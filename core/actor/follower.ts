/**
 * Tells a simulator that works in a loop of its own or of the core's what is asked now: calls the `adjust` beside it
 * whenever that has changed. Runs on the thread's event loop; called by `work.ts`.
 */
import { nowNs } from '../base/clock.js';
import type { InstanceContext } from './context.js';
import { MethodFault } from './fault.js';
import type { Adjustable } from './holder.js';

/** Resolves when a stop was asked or `isOver` says so; rejects with what `adjust` throws. */
export async function follow(
  ctx: InstanceContext,
  instance: Adjustable,
  isOver: () => boolean,
): Promise<void> {
  const { waiter } = ctx;
  let told: number | null = null;
  while (!waiter.isStopped && !isOver()) {
    const { seen } = waiter;
    const now = nowNs();
    const asked = waiter.isReleasing || ctx.timeline.isIdle(now) ? 0 : ctx.askedAt(now);
    // Before anything was asked there is nothing to go back from.
    if (asked !== (told ?? 0)) {
      told = asked;
      try {
        await instance.adjust(asked);
      } catch (error) {
        throw new MethodFault('adjust', error);
      }
    }
    // Not a park of the instance: the loop beside this one may be at work.
    await waiter.woken(seen, ctx.lookAgainMs(now));
  }
}
