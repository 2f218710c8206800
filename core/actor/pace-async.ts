/**
 * Paces an instance with `stepAsync`: keeps operations in flight as they fall due, up to its share of `inFlight`, or as
 * many as the closed model asks for. Timers of the event loop start them about a millisecond late, which `op.wait` shows;
 * with `pacing: precise` the loop turns without a rest for the last two milliseconds. Called by `work.ts`.
 */
import { MS, nowNs } from '../base/clock.js';
import type { Outcome } from '../contract/plugin.js';
import { isThenable, MethodFault } from './fault.js';
import type { OperationRecorder } from './operation-recorder.js';
import { failureOf } from './operation-recorder.js';
import { METER_NS, Pacing } from './pacing.js';
import { turn } from './turn.js';
import type { WorkEnd, WorkInput } from './work-input.js';

const TURN_NS = 20 * MS;
/** Timers count in milliseconds and fire up to so late; `precise` turns the event loop for that time instead. */
const TIMER_LATE_MS = 2;
/** What is outstanding at a stop is asked to end by its signal; what has not ended so long after counts as unfinished. */
export const OUTSTANDING_NS = 1000 * MS;

export async function paceAsync(input: WorkInput, recorder: OperationRecorder): Promise<WorkEnd> {
  const flight = new Flight(input, recorder);
  const watching = flight.watchWakes();
  try {
    return await flight.fly();
  } finally {
    flight.land();
    await watching;
  }
}

class Flight {
  readonly #input: WorkInput;
  readonly #recorder: OperationRecorder;
  readonly #pacing: Pacing;
  /** Start instants of what is in flight, by sequence. */
  readonly #since = new Map<number, number>();
  #isDone = false;
  #hasLanded = false;
  #hasReleased = false;
  #isRoused = false;
  #endPause: (() => void) | null = null;
  #turnNs = 0;
  #lookedNs = nowNs();

  constructor(input: WorkInput, recorder: OperationRecorder) {
    this.#input = input;
    this.#recorder = recorder;
    this.#pacing = new Pacing(input.ctx, recorder);
  }

  async fly(): Promise<WorkEnd> {
    const { ctx, halt } = this.#input;
    while (!ctx.waiter.isStopped && !this.#isDone && !halt.isSet) {
      const { seen } = ctx.waiter;
      this.#isRoused = false;
      const dueNs = this.#startDue();
      await this.#releaseIfAsked();
      if (this.#pacing.isQuiet) await this.#rest(seen, dueNs);
      else await this.#pause(dueNs);
    }
    await this.#outstanding();
    const left = this.#since.size;
    const deaf = this.#longest();
    this.land();
    this.#pacing.end(nowNs());
    // A fault is told by who set the halt; here it only ends the loop.
    if (left > 0 && !halt.isSet) this.#tellLeft(left, deaf);
    return this.#isDone ? 'done' : 'stopped';
  }

  /** Wakes from outside (scale, stop, release) end a pause too. */
  async watchWakes(): Promise<void> {
    const { waiter } = this.#input.ctx;
    while (!this.#hasLanded) {
      await waiter.woken(waiter.seen, Infinity);
      this.#resume();
    }
  }

  /** From here on nothing is recorded. */
  land(): void {
    if (this.#hasLanded) return;
    this.#hasLanded = true;
    this.#input.ctx.waiter.rouse();
  }

  /** Starts whatever may start now; says when the next may. */
  #startDue(): number {
    const { halt } = this.#input;
    for (;;) {
      const now = nowNs();
      this.#lookedNs = now;
      this.#pacing.tell(now);
      if (this.#isDone || halt.isSet) return Infinity;
      const dueNs = this.#pacing.nextNs(now);
      if (dueNs > now) return dueNs;
      void this.#operate(dueNs, now);
      // Operations that end without the event loop would never let it turn.
      if (now >= this.#turnNs) return now;
    }
  }

  async #operate(dueNs: number, startNs: number): Promise<void> {
    const { ctx, instance, halt } = this.#input;
    const { signal, random } = ctx;
    const sequence = this.#pacing.started;
    this.#pacing.start(dueNs, startNs);
    this.#since.set(sequence, startNs);
    try {
      const outcome = await this.#outcome(instance.stepAsync?.({ dueNs, sequence, signal, random }));
      this.#end(sequence, outcome, dueNs, startNs);
    } catch (error) {
      this.#fail(sequence, error, dueNs);
    }
    if (this.#hasLanded) return;
    ctx.waiter.beat();
    if (this.#wasAwaited || this.#isDone || halt.isSet || ctx.waiter.isStopped) this.#resume();
  }

  #wasAwaited = false;

  async #outcome(promise: unknown): Promise<Outcome | 'done' | undefined> {
    if (!isThenable(promise)) throw new Error('stepAsync returned no promise: offer step instead');
    return (await promise) as Outcome | 'done' | undefined;
  }

  #end(sequence: number, outcome: Outcome | 'done' | undefined, dueNs: number, startNs: number): void {
    if (this.#hasLanded) return;
    const now = nowNs();
    if (outcome === 'done') this.#isDone = true;
    else this.#recorder.done(outcome ?? undefined, dueNs, startNs, now);
    this.#left(sequence, outcome === 'done', now, outcome === 'done' ? 0 : outcome?.bytes);
  }

  #fail(sequence: number, error: unknown, dueNs: number): void {
    // Given up before, and counted as unfinished: what it says now changes nothing.
    if (this.#hasLanded) return;
    const { ctx, halt } = this.#input;
    const now = nowNs();
    const failure = failureOf(error);
    const isCut = ctx.signal.aborted && (failure !== null || isAbort(error));
    try {
      if (!isCut && failure === null) throw error;
      if (!isCut && failure !== null) this.#recorder.failed(failure, dueNs, now);
    } catch (fault) {
      halt.set(new MethodFault('stepAsync', fault, sequence));
    }
    this.#left(sequence, isCut || halt.isSet, now);
  }

  #left(sequence: number, isUnfinished: boolean, now: number, bytes = 0): void {
    this.#since.delete(sequence);
    this.#wasAwaited = this.#pacing.awaitsEnds;
    if (isUnfinished) this.#pacing.unfinished(now);
    else this.#pacing.ended(now, 1, bytes);
  }

  /** Lets what is in flight end: without a stop for as long as it takes, after one until the deadline. */
  async #outstanding(): Promise<void> {
    const { ctx, halt } = this.#input;
    let deadlineNs = Infinity;
    while (this.#since.size > 0 && !halt.isSet) {
      const now = (this.#lookedNs = nowNs());
      if (ctx.waiter.isStopped) deadlineNs = Math.min(deadlineNs, now + OUTSTANDING_NS);
      if (now >= deadlineNs) return;
      this.#isRoused = false;
      await this.#pause(deadlineNs);
    }
  }

  /** How long the oldest operation has been in flight. */
  #longest(): number {
    const [oldest] = this.#since.values();
    return oldest === undefined ? 0 : nowNs() - oldest;
  }

  #tellLeft(left: number, longestNs: number): void {
    const { ctx, actor } = this.#input;
    const text = `${left} operations did not stop when asked: they were outstanding for up to ${Math.round(longestNs / MS)} ms`;
    // Slow is one thing; not to have ended for so long that it counts as stuck is another.
    if (longestNs > actor.quietMs * MS) throw new MethodFault('stepAsync', new Error(text));
    ctx.log('warn', text);
  }

  async #releaseIfAsked(): Promise<void> {
    const { ctx, instance, mark } = this.#input;
    const isAsked = ctx.waiter.isReleasing && !this.#hasReleased;
    this.#hasReleased = ctx.waiter.isReleasing;
    if (isAsked && instance.release !== undefined) await mark.during('release', () => instance.release?.());
  }

  /** While there is nothing to do and nothing to tell the instance is parked, and costs nothing. */
  async #rest(seen: number, dueNs: number): Promise<void> {
    const { ctx } = this.#input;
    const now = nowNs();
    if (dueNs > now)
      await ctx.waiter.rest(seen, Math.min((dueNs - now) / MS, ctx.lookAgainMs(this.#lookedNs)));
  }

  /** Until the next is due, one has ended that others wait for, or something woke the instance. */
  async #pause(dueNs: number): Promise<void> {
    const { ctx } = this.#input;
    const now = nowNs();
    if (this.#since.size === 0) ctx.waiter.beat();
    if (now >= this.#turnNs) {
      await turn();
      this.#turnNs = now + TURN_NS;
    }
    const lookMs = Math.min(ctx.lookAgainMs(this.#lookedNs), METER_NS / MS);
    const leftMs = Math.min((dueNs - nowNs()) / MS, lookMs);
    if (this.#isRoused || leftMs <= 0) return;
    if (ctx.pacing.isPrecise && leftMs < lookMs) {
      if (leftMs > TIMER_LATE_MS) await this.#sleep(leftMs - TIMER_LATE_MS);
      await this.#turnUntil(dueNs);
    } else await this.#sleep(leftMs);
  }

  async #turnUntil(dueNs: number): Promise<void> {
    while (!this.#isRoused && nowNs() < dueNs) await turn();
  }

  async #sleep(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#endPause = null;
  }

  #resume(): void {
    this.#isRoused = true;
    this.#endPause?.();
  }
}

/** What comes of an aborted signal, by name: its reason, or what Node and fetch make of it. */
function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
