/**
 * When phases begin and which windows there are, as far as is known now: planned starts enter, and again when a phase
 * ends early. Orchestrator, window store and agents each keep one and are told the same starts, so that all agree.
 *
 * The index of a window stays the one of the plan's own cuts, wherever phases move: the windows of a rest that was
 * cut off never exist, and the next phase goes on with its own first index.
 */
import { assert } from '../base/assert.js';
import { MS } from '../base/clock.js';
import type { PlannedPhase } from '../contract/plan.js';
import type { WindowCut } from './cuts.js';
import { windowCount } from './cuts.js';

/** Two instants this near are one: what is left between them is no window. */
const NEAR_MS = 1e-3;

export class PhaseClock {
  readonly #phases: readonly PlannedPhase[];
  readonly #windowMs: number;
  /** Index of each phase's first window, and behind them the number of all. */
  readonly #firsts: readonly number[];
  /** Of each phase and of the end, since the start instant. */
  #startsMs: readonly number[];

  constructor(phases: readonly PlannedPhase[], windowMs: number) {
    assert(phases.length > 0, 'a plan has phases');
    this.#phases = phases;
    this.#windowMs = windowMs;
    const firsts = [0];
    for (const phase of phases) firsts.push((firsts.at(-1) ?? 0) + windowCount([phase], windowMs));
    this.#firsts = firsts;
    const last = phases[phases.length - 1];
    this.#startsMs = [
      ...phases.map(({ startMs }) => startMs),
      last === undefined ? 0 : last.startMs + last.durationMs,
    ];
  }

  get startsMs(): readonly number[] {
    return this.#startsMs;
  }

  /** When the last phase ends. */
  get endMs(): number {
    return this.#startsMs[this.#phases.length] ?? 0;
  }

  /** The start instants as messages carry them. */
  startsNs(startNs: number): number[] {
    return this.#startsMs.map((ms) => startNs + ms * MS);
  }

  setStartsNs(startsNs: readonly number[], startNs: number): void {
    assert(startsNs.length === this.#startsMs.length, 'a start for each phase, and the end');
    this.#startsMs = startsNs.map((ns) => (ns - startNs) / MS);
  }

  /** The phase ends at `atMs`, and all later ones move up. False: it was to end by then anyway, and nothing moves. */
  endPhase(phase: number, atMs: number): boolean {
    return this.endThrough(phase, phase, atMs);
  }

  /** The same of several in a row: the first ends at `atMs`, and what comes behind it up to the last one never is. */
  endThrough(first: number, last: number, atMs: number): boolean {
    const endMs = this.#startMs(last + 1);
    if (atMs <= this.#startMs(first) || atMs >= endMs - NEAR_MS) return false;
    const byMs = endMs - atMs;
    this.#startsMs = this.#startsMs.map((ms, index) =>
      index > last ? ms - byMs : index > first ? atMs : ms,
    );
    return true;
  }

  /** Phases behind it ended before it could begin. */
  isSkipped(phase: number): boolean {
    return this.#startMs(phase + 1) - this.#startMs(phase) <= NEAR_MS;
  }

  /** The phase at this instant; null before the first and after the last. */
  phaseAt(atMs: number): number | null {
    if (atMs < 0 || atMs >= this.endMs) return null;
    return this.#phases.findLastIndex((_, index) => this.#startMs(index) <= atMs);
  }

  /** Null: beyond the last window, or in a rest that was cut off. */
  windowAt(index: number): WindowCut | null {
    const phaseIndex = this.#phaseOf(index);
    if (phaseIndex === null) return null;
    const within = index - (this.#firsts[phaseIndex] ?? 0);
    const left = this.#windowsIn(phaseIndex) - 1 - within;
    if (left < 0) return null;
    const startMs = this.#startMs(phaseIndex) + within * this.#windowMs;
    const endMs = left === 0 ? this.#startMs(phaseIndex + 1) : startMs + this.#windowMs;
    return { phaseIndex, startMs, endMs };
  }

  /** This index, or the next one that exists; null after the last. */
  from(index: number): number | null {
    if (this.windowAt(index) !== null) return index;
    const phase = this.#phaseOf(index);
    if (phase === null) return null;
    for (let next = phase + 1; next < this.#phases.length; next++)
      if (!this.isSkipped(next)) return this.#firsts[next] ?? null;
    return null;
  }

  /** The window that is open at this instant; before the start the first, after the end the last. */
  indexAt(atMs: number): number {
    if (atMs < 0) return 0;
    const phase = this.phaseAt(atMs);
    if (phase === null) return this.lastIndex;
    const within = Math.floor((atMs - this.#startMs(phase)) / this.#windowMs);
    return (this.#firsts[phase] ?? 0) + Math.min(within, this.#windowsIn(phase) - 1);
  }

  get lastIndex(): number {
    let last = this.#phases.length - 1;
    while (last > 0 && this.isSkipped(last)) last--;
    return (this.#firsts[last] ?? 0) + this.#windowsIn(last) - 1;
  }

  #startMs(phase: number): number {
    return this.#startsMs[phase] ?? 0;
  }

  #phaseOf(index: number): number | null {
    if (index < 0 || index >= (this.#firsts[this.#phases.length] ?? 0)) return null;
    return this.#phases.findLastIndex((_, phase) => (this.#firsts[phase] ?? 0) <= index);
  }

  /** Of those planned, the ones that begin before the phase ends; none of a phase that never is. */
  #windowsIn(phase: number): number {
    if (this.isSkipped(phase)) return 0;
    const planned = (this.#firsts[phase + 1] ?? 0) - (this.#firsts[phase] ?? 0);
    const lengthMs = this.#startMs(phase + 1) - this.#startMs(phase);
    return Math.max(1, Math.min(planned, Math.ceil((lengthMs - NEAR_MS) / this.#windowMs)));
  }
}
