/** The tables of the summary: what was asked and achieved in each measured phase, and latencies where there are any. */
import type { Interval } from '../../core/contract/search.js';
import type {
  ActorSummary,
  PhaseSummary,
  Quantile,
  RunSummary,
  SeriesSummary,
} from '../../core/contract/summary.js';
import type { Column } from './table.js';
import { layOut } from './table.js';
import { isCycled } from './summary-cycle.js';
import { isSwept, TOO_FEW } from './summary-sweep.js';
import { formatNumber } from '../../core/base/units.js';
import { formatValue, phaseTitle } from './text.js';

const ACTOR_COLUMNS: readonly Column[] = [
  { max: 24 },
  { align: 'right' },
  { align: 'right' },
  { align: 'right', rank: 2 },
  { align: 'right', rank: 3 },
  { rank: 1 },
];

/** One table for each measured phase in which something was loaded. */
export function drawActorTables({ phases, actors, sweeps, cycles }: RunSummary, width: number): string[][] {
  return phases
    .filter(({ measured, name }) => measured && !isCycled(cycles, name))
    .map((phase) => {
      const told = actors.filter(({ actor }) => !isSwept(sweeps, phase.name, actor));
      const rows = told.flatMap((actor) => actorRow(actor, phase));
      const head = [phaseTitle(phase), 'asked', 'achieved', '', 'lowest', 'by us'];
      return rows.length === 0 ? [] : layOut(ACTOR_COLUMNS, [head, ...rows], width);
    });
}

function actorRow(actor: ActorSummary, phase: PhaseSummary): string[][] {
  return actor.phases
    .filter((each) => each.phase === phase.name && each.round === phase.round)
    .map(({ asked, held, achieved, lowest }) => [
      actor.actor,
      formatValue(asked, actor.heldUnit),
      formatValue(held, actor.heldUnit),
      achieved === null ? '' : formatValue(achieved, 'share'),
      lowest === null ? '' : formatValue(lowest, 'share'),
      ownCost(actor.actor, phase),
    ]);
}

/** What the kernel says of the actor itself: processor time, and memory where it has a process of its own. */
function ownCost(actor: string, phase: PhaseSummary): string {
  const avg = (metric: string): number | null =>
    phase.series.find((each) => each.metric === metric && each.tags['actor'] === actor)?.avg ?? null;
  const [cpu, rss] = [avg('actor.cpu'), avg('actor.rss')];
  const parts = [
    ...(cpu === null ? [] : [formatValue(cpu, 'cores')]),
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

/** Of the latency at p99 at least this share was waiting: then it is shown apart. */
const WAITING_SHARE = 0.1;
/** What each row of the table is of, beneath the operations that ended well. */
const FAILED = '  failed';
const WAITING = '  of it waiting';
const CONFIDENCE = '  ± with 95 %';

/** Latency from when each operation was due; a percentile with too few values behind it is left out. */
export function drawLatencies({ phases, sweeps, cycles }: RunSummary, width: number): string[] {
  const rows = phases
    .filter(({ measured, name }) => measured && !isCycled(cycles, name))
    .flatMap((phase) => phaseRows(phase, sweeps));
  if (rows.length === 0) return [];
  const head = ['from intended start', '', 'ops', 'rate/s', 'p50', 'p99', 'p99.9', 'max'];
  const table = layOut(LATENCY_COLUMNS, [head, ...rows], width);
  return rows.some(([, , , , ...shown]) => shown.includes('-')) ? [...table, TOO_FEW] : table;
}

function phaseRows(phase: PhaseSummary, sweeps: RunSummary['sweeps']): string[][] {
  const of = (metric: string, tags?: SeriesSummary['tags']): SeriesSummary[] =>
    phase.series.filter(
      (one) =>
        one.metric === metric && (one.count ?? 0) > 0 && (tags === undefined || isSame(one.tags, tags)),
    );
  // The table of its sweep has it all, where there is one kind of operation and none failed.
  const isToldBySweep = ({ actor }: SeriesSummary['tags']): boolean =>
    isSwept(sweeps, phase.name, actor) &&
    of('op.latency').filter(({ tags }) => tags['actor'] === actor).length === 1 &&
    !of('op.failed.latency').some(({ tags }) => tags['actor'] === actor);
  // Where every operation of a kind failed there is no latency of others to stand beneath.
  const lone = of('op.failed.latency').filter(({ tags }) => of('op.latency', tags).length === 0);
  return [
    ...of('op.latency')
      .filter(({ tags }) => !isToldBySweep(tags))
      .flatMap((latency) => [
        latencyRow(latency, phase),
        ...confidenceRows(latency),
        ...of('op.wait', latency.tags)
          .filter((wait) => weightOf(wait) >= WAITING_SHARE * weightOf(latency) && weightOf(wait) > 0)
          .map((wait) => [WAITING, '', '', '', ...times(wait)]),
        ...of('op.failed.latency', latency.tags).map((failed) => failedRow(failed, FAILED, '')),
      ]),
    ...lone.map((failed) => failedRow(failed, `${who(failed)} failed`, phaseTitle(phase))),
  ];
}

function weightOf({ quantiles, max }: SeriesSummary): number {
  return quantiles?.p99 ?? max ?? 0;
}

function isSame(a: SeriesSummary['tags'], b: SeriesSummary['tags']): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

function latencyRow(latency: SeriesSummary, phase: PhaseSummary): string[] {
  const { count } = latency;
  const rate = count === null || phase.tookMs <= 0 ? '-' : formatNumber(count / (phase.tookMs / 1000));
  return [who(latency), phaseTitle(phase), String(count), rate, ...times(latency)];
}

/** How far the figures above may be off by chance, as shares of them; the larger side where the two differ. */
function confidenceRows({ rate, rateInterval, quantiles, quantileIntervals }: SeriesSummary): string[][] {
  const share = (value: number | null | undefined, interval: Interval | null | undefined): string => {
    if (!value || !interval) return '';
    const half = Math.max(value - interval.low, interval.high - value) / value;
    return `±${formatValue(half, 'share').replace(' ', '')}`;
  };
  const names: readonly Quantile[] = ['p50', 'p99', 'p99.9'];
  const cells = names.map((name) => share(quantiles?.[name], quantileIntervals?.[name]));
  const row = [share(rate, rateInterval), ...cells];
  return row.every((cell) => cell === '') ? [] : [[CONFIDENCE, '', '', ...row, '']];
}

function failedRow(failed: SeriesSummary, name: string, phase: string): string[] {
  return [name, phase, String(failed.count), '', ...times(failed)];
}

function who({ tags }: SeriesSummary): string {
  return Object.values(tags).join(' ');
}

function times({ quantiles, max }: SeriesSummary): string[] {
  const all = [quantiles?.p50, quantiles?.p99, quantiles?.['p99.9'], max];
  return all.map((value) => (value === null || value === undefined ? '-' : formatValue(value, 'ns')));
}
