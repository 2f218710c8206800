/**
 * Windows, events and readings as shared streams: one computation, many consumers. The only import of rxjs; raw
 * samples never pass through here (a few items a second do). A consumer that throws is reported, never lost.
 */
import type { RunEvent } from '../contract/events.js';
import type { SeriesPoint, Window } from '../contract/metrics.js';
// Four of its files: all of rxjs takes a tenth of a second to load where this is not bundled.
import { Subject } from 'rxjs/internal/Subject';
import { filter } from 'rxjs/internal/operators/filter';
import { map } from 'rxjs/internal/operators/map';
import { share } from 'rxjs/internal/operators/share';

export interface Feed<T> {
  subscribe(consumer: (item: T) => void): void;
}

export interface RunStreams {
  readonly windows: Feed<Window>;
  readonly events: Feed<RunEvent>;
  /** The host's series of each window: what the safety monitor saw. */
  readonly readings: Feed<readonly SeriesPoint[]>;
  window(window: Window): void;
  event(event: RunEvent): void;
  complete(): void;
}

export function openStreams(onConsumerError: (error: unknown) => void): RunStreams {
  const windows = new Subject<Window>();
  const events = new Subject<RunEvent>();
  const readings = windows.pipe(
    map((window) => window.series.filter((s) => s.metric.startsWith('host.'))),
    filter((series) => series.length > 0),
    share(),
  );
  const feed = <T>(source: { subscribe(next: (item: T) => void): unknown }): Feed<T> => ({
    subscribe(consumer) {
      source.subscribe((item) => {
        try {
          consumer(item);
        } catch (error) {
          onConsumerError(error);
        }
      });
    },
  });
  return {
    windows: feed(windows),
    events: feed(events),
    readings: feed(readings),
    window: (window) => windows.next(window),
    event: (event) => events.next(event),
    complete() {
      windows.complete();
      events.complete();
    },
  };
}
