/**
 * When the next operation of an instance may start, by its control's model, and the accounts of it: what fell due, what
 * was never done, what the instance really does (`actor.held`). Used by the pacers and by `operations.ts`.
 */
import { MS, nowNs } from '../base/clock.js';
import { ClosedModel } from './closed-model.js';
import type { Paced } from './paced.js';
import type { Model } from './model.js';
import { OpenModel } from './open-model.js';
import type { OperationRecorder } from './operation-recorder.js';

/** What is done is counted over at least so long; who is not quiet tells it so often. */
export const METER_NS = 250 * MS;

export class Pacing {
  readonly #ctx: Paced;
  readonly #recorder: OperationRecorder;
  readonly #model: Model;
  readonly #told = { due: 0, unfinished: 0, queued: 0, capped: 0 };
  #started = 0;
  #inFlight = 0;
  /** Started, and given up. */
  #unfinished = 0;
  #meterNs: number;
  #held = NaN;

  constructor(ctx: Paced, recorder: OperationRecorder, now: number = nowNs()) {
    this.#ctx = ctx;
    this.#recorder = recorder;
    this.#meterNs = now;
    this.#model = ctx.control === 'rate' ? new OpenModel(ctx, ctx.pacing) : new ClosedModel(ctx, now);
  }

  /** Operations started so far; the number of the next one. */
  get started(): number {
    return this.#started;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** True where a cap may be on bytes: then they are told with every end. */
  get isBounded(): boolean {
    return this.#ctx.pacing.bounds !== null;
  }

  /** True when an operation that ends may let another one start. */
  get awaitsEnds(): boolean {
    return this.#model.awaitsEnds;
  }

  /** When one more may start beside those in flight: not after `now` means at once; Infinity: when something changes. */
  nextNs(now: number): number {
    return this.#model.nextNs(now);
  }

  /** The operation that `nextNs` told starts now. */
  start(dueNs: number, now: number): void {
    this.#model.start(dueNs, now);
    this.#started++;
    this.#inFlight++;
    // At once, so that no window has what is done in it and not what was due.
    this.#tellCounts(this.#model.dueBy(now));
  }

  /** All that may start now, at most `most`: their due times are written to the begin of `dueNs`. How many. */
  startDue(dueNs: Float64Array, most: number, now: number): number {
    const count = this.#model.startDue(dueNs, most, now);
    if (count === 0) return 0;
    this.#started += count;
    this.#inFlight += count;
    this.#tellCounts(this.#model.dueBy(now));
    return count;
  }

  ended(now: number, count = 1, bytes = 0): void {
    this.#model.ended(now, count, bytes);
    this.#inFlight -= count;
  }

  /** It was started and did nothing that counts: the stop cut it short, or there was nothing left to do. */
  unfinished(now: number): void {
    this.ended(now);
    this.#unfinished++;
  }

  /** Nothing is being done, and that has been told: only what is due next, or a wake, makes it worth another look. */
  get isQuiet(): boolean {
    return this.#inFlight === 0 && this.#held === 0;
  }

  /** Tells what fell due and what is being done; cheap enough for every turn of the event loop. */
  tell(now: number): void {
    this.#tellCounts(this.#model.dueBy(now));
    const spanNs = now - this.#meterNs;
    if (spanNs < METER_NS) return;
    const held = (this.#held = this.#model.held(now, spanNs));
    this.#meterNs = now;
    // Of the other controls the simulator itself says what it holds.
    const { control } = this.#ctx;
    if (control === 'rate' || control === 'concurrency' || control === 'switch')
      this.#ctx.achieved(held, spanNs);
  }

  /** Nothing starts any more: what is behind and what is still in flight was due and is not done. */
  end(now: number): void {
    this.tell(now);
    this.#model.end(now);
    this.#unfinished += this.#inFlight;
    this.#inFlight = 0;
    this.#tellCounts(this.#model.dueBy(now));
  }

  #tellCounts(due: number): void {
    const told = this.#told;
    const { dropped, queued, capped } = this.#model;
    const unfinished = this.#unfinished + dropped;
    if (due > told.due) this.#recorder.due(due - told.due);
    if (unfinished > told.unfinished) this.#recorder.unfinished(unfinished - told.unfinished);
    if (queued > told.queued) this.#recorder.queued(queued - told.queued);
    if (capped > told.capped) this.#recorder.capped(capped - told.capped);
    told.due = due;
    told.unfinished = unfinished;
    told.queued = queued;
    told.capped = capped;
  }
}
