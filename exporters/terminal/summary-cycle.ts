/** The tables of the summary for cycles: a row for each of its phases over the last rounds, and how steady what is tracked was. */
import type { CycleRow, CycleSummary, TrackedFigure } from '../../core/contract/cycle.js';
import { TOO_FEW } from './summary-sweep.js';
import type { Column } from './table.js';
import { layOut } from './table.js';
import { formatValue, wrap } from './text.js';

const HEADS = ['rate', '±95 %', 'bytes', 'avg', 'p50', 'p99', 'p99.9', 'max'] as const;
const COLUMNS: readonly Column[] = [
  { max: 32 },
  { align: 'right' },
  { align: 'right', rank: 2 },
  { align: 'right', rank: 1 },
  { align: 'right' },
  { align: 'right', rank: 3 },
  { align: 'right' },
  { align: 'right', rank: 4 },
  { align: 'right', rank: 5 },
];

export function drawCycles(cycles: readonly CycleSummary[], width: number): string[][] {
  return cycles.map(({ cycle, rounds, over, isSteady, tracked, phases }) => {
    const rows = phases.map(rowOf);
    const head = [`${cycle}, ${over === rounds ? '' : `last ${over} of `}${rounds} rounds`, ...HEADS];
    const table = layOut(COLUMNS, [head, ...rows], width);
    const few = rows.some((row) => row.includes('-')) ? [TOO_FEW] : [];
    const verdict = isSteady === null ? [] : [isSteady ? ' steady:' : ' NOT steady:'];
    const figures = tracked.flatMap((one) => wrap(figureOf(one), width, 2).map((line) => `  ${line}`));
    return [...table, ...few, ...verdict, ...figures];
  });
}

/** True: its rounds are in a table of their own. */
export function isCycled(cycles: readonly CycleSummary[] = [], phase: string): boolean {
  return cycles.some((cycle) => cycle.phases.some((row) => row.phase === phase));
}

function rowOf({ phase, actor, rate, rateInterval, bytesPerSecond, latency }: CycleRow): string[] {
  const half =
    rateInterval === null || !rate ? '' : `±${formatValue((rateInterval.high - rate) / rate, 'share')}`;
  const of = (ns: number | null | undefined): string =>
    latency === null ? '' : ns === null || ns === undefined ? '-' : formatValue(ns, 'ns');
  return [
    phase === actor ? phase : `${phase} ${actor}`,
    rate === null ? '' : formatValue(rate, 'ops/s'),
    half.replace(' ', ''),
    bytesPerSecond === null || bytesPerSecond === 0 ? '' : formatValue(bytesPerSecond, 'bytes/s'),
    ...[latency?.avg, latency?.quantiles['p50'], latency?.quantiles['p99'], latency?.quantiles['p99.9']].map(
      of,
    ),
    of(latency?.max),
  ];
}

function figureOf({ text, owner, unit, rounds, mean, excursion, drift, isSteady }: TrackedFigure): string {
  const whose = owner === null ? '' : ` (${owner})`;
  if (mean === null || isSteady === null) return `${text}${whose}: only ${rounds.length} rounds`;
  const share = (value: number | null): string => formatValue(value, 'share');
  const word = isSteady ? '' : ' - no';
  return `${text}${whose}: ${formatValue(mean, unit)}, range ${share(excursion)}, drift ${share(drift)}${word}`;
}
