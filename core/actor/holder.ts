/**
 * Keeps a holder at what is asked: calls `adjust` while achieved differs from asked, `release` where the actor is
 * idle, and parks without a time-out while nothing can change. Called by `work.ts` once the run has started.
 */
import { nowNs } from '../base/clock.js';
import type { ActorInstance } from '../contract/plugin.js';
import type { InstanceContext } from './context.js';
import type { MethodMark } from './method-mark.js';
import { turn } from './turn.js';

export type Adjustable = ActorInstance & Required<Pick<ActorInstance, 'adjust'>>;

/** Resolves when a stop was asked; rejects with what the simulator throws. */
export async function hold(ctx: InstanceContext, instance: Adjustable, mark: MethodMark): Promise<void> {
  const { waiter } = ctx;
  let isEmpty = true;
  while (!waiter.isStopped) {
    const { seen } = waiter;
    waiter.beat();
    const now = nowNs();
    if (waiter.isReleasing || ctx.timeline.isIdle(now)) {
      if (!isEmpty) await giveBack(instance, mark);
      isEmpty = true;
    } else {
      const before = ctx.lastAchieved;
      const asked = ctx.askedAt(now);
      if (asked !== before) {
        isEmpty = false;
        await mark.during('adjust', () => instance.adjust(asked));
        await turn();
        // On its way: a call does at most 100 ms of work. Without any progress only a change can help.
        if (ctx.lastAchieved !== before && ctx.lastAchieved !== asked) continue;
      }
    }
    await waiter.rest(seen, ctx.lookAgainMs(now));
  }
}

async function giveBack(instance: Adjustable, mark: MethodMark): Promise<void> {
  if (instance.release === undefined) await mark.during('adjust', () => instance.adjust(0));
  else await mark.during('release', () => instance.release?.());
}
