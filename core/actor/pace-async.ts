/**
 * Paces an instance with `stepAsync`: keeps operations in flight as they fall due (at most IN_FLIGHT_MAX) or as many
 * as the closed model asks for. Timers of the event loop start them about a millisecond late, which `op.wait` shows.
 * Called by `work.ts`.
 */
import { MS, nowNs } from '../base/clock.js';
import type { OperationRecorder } from './operation-recorder.js';
import { Pacing } from './pacing.js';
import { turn } from './turn.js';
import type { WorkEnd, WorkInput } from './work-input.js';

/** Open model: operations of one instance in flight. What is due beyond it waits, and its latency counts. */
export const IN_FLIGHT_MAX = 64;
/** Between two looks while nothing happens, so that what is due is told in time for every window. */
const LOOK_MS = 250;
const TURN_NS = 20 * MS;

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
  readonly #placesMax: number;
  #isDone = false;
  #hasLanded = false;
  #hasReleased = false;
  #failure: { readonly error: unknown } | null = null;
  #isRoused = false;
  #endPause: (() => void) | null = null;
  #turnNs = 0;
  #lookedNs = nowNs();

  constructor(input: WorkInput, recorder: OperationRecorder) {
    this.#input = input;
    this.#recorder = recorder;
    this.#pacing = new Pacing(input.ctx, recorder);
    this.#placesMax = input.ctx.control === 'rate' ? IN_FLIGHT_MAX : Infinity;
  }

  async fly(): Promise<WorkEnd> {
    const { waiter } = this.#input.ctx;
    while (!waiter.isStopped && !this.#isDone && this.#failure === null) {
      this.#isRoused = false;
      const dueNs = this.#startDue();
      await this.#releaseIfAsked();
      await this.#pause(dueNs);
    }
    // What is in flight is let end: its own signal asks it to; the stop ladder bounds how long it may take.
    while (this.#pacing.inFlight > 0 && this.#failure === null) {
      this.#lookedNs = nowNs();
      await this.#pause(Infinity);
      this.#isRoused = false;
    }
    this.#pacing.tell(nowNs());
    if (this.#failure !== null) throw this.#failure.error;
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

  land(): void {
    this.#hasLanded = true;
    this.#input.ctx.waiter.rouse();
  }

  /** Starts whatever may start now; says when the next may. */
  #startDue(): number {
    for (;;) {
      const now = nowNs();
      this.#lookedNs = now;
      this.#pacing.tell(now);
      if (this.#isDone || this.#failure !== null || this.#pacing.inFlight >= this.#placesMax) return Infinity;
      const dueNs = this.#pacing.nextNs(now);
      if (dueNs > now) return dueNs;
      void this.#operate(dueNs, now);
    }
  }

  async #operate(dueNs: number, startNs: number): Promise<void> {
    const { ctx, instance } = this.#input;
    const { signal, random } = ctx;
    const sequence = this.#pacing.started;
    this.#pacing.start(dueNs, startNs);
    try {
      await this.#outcome(() => instance.stepAsync?.({ dueNs, sequence, signal, random }), dueNs, startNs);
    } catch (error) {
      this.#failure ??= { error };
    }
    this.#pacing.ended(nowNs());
    ctx.waiter.beat();
    this.#resume();
  }

  async #outcome(
    operate: () => ReturnType<NonNullable<WorkInput['instance']['stepAsync']>> | undefined,
    dueNs: number,
    startNs: number,
  ): Promise<void> {
    try {
      const outcome = await operate();
      if (outcome === 'done') this.#isDone = true;
      else this.#recorder.done(outcome ?? undefined, dueNs, startNs, nowNs());
    } catch (error) {
      this.#recorder.failed(error, dueNs, startNs, nowNs());
    }
  }

  async #releaseIfAsked(): Promise<void> {
    const { ctx, instance, mark } = this.#input;
    const isAsked = ctx.waiter.isReleasing && !this.#hasReleased;
    this.#hasReleased = ctx.waiter.isReleasing;
    if (!isAsked || instance.release === undefined) return;
    await mark.during('release', () => instance.release?.());
    mark.set('stepAsync');
  }

  /** Until the next is due, one has ended, or something woke the instance. */
  async #pause(dueNs: number): Promise<void> {
    const { ctx } = this.#input;
    const now = nowNs();
    if (this.#pacing.inFlight === 0) ctx.waiter.beat();
    if (now >= this.#turnNs) {
      // Operations that end without the event loop would never let it turn.
      await turn();
      this.#turnNs = now + TURN_NS;
    }
    if (this.#isRoused) return;
    const leftMs = Math.min((dueNs - nowNs()) / MS, ctx.lookAgainMs(this.#lookedNs), LOOK_MS);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.max(0, leftMs));
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #resume(): void {
    this.#isRoused = true;
    this.#endPause?.();
  }
}
