/** The tables of the summary for what was searched: the verdict, and each level that was tried with its figures. */
import type { SearchFigure, SearchStep, SearchSummary } from '../../core/contract/search.js';
import type { Column } from './table.js';
import { layOut } from './table.js';
import { formatValue, printable, wrap } from './text.js';

/** One table for each search, the levels in ascending order. */
export function drawSearches(searches: readonly SearchSummary[], width: number): string[][] {
  return searches.map((search) => {
    const round = search.round === undefined ? '' : ` (round ${search.round})`;
    const within = `within ${formatValue(search.resolution, search.unit)}`;
    const title = `${search.text}${round}${search.outcome === 'found' ? `, ${within}` : ''}`;
    const steps = [...search.steps].sort((a, b) => a.amount - b.amount);
    const rows = steps.map((step) => stepRow(step, search));
    const head = ['level', '', 'reached', ...search.conditions.map((text) => headOf(text))];
    const columns: Column[] = [
      { align: 'right' },
      {},
      { align: 'right', rank: 2 },
      ...search.conditions.map((_, i): Column => (i === 0 ? {} : { rank: 1 })),
    ];
    return [
      ...wrap(printable(title), width, 1),
      ...(rows.length === 0 ? [] : layOut(columns, [head, ...rows], width)),
    ];
  });
}

/** "op.latency p99 < 5ms": the tags are in the scenario. */
function headOf(text: string): string {
  return text.replace(/\{[^}]*\}/, '');
}

function stepRow({ amount, holds, isSure, reached, figures }: SearchStep, search: SearchSummary): string[] {
  const verdict = `${holds ? 'holds' : 'breaks'}${isSure ? '' : '?'}`;
  return [
    formatValue(amount, search.unit),
    verdict,
    reached === null ? '' : formatValue(reached, 'share'),
    ...search.conditions.map((_, i) =>
      figures
        .filter(({ condition }) => condition === i)
        .map(figureText)
        .join(', '),
    ),
  ];
}

function figureText({ value, unit, interval }: SearchFigure): string {
  if (value === null) return 'no data';
  const range =
    interval === null
      ? ''
      : ` (${formatValue(Math.max(0, interval.low), unit)} to ${formatValue(interval.high, unit)})`;
  return `${formatValue(value, unit)}${range}`;
}
