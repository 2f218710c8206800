/**
 * Says what happens in a run: parts of the orchestrator emit events, streams carry them on. Knows the start instant,
 * from which events are timed, and the one reason for which the run stops.
 */
import { deferred } from '../base/deferred.js';
import { BruntError } from '../base/errors.js';
import { MS, nowNs } from '../base/clock.js';
import type { RunEvent, RunEventBody, StopCause } from '../contract/events.js';
import type { RunStreams } from './streams.js';

export class EventDesk {
  /** Events from before the streams were open; a handful. */
  readonly #early: RunEvent[] = [];
  readonly #stopped = deferred<StopCause>();
  #streams: RunStreams | null = null;
  #startNs: number | null = null;
  #stopCause: StopCause | null = null;

  /** Null until every instance was ready. */
  get startNs(): number | null {
    return this.#startNs;
  }

  get atMs(): number {
    return this.#startNs === null ? 0 : (nowNs() - this.#startNs) / MS;
  }

  get stopCause(): StopCause | null {
    return this.#stopCause;
  }

  /** Settles when the run is to stop, for whatever cause. */
  get stopped(): Promise<StopCause> {
    return this.#stopped.promise;
  }

  connect(streams: RunStreams): void {
    this.#streams = streams;
    for (const event of this.#early.splice(0)) streams.event(event);
  }

  setStart(startNs: number): void {
    this.#startNs = startNs;
  }

  emit(body: RunEventBody): void {
    const event = { ...body, atMs: this.atMs } as RunEvent;
    if (this.#streams === null) this.#early.push(event);
    else this.#streams.event(event);
  }

  /** The first cause is the one that counts. */
  stop(cause: StopCause, reason: string): void {
    if (this.#stopCause !== null) return;
    this.#stopCause = cause;
    this.emit({ type: 'run.stopping', cause, reason });
    this.#stopped.resolve(cause);
  }

  /** Something in brunt itself went wrong. */
  internal(error: unknown): void {
    if (error instanceof BruntError) this.stop('internal', error.message);
    else
      this.stop(
        'internal',
        `defect in brunt: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      );
  }
}
