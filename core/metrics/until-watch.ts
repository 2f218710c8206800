/**
 * Whether what a phase runs for has come: closed windows enter, after the accumulator has them, and the answer leaves
 * when a condition held for as long as it says, or a figure was steady. `done` is not seen in windows. Owned by
 * `core/run/phase-desk.ts`.
 *
 * A condition looks at its phase alone unless it names others. Counts, sums and slopes are of the phase so far; all
 * else is of each window. Where several actors or probes have the metric, it must hold for every one of them.
 */
import type { Assertion, Selector, Until } from '../base/sentences.js';
import type { MetricUnit, Window } from '../contract/metrics.js';
import type { Plan, PlannedPhase } from '../contract/plan.js';
import type { RunAccumulator } from './accumulate.js';
import { aggregateOf } from './aggregate.js';
import { boundFor } from './bound.js';
import { compare } from './compare.js';
import { PHASE_TAG, namedOwners } from './selector.js';
import type { OwnerValue } from './selector-totals.js';
import { SelectorTotals } from './selector-totals.js';
import type { Steadiness } from './steady.js';
import { ROUNDS, steadiness } from './steady.js';
import { resultUnit } from './threshold-units.js';

export interface Found {
  readonly phaseIndex: number;
  readonly owner: string | null;
  readonly value: number;
  readonly unit: MetricUnit | 'per-second';
  /** Of a `steady` that was reached. */
  readonly steady: Steadiness | null;
}

/** Windows are as long as they are but for rounding. */
const NEAR_MS = 1e-3;

interface State {
  readonly phase: PlannedPhase;
  readonly soFar: SelectorTotals;
  /** For how long the condition has held without a break. */
  heldMs: number;
  readonly rounds: Map<string | null, number[]>;
}

export class UntilWatch {
  readonly #plan: Pick<Plan, 'phases' | 'windowMs'>;
  readonly #accumulator: RunAccumulator;
  #state: State | null = null;

  constructor(plan: Pick<Plan, 'phases' | 'windowMs'>, accumulator: RunAccumulator) {
    this.#plan = plan;
    this.#accumulator = accumulator;
  }

  /** Not null at every window in which it is reached. */
  add(window: Window): Found | null {
    const phase = this.#plan.phases[window.phaseIndex];
    const sentence = phase?.until?.sentence;
    if (phase === undefined || sentence === undefined || sentence.kind === 'done') return null;
    const fresh = this.#state?.phase !== phase;
    const state: State =
      !fresh && this.#state !== null
        ? this.#state
        : {
            phase,
            soFar: new SelectorTotals(sentence.selector, this.#accumulator),
            heldMs: 0,
            rounds: new Map(),
          };
    this.#state = state;
    state.soFar.add(window);
    return sentence.kind === 'steady'
      ? this.#steady(state, sentence, window)
      : this.#condition(state, sentence, window);
  }

  #condition(
    state: State,
    { selector, assertion }: Extract<Until, { kind: 'condition' }>,
    window: Window,
  ): Found | null {
    const values = this.#values(state, selector, assertion, window);
    const holds = this.#holdsForAll(selector, assertion, values);
    state.heldMs = holds ? state.heldMs + window.endMs - window.startMs : 0;
    if (!holds || state.heldMs < (assertion.forMs ?? 0) - NEAR_MS) return null;
    const [first] = values;
    if (first?.value === undefined || first.value === null) return null;
    const unit = resultUnit(this.#accumulator.kindOf(selector.metric), first.unit, assertion.aggregate);
    return { phaseIndex: state.phase.index, owner: first.owner, value: first.value, unit, steady: null };
  }

  #values(state: State, selector: Selector, { aggregate }: Assertion, window: Window): OwnerValue[] {
    if (selector.tags[PHASE_TAG] !== undefined) {
      return this.#accumulator.select(selector).map((selection) => ({
        owner: selection.actor,
        value: aggregateOf(selection.total, aggregate, selection),
        unit: selection.unit,
      }));
    }
    const isOfAll = ['count', 'sum', 'slope', 'drift'].some((one) => one === aggregate);
    if (isOfAll) return state.soFar.values(aggregate);
    const alone = new SelectorTotals(selector, this.#accumulator);
    alone.add(window);
    return alone.values(aggregate);
  }

  #holdsForAll(
    selector: Selector,
    { aggregate, operator, operand }: Assertion,
    values: readonly OwnerValue[],
  ): boolean {
    const owners = values.map(({ owner }) => owner);
    if (values.length === 0 || namedOwners(selector).some((name) => !owners.includes(name))) return false;
    return values.every(({ owner, value }) => {
      const bound = boundFor({ selector, aggregate, operand }, owner, this.#accumulator);
      return value !== null && bound !== null && compare(value, operator, bound);
    });
  }

  /** A window that is short or lacks a source is no round, and the five begin anew. */
  #steady(
    state: State,
    { aggregate, selector }: Extract<Until, { kind: 'steady' }>,
    window: Window,
  ): Found | null {
    const isRound =
      window.missing.length === 0 && window.endMs - window.startMs >= this.#plan.windowMs - NEAR_MS;
    const alone = new SelectorTotals(selector, this.#accumulator);
    alone.add(window);
    const values = isRound ? alone.values(aggregate) : [];
    if (values.length === 0) state.rounds.clear();
    for (const { owner, value } of values) {
      const rounds = value === null ? [] : [...(state.rounds.get(owner) ?? []), value].slice(-ROUNDS);
      state.rounds.set(owner, rounds);
    }
    if (namedOwners(selector).some((name) => !state.rounds.has(name))) return null;
    const found = [...state.rounds].map(([owner, rounds]) => ({ owner, steady: steadiness(rounds) }));
    const [first] = found;
    if (first?.steady === undefined || first.steady === null) return null;
    if (!found.every(({ steady }) => steady?.isSteady === true)) return null;
    const unit = values[0]?.unit ?? 'count';
    const kind = this.#accumulator.kindOf(selector.metric);
    return {
      phaseIndex: state.phase.index,
      owner: first.owner,
      value: first.steady.mean,
      unit: resultUnit(kind, unit, aggregate),
      steady: first.steady,
    };
  }
}
