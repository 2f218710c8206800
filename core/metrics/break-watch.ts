/**
 * Where each threshold failed first. Closed windows of measured phases go in; for a threshold that turns out to
 * have failed, the first window that by itself did not hold is named. Owned by the accumulator.
 */
import { compare, fixedBound } from './compare.js';
import type { MetricUnit, Tags, Window } from '../contract/metrics.js';
import type { PlannedThreshold } from '../contract/plan.js';
import { aggregateOf } from './aggregate.js';
import { looksAt, matches, ownerOf } from './selector.js';
import type { Total } from './totals.js';
import { SeriesTotal, sideBySide } from './totals.js';

export interface Break {
  readonly phase: string;
  /** Since the start instant. */
  readonly atMs: number;
}

type UnitOf = (metric: string, tags: Tags) => MetricUnit;

export class BreakWatch {
  readonly #thresholds: readonly PlannedThreshold[];
  readonly #unitOf: UnitOf;
  readonly #breaks = new Map<PlannedThreshold, Map<string | null, Break>>();
  /** Counts run on from window to window: their total is what breaks an upper bound. */
  readonly #counts = new Map<PlannedThreshold, Map<string | null, number>>();

  constructor(thresholds: readonly PlannedThreshold[], unitOf: UnitOf) {
    this.#thresholds = thresholds;
    this.#unitOf = unitOf;
  }

  first(threshold: PlannedThreshold, actor: string | null): Break | null {
    return this.#breaks.get(threshold)?.get(actor) ?? null;
  }

  add(window: Window): void {
    for (const threshold of this.#thresholds) {
      if (threshold.windowMs !== undefined) continue; // its stretches tell
      const { phase, round = null, measured } = window;
      if (!looksAt(threshold.selector, { phase, round, measured })) continue;
      for (const [actor, found] of this.#find(threshold, window)) {
        if (!this.#holds(threshold, actor, found, window)) this.#note(threshold, actor, window);
      }
    }
  }

  #find({ selector }: PlannedThreshold, window: Window): Map<string | null, { tags: Tags; totals: Total[] }> {
    const byActor = new Map<string | null, { tags: Tags; totals: Total[] }>();
    for (const { metric, tags, point } of window.series) {
      if (!matches(selector, metric, tags)) continue;
      const actor = ownerOf(tags);
      const found = byActor.get(actor) ?? { tags, totals: [] };
      const total = new SeriesTotal(point.kind);
      total.add(point, window.startMs);
      found.totals.push(total.total());
      byActor.set(actor, found);
    }
    return byActor;
  }

  /** True also where one window cannot tell: drift, and totals that have yet to reach a lower bound. */
  #holds(
    threshold: PlannedThreshold,
    actor: string | null,
    { tags, totals }: { tags: Tags; totals: readonly Total[] },
    { startMs, endMs }: Window,
  ): boolean {
    const { aggregate, operator, operand } = threshold.assertion;
    const bound = fixedBound(operand);
    if (bound === null || aggregate === 'slope' || aggregate === 'drift') return true;
    const unit = this.#unitOf(threshold.selector.metric, tags);
    const total = sideBySide(totals, 'sum');
    const value = aggregateOf(total, aggregate, { spanMs: endMs - startMs, unit });
    if (value === null) return true;
    if (aggregate !== 'count' && aggregate !== 'sum') return compare(value, operator, bound);
    if (operator === '>' || operator === '>=' || operator === '!=') return true;
    const counts = this.#counts.get(threshold) ?? new Map<string | null, number>();
    this.#counts.set(threshold, counts);
    const soFar = (counts.get(actor) ?? 0) + value;
    counts.set(actor, soFar);
    return operator === '==' ? soFar <= bound : compare(soFar, operator, bound);
  }

  #note(threshold: PlannedThreshold, actor: string | null, { phase, startMs }: Window): void {
    const breaks = this.#breaks.get(threshold) ?? new Map<string | null, Break>();
    this.#breaks.set(threshold, breaks);
    if (!breaks.has(actor)) breaks.set(actor, { phase, atMs: startMs });
  }
}
