/**
 * One level of a search: closed windows in which it was held enter, what its conditions were judged by leaves, with
 * confidence. Made by `core/run/search-desk.ts` for each level.
 */
import type { Aggregate } from '../base/sentences.js';
import type { Window } from '../contract/metrics.js';
import type { PlannedActor, PlannedCondition, PlannedSearch } from '../contract/plan.js';
import type { Interval, SearchFigure, SearchStep } from '../contract/search.js';
import type { RunAccumulator } from './accumulate.js';
import { aggregateOf } from './aggregate.js';
import { compare, fixedBound } from './compare.js';
import { meanOf, quantileInterval } from './confidence.js';
import { namedOwners } from './selector.js';
import { SelectorTotals } from './selector-totals.js';
import { ACHIEVED_TOLERANCE } from './steady-watch.js';
import { resultUnit } from './threshold-units.js';
import type { Total } from './totals.js';

/** Whose interval comes from the windows: of the rest it is known from the distribution, or not at all. */
const BY_WINDOWS: readonly Aggregate[] = ['avg', 'rate', 'share'];

interface Watched {
  readonly condition: PlannedCondition;
  readonly totals: SelectorTotals;
  /** Of each window, by owner. */
  readonly values: Map<string | null, number[]>;
}

interface Judged {
  readonly figure: SearchFigure;
  readonly isSure: boolean;
}

export class StepWatch {
  readonly #accumulator: RunAccumulator;
  readonly #amount: number;
  readonly #watched: readonly Watched[];
  readonly #asked: SelectorTotals;
  readonly #achieved: SelectorTotals;
  #judgedMs = 0;

  constructor(search: PlannedSearch, actor: PlannedActor, level: number, accumulator: RunAccumulator) {
    this.#accumulator = accumulator;
    this.#amount = level * actor.peak.amount;
    const tags = { actor: [actor.name] };
    this.#asked = new SelectorTotals({ metric: 'actor.asked', tags }, accumulator);
    this.#achieved = new SelectorTotals({ metric: 'actor.achieved', tags }, accumulator);
    this.#watched = search.conditions.map((condition) => ({
      condition,
      totals: new SelectorTotals(condition.selector, accumulator),
      values: new Map(),
    }));
  }

  get judgedMs(): number {
    return this.#judgedMs;
  }

  add(window: Window): void {
    this.#judgedMs += window.endMs - window.startMs;
    this.#asked.add(window);
    this.#achieved.add(window);
    for (const { condition, totals, values } of this.#watched) {
      totals.add(window);
      const { aggregate } = condition.assertion;
      if (!BY_WINDOWS.includes(aggregate)) continue;
      const alone = new SelectorTotals(condition.selector, this.#accumulator);
      alone.add(window);
      for (const { owner, value } of alone.values(aggregate)) {
        if (value !== null) values.set(owner, [...(values.get(owner) ?? []), value]);
      }
    }
  }

  /** What is surely broken needs no other figure to be sure. */
  result(): SearchStep {
    const judged = this.#watched.flatMap((watched, index) => this.#figures(watched, index));
    const reached = this.#reached();
    const isReached = reached === null || reached >= 1 - ACHIEVED_TOLERANCE;
    const isBroken = !isReached || judged.some(({ figure, isSure }) => !figure.holds && isSure);
    return {
      amount: this.#amount,
      holds: isReached && judged.every(({ figure }) => figure.holds),
      isSure: isBroken || judged.every(({ isSure }) => isSure),
      judgedMs: this.#judgedMs,
      reached,
      figures: judged.map(({ figure }) => figure),
    };
  }

  /** Of the level: what was asked may be less of it, by the safety gate, and what was done less of that. */
  #reached(): number | null {
    const [asked] = this.#asked.values('avg');
    const [achieved] = this.#achieved.values('avg');
    if (typeof asked?.value !== 'number' || typeof achieved?.value !== 'number') return null;
    return (achieved.value * asked.value) / this.#amount;
  }

  #figures(watched: Watched, condition: number): Judged[] {
    const { selector, assertion } = watched.condition;
    const found = watched.totals.totals();
    const kind = this.#accumulator.kindOf(selector.metric);
    const figures = found.map(({ owner, unit, total }): Judged => {
      const { aggregate } = assertion;
      const span = { spanMs: this.#judgedMs, unit };
      const value = total === null ? null : aggregateOf(total, aggregate, span);
      const holds = value !== null && this.#isWithin(watched.condition, value);
      const interval = total === null ? null : intervalOf(total, aggregate, watched.values.get(owner) ?? []);
      const isSure = interval === null ? !hasInterval(aggregate) : this.#isClear(watched.condition, interval);
      const told = { condition, owner, value, unit: resultUnit(kind, unit, aggregate) };
      return { figure: { ...told, interval, holds }, isSure };
    });
    const missing = namedOwners(selector).filter((name) => !found.some(({ owner }) => owner === name));
    const lacking = found.length === 0 && missing.length === 0 ? [null] : missing;
    const unit = this.#accumulator.unitOf(selector.metric, {});
    const nothing = { condition, value: null, unit, interval: null, holds: false };
    return [...figures, ...lacking.map((owner) => ({ figure: { ...nothing, owner }, isSure: false }))];
  }

  #isWithin({ assertion: { operator, operand } }: PlannedCondition, value: number): boolean {
    return compare(value, operator, fixedBound(operand) ?? NaN);
  }

  /** The bound is not in the interval. */
  #isClear(condition: PlannedCondition, { low, high }: Interval): boolean {
    return this.#isWithin(condition, low) === this.#isWithin(condition, high);
  }
}

const hasInterval = (aggregate: Aggregate): boolean =>
  typeof aggregate === 'object' || aggregate === 'med' || BY_WINDOWS.includes(aggregate);

function intervalOf({ point }: Total, aggregate: Aggregate, values: readonly number[]): Interval | null {
  if (BY_WINDOWS.includes(aggregate)) {
    const mean = meanOf(values);
    return mean && { low: mean.value - mean.plusMinus, high: mean.value + mean.plusMinus };
  }
  if (point.kind !== 'trend') return null;
  if (typeof aggregate === 'object') return quantileInterval(point, aggregate.percentile);
  return aggregate === 'med' ? quantileInterval(point, 0.5) : null;
}
