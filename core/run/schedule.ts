/**
 * Walks a run through its phases and window cuts in real time, as the clock of phases says at each moment; returns
 * early when the run is stopped.
 */
import { MS, nowNs } from '../base/clock.js';
import type { PlannedPhase } from '../contract/plan.js';
import type { PhaseClock } from '../plan/clock.js';

const TIMEOUT_MAX_MS = 2 ** 31 - 1;

export interface ScheduleSteps {
  phaseStarted(phase: PlannedPhase): void;
  phaseEnded(phase: PlannedPhase): void;
  /** The instant at which this window ends. */
  cut(window: number): void;
}

export class Schedule {
  readonly #clock: PhaseClock;
  readonly #phases: readonly PlannedPhase[];
  readonly #startNs: number;
  readonly #steps: ScheduleSteps;
  #rouse: () => void = () => undefined;
  #isStopped = false;

  constructor(clock: PhaseClock, phases: readonly PlannedPhase[], startNs: number, steps: ScheduleSteps) {
    this.#clock = clock;
    this.#phases = phases;
    this.#startNs = startNs;
    this.#steps = steps;
  }

  /** True when the whole timeline was walked, false when `stopped` settled first. */
  async walk(stopped: Promise<unknown>): Promise<boolean> {
    void stopped.then(() => {
      this.#isStopped = true;
      this.#rouse();
    });
    if (!(await this.#sleepUntil(() => 0))) return false;
    let phase: PlannedPhase | undefined;
    for (let window = this.#clock.from(0); window !== null; window = this.#clock.from(window + 1)) {
      const index = window;
      const next = this.#phases[this.#clock.windowAt(index)?.phaseIndex ?? -1];
      if (next !== phase) {
        if (phase !== undefined) this.#steps.phaseEnded(phase);
        if (next !== undefined) this.#steps.phaseStarted(next);
        phase = next;
      }
      if (!(await this.#sleepUntil(() => this.#clock.windowAt(index)?.endMs ?? 0))) return false;
      this.#steps.cut(index);
    }
    if (phase !== undefined) this.#steps.phaseEnded(phase);
    return true;
  }

  /** Phases have moved: what is waited for may come sooner. */
  moved(): void {
    this.#rouse();
  }

  /** Asks anew for the instant whenever it is roused. False: the run was stopped before it came. */
  async #sleepUntil(instantMs: () => number): Promise<boolean> {
    for (;;) {
      if (this.#isStopped) return false;
      const leftMs = (this.#startNs - nowNs()) / MS + instantMs();
      if (leftMs <= 0) return true;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(Math.ceil(leftMs), TIMEOUT_MAX_MS));
        this.#rouse = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}
