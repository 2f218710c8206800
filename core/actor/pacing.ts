/**
 * When the next operation of an instance may start: by the rate's due times (open model), or as soon as a place is
 * free (closed model). Also says what the instance really does, for `actor.held`. Used by both pacers.
 */
import { MS, nowNs, SECOND } from '../base/clock.js';
import type { InstanceContext } from './context.js';
import { DueClock } from './due-clock.js';
import type { OperationRecorder } from './operation-recorder.js';

/** What is done is counted over at least so long. */
const METER_NS = 250 * MS;

export class Pacing {
  readonly #ctx: InstanceContext;
  readonly #recorder: OperationRecorder;
  readonly #clock: DueClock | null;
  #dueTold = 0;
  #started = 0;
  #done = 0;
  #inFlight = 0;
  /** In flight, integrated over time since the meter was read last. */
  #flightNs = 0;
  #flightAtNs: number;
  #meterNs: number;

  constructor(ctx: InstanceContext, recorder: OperationRecorder) {
    this.#ctx = ctx;
    this.#recorder = recorder;
    this.#meterNs = this.#flightAtNs = nowNs();
    const isOpen = ctx.control === 'rate';
    this.#clock = isOpen ? new DueClock(ctx.timeline, ctx.peak, ctx.timeline.startNs ?? this.#meterNs) : null;
  }

  /** Operations started so far; the number of the next one. */
  get started(): number {
    return this.#started;
  }

  /** When one more may start beside those in flight: not after `now` means at once; Infinity: when something changes. */
  nextNs(now: number): number {
    const ctx = this.#ctx;
    const isIdle = ctx.waiter.isReleasing || ctx.timeline.isIdle(now);
    if (this.#clock === null) return !isIdle && this.#inFlight < this.#places(now) ? now : Infinity;
    if (isIdle) this.#clock.drop(now, ctx.scale);
    const dueNs = this.#clock.nextNs(ctx.scale);
    if (dueNs > now) this.#clock.settle(now, ctx.scale);
    return dueNs;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** One operation, due at `dueNs`, starts now. */
  start(dueNs: number, now: number): void {
    this.#clock?.take(dueNs);
    this.#started++;
    this.#fly(now, 1);
    if (this.#clock === null) this.#recorder.due(1);
  }

  ended(now: number): void {
    this.#done++;
    this.#fly(now, -1);
  }

  /** Tells what fell due and what is being done; cheap enough for every turn of the event loop. */
  tell(now: number): void {
    if (this.#clock !== null) {
      const due = this.#clock.dueBy(now, this.#ctx.scale);
      this.#recorder.due(Math.max(0, due - this.#dueTold));
      this.#dueTold = Math.max(due, this.#dueTold);
    }
    if (now - this.#meterNs < METER_NS) return;
    this.#fly(now, 0);
    const spanNs = now - this.#meterNs;
    this.#ctx.achieved(this.#clock === null ? this.#flightNs / spanNs : (this.#done * SECOND) / spanNs);
    this.#done = 0;
    this.#flightNs = 0;
    this.#meterNs = now;
  }

  #fly(now: number, change: number): void {
    this.#flightNs += this.#inFlight * (now - this.#flightAtNs);
    this.#flightAtNs = now;
    this.#inFlight += change;
  }

  /** Operations that may be in flight in the closed model. */
  #places(now: number): number {
    const asked = this.#ctx.askedAt(now);
    if (this.#ctx.control !== 'concurrency') return asked > 0 ? 1 : 0;
    return Math.round(asked);
  }
}
