/**
 * The plan as text for a person, 80 columns: phases, each actor's curve, the cost at peak against this host, and what
 * the safety gate would do. `brunt plan` prints it; it knows no screen and no colour.
 */
import { formatClock, formatNumber, formatQuantity } from '../base/units.js';
import type { CatalogueEntry } from '../contract/metrics.js';
import type { Plan, PlannedActor, PlannedCycle, PlannedLimit, PlannedTrigger } from '../contract/plan.js';
import { levelAt } from './shapes.js';

const WIDTH = 80;
const NAME_WIDTH = 14;
const SENSOR_WIDTH = 24;
const CURVE_WIDTH = WIDTH - NAME_WIDTH - 2;
const BARS = ' ▁▂▃▄▅▆▇█';

export function drawPlan(plan: Plan): string {
  const blocks = [
    head(plan),
    timeline(plan),
    searches(plan),
    actors(plan),
    cost(plan),
    destroyed(plan),
    limits(plan),
    thresholds(plan),
    notes(plan),
  ];
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.map((line) => ` ${line}`.trimEnd()).join('\n'))
    .join('\n\n')}\n`;
}

function head(plan: Plan): string[] {
  const run = `${plan.name} · ${plan.phases.length} phases · ${formatClock(plan.durationMs)} · seed ${plan.seed}`;
  return plan.description === '' ? [run] : [run, ...wrap(plan.description, WIDTH - 2)];
}

/** One column each for a slice of the run; a phase of any length has at least one. */
function timeline(plan: Plan): string[] {
  const columns = Array.from({ length: CURVE_WIDTH }, (_, i) => ((i + 0.5) * plan.durationMs) / CURVE_WIDTH);
  const column = (startMs: number): number => Math.round((startMs * CURVE_WIDTH) / plan.durationMs);
  const ruler = new Array<string>(CURVE_WIDTH).fill('─');
  for (const { startMs } of plan.phases) ruler[Math.min(CURVE_WIDTH - 1, column(startMs))] = '┬';
  const rows = plan.actors.map(({ name }) => {
    const bars = columns.map((atMs) => bar(levelOf(plan, name, atMs)));
    return `${fit(name, NAME_WIDTH)}${bars.join('')}`;
  });
  return [...rows, `${' '.repeat(NAME_WIDTH)}${ruler.join('')}`, ...phaseRows(plan)];
}

function levelOf(plan: Plan, actor: string, atMs: number): number {
  const phase = plan.phases.find(({ startMs, durationMs }) => atMs >= startMs && atMs < startMs + durationMs);
  return phase === undefined ? 0 : levelAt(phase.load[actor] ?? [], atMs - phase.startMs);
}

/** Above 0 is never drawn as nothing. */
function bar(level: number): string {
  const height = level <= 0 ? 0 : Math.max(1, Math.round(level * (BARS.length - 1)));
  return BARS[Math.min(height, BARS.length - 1)] ?? ' ';
}

/** Of a cycle one round, and how many there are. */
function phaseRows({ phases, cycles = [] }: Plan): string[] {
  return phases.flatMap((phase) => {
    const { name, startMs, durationMs, measure, load, search, instances, cycle, round = 1 } = phase;
    if (cycle !== undefined && round > 1) return [];
    const spans = Object.entries(load).map(([actor, pieces]) => {
      const few = instances?.[actor] === undefined ? '' : ` by ${instances[actor]}`;
      return `${actor} ${search?.actor === actor ? `${percent(search.low)} … ${percent(search.high)}?` : course(pieces)}${few}`;
    });
    const when = `${formatClock(startMs)} +${formatQuantity(durationMs * 1e6, 'time')}`;
    const loads = spans.length === 0 ? 'all idle' : spans.join(', ');
    const row = cut(`${fit(name, NAME_WIDTH)}${fit(when, 16)}${loads}${measure ? '' : ' (not measured)'}`);
    const around = cycles.find((one) => one.firstPhase + one.phases - 1 === phase.index);
    return around === undefined ? [row] : [row, ...cycleRows(around)];
  });
}

function cycleRows({ name, phases, rounds, until }: PlannedCycle): string[] {
  const aims = until.map(({ text }) => text).join('; ');
  const ends = until.length === 0 ? '' : ` at most, until ${aims}`;
  return wrap(`↑ ${name}: ${phases} phases, ${rounds} rounds${ends}`, WIDTH - 2);
}

/** What each search looks for, and how long it may take. */
function searches(plan: Plan): string[] {
  const rows = plan.phases.flatMap(({ name, round = 1, search }) => {
    const actor = plan.actors.find((one) => one.name === search?.actor);
    if (search === undefined || actor === undefined || actor.unit === 'switch' || round > 1) return [];
    const { peak, unit } = actor;
    const text = (level: number): string => formatQuantity(level * peak.amount, unit);
    const { low, high, resolution, quantum, stepsMax, everyMs, settleMs, conditions } = search;
    const time = (ms: number): string => formatQuantity(ms * 1e6, 'time');
    const how =
      `${name}: ${actor.name} from ${text(low)} up to ${text(high)}, to within ${text(Math.max(resolution, quantum))}, ` +
      `in at most ${stepsMax} levels of ${time(everyMs)} (and ${time(settleMs)} before)`;
    return [
      ...wrap(how, WIDTH - 4),
      ...conditions.flatMap((one) => wrap(`while ${one.text}`, WIDTH - 6).map((line) => `  ${line}`)),
    ];
  });
  return rows.length === 0 ? [] : ['searches', ...rows.map((row) => `  ${row}`)];
}

function course(pieces: readonly { readonly from: number; readonly to: number }[]): string {
  const levels = pieces.flatMap(({ from, to }) => [from, to]);
  const [first = 0, last = 0] = [levels[0], levels[levels.length - 1]];
  if (levels.every((level) => level === first)) return percent(first);
  const isStraight = pieces.length === 1;
  return isStraight ? `${percent(first)} -> ${percent(last)}` : `${percent(first)} … ${percent(last)}`;
}

const percent = (share: number): string => `${formatNumber(share * 100)}%`;

function actors(plan: Plan): string[] {
  const rows = plan.actors.map((actor) => {
    const from = actor.peak.base === undefined ? '' : ` (${actor.peak.text})`;
    const agent = plan.agents.find((a) => a.actors.includes(actor.name))?.name ?? '';
    const text = `${fit(actor.name, NAME_WIDTH)}${fit(actor.simulator, 14)}${fit(`${peakText(actor)}${from}`, 30)}`;
    return cut(`${text}${fit(String(actor.instances), 6)}${agent}`);
  });
  const titles = `${fit('actor', NAME_WIDTH)}${fit('simulator', 14)}${fit('peak', 30)}${fit('inst', 6)}agent`;
  return [titles, ...rows];
}

function peakText({ unit, peak, control }: PlannedActor): string {
  if (unit === 'switch') return 'on';
  return formatQuantity(peak.amount, unit) + (control === 'concurrency' ? ' in flight' : '');
}

/** What is asked at the peak, beside what this host has. */
function cost({ estimate, host, agents }: Plan): string[] {
  const rows: string[] = [];
  const row = (name: string, asked: string, there: string, share: number | null): void => {
    const part = share === null ? '' : ` (${formatNumber(share * 100)} %)`;
    rows.push(cut(`${fit(name, NAME_WIDTH)}${fit(asked, 14)}${there}${part}`));
  };
  const { memoryBytes: memory, cores, threads, openFiles } = estimate;
  if (memory !== undefined) {
    const available = host.memory.availableBytes;
    const there = `of ${formatQuantity(available, 'bytes')} available`;
    row('memory', formatQuantity(memory, 'bytes'), there, memory / available);
  }
  if (cores !== undefined) {
    row(
      'processor',
      formatQuantity(cores, 'cores'),
      `of ${formatQuantity(host.quotaCores, 'cores')}`,
      cores / host.quotaCores,
    );
  }
  if (threads !== undefined) row('threads', formatNumber(threads), `in ${agents.length} agents`, null);
  if (openFiles !== undefined) {
    row('open files', formatNumber(openFiles), host.openFiles === null ? '' : `of ${host.openFiles}`, null);
  }
  if (estimate.diskBytes !== undefined) row('disk', formatQuantity(estimate.diskBytes, 'bytes'), '', null);
  return ['at peak', ...rows];
}

/** What is on this host now and will not be afterwards. */
function destroyed(plan: Plan): string[] {
  const rows = plan.actors.flatMap(({ name, inspection, erasable = [] }) =>
    (inspection?.destroys ?? []).flatMap(({ ids, text }) => {
      const id = ids.find((one) => erasable.includes(one));
      const said =
        id === undefined ? `NOT NAMED by the scenario; its id is ${ids[0] ?? ''}` : `named as ${id}`;
      return [...wrap(`${name}: ${text}`, WIDTH - 4), ...wrap(said, WIDTH - 6).map((line) => `  ${line}`)];
    }),
  );
  return rows.length === 0 ? [] : ['DESTROYS all data on', ...rows.map((row) => `  ${row}`)];
}

function limits({ safety }: Plan): string[] {
  const reserve = formatQuantity(safety.reserveBytes, 'bytes');
  const longest = formatQuantity(safety.maxDurationMs * 1e6, 'time');
  const title = `safety: profile ${safety.profile}, at most ${longest}, ${reserve} of memory kept free`;
  const rows = safety.limits.flatMap((limit) => {
    const triggers = limit.triggers.map((trigger) => triggerText(limit, trigger));
    return hanging(limit.sensor, triggers, SENSOR_WIDTH);
  });
  return [title, ...rows];
}

/** A name, and beside it as many of the parts on a line as fit. */
function hanging(name: string, parts: readonly string[], indent: number): string[] {
  const lines: string[] = [];
  let line = fit(name, indent);
  for (const [i, part] of parts.entries()) {
    const text = i === parts.length - 1 ? part : `${part}, `;
    if (line.length + text.trimEnd().length > WIDTH - 1) {
      lines.push(line);
      line = ' '.repeat(indent);
    }
    line += text;
  }
  return [...lines, line];
}

function triggerText(
  { unit }: PlannedLimit,
  { action, operator, bound, forMs, source }: PlannedTrigger,
): string {
  const lasting = forMs > 0 ? ` for ${formatQuantity(forMs * 1e6, 'time')}` : '';
  const own = source === 'scenario' ? '*' : '';
  return `${action}${own} ${operator} ${boundText(bound, unit)}${lasting}`;
}

function boundText(bound: number, unit: CatalogueEntry['unit']): string {
  if (unit === 'ns') return formatQuantity(bound, 'time');
  return unit === 'state' || unit === 'flop/s' ? formatNumber(bound) : formatQuantity(bound, unit);
}

function thresholds(plan: Plan): string[] {
  const rows = plan.thresholds.map(({ text, severity }) =>
    cut(`${text}${severity === 'warn' ? ' (warns)' : ''}`),
  );
  return rows.length === 0 ? [] : ['passes if', ...rows];
}

function notes(plan: Plan): string[] {
  return plan.notes.flatMap((note) => wrap(note, WIDTH - 2));
}

/** Exactly so wide, with a space at the end. */
function fit(text: string, width: number): string {
  const room = width - 1;
  return `${text.length > room ? `${text.slice(0, room - 1)}…` : text.padEnd(room)} `;
}

function cut(text: string): string {
  const room = WIDTH - 1;
  const plain = text.trimEnd();
  return plain.length > room ? `${plain.slice(0, room - 1)}…` : plain;
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
