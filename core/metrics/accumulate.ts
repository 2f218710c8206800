/**
 * The run so far, by phase and series. Windows go in, live or read back from a record; summaries, digests and the
 * answers to selectors come out. Nothing here depends on which of the two it is.
 */
import { must } from '../base/assert.js';
import type { Selector } from '../base/sentences.js';
import { atOnce } from '../base/turns.js';
import type { MetricKind, MetricSpec, MetricUnit, Tags, Window } from '../contract/metrics.js';
import type { Plan, PlannedThreshold } from '../contract/plan.js';
import type { ActorSummary, PhaseSummary, SeriesSummary } from '../contract/summary.js';
import { actorSummary, seriesSummary } from './series-summary.js';
import { Batches } from './batches.js';
import { rateInterval } from './confidence.js';
import type { Break } from './break-watch.js';
import { BreakWatch } from './break-watch.js';
import { ACTOR_METRICS, HOST_METRICS, OP_METRICS, RUN_METRICS, actorMetrics } from './catalogue.js';
import type { DigestRecord } from './digest.js';
import { digestRecord } from './digest.js';
import { seriesKey } from './layout.js';
import { PHASE_TAG, anyCode, looksAt, matches, ownerOf } from './selector.js';
import type { Across } from './points.js';
import type { Steadiness } from './steady-watch.js';
import { SteadyWatch } from './steady-watch.js';
import type { Stretch } from './stretch-watch.js';
import { StretchWatch } from './stretch-watch.js';
import type { PhaseSeries, PhaseTotals, Total } from './totals.js';
import { SeriesTotal, inSequence, shareOf, sideBySide } from './totals.js';

/** What a selector found for one actor or probe (null: series of the machine or of the run). */
export interface Selection {
  readonly actor: string | null;
  readonly unit: MetricUnit;
  readonly total: Total;
  /** Of all windows of the phases looked at, whether or not the series was there. */
  readonly spanMs: number;
  readonly phases: readonly string[];
}

export class RunAccumulator {
  readonly #plan: Plan;
  readonly #specs: ReadonlyMap<string, MetricSpec>;
  readonly #phases = new Map<number, PhaseTotals>();
  readonly #breaks: BreakWatch;
  readonly #stretches: StretchWatch;
  readonly #steady: SteadyWatch;
  #endMs = 0;

  constructor(plan: Plan) {
    this.#plan = plan;
    this.#specs = new Map<string, MetricSpec>([
      ...Object.entries({ ...ACTOR_METRICS, ...OP_METRICS, ...HOST_METRICS, ...RUN_METRICS }),
      ...plan.catalogue.map((entry) => [entry.metric, entry] as const),
    ]);
    this.#breaks = new BreakWatch(plan.thresholds, (metric, tags) => this.unitOf(metric, tags));
    this.#stretches = new StretchWatch(plan.thresholds, this);
    this.#steady = new SteadyWatch(plan.actors, plan.phases);
  }

  add(window: Window): void {
    atOnce(this.adding(window));
  }

  /** The same, series by series. Nothing may be asked of it meanwhile but to go on. */
  *adding(window: Window): Generator<void, void> {
    this.#endMs = Math.max(this.#endMs, window.endMs);
    const phase = this.#phaseOf(window);
    const number = phase.windows++;
    phase.spanMs += window.endMs - window.startMs;
    phase.lengthsMs.add(number, window.endMs - window.startMs);
    if (window.missing.length > 0) phase.incomplete++;
    const atMs = (window.startMs + window.endMs) / 2;
    for (const { metric, tags, point } of window.series) {
      const key = seriesKey(metric, tags);
      let series = phase.series.get(key);
      if (series === undefined) {
        const counts = point.kind === 'gauge' ? null : new Batches();
        series = { metric, tags, total: new SeriesTotal(point.kind), counts };
        phase.series.set(key, series);
      }
      series.total.add(point, atMs);
      if (point.kind !== 'gauge')
        series.counts?.add(number, point.kind === 'ratio' ? point.total : point.count);
      yield;
    }
    if (!window.measured) return;
    this.#breaks.add(window);
    this.#stretches.add(window);
    this.#steady.add(window);
  }

  /** End of the last window, since the start instant; 0 without any. */
  get endMs(): number {
    return this.#endMs;
  }

  /** The phases that had windows, in order. */
  get phaseTotals(): readonly PhaseTotals[] {
    return [...this.#phases.values()].sort((a, b) => a.index - b.index);
  }

  get steadiness(): Steadiness {
    return this.#steady.result();
  }

  /** The first window in which this threshold did not hold for this actor; null when none can be named. */
  firstBreak(threshold: PlannedThreshold, actor: string | null): Break | null {
    return this.#breaks.first(threshold, actor);
  }

  /** The stretches of a threshold that has a window of its own, so far. */
  stretches(threshold: PlannedThreshold): readonly Stretch[] {
    return this.#stretches.of(threshold);
  }

  /**
   * What the selector means, one answer for each actor or probe: figures of different ones are never mixed. Looks at the
   * phases given, else at those its tag `phase` names, else at all measured ones together.
   */
  select(selector: Selector, phases: readonly string[] | undefined = selector.tags[PHASE_TAG]): Selection[] {
    const looked = this.phaseTotals.filter(({ name, round, measured }) =>
      looksAt(selector, { phase: name, round, measured }, phases),
    );
    const spanMs = looked.reduce((sum, phase) => sum + phase.spanMs, 0);
    const names = [...new Set(looked.map((phase) => phase.name))];
    const byActor = this.#totalsByActor(selector, looked);
    const isByCode = selector.tags['code'] !== undefined;
    const withoutCode = isByCode ? this.#totalsByActor(anyCode(selector), looked) : byActor;
    return [...byActor].map(([actor, { tags, total }]): Selection => ({
      actor,
      unit: this.unitOf(selector.metric, tags),
      total: shareOf(total, withoutCode.get(actor)?.total),
      spanMs,
      phases: names,
    }));
  }

  #totalsByActor(selector: Selector, looked: readonly PhaseTotals[]): Map<string | null, Selected> {
    const across = this.acrossOf(selector.metric);
    const byActor = new Map<string | null, Map<string, { tags: Tags; totals: Total[] }>>();
    for (const phase of looked) {
      for (const [key, { metric, tags, total }] of phase.series) {
        if (!matches(selector, metric, tags)) continue;
        const actor = ownerOf(tags);
        const ofActor = byActor.get(actor) ?? new Map<string, { tags: Tags; totals: Total[] }>();
        byActor.set(actor, ofActor);
        const series = ofActor.get(key) ?? { tags, totals: [] };
        ofActor.set(key, series);
        series.totals.push(total.total());
      }
    }
    const selected = new Map<string | null, Selected>();
    for (const [actor, series] of byActor) {
      const parts = [...series.values()];
      const total = sideBySide(
        parts.map(({ totals }) => inSequence(totals)),
        across,
      );
      selected.set(actor, { tags: parts[0]?.tags ?? {}, total });
    }
    return selected;
  }

  /** The extremes that a gauge or trend had in the whole run, measured or not; null without data. */
  extremes(metric: string): { min: number; max: number } | null {
    let [min, max] = [Infinity, -Infinity];
    for (const phase of this.#phases.values()) {
      for (const series of phase.series.values()) {
        if (series.metric !== metric) continue;
        const { point } = series.total.total();
        if (point.kind !== 'gauge' && point.kind !== 'trend') continue;
        min = Math.min(min, point.min);
        max = Math.max(max, point.max);
      }
    }
    return min <= max ? { min, max } : null;
  }

  phases(): PhaseSummary[] {
    return atOnce(this.summarizing());
  }

  /** The same, series by series. */
  *summarizing(): Generator<void, PhaseSummary[]> {
    const summaries: PhaseSummary[] = [];
    for (const phase of this.phaseTotals) {
      const series: SeriesSummary[] = [];
      for (const { metric, tags, total, counts } of phase.series.values()) {
        const unit = this.unitOf(metric, tags);
        const one = seriesSummary({ metric, tags, unit, total: total.total(), spanMs: phase.spanMs });
        const { rate } = one;
        const hasRate = counts !== null && rate !== null;
        series.push(hasRate ? { ...one, rateInterval: rateInterval(rate, counts, phase.lengthsMs) } : one);
        yield;
      }
      summaries.push({
        name: phase.name,
        index: phase.index,
        ...(phase.round === null ? {} : { round: phase.round }),
        measured: phase.measured,
        tookMs: phase.spanMs,
        windows: phase.windows,
        series,
      });
    }
    return summaries;
  }

  /** Without `failures`, which are known to whoever heard the events. */
  actors(): ActorSummary[] {
    return this.#plan.actors.map((actor) => actorSummary(actor, this.#plan.phases, this.phaseTotals));
  }

  /** The distributions of one phase, or of all measured phases together. */
  digests(phaseIndex?: number): DigestRecord[] {
    const records: DigestRecord[] = [];
    atOnce(this.digesting((record) => records.push(record), phaseIndex));
    return records;
  }

  /** The same, told one by one. */
  *digesting(tell: (record: DigestRecord) => void, phaseIndex?: number): Generator<void, void> {
    const looked = this.phaseTotals.filter((phase) =>
      phaseIndex === undefined ? phase.measured : phase.index === phaseIndex,
    );
    const bySeries = new Map<string, PhaseSeries[]>();
    for (const phase of looked) {
      for (const [key, series] of phase.series) {
        if (series.total.kind !== 'trend') continue;
        const there = bySeries.get(key);
        if (there === undefined) bySeries.set(key, [series]);
        else there.push(series);
      }
    }
    const whose = phaseIndex === undefined ? undefined : looked[0];
    const round = whose?.round ?? null;
    const scope =
      whose === undefined
        ? { scope: 'run' as const }
        : { scope: 'phase' as const, phase: whose.name, ...(round === null ? {} : { round }) };
    for (const parts of bySeries.values()) {
      const { point } = inSequence(parts.map(({ total }) => total.total()));
      const { metric, tags } = must(parts[0], 'series');
      if (point.kind === 'trend') tell(digestRecord({ ...scope, metric, tags }, point));
      yield;
    }
  }

  /** In which unit this series is: the metric's, or the actor's own for what is asked of it. */
  unitOf(metric: string, tags: Tags): MetricUnit {
    const actor = this.#plan.actors.find(({ name }) => name === tags['actor']);
    if (actor !== undefined && (metric === 'actor.asked' || metric === 'actor.held')) {
      return actorMetrics(actor)[metric].unit;
    }
    return this.#specs.get(metric)?.unit ?? 'count';
  }

  /** How several series of one owner make one. */
  acrossOf(metric: string): Across {
    return this.#specs.get(metric)?.across ?? 'sum';
  }

  kindOf(metric: string): MetricKind {
    return this.#specs.get(metric)?.kind ?? 'gauge';
  }

  #phaseOf({ phaseIndex, phase, measured, round }: Window): PhaseTotals {
    let totals = this.#phases.get(phaseIndex);
    if (totals === undefined) {
      totals = {
        index: phaseIndex,
        name: phase,
        measured,
        round: round ?? null,
        spanMs: 0,
        windows: 0,
        lengthsMs: new Batches(),
        incomplete: 0,
        series: new Map(),
      };
      this.#phases.set(phaseIndex, totals);
    }
    return totals;
  }
}

interface Selected {
  readonly tags: Tags;
  readonly total: Total;
}
