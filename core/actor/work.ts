/** Picks the one way in which an instance works, and works until a stop, an end or a failure. Called by `entry.ts`. */
import { nowNs } from '../base/clock.js';
import type { PlannedActor } from '../contract/plan.js';
import type { ActorInstance } from '../contract/plugin.js';
import { follow } from './follower.js';
import type { Adjustable } from './holder.js';
import { hold } from './holder.js';
import { paceAsync } from './pace-async.js';
import { paceSync } from './pace-sync.js';
import type { WorkEnd, WorkInput } from './work-input.js';

export type Way = 'step' | 'stepAsync' | 'run' | 'adjust';
/** Throws when an instance offers none or several of the ways to work, or one that does not fit its control. */
export function wayOf(actor: PlannedActor, instance: ActorInstance): Way {
  const ways = (['step', 'stepAsync', 'run'] as const).filter((way) => instance[way] !== undefined);
  const [way] = ways;
  if (ways.length > 1)
    throw new Error(`start() returned ${ways.join(' and ')}: exactly one way to work is wanted`);
  if (way === 'step' || way === 'stepAsync') {
    if (actor.operations.length > 0) return way;
    throw new Error(`start() returned ${way}, but simulator "${actor.simulator}" declares no operations`);
  }
  if (way === 'run') return way;
  if (instance.adjust === undefined)
    throw new Error('start() returned no way to work (step, stepAsync, run, adjust)');
  if (actor.control === 'amount' || actor.control === 'growth') return 'adjust';
  throw new Error(`start() returned adjust alone, which does not do for the control "${actor.control}"`);
}

export async function work(way: Way, input: WorkInput): Promise<WorkEnd> {
  const { ctx, instance, mark, halt } = input;
  if (way === 'adjust') {
    await hold(ctx, withAdjust(instance), mark);
    return 'stopped';
  }
  let isOver = false;
  const beside = instance.adjust === undefined ? null : follow(ctx, withAdjust(instance), () => isOver);
  // The core's loops are ended by a fault beside them before the simulator is disposed of.
  const watched = beside?.catch((error: unknown) => {
    halt.set(error);
    ctx.waiter.rouse();
    if (way === 'run') throw error;
  });
  const main = loop(way, input).finally(() => {
    isOver = true;
    ctx.waiter.rouse();
  });
  const [end] = await Promise.all([main, watched]);
  halt.throwIfSet();
  return end;
}

async function loop(way: 'step' | 'stepAsync' | 'run', input: WorkInput): Promise<WorkEnd> {
  const { ctx, mark } = input;
  mark.set(way);
  if (way === 'run') return runEngine(input);
  ctx.operations.refuse(way);
  const recorder = ctx.openRecorder();
  return way === 'step' ? paceSync(input, recorder) : paceAsync(input, recorder);
}

async function runEngine({ ctx, instance }: WorkInput): Promise<WorkEnd> {
  const end = await instance.run?.();
  ctx.operations.end(nowNs());
  if (end === 'done') return 'done';
  if (ctx.waiter.isStopped || ctx.signal.aborted) return 'stopped';
  throw new Error(
    `run() returned before a stop was asked for; when there is nothing left to do it returns 'done'`,
  );
}

function withAdjust(instance: ActorInstance): Adjustable {
  return instance as Adjustable;
}
