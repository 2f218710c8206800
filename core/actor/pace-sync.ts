/**
 * Paces an instance with `step`: waits in Atomics.wait until an operation is due, does those that are late one after
 * the other, and gives the event loop a turn every 20 ms. Called by `work.ts`.
 */
import { MS, nowNs } from '../base/clock.js';
import type { Operation } from '../contract/plugin.js';
import type { OperationRecorder } from './operation-recorder.js';
import { Pacing } from './pacing.js';
import { turn } from './turn.js';
import type { WorkEnd, WorkInput } from './work-input.js';

const TURN_NS = 20 * MS;

export async function paceSync(input: WorkInput, recorder: OperationRecorder): Promise<WorkEnd> {
  const { ctx, instance, mark } = input;
  if (ctx.control === 'concurrency' && ctx.peak > 1) {
    throw new Error(
      `step is synchronous: one operation in flight in each instance, but the share of this one is ${ctx.peak}`,
    );
  }
  const pacing = new Pacing(ctx, recorder);
  let turnNs = nowNs() + TURN_NS;
  let hasReleased = false;
  let now = nowNs();
  while (!ctx.waiter.isStopped) {
    const { seen } = ctx.waiter;
    ctx.waiter.beat();
    now = nowNs();
    const dueNs = pacing.nextNs(now);
    if (dueNs <= now) {
      if (doStep(input, recorder, pacing, dueNs, now)) return 'done';
    }
    if (ctx.waiter.isReleasing && !hasReleased && instance.release !== undefined) {
      await mark.during('release', () => instance.release?.());
      mark.set('step');
    }
    hasReleased = ctx.waiter.isReleasing;
    if (now >= turnNs) {
      pacing.tell(now);
      await turn();
      turnNs = nowNs() + TURN_NS;
    }
    if (dueNs > now) await waitFor(input, seen, now, dueNs, turnNs);
  }
  pacing.tell(nowNs());
  return 'stopped';
}

/** True when the simulator says that it is done. */
function doStep(
  { ctx, instance }: WorkInput,
  recorder: OperationRecorder,
  pacing: Pacing,
  dueNs: number,
  startNs: number,
): boolean {
  const { signal, random } = ctx;
  const operation: Operation = { dueNs, sequence: pacing.started, signal, random };
  pacing.start(dueNs, startNs);
  try {
    const outcome = instance.step?.(operation);
    if (outcome === 'done') return true;
    const endNs = nowNs();
    recorder.done(outcome ?? undefined, dueNs, startNs, endNs);
    pacing.ended(endNs);
  } catch (error) {
    const endNs = nowNs();
    recorder.failed(error, dueNs, startNs, endNs);
    pacing.ended(endNs);
  }
  return false;
}

/** Short waits block the thread, which is precise; long ones leave it to the event loop until shortly before. */
async function waitFor(
  { ctx }: WorkInput,
  seen: number,
  lookedNs: number,
  dueNs: number,
  turnNs: number,
): Promise<void> {
  const now = nowNs();
  const leftMs = Math.min((dueNs - now) / MS, ctx.lookAgainMs(lookedNs));
  if (leftMs * MS > 2 * TURN_NS) await ctx.waiter.rest(seen, leftMs - TURN_NS / MS);
  else ctx.waiter.sleep(seen, Math.min(leftMs, Math.max(0, turnNs - now) / MS));
}
