/** The rows of a summary: what one series did in one phase, and what each actor was asked and did by phase. */
import type { MetricUnit, Point, Tags } from '../contract/metrics.js';
import type { PlannedActor, PlannedPhase } from '../contract/plan.js';
import { heldUnit } from '../contract/plan.js';
import type { ActorSummary, Quantile, SeriesSummary } from '../contract/summary.js';
import { printableQuantile } from './aggregate.js';
import { quantileInterval } from './confidence.js';
import type { PhaseTotals, Total } from './totals.js';

interface SeriesInput {
  readonly metric: string;
  readonly tags: Tags;
  readonly unit: MetricUnit;
  readonly total: Total;
  readonly spanMs: number;
}

const NOTHING = {
  count: null,
  sum: null,
  rate: null,
  avg: null,
  min: null,
  max: null,
  last: null,
  quantiles: null,
};

/** `rate` is per second; for a ratio `count` is its marks, `sum` its hits and `avg` their share. */
export function seriesSummary({ metric, tags, unit, total, spanMs }: SeriesInput): SeriesSummary {
  const { point } = total;
  const known = { metric, kind: point.kind, unit, tags, ...NOTHING };
  const perSecond = (count: number): number | null => (spanMs > 0 ? count / (spanMs / 1000) : null);
  switch (point.kind) {
    case 'counter':
      return { ...known, count: point.count, rate: perSecond(point.count) };
    case 'ratio': {
      const avg = point.total > 0 ? point.hits / point.total : null;
      return { ...known, count: point.total, sum: point.hits, rate: perSecond(point.total), avg };
    }
    case 'gauge': {
      const { avg, last } = point;
      const isShare = unit === 'share';
      const [min, max] = isShare ? [total.windowMin, total.windowMax] : [point.min, point.max];
      return { ...known, avg, min, max, last };
    }
    case 'trend':
      return { ...known, ...trendColumns(point), rate: perSecond(point.count) };
  }
}

function trendColumns(point: Point & { kind: 'trend' }): Partial<SeriesSummary> {
  const { count, sum } = point;
  if (count === 0) return { count, sum };
  const each = <T>(of: (p: number) => T): Readonly<Record<Quantile, T>> => ({
    p50: of(0.5),
    p90: of(0.9),
    p99: of(0.99),
    'p99.9': of(0.999),
    'p99.99': of(0.9999),
  });
  return {
    count,
    sum,
    avg: sum / count,
    min: point.min,
    max: point.max,
    quantiles: each((p) => printableQuantile(point, p)),
    quantileIntervals: each((p) => quantileInterval(point, p)),
  };
}

/** Averages weighted by time; for rates, what fell due and what was done, per second. */
export function actorSummary(
  actor: PlannedActor,
  planned: readonly PlannedPhase[],
  phases: readonly PhaseTotals[],
): ActorSummary {
  const { name, simulator, unit, peak, instances } = actor;
  const rows = phases.flatMap((phase) => {
    if (planned[phase.index]?.load[name] === undefined) return [];
    const asked = gaugeOf(phase, 'actor.asked', name)?.point.avg ?? rateOf(phase, 'op.due', name);
    const held = actor.control === 'rate' ? rateOf(phase, 'op.count', name) : null;
    const heldAvg = held ?? gaugeOf(phase, 'actor.held', name)?.point.avg;
    if (asked === null || heldAvg === undefined) return [];
    const achieved = gaugeOf(phase, 'actor.achieved', name);
    return [
      {
        phase: phase.name,
        ...(phase.round === null ? {} : { round: phase.round }),
        asked,
        held: heldAvg,
        achieved: achieved?.point.avg ?? null,
        lowest: achieved?.total.windowMin ?? null,
      },
    ];
  });
  return {
    actor: name,
    simulator,
    unit,
    heldUnit: heldUnit(actor),
    peak: peak.amount,
    instances,
    phases: rows,
    failures: [],
  };
}

function gaugeOf(
  phase: PhaseTotals,
  metric: string,
  actor: string,
): { readonly total: Total; readonly point: Point & { kind: 'gauge' } } | null {
  for (const series of phase.series.values()) {
    if (series.metric !== metric || series.tags['actor'] !== actor) continue;
    const total = series.total.total();
    if (total.point.kind === 'gauge') return { total, point: total.point };
  }
  return null;
}

/** Per second over the phase, all kinds of operation together; null when there is no such counter. */
function rateOf(phase: PhaseTotals, metric: string, actor: string): number | null {
  let count: number | null = null;
  for (const series of phase.series.values()) {
    if (series.metric !== metric || series.tags['actor'] !== actor) continue;
    const { point } = series.total.total();
    if (point.kind === 'counter') count = (count ?? 0) + point.count;
  }
  return count === null || phase.spanMs <= 0 ? null : count / (phase.spanMs / 1000);
}
