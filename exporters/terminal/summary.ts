/**
 * The summary at the end of a run: verdict first, then thresholds (failed ones first), the numbers, why to believe
 * them, what is left behind, what to do next. A RunSummary and a width in, lines out. Draws only.
 */
import { relative } from 'node:path';
import type { RunSummary, ThresholdResult, Verdict } from '../../core/contract/summary.js';
import { drawCycles } from './summary-cycle.js';
import { drawSearches } from './summary-search.js';
import { drawSweeps } from './summary-sweep.js';
import { drawActorTables, drawLatencies } from './summary-numbers.js';
import { layOut } from './table.js';
import { clip, formatDuration, formatValue, printable, wrap } from './text.js';

const WIDTH_MAX = 100;
/** Where what belongs to a label begins. */
const LABEL = 10;
/** Beneath the name of a threshold that failed. */
const DETAIL = 7;

const WORDS: Readonly<Record<Verdict, string>> = {
  passed: 'PASSED',
  failed: 'FAILED',
  stopped: 'STOPPED',
  interrupted: 'INTERRUPTED',
  error: 'ERROR',
  incomplete: 'INCOMPLETE',
};

export function drawSummary(
  summary: RunSummary,
  lost: { readonly windows: number; readonly events: number },
  columns: number,
): string[] {
  const width = Math.min(columns, WIDTH_MAX);
  const parts = [
    drawVerdict(summary, width),
    drawThresholds(summary.thresholds, width),
    ...drawSweeps(summary.sweeps ?? [], width),
    ...drawCycles(summary.cycles ?? [], width),
    ...drawSearches(summary.searches ?? [], width),
    ...drawActorTables(summary, width),
    drawLatencies(summary, width),
    [
      ...labelled('trust', trustWords(summary), width),
      ...labelled('target', summary.target === null ? [] : [summary.target.memory.text], width),
      ...labelled('safety', safetyWords(summary), width),
      ...labelled('after', afterWords(summary), width),
      ...labelled('host', [hostWords(summary)], width),
      ...labelled('lost', lostWords(summary, lost), width),
      ...labelled('note', summary.notes, width),
    ],
    [` record   ${nearPath(summary.record)}`, ...labelled('next', [nextWords(summary)], width)],
  ];
  return parts.filter((part) => part.length > 0).flatMap((part) => [...part, '']);
}

function drawVerdict(summary: RunSummary, width: number): string[] {
  const { verdict, scenario, tookMs, plannedMs, thresholds, trust, reasons } = summary;
  const took = formatDuration(tookMs);
  const held = thresholds.filter(({ ok }) => ok).length;
  const head = [
    WORDS[verdict],
    scenario,
    verdict === 'passed' || tookMs >= plannedMs ? took : `${took} of ${formatDuration(plannedMs)}`,
    thresholds.length === 0 ? 'no thresholds' : `${held} of ${thresholds.length} thresholds`,
    trust.trustworthy ? 'trustworthy' : 'NOT trustworthy',
  ];
  const why = verdict === 'passed' ? [] : reasons;
  return [clip(` ${head.join(' · ')}`, width), ...labelled('because', why, width)];
}

function drawThresholds(thresholds: readonly ThresholdResult[], width: number): string[] {
  const rank = ({ ok, severity }: ThresholdResult): number => (ok ? 2 : severity === 'fail' ? 0 : 1);
  const sorted = [...thresholds].sort((a, b) => rank(a) - rank(b));
  const rows = sorted.map((each) => [
    each.ok ? 'ok' : each.severity === 'fail' ? 'FAIL' : 'warn',
    each.actor === null ? metricOf(each.selector) : `${metricOf(each.selector)} ${each.actor}`,
    each.aggregate,
    each.value === null ? 'no data' : formatValue(each.value, each.unit),
    each.wanted,
    each.phases.length === 0 ? 'all phases' : each.phases.join(', '),
  ]);
  const lines = layOut([{}, { max: 30 }, {}, { align: 'right' }, {}, { rank: 1, max: 24 }], rows, width);
  return lines.flatMap((line, i) => {
    const detail = sorted[i]?.detail;
    return typeof detail === 'string' ? [line, ...wrap(printable(detail), width, DETAIL)] : [line];
  });
}

function metricOf(selector: string): string {
  return selector.replace(/\{.*$/, '');
}

function trustWords({ trust: { trustworthy, checks, comparable } }: RunSummary): string[] {
  const failed = checks.filter(({ ok }) => ok === false);
  const held = checks.filter(({ ok }) => ok === true);
  const open = checks.length - failed.length - held.length;
  const rest = open === 0 ? '' : ` (${open} had nothing to check)`;
  return [
    ...failed.map(({ check, detail }) => `NOT ${check}: ${detail}`),
    ...(held.length > 0 ? [`holds: ${held.map(({ check }) => check).join(', ')}${rest}`] : []),
    ...(trustworthy ? [`${comparable.ok ? 'fit' : 'not fit'} to compare: ${comparable.detail}`] : []),
  ];
}

function safetyWords({ safety: { actions, worst, closest, absent } }: RunSummary): string[] {
  const acted =
    actions === 0 ? 'no action' : `${actions} ${actions === 1 ? 'action' : 'actions'}, worst: ${worst}`;
  const near =
    closest === null
      ? ''
      : ` · closest: ${closest.sensor} ${formatValue(closest.value, closest.unit)}, ` +
        `${closest.action} at ${formatValue(closest.bound, closest.unit)}`;
  return [acted + near, ...(absent.length > 0 ? [`no reading on this host: ${absent.join(', ')}`] : [])];
}

function afterWords({ actors, after: { stopMs, leftBehind, heldAtStop } }: RunSummary): string[] {
  const held = Object.entries(heldAtStop).flatMap(([name, amount]) => {
    const unit = actors.find(({ actor }) => actor === name)?.heldUnit;
    return amount > 0 && unit !== undefined ? [`${name} ${formatValue(amount, unit)}`] : [];
  });
  const given =
    stopMs === null
      ? 'how long giving back took is not known'
      : `${held.length > 0 ? `${held.join(', ')} ` : ''}given back in ${formatDuration(stopMs)}`;
  const left = leftBehind.length === 0 ? 'nothing left behind' : `LEFT BEHIND: ${leftBehind.join(', ')}`;
  return [`${given} · ${left}`];
}

function hostWords({ host }: RunSummary): string {
  const { cores, quotaCores, memory, platform, kernel, node } = host;
  const quota = quotaCores < cores ? ` (quota ${formatValue(quotaCores, 'cores')})` : '';
  const bound = memory.boundBy === 'cgroup' ? ' by control group' : '';
  const system = kernel.toLowerCase().includes(platform) ? kernel : `${platform} ${kernel}`;
  return `${formatValue(cores, 'cores')}${quota}, ${formatValue(memory.totalBytes, 'bytes')}${bound}, ${system}, Node ${node.replace(/^v/, '')}`;
}

function lostWords(
  { lost }: RunSummary,
  own: { readonly windows: number; readonly events: number },
): string[] {
  const say = (where: string, amounts: Readonly<Record<string, number>>): string[] => {
    const some = Object.entries(amounts).filter(([, n]) => n > 0);
    return some.length === 0 ? [] : [`${where}: ${some.map(([what, n]) => `${n} ${what}`).join(', ')}`];
  };
  return [...say('run', { ...lost }), ...say('this screen', { ...own })];
}

function nextWords({ verdict, run, after }: RunSummary): string {
  if (after.leftBehind.length > 0) return 'brunt clean     removes what is left';
  if (verdict === 'incomplete') return 'run it again: a run that did not end itself proves nothing';
  return `brunt report ${run} --export json=summary.json`;
}

/** Relative where that is shorter to read and to type. */
function nearPath(path: string): string {
  const near = relative(process.cwd(), path);
  return near === '' || near.startsWith('..') ? path : near;
}

/** The label once, each item on lines of its own. */
function labelled(label: string, items: readonly string[], width: number): string[] {
  const lines = items.flatMap((item) => wrap(printable(item), width, LABEL));
  return lines.map((line, i) => (i === 0 ? ` ${label.padEnd(LABEL - 1)}${line.trimStart()}` : line));
}
