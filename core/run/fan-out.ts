/**
 * Exporters behind bounded queues: windows and events go in from the streams, each exporter takes them in order
 * at its own pace. A slow one loses its own oldest items, counted; one that throws is closed and named.
 */
import { doneWithin } from '../base/deferred.js';
import { BruntError, messageOf } from '../base/errors.js';
import { Ring } from '../base/ring.js';
import type { RunEvent } from '../contract/events.js';
import type { AnyExporter, ExporterInstance, RunInfo, Screen } from '../contract/exporter.js';
import type { Window } from '../contract/metrics.js';
import type { RunSummary } from '../contract/summary.js';
import { withRunNames } from '../plan/run-names.js';

/** Items that may wait for one exporter: an hour of windows of one second, with room for events. */
const QUEUE_MAX = 4096;
/** What an exporter may take to write out its rest and end. */
const END_DEADLINE_MS = 10_000;

export interface ExporterUse {
  readonly name: string;
  readonly exporter: AnyExporter;
  readonly options: Readonly<Record<string, unknown>>;
}

export interface ExporterLoss {
  readonly exporter: string;
  readonly reason: string;
  readonly lostWindows: number;
  readonly lostEvents: number;
}

type Item = { readonly window: Window } | { readonly event: RunEvent };

class Outlet {
  readonly name: string;
  readonly #instance: ExporterInstance;
  readonly #abort: AbortController;
  readonly #queue = new Ring<Item>(QUEUE_MAX);
  #pumping: Promise<void> | null = null;
  #failure: string | null = null;
  #lostWindows = 0;
  #lostEvents = 0;

  constructor(name: string, instance: ExporterInstance, abort: AbortController) {
    this.name = name;
    this.#instance = instance;
    this.#abort = abort;
  }

  push(item: Item): void {
    if (this.#failure !== null) return this.#lose(item);
    if (this.#queue.size === QUEUE_MAX) {
      const oldest = this.#queue.shift();
      if (oldest !== undefined) this.#lose(oldest);
    }
    this.#queue.push(item);
    this.#pumping ??= this.#pump().finally(() => (this.#pumping = null));
  }

  async #pump(): Promise<void> {
    for (let item = this.#queue.shift(); item !== undefined; item = this.#queue.shift()) {
      if (this.#failure !== null) {
        this.#lose(item);
        continue;
      }
      try {
        await ('window' in item ? this.#instance.window?.(item.window) : this.#instance.event?.(item.event));
      } catch (error) {
        this.#failure = messageOf(error);
        this.#lose(item);
      }
    }
  }

  #lose(item: Item): void {
    if ('window' in item) this.#lostWindows++;
    else this.#lostEvents++;
  }

  async drain(): Promise<void> {
    await within(
      END_DEADLINE_MS,
      this.#pumping ?? Promise.resolve(),
      'did not take its windows in time',
    ).catch((error: unknown) => (this.#failure ??= messageOf(error)));
  }

  async end(summary: RunSummary): Promise<void> {
    const lost = { windows: this.#lostWindows, events: this.#lostEvents };
    try {
      await within(
        END_DEADLINE_MS,
        Promise.resolve(this.#instance.end({ summary, lost })),
        'did not end in time',
      );
    } catch (error) {
      this.#failure ??= messageOf(error);
    } finally {
      this.#abort.abort();
    }
  }

  loss(): ExporterLoss | null {
    const [lostWindows, lostEvents] = [this.#lostWindows, this.#lostEvents];
    if (this.#failure === null && lostWindows + lostEvents === 0) return null;
    return { exporter: this.name, reason: this.#failure ?? 'too slow', lostWindows, lostEvents };
  }
}

async function within(deadlineMs: number, work: Promise<void>, complaint: string): Promise<void> {
  if (!(await doneWithin(work, deadlineMs))) throw new Error(`${complaint} (${deadlineMs} ms)`);
}

export class FanOut {
  readonly #outlets: Outlet[] = [];

  /** Opens all, or none: when one fails, those already open are ended in reverse. */
  static async open(uses: readonly ExporterUse[], run: RunInfo, screen: Screen): Promise<FanOut> {
    const fanOut = new FanOut();
    const opened: AbortController[] = [];
    for (const { name, exporter, options } of uses) {
      const abort = new AbortController();
      try {
        const named = withRunNames(options, run.run);
        const instance = await exporter.open({ run, options: named, screen, signal: abort.signal });
        fanOut.#outlets.push(new Outlet(name, instance, abort));
        opened.push(abort);
      } catch (error) {
        for (const each of opened.reverse()) each.abort();
        if (error instanceof BruntError) throw error;
        throw new BruntError({
          code: 'E_EXPORTER_OPEN',
          message: `exporter ${name} cannot open: ${messageOf(error)}`,
          place: { path: `exporters.${name}` },
          cause: error,
        });
      }
    }
    return fanOut;
  }

  window(window: Window): void {
    for (const outlet of this.#outlets) outlet.push({ window });
  }

  event(event: RunEvent): void {
    for (const outlet of this.#outlets) outlet.push({ event });
  }

  /** Waits, bounded, until every exporter has taken what was published; says what was lost on the way. */
  async drain(): Promise<ExporterLoss[]> {
    await Promise.all(this.#outlets.map((outlet) => outlet.drain()));
    return this.losses();
  }

  /** Ends every exporter, each within its deadline, in every outcome. */
  async end(summary: RunSummary): Promise<ExporterLoss[]> {
    for (const outlet of this.#outlets) await outlet.end(summary);
    return this.losses();
  }

  losses(): ExporterLoss[] {
    return this.#outlets.flatMap((outlet) => outlet.loss() ?? []);
  }
}
