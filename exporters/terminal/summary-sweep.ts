/** The tables of the summary for sweeps: a level a row, what it came to, and the curve of what was done. */
import type { SweepLevel, SweepSummary } from '../../core/contract/sweep.js';
import { bar } from './bars.js';
import type { Column } from './table.js';
import { layOut } from './table.js';
import { formatValue } from './text.js';

const BAR_CELLS = 10;
/** Beneath tables in which percentiles are left out. */
export const TOO_FEW = ' - not enough samples: fewer than ten lie beyond';
/** A level of which less was done is told to be so. */
const REACHED_MIN = 0.9;
const HEADS = ['rate', '±95 %', '', 'reached', 'bytes', 'p50', 'p99', 'p99.9', 'max'] as const;
const COLUMNS: readonly Column[] = [
  { align: 'right' },
  { align: 'right' },
  { align: 'right', rank: 2 },
  { rank: 3 },
  { align: 'right', rank: 5 },
  { align: 'right', rank: 1 },
  { align: 'right' },
  { align: 'right' },
  { align: 'right' },
  { align: 'right', rank: 4 },
];
/** Of a sweep of instances a column more. */
const WIDE: readonly Column[] = [{ align: 'right' }, ...COLUMNS];

/** One table for each actor that was swept, the levels as they came; without columns that have nothing to tell. */
export function drawSweeps(sweeps: readonly SweepSummary[], width: number): string[][] {
  return sweeps.map(({ phase, actor, unit, levels }) => {
    const most = Math.max(0, ...levels.map((level) => doneOf(level)));
    const rows = levels.map((level) => levelRow(level, unit, most));
    const isByInstances = levels.some(({ instances }) => instances !== undefined);
    const head = [`${phase} ${actor}`, ...(isByInstances ? ['by'] : []), ...HEADS];
    const columns = isByInstances ? WIDE : COLUMNS;
    const told = columns.map((_, i) => rows.some((row) => (row[i] ?? '') !== ''));
    const only = <T>(list: readonly T[]): T[] => list.filter((_, i) => told[i] === true);
    const table = layOut(only(columns), [head, ...rows].map(only), width);
    return rows.some((row) => row.includes('-')) ? [...table, TOO_FEW] : table;
  });
}

/** True: its levels are in a table of their own. */
export function isSwept(
  sweeps: readonly SweepSummary[] = [],
  phase: string,
  actor: string | undefined,
): boolean {
  return sweeps.some((sweep) => sweep.phase === phase && sweep.actor === actor);
}

/** Operations, where it does any, else what it held. */
function doneOf({ rate, amount, achieved }: SweepLevel): number {
  return rate ?? amount * (achieved ?? 0);
}

function levelRow(level: SweepLevel, unit: string, most: number): string[] {
  const { amount, instances, rate, rateInterval, achieved, bytesPerSecond, latency } = level;
  const half =
    rateInterval === null || rate === null || rate === 0 ? null : (rateInterval.high - rate) / rate;
  const times = [
    latency?.quantiles['p50'],
    latency?.quantiles['p99'],
    latency?.quantiles['p99.9'],
    latency?.max,
  ];
  return [
    formatValue(amount, unit),
    ...(instances === undefined ? [] : [String(instances)]),
    rate === null ? formatValue(doneOf(level), unit) : formatValue(rate, 'ops/s'),
    half === null ? '' : `±${formatValue(half, 'share').replace(' ', '')}`,
    most > 0 ? bar(doneOf(level) / most, BAR_CELLS) : '',
    achieved === null || achieved >= REACHED_MIN ? '' : formatValue(achieved, 'share'),
    bytesPerSecond === null || bytesPerSecond === 0 ? '' : formatValue(bytesPerSecond, 'bytes/s'),
    ...times.map((ns) =>
      latency === null ? '' : ns === null || ns === undefined ? '-' : formatValue(ns, 'ns'),
    ),
  ];
}
