/**
 * Takes the samples of one probe: one at a time, when due, each bounded by the probe's time-out, recorded from the due
 * time. What falls due while a sample is taken is counted as missed and not made up for. Runs on the probe thread.
 */
import { deferred, doneWithin } from '../base/deferred.js';
import { messageOf } from '../base/errors.js';
import { MS, nowNs } from '../base/clock.js';
import { formatQuantity } from '../base/units.js';
import type { ProbeInstance } from '../contract/probe.js';
import type { PROBE_METRICS } from '../metrics/catalogue.js';
import type { WritersOf } from '../metrics/recorder.js';
import type { DueClock } from './due-clock.js';
import type { ProbeLog } from './messages.js';

/** For probes that say nothing about it. */
export const DEFAULT_TIMEOUT_MS = 10_000;

export interface SamplerInput {
  readonly instance: ProbeInstance;
  readonly everyMs: number;
  readonly timeoutMs: number;
  readonly writers: WritersOf<typeof PROBE_METRICS>;
  readonly clock: DueClock;
  /** Around the call of the plugin's code: until it gives the thread back. */
  readonly calling: (isCalling: boolean) => void;
  readonly log: (level: ProbeLog['level'], message: string) => void;
}

/** Null: the sample succeeded. */
type Failure = { readonly error: unknown } | null;

export class Sampler {
  readonly #input: SamplerInput;
  readonly #stop = deferred();
  #isStopped = false;
  #dueNs = 0;
  /** Settles when the instance is free again: with its sample, unless that goes on after its time-out. */
  #work: Promise<unknown> = Promise.resolve();
  #isUp: boolean | null = null;

  constructor(input: SamplerInput) {
    this.#input = input;
  }

  stop(): void {
    this.#isStopped = true;
    this.#stop.resolve();
  }

  /** Until it is stopped. Never rejects: whatever the plugin throws is a failed sample. */
  async run(firstDueNs: number): Promise<void> {
    const { clock, everyMs, log } = this.#input;
    this.#dueNs = firstDueNs;
    for (;;) {
      await clock.until(this.#dueNs);
      if (this.#isStopped) return;
      await this.#take(this.#dueNs);
      this.#dueNs += everyMs * MS;
      this.#countMissed();
      if (await doneWithin(this.#work, 0)) continue;
      log('warn', 'goes on although it was aborted: the next sample waits for its end');
      // In steps, so that what is missed is counted when it is.
      while (!(await doneWithin(Promise.race([this.#work, this.#stop.promise]), everyMs)))
        this.#countMissed();
    }
  }

  async #take(dueNs: number): Promise<void> {
    const { clock, timeoutMs } = this.#input;
    const abort = new AbortController();
    const work = clock.whileBusy(this.#call(dueNs, abort.signal));
    this.#work = work;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => (timer = setTimeout(resolve, timeoutMs, 'late')));
    const outcome = await Promise.race([work, late, this.#stop.promise]);
    clearTimeout(timer);
    if (outcome === undefined) {
      abort.abort(new Error('the run ends'));
    } else if (outcome === 'late') {
      const error = new Error(`took longer than ${formatQuantity(timeoutMs * MS, 'time')}`);
      this.#record(dueNs, { error }, true);
      abort.abort(error);
      // One turn for those who heed the signal.
      await new Promise((resolve) => setImmediate(resolve));
    } else {
      this.#record(dueNs, outcome, false);
    }
  }

  async #call(dueNs: number, signal: AbortSignal): Promise<Failure> {
    const { instance, calling } = this.#input;
    try {
      calling(true);
      const sampled = instance.sample(dueNs, signal);
      calling(false);
      await sampled;
      return null;
    } catch (error) {
      return { error };
    } finally {
      calling(false);
    }
  }

  /** A quick refusal is no fast answer: only what succeeded, or took too long, has a latency. */
  #record(dueNs: number, failure: Failure, isLate: boolean): void {
    const { writers, log } = this.#input;
    if (failure === null || isLate) writers['probe.latency'].record(Math.max(0, nowNs() - dueNs));
    writers['probe.errors'].mark(failure !== null);
    const isUp = failure === null;
    writers['probe.up'].set(isUp ? 1 : 0);
    if (failure !== null && this.#isUp !== false) log('warn', `down: ${messageOf(failure.error)}`);
    else if (isUp && this.#isUp === false) log('info', 'up again');
    this.#isUp = isUp;
  }

  #countMissed(): void {
    const { writers, everyMs } = this.#input;
    const behindNs = nowNs() - this.#dueNs;
    if (behindNs < 0) return;
    const missed = Math.floor(behindNs / (everyMs * MS)) + 1;
    writers['probe.missed'].add(missed);
    this.#dueNs += missed * everyMs * MS;
  }
}
