/** The tables of the summary: what was asked and achieved in each measured phase, and latencies where there are any. */
import type { ActorSummary, PhaseSummary, RunSummary, SeriesSummary } from '../../core/contract/summary.js';
import type { Column } from './table.js';
import { layOut } from './table.js';
import { formatNumber } from '../../core/base/units.js';
import { formatOf, formatValue } from './text.js';

const ACTOR_COLUMNS: readonly Column[] = [
  { max: 24 },
  { align: 'right' },
  { align: 'right' },
  { align: 'right', rank: 2 },
  { align: 'right', rank: 3 },
  { rank: 1 },
];

/** One table for each measured phase in which something was loaded. */
export function drawActorTables({ phases, actors, host }: RunSummary, width: number): string[][] {
  return phases
    .filter(({ measured }) => measured)
    .map((phase) => {
      const rows = actors.flatMap((actor) => actorRow(actor, phase, host.cores));
      const head = [phase.name, 'asked', 'achieved', '', 'lowest', 'by us'];
      return rows.length === 0 ? [] : layOut(ACTOR_COLUMNS, [head, ...rows], width);
    });
}

function actorRow(actor: ActorSummary, phase: PhaseSummary, cores: number): string[][] {
  return actor.phases
    .filter((each) => each.phase === phase.name)
    .map(({ asked, held, achieved, lowest }) => [
      actor.actor,
      formatValue(asked, actor.unit),
      formatValue(held, actor.unit),
      achieved === null ? '' : formatValue(achieved, 'share'),
      lowest === null ? '' : formatValue(lowest, 'share'),
      ownCost(actor.actor, phase, cores),
    ]);
}

/** What the kernel says of the actor itself: processor time, and memory where it has a process of its own. */
function ownCost(actor: string, phase: PhaseSummary, cores: number): string {
  const avg = (metric: string): number | null =>
    phase.series.find((each) => each.metric === metric && each.tags['actor'] === actor)?.avg ?? null;
  const [cpu, rss] = [avg('actor.cpu'), avg('actor.rss')];
  const parts = [
    ...(cpu === null ? [] : [formatOf(cpu, cores, 'cores')]),
    ...(rss === null ? [] : [`resident ${formatValue(rss, 'bytes')}`]),
  ];
  return parts.join(', ');
}

const LATENCY_COLUMNS: readonly Column[] = [
  { max: 20 },
  { max: 16 },
  { align: 'right' },
  { align: 'right', rank: 1 },
  { align: 'right' },
  { align: 'right' },
  { align: 'right', rank: 2 },
  { align: 'right' },
];

/** Latency from when each operation was due; a percentile with too few values behind it is left out. */
export function drawLatencies({ phases }: RunSummary, width: number): string[] {
  const rows = phases
    .filter(({ measured }) => measured)
    .flatMap((phase) =>
      phase.series
        .filter(({ metric, count }) => metric === 'op.latency' && count !== null && count > 0)
        .map((series) => latencyRow(series, phase)),
    );
  if (rows.length === 0) return [];
  const head = ['from intended start', '', 'ops', 'rate/s', 'p50', 'p99', 'p99.9', 'max'];
  return layOut(LATENCY_COLUMNS, [head, ...rows], width);
}

function latencyRow({ tags, count, quantiles, max }: SeriesSummary, phase: PhaseSummary): string[] {
  const time = (value: number | null | undefined): string =>
    value === null || value === undefined ? '-' : formatValue(value, 'ns');
  const rate = count === null || phase.tookMs <= 0 ? '-' : formatNumber(count / (phase.tookMs / 1000));
  const who = Object.values(tags).join(' ');
  const { p50, p99 } = quantiles ?? {};
  return [who, phase.name, String(count), rate, time(p50), time(p99), time(quantiles?.['p99.9']), time(max)];
}
