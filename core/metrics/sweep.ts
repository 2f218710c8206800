/**
 * Sweeps as tables: the plan and what was accumulated enter, for each swept actor what every level came to leaves. The
 * summary has it.
 */
import type { Tags } from '../contract/metrics.js';
import type { Plan, PlannedActor } from '../contract/plan.js';
import type { SweepLatency, SweepLevel, SweepSummary } from '../contract/sweep.js';
import type { RunAccumulator } from './accumulate.js';
import { Batches } from './batches.js';
import { intervalAround } from './confidence.js';
import { seriesSummary } from './series-summary.js';
import type { PhaseSeries, PhaseTotals, Total } from './totals.js';
import { sideBySide } from './totals.js';

export function sweepsOf(
  { phases, actors }: Pick<Plan, 'phases' | 'actors'>,
  run: RunAccumulator,
): SweepSummary[] {
  const sweeps = new Map<
    string,
    { readonly summary: Omit<SweepSummary, 'levels'>; readonly levels: SweepLevel[] }
  >();
  for (const totals of run.phaseTotals) {
    const phase = phases[totals.index];
    for (const name of phase?.sweeps ?? []) {
      const actor = actors.find((one) => one.name === name);
      if (phase === undefined || actor === undefined) continue;
      const key = JSON.stringify([phase.name, name]);
      const summary = { phase: phase.name, actor: name, unit: actor.unit };
      const sweep = sweeps.get(key) ?? { summary, levels: [] };
      sweeps.set(key, sweep);
      const level = phase.load[name]?.[0]?.from ?? 0;
      const instances = phase.instances?.[name];
      sweep.levels.push({
        ...levelOf(actor, level, totals),
        ...(instances !== undefined && { instances }),
      });
    }
  }
  return [...sweeps.values()].map(({ summary, levels }) => ({ ...summary, levels }));
}

function levelOf({ name, peak }: PlannedActor, level: number, totals: PhaseTotals): SweepLevel {
  const [achieved] = seriesOf([totals], 'actor.achieved', name).map(({ total }) => total.total().point);
  return {
    round: totals.round ?? 1,
    amount: level * peak.amount,
    tookMs: totals.spanMs,
    achieved: achieved?.kind === 'gauge' ? achieved.avg : null,
    ...figuresOf(name, [totals]),
  };
}

export type Figures = Pick<SweepLevel, 'rate' | 'rateInterval' | 'bytesPerSecond' | 'errors' | 'latency'>;

/** What an actor did in one stretch, or in several together: then the interval is by their means. */
export function figuresOf(actor: string, stretches: readonly PhaseTotals[]): Figures {
  const of = (metric: string): PhaseSeries[] => seriesOf(stretches, metric, actor);
  const spanMs = stretches.reduce((sum, one) => sum + one.spanMs, 0);
  const counts = of('op.count');
  const rate = perSecond(counts, spanMs);
  const [only] = stretches;
  const rates =
    only !== undefined && stretches.length === 1
      ? ratesOf(counts, only.lengthsMs)
      : stretches.map((one) => perSecond(seriesOf([one], 'op.count', actor), one.spanMs) ?? 0);
  const errors = merged(of('op.errors'));
  return {
    rate,
    rateInterval: rate === null ? null : intervalAround(rate, rates),
    bytesPerSecond: perSecond(of('op.bytes'), spanMs),
    errors:
      errors?.point.kind === 'ratio' && errors.point.total > 0
        ? errors.point.hits / errors.point.total
        : null,
    latency: latencyOf(merged(of('op.latency')), spanMs, { actor }),
  };
}

function seriesOf(stretches: readonly PhaseTotals[], metric: string, actor: string): PhaseSeries[] {
  return stretches.flatMap(({ series }) =>
    [...series.values()].filter((one) => one.metric === metric && one.tags['actor'] === actor),
  );
}

/** Kinds of operation together. */
function merged(series: readonly PhaseSeries[]): Total | null {
  return series.length === 0
    ? null
    : sideBySide(
        series.map(({ total }) => total.total()),
        'sum',
      );
}

function perSecond(series: readonly PhaseSeries[], spanMs: number): number | null {
  const point = merged(series)?.point;
  return point?.kind === 'counter' && spanMs > 0 ? point.count / (spanMs / 1000) : null;
}

/** Of each batch of windows. */
function ratesOf(series: readonly PhaseSeries[], lengthsMs: Batches): number[] {
  const each = series.flatMap(({ counts }) => (counts === null ? [] : [Batches.rates(counts, lengthsMs)]));
  return (each[0] ?? []).map((_, i) => each.reduce((sum, rates) => sum + (rates[i] ?? 0), 0));
}

function latencyOf(total: Total | null, spanMs: number, tags: Tags): SweepLatency | null {
  if (total === null) return null;
  const { avg, max, quantiles, quantileIntervals } = seriesSummary({
    metric: 'op.latency',
    tags,
    unit: 'ns',
    total,
    spanMs,
  });
  if (avg === null || max === null || quantiles === null || quantileIntervals === undefined) return null;
  return { avg, max, quantiles, quantileIntervals };
}
