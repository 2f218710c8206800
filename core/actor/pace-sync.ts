/**
 * Paces an instance with `step`: waits in Atomics.wait until an operation is due, does those that are late one after
 * the other, and gives the event loop a turn every 20 ms. With `pacing: precise` it spins the last 200 µs. Called by
 * `work.ts`.
 */
import { MS, nowNs } from '../base/clock.js';
import type { Operation, Outcome } from '../contract/plugin.js';
import { isThenable, MethodFault } from './fault.js';
import type { Failure, OperationRecorder } from './operation-recorder.js';
import { failureOf } from './operation-recorder.js';
import { METER_NS, Pacing } from './pacing.js';
import { turn } from './turn.js';
import { SPIN_NS } from './waiter.js';
import type { WorkEnd, WorkInput } from './work-input.js';

const TURN_NS = 20 * MS;

export async function paceSync(input: WorkInput, recorder: OperationRecorder): Promise<WorkEnd> {
  const { ctx, instance, mark, halt } = input;
  if (ctx.control === 'concurrency' && ctx.peakMost > 1) {
    throw new Error(
      `step is synchronous: one operation in flight in each instance, but the share of this one is ${ctx.peakMost}`,
    );
  }
  const pacing = new Pacing(ctx, recorder);
  let turnNs = nowNs() + TURN_NS;
  let hasReleased = false;
  let isDone = false;
  while (!ctx.waiter.isStopped && !halt.isSet && !isDone) {
    const { seen } = ctx.waiter;
    ctx.waiter.beat();
    const now = nowNs();
    const dueNs = pacing.nextNs(now);
    if (dueNs <= now) isDone = doStep(input, recorder, pacing, dueNs, now);
    if (ctx.waiter.isReleasing && !hasReleased && instance.release !== undefined) {
      await mark.during('release', () => instance.release?.());
    }
    hasReleased = ctx.waiter.isReleasing;
    if (now >= turnNs) {
      pacing.tell(now);
      await turn();
      turnNs = nowNs() + TURN_NS;
    }
    // Not awaited where it need not be: a turn of the microtask queue would come between due time and start.
    const rest = dueNs > now ? waitFor(input, pacing, { seen, lookedNs: now, dueNs, turnNs }) : null;
    if (rest !== null) await rest;
  }
  pacing.end(nowNs());
  return isDone ? 'done' : 'stopped';
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
    const outcome = attempt(() => instance.step?.(operation));
    const endNs = nowNs();
    if (outcome === 'done') {
      pacing.unfinished(endNs);
      return true;
    }
    if (outcome instanceof Failed) recorder.failed(outcome.failure, dueNs, endNs);
    else recorder.done(outcome ?? undefined, dueNs, startNs, endNs);
    pacing.ended(endNs, 1, outcome instanceof Failed ? 0 : outcome?.bytes);
    return false;
  } catch (error) {
    pacing.end(nowNs());
    throw new MethodFault('step', error, operation.sequence);
  }
}

class Failed {
  readonly failure: Failure;
  constructor(failure: Failure) {
    this.failure = failure;
  }
}

function attempt(step: () => Outcome | 'done' | void): Outcome | 'done' | Failed | undefined {
  let outcome: Outcome | 'done' | void;
  try {
    outcome = step();
  } catch (error) {
    const failure = failureOf(error);
    if (failure === null) throw error;
    return new Failed(failure);
  }
  if (!isThenable(outcome)) return outcome ?? undefined;
  // Whatever becomes of it, that it is a promise is what is wrong.
  outcome.then(undefined, () => undefined);
  throw new Error('step returned a promise: a simulator that awaits offers stepAsync instead');
}

/** What was seen before the wait: the wake word, when, when the next operation is due and the next turn is. */
interface Look {
  readonly seen: number;
  readonly lookedNs: number;
  readonly dueNs: number;
  readonly turnNs: number;
}

/** Short waits block the thread, which is precise; long ones leave it to the event loop until shortly before. */
function waitFor({ ctx }: WorkInput, pacing: Pacing, look: Look): Promise<void> | null {
  const { seen, lookedNs, dueNs, turnNs } = look;
  const now = nowNs();
  const lookNs = now + ctx.lookAgainMs(lookedNs) * MS;
  const isSpinning = ctx.pacing.isPrecise && dueNs <= Math.min(lookNs, turnNs);
  const untilNs = Math.min(isSpinning ? dueNs - SPIN_NS : dueNs, lookNs);
  if (untilNs - now > 2 * TURN_NS) {
    pacing.tell(now);
    const restNs = pacing.isQuiet ? untilNs - now - TURN_NS : Math.min(untilNs - now - TURN_NS, METER_NS);
    return ctx.waiter.rest(seen, restNs / MS);
  }
  if (untilNs > now) ctx.waiter.sleep(seen, (Math.min(untilNs, Math.max(now, turnNs)) - now) / MS);
  if (isSpinning && ctx.waiter.seen === seen) while (nowNs() < dueNs);
  return null;
}
