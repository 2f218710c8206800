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
      sweep.levels.push(levelOf(actor, level, totals));
    }
  }
  return [...sweeps.values()].map(({ summary, levels }) => ({ ...summary, levels }));
}

function levelOf({ name, peak }: PlannedActor, level: number, totals: PhaseTotals): SweepLevel {
  const of = (metric: string): PhaseSeries[] =>
    [...totals.series.values()].filter((one) => one.metric === metric && one.tags['actor'] === name);
  const counts = of('op.count');
  const rate = perSecond(counts, totals.spanMs);
  const [achieved] = of('actor.achieved').map(({ total }) => total.total().point);
  const errors = merged(of('op.errors'));
  return {
    round: totals.round ?? 1,
    amount: level * peak.amount,
    tookMs: totals.spanMs,
    achieved: achieved?.kind === 'gauge' ? achieved.avg : null,
    rate,
    rateInterval: rate === null ? null : intervalAround(rate, ratesOf(counts, totals.lengthsMs)),
    bytesPerSecond: perSecond(of('op.bytes'), totals.spanMs),
    errors:
      errors?.point.kind === 'ratio' && errors.point.total > 0
        ? errors.point.hits / errors.point.total
        : null,
    latency: latencyOf(merged(of('op.latency')), totals.spanMs, { actor: name }),
  };
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
