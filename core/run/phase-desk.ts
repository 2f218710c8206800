/**
 * Ends phases early: closed windows and the ends of instances enter; when what a phase runs for has come, later phases
 * move up, everybody is told, and an event says what was found. Also says what never came. Owned by the orchestrator.
 */
import type { ToAgent } from '../contract/messages.js';
import type { Window } from '../contract/metrics.js';
import type { Plan, PlannedActor, PlannedCycle, PlannedPhase } from '../contract/plan.js';
import type { RunAccumulator } from '../metrics/accumulate.js';
import { trackedOf } from '../metrics/cycle.js';
import type { Found } from '../metrics/until-watch.js';
import { UntilWatch } from '../metrics/until-watch.js';
import { PhaseClock } from '../plan/clock.js';
import type { EventDesk } from './event-desk.js';
import { cycleSentence, doneSentence, foundSentence } from './found-sentence.js';

/** Between a decision and what it changes: time for the message to reach every agent before it. */
export const LEAD_MS = 100;

export interface PhaseDeskInput {
  readonly plan: Plan;
  readonly events: EventDesk;
  readonly accumulator: RunAccumulator;
  readonly toAll: (message: ToAgent) => void;
}

export class PhaseDesk {
  readonly clock: PhaseClock;
  readonly #input: PhaseDeskInput;
  readonly #watch: UntilWatch;
  /** Instances that said that their work is complete, by actor. */
  readonly #done = new Map<string, Set<number>>();
  readonly #reached = new Set<number>();
  /** Cycles that were found to be, by name. */
  readonly #steady = new Set<string>();
  /** Phases before this one are settled: reached, missed, or without an aim. */
  #settled = 0;
  #running: PlannedPhase | null = null;
  #last: PlannedPhase | null = null;
  readonly #listeners: (() => void)[] = [];

  constructor(input: PhaseDeskInput) {
    this.#input = input;
    this.clock = new PhaseClock(input.plan.phases, input.plan.windowMs);
    this.#watch = new UntilWatch(input.plan, input.accumulator);
  }

  /** The one that was started last; null before the first. */
  get lastPhase(): PlannedPhase | null {
    return this.#last;
  }

  /** Called when starts have moved; the clock has them by then. */
  onMoved(listener: () => void): void {
    this.#listeners.push(listener);
  }

  started(phase: PlannedPhase): void {
    this.#running = phase;
    this.#last = phase;
    this.#lookForDone();
  }

  ended(): void {
    this.#running = null;
  }

  instanceDone(actor: string, instance: number): void {
    const done = this.#done.get(actor) ?? new Set<number>();
    this.#done.set(actor, done.add(instance));
    this.#lookForDone();
  }

  /** After the accumulator has it. */
  window(window: Window): void {
    this.#settle(window.phaseIndex);
    const found = this.#watch.add(window);
    const phase = this.#input.plan.phases[window.phaseIndex];
    if (phase === undefined) return;
    if (found !== null && !this.#reached.has(phase.index))
      this.#reach(phase, found.value, (tookMs) => this.#sentence(phase, found, tookMs, window));
    const isLast = this.clock.windowAt(window.index + 1)?.phaseIndex !== phase.index;
    const cycle = this.#input.plan.cycles?.find(({ name }) => name === phase.cycle);
    const ended = phase.index + 1 - (cycle?.firstPhase ?? 0);
    if (cycle !== undefined && isLast && ended % cycle.phases === 0)
      this.#roundEnded(cycle, ended / cycle.phases, phase);
  }

  /** Of a round that has begun by now nothing is left but its beginning. */
  #roundEnded(cycle: PlannedCycle, round: number, { index: phaseIndex }: PlannedPhase): void {
    const { events, accumulator } = this.#input;
    const { name: phase, firstPhase, phases, rounds, until: aims, otherwise } = cycle;
    const isOver = events.stopCause !== null && events.stopCause !== 'completed';
    if (isOver || aims.length === 0 || this.#steady.has(phase)) return;
    const tracked = trackedOf(cycle, round, this.#input.plan, accumulator);
    const until = aims.map(({ text }) => text).join('; ');
    if (tracked.every(({ isSteady }) => isSteady === true)) {
      this.#steady.add(phase);
      const atMs = events.atMs + LEAD_MS;
      const running = this.clock.phaseAt(atMs);
      const last = firstPhase + rounds * phases - 1;
      if (running !== null && running <= last) this.#move(this.clock.endThrough(running, last, atMs));
      const text = cycleSentence(phase, round, tracked);
      events.emit({ type: 'phase.reached', phase, phaseIndex, until, value: null, text });
    } else if (round === rounds) events.emit({ type: 'phase.missed', phase, phaseIndex, until, otherwise });
  }

  /** All windows are closed. What a stopped run did not come to is not missed. */
  finish(): void {
    if (this.#input.events.stopCause === 'completed') this.#settle(this.#input.plan.phases.length);
  }

  /** What it ran for has come: later phases move up, and everybody is told. */
  endNow(phase: PlannedPhase): void {
    if (this.#running === phase)
      this.#move(this.clock.endPhase(phase.index, this.#input.events.atMs + LEAD_MS));
  }

  #move(isMoved: boolean): void {
    const { events, toAll } = this.#input;
    if (!isMoved || events.startNs === null) return;
    toAll({ type: 'phases', startsNs: this.clock.startsNs(events.startNs) });
    for (const tell of this.#listeners) tell();
  }

  #lookForDone(): void {
    const phase = this.#running;
    if (phase?.until?.sentence.kind !== 'done' || this.#reached.has(phase.index)) return;
    const loaded = this.#input.plan.actors.filter(({ name }) => phase.load[name] !== undefined);
    const isDone = ({ name, instances }: PlannedActor): boolean =>
      (this.#done.get(name)?.size ?? 0) >= (phase.instances?.[name] ?? instances);
    if (!loaded.every(isDone)) return;
    const names = loaded.map(({ name }) => name);
    this.#reach(phase, null, (tookMs) => doneSentence(phase.name, tookMs, names));
  }

  #reach(phase: PlannedPhase, value: number | null, sentence: (tookMs: number) => string): void {
    const { events } = this.#input;
    if (events.stopCause !== null && events.stopCause !== 'completed') return;
    this.#reached.add(phase.index);
    this.endNow(phase);
    const [fromMs = 0, toMs = 0] = [this.clock.startsMs[phase.index], this.clock.startsMs[phase.index + 1]];
    const { name, index, until } = phase;
    const text = sentence(toMs - fromMs);
    events.emit({
      type: 'phase.reached',
      phase: name,
      phaseIndex: index,
      until: until?.text ?? '',
      value,
      text,
    });
  }

  #sentence(phase: PlannedPhase, found: Found, tookMs: number, window: Window): string {
    const { plan, accumulator } = this.#input;
    return foundSentence({ phase, found, tookMs, window, actors: plan.actors, accumulator });
  }

  /** Every window of the phases before this one is closed. */
  #settle(phaseIndex: number): void {
    for (; this.#settled < phaseIndex; this.#settled++) {
      const phase = this.#input.plan.phases[this.#settled];
      if (phase?.until === undefined || this.#reached.has(phase.index)) continue;
      if (this.clock.isSkipped(phase.index)) continue;
      const { name, index, until } = phase;
      const { text, otherwise } = until;
      this.#input.events.emit({
        type: 'phase.missed',
        phase: name,
        phaseIndex: index,
        until: text,
        otherwise,
      });
    }
  }
}
