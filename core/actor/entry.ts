/**
 * The one file that a pool's thread runs: takes an instance through its life. The plugin is imported in here, so that
 * a module that cannot be imported rejects its own task and nothing else. What comes back says how it ended.
 */
import { once, setMaxListeners } from 'node:events';
import { setPriority } from 'node:os';
import { must } from '../base/assert.js';
import { messageOf } from '../base/errors.js';
import { MS, nowNs } from '../base/clock.js';
import type { ControlBlock } from '../contract/control-block.js';
import { openControlBlock, STATE, WORD } from '../contract/control-block.js';
import type { InstanceOutcome } from '../contract/messages.js';
import type { ActorInstance, AnySimulator, PrepareContext } from '../contract/plugin.js';
import type { PlannedActor } from '../contract/plan.js';
import { setTimerSlack, threadId } from '../linux/thread.js';
import { importPlugin } from '../plugin/load.js';
import { InstanceContext, unavailable, UnavailableError } from './context.js';
import type { CleanupInput, FromInstance, InstanceInput, LaterInput } from './input.js';
import { MethodFault } from './fault.js';
import { LogPort } from './log-port.js';
import { requestClaim } from './scratch.js';
import { MethodMark, methodIn } from './method-mark.js';
import { Pace } from './pace.js';
import { Waiter } from './waiter.js';
import { Halt } from './work-input.js';
import { work, wayOf } from './work.js';

/** A thread that was made before it was known for whom: the instance comes as the first message at its door. */
export async function runLater({ port: door }: LaterInput): Promise<InstanceOutcome> {
  const [input] = (await once(door, 'message')) as [InstanceInput];
  door.close();
  return runInstance(input);
}

export default async function runInstance(input: InstanceInput): Promise<InstanceOutcome> {
  const block = openControlBlock(input.block);
  const mark = new MethodMark(block);
  const stop = new AbortController();
  setMaxListeners(0, stop.signal); // every operation in flight may listen to it
  const waiter = new Waiter(block);
  const watch = watchStop(waiter, stop);
  let context: InstanceContext | null = null;
  try {
    enterThread(input, block);
    const startedNs = nowNs();
    const simulator = await mark.during('import', () => importSimulator(input.actor));
    if (input.index === 0 && !input.isPrepared) {
      const pace = new Pace(waiter);
      await mark.during('prepare', () =>
        simulator.prepare?.({
          ...prepareContext(input.actor, input.port, stop.signal),
          pace: () => pace.next(),
        }),
      );
      if (waiter.isStopped) return { kind: 'stopped' };
      tell(input, { type: 'prepared' });
    }
    const ctx = (context = new InstanceContext(input, block, stop.signal));
    return await live(input, block, ctx, simulator, mark, startedNs);
  } catch (error) {
    if (error instanceof UnavailableError) return { kind: 'unavailable', reason: error.message };
    return failure(error, block);
  } finally {
    stop.abort();
    waiter.rouse();
    await watch;
    context?.achieved(0);
    Atomics.store(block.words, WORD.state, STATE.ended);
  }
}

async function live(
  input: InstanceInput,
  block: ControlBlock,
  ctx: InstanceContext,
  simulator: AnySimulator,
  mark: MethodMark,
  startedNs: number,
): Promise<InstanceOutcome> {
  const started = (await mark.during('start', () => simulator.start(ctx) as unknown)) as ActorInstance;
  let outcome: InstanceOutcome;
  try {
    const way = wayOf(input.actor, started);
    block.words[WORD.state] = STATE.ready;
    const tookMs = (nowNs() - startedNs) / MS;
    tell(input, { type: 'loaded', tookMs, hasCleanup: simulator.cleanup !== undefined });
    const isGo = await untilStart(ctx);
    // Started anew: what fell due in the life before, and since then, is not its own.
    if (input.isPrepared) ctx.join(nowNs());
    block.words[WORD.state] = STATE.working;
    ctx.achieved(0); // known to hold nothing, from the start instant on
    const { actor } = input;
    const end = isGo ? await work(way, { actor, ctx, instance: started, mark, halt: new Halt() }) : 'stopped';
    outcome = { kind: end };
  } catch (error) {
    const cause = error instanceof MethodFault ? error.cause : error;
    if (cause instanceof UnavailableError) outcome = { kind: 'unavailable', reason: cause.message };
    else outcome = failure(error, block);
  }
  block.words[WORD.state] = STATE.releasing;
  try {
    await mark.during('dispose', () => started.dispose());
  } catch (error) {
    // What went wrong first is what is told.
    return outcome.kind === 'failed' || outcome.kind === 'unavailable' ? outcome : failure(error, block);
  }
  return outcome;
}

/** `cleanup` of an actor, on a thread of its own, when the last of its instances is gone. */
export async function cleanUp(input: CleanupInput): Promise<InstanceOutcome> {
  try {
    const simulator = await importSimulator(input.actor);
    const context = prepareContext(input.actor, input.port, new AbortController().signal);
    const claim = (path: string): Promise<void> =>
      Promise.reject(new Error(`${path} would outlive the run: cleanup makes nothing`));
    await simulator.cleanup?.({ ...context, claim, pace: () => Promise.resolve(true) });
    return { kind: 'done' };
  } catch (error) {
    return { kind: 'failed', method: 'cleanup', reason: messageOf(error), ...stackOf(error) };
  }
}

function enterThread(input: InstanceInput, block: ControlBlock): void {
  const tid = threadId();
  Atomics.store(block.words, WORD.tid, tid ?? 0);
  // Half of the lateness of an operation would be the kernel waiting for company.
  if (tid !== null) setTimerSlack(tid, 1);
  // On Linux this is of the calling thread only; it was born with what the agent's main thread asked for itself.
  if (process.platform === 'linux') setPriority(0, input.nice);
}

async function importSimulator(actor: PlannedActor): Promise<AnySimulator> {
  const plugin = await importPlugin(actor.module);
  return must(
    plugin.simulators?.find((simulator) => simulator.name === actor.simulator),
    `simulator "${actor.simulator}" in ${actor.module}`,
  );
}

function prepareContext(
  actor: PlannedActor,
  port: InstanceInput['port'],
  signal: AbortSignal,
): Omit<PrepareContext<Readonly<Record<string, unknown>>>, 'pace'> {
  const log = new LogPort(port);
  const peak = actor.peak.amount;
  const { name, options } = actor;
  return {
    actor: name,
    options,
    peak,
    signal,
    unavailable,
    claim: (path) => requestClaim(port, path),
    log: (level, message) => log.say(level, message),
  };
}

/** Aborts the signal when a stop is asked for: seen by code that awaits, as the stop word is by code that does not. */
async function watchStop(waiter: Waiter, stop: AbortController): Promise<void> {
  while (!stop.signal.aborted) {
    const { seen } = waiter;
    if (waiter.isStopped) stop.abort();
    else await waiter.woken(seen, Infinity);
  }
}

/** Waits for the start instant; false when a stop came first. */
async function untilStart(ctx: InstanceContext): Promise<boolean> {
  const { words } = ctx.waiter.block;
  for (;;) {
    const { seen } = ctx.waiter;
    if (ctx.waiter.isStopped) return false;
    const startNs = Atomics.load(words, WORD.go) === 0 ? null : ctx.timeline.startNs;
    const waitMs = startNs === null ? Infinity : (startNs - nowNs()) / MS;
    if (waitMs <= 0) return true;
    await ctx.waiter.woken(seen, waitMs);
  }
}

function failure(error: unknown, block: ControlBlock): InstanceOutcome {
  const method = error instanceof MethodFault ? error.method : methodIn(block);
  return { kind: 'failed', method, reason: messageOf(error), ...stackOf(error) };
}

function stackOf(error: unknown): { readonly stack?: string } {
  return error instanceof Error && error.stack !== undefined ? { stack: error.stack } : {};
}

function tell(input: InstanceInput, message: FromInstance): void {
  input.port.postMessage(message);
}
