/**
 * Thresholds while the run goes on: those that abort are judged at every measured window, and the first that has
 * failed for good stops the run; what has failed at the end is said then. Owned by the orchestrator.
 */
import type { Window } from '../contract/metrics.js';
import type { Plan } from '../contract/plan.js';
import type { RunSummary } from '../contract/summary.js';
import type { RunAccumulator } from '../metrics/accumulate.js';
import { failingNow } from '../metrics/thresholds.js';
import type { EventDesk } from './event-desk.js';

export class ThresholdDesk {
  readonly #plan: Plan;
  readonly #events: EventDesk;
  readonly #accumulator: RunAccumulator;
  readonly #told = new Set<string>();

  constructor(plan: Plan, events: EventDesk, accumulator: RunAccumulator) {
    this.#plan = plan;
    this.#events = events;
    this.#accumulator = accumulator;
  }

  /** After the accumulator has it. A warning never ends a run. */
  window(window: Window): void {
    if (!window.measured || this.#events.stopCause !== null) return;
    for (const threshold of this.#plan.thresholds) {
      if (threshold.abort !== true || threshold.severity !== 'fail') continue;
      const failed = failingNow(threshold, this.#accumulator);
      if (failed === null) continue;
      const { text: name, value, detail } = failed;
      this.#told.add(name);
      this.#events.emit({ type: 'threshold.failed', threshold: name, value, aborts: true });
      this.#events.stop('threshold', `${name}: ${detail ?? 'does not hold'}; the run ends by it`);
      return;
    }
  }

  /** What the summary says has failed, and was not said before. */
  finish({ thresholds }: RunSummary): void {
    for (const { text: threshold, ok, severity, value } of thresholds) {
      if (ok || severity !== 'fail' || this.#told.has(threshold)) continue;
      this.#told.add(threshold);
      this.#events.emit({ type: 'threshold.failed', threshold, value, aborts: false });
    }
  }
}
