/**
 * What a selector's series did over some windows: windows enter, one figure for each owner (actor, probe, machine)
 * leaves. For whoever looks at less than whole phases: until, stretches of thresholds, first breaks.
 */
import type { Aggregate, Selector } from '../base/sentences.js';
import type { MetricUnit, Tags, Window } from '../contract/metrics.js';
import { aggregateOf } from './aggregate.js';
import { seriesKey } from './layout.js';
import type { Across } from './points.js';
import { anyCode, matches, ownerOf } from './selector.js';
import type { Total } from './totals.js';
import { SeriesTotal, shareOf, sideBySide } from './totals.js';

/** What has to be known of metrics; the accumulator knows it. */
export interface Measures {
  unitOf(metric: string, tags: Tags): MetricUnit;
  acrossOf(metric: string): Across;
}

export interface OwnerValue {
  readonly owner: string | null;
  /** Null: no data, or none for this aggregate. */
  readonly value: number | null;
  readonly unit: MetricUnit;
}

interface Owned {
  readonly tags: Tags;
  readonly series: Map<string, SeriesTotal>;
}

export class SelectorTotals {
  readonly #selector: Selector;
  readonly #measures: Measures;
  readonly #byOwner = new Map<string | null, Owned>();
  /** The share of one error code is of all operations: those of all codes. */
  readonly #whole: SelectorTotals | null;
  #spanMs = 0;

  constructor(selector: Selector, measures: Measures) {
    this.#selector = selector;
    this.#measures = measures;
    const isByCode = selector.tags['code'] !== undefined;
    this.#whole = isByCode ? new SelectorTotals(anyCode(selector), measures) : null;
  }

  get spanMs(): number {
    return this.#spanMs;
  }

  /** The caller has seen to it that the selector looks at this window. */
  add(window: Window): void {
    this.#whole?.add(window);
    this.#spanMs += window.endMs - window.startMs;
    for (const { metric, tags, point } of window.series) {
      if (!matches(this.#selector, metric, tags)) continue;
      const owner = ownerOf(tags);
      const owned = this.#byOwner.get(owner) ?? { tags, series: new Map<string, SeriesTotal>() };
      this.#byOwner.set(owner, owned);
      const key = seriesKey(metric, tags);
      const total = owned.series.get(key) ?? new SeriesTotal(point.kind);
      owned.series.set(key, total);
      total.add(point, (window.startMs + window.endMs) / 2);
    }
  }

  totals(): { readonly owner: string | null; readonly unit: MetricUnit; readonly total: Total | null }[] {
    return [...this.#byOwner].map(([owner, { tags }]) => ({
      owner,
      unit: this.#measures.unitOf(this.#selector.metric, tags),
      total: this.#total(owner),
    }));
  }

  values(aggregate: Aggregate): OwnerValue[] {
    return this.totals().map(({ owner, unit, total }) => {
      const value = total === null ? null : aggregateOf(total, aggregate, { spanMs: this.#spanMs, unit });
      return { owner, value, unit };
    });
  }

  #total(owner: string | null): Total | null {
    const series = this.#byOwner.get(owner)?.series;
    if (series === undefined) return null;
    const totals = [...series.values()].map((total) => total.total());
    const merged = sideBySide(totals, this.#measures.acrossOf(this.#selector.metric));
    const whole = this.#whole === null ? null : this.#whole.#total(owner);
    return shareOf(merged, whole ?? undefined);
  }
}
