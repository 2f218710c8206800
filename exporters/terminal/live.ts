/**
 * The screen while the run lasts: the state and a width in, lines out. The first answers "how long still", then
 * asked against achieved, then the limit that is nearest. Pure; `display.ts` puts it on the terminal.
 */
import { formatClock } from '../../core/base/units.js';
import type { Plan, PlannedThreshold } from '../../core/contract/plan.js';
import { heldUnit } from '../../core/contract/plan.js';
import { bar, sparkline, timeline } from './bars.js';
import type { ActorNow, LimitNow, RunState } from './state.js';
import type { Column } from './table.js';
import { layOut } from './table.js';
import { clip, formatOf, formatValue, spread, phaseTitle } from './text.js';

/** The layout is drawn for this; a wider terminal gets no wider lines. */
const WIDTH_MAX = 80;
const LIMITS_SHOWN = 3;
const THRESHOLDS_SHOWN = 4;
const BAR_CELLS = 10;

/** At most `rows` lines of at most `columns` cells; what is less urgent goes first. */
export function drawLive(
  state: RunState,
  elapsedMs: number | null,
  keys: readonly string[],
  columns: number,
  rows: number,
): string[] {
  const width = Math.min(columns, WIDTH_MAX);
  const parts = [
    drawActors(state.actors(), width),
    drawLimits(state.limits(), width),
    drawThresholds(state, elapsedMs, width),
    keys.map((line) => clip(` ${line}`, width)),
  ].filter((part) => part.length > 0);
  const lines = [drawHead(state, elapsedMs, width), ...parts].reduce((all, part) => [...all, '', ...part]);
  return lines.slice(0, Math.max(1, rows));
}

function drawHead(state: RunState, elapsedMs: number | null, width: number): string[] {
  const { plan } = state;
  const safety = `safety: ${plan.safety.profile} ${state.safety}`;
  const [bars, names] = timeline(plan.phases, plan.durationMs, elapsedMs ?? 0, width - safety.length - 3);
  return [
    spread(` brunt · ${plan.name}`, progress(state, elapsedMs), width),
    clip(` ${bars} ${safety}`, width),
    clip(` ${names}`, width),
  ];
}

function progress({ plan, agentsReady, phaseIndex, stopping }: RunState, elapsedMs: number | null): string {
  if (stopping !== null) return 'stopping, giving back';
  if (elapsedMs === null) return `starting, ${agentsReady} of ${plan.agents.length} agents ready`;
  const run = `run of ${formatClock(plan.durationMs)}`;
  const phase = plan.phases[phaseIndex ?? 0];
  if (phase === undefined) return run;
  const inPhase = Math.min(phase.durationMs, Math.max(0, elapsedMs - phase.startMs));
  return `${phaseTitle(phase)} ${formatClock(inPhase)} of ${formatClock(phase.durationMs)} · ${run}`;
}

/** The sparkline goes first when there is no room, then what is asked as a share. */
const ACTOR_COLUMNS: readonly Column[] = [
  { max: 20 },
  { align: 'right', rank: 2 },
  {},
  { align: 'right', rank: 3 },
  {},
  { rank: 1 },
];

function drawActors(actors: readonly ActorNow[], width: number): string[] {
  if (actors.length === 0) return [];
  const head = ['actor', '', 'asked', '', 'achieved', ''];
  const rows = actors.map(({ actor, asked, held, whole, history }) => {
    const unit = heldUnit(actor);
    const share = (value: number | null): string =>
      value === null || whole === null ? '' : formatValue(value / whole, 'share');
    return [
      actor.name,
      share(asked),
      asked === null ? '··' : formatValue(asked, unit),
      share(held),
      held === null ? '··' : whole === null ? formatValue(held, unit) : formatOf(held, whole, unit),
      sparkline(history),
    ];
  });
  return layOut(ACTOR_COLUMNS, [head, ...rows], width);
}

const LIMIT_COLUMNS: readonly Column[] = [{ max: 28 }, {}, {}, { rank: 1 }, { align: 'right', rank: 2 }];

function drawLimits(limits: readonly LimitNow[], width: number): string[] {
  if (limits.length === 0) return [];
  const head = ['limit (nearest first)', 'now', 'acts at', '', 'room'];
  const rows = limits
    .slice(0, LIMITS_SHOWN)
    .map(({ sensor, unit, value, action, bound, room, share }) => [
      sensor,
      formatValue(value, unit),
      `${action} ${formatValue(bound, unit)}`,
      room > 0 ? bar(share, BAR_CELLS) : 'none',
      room > 0 ? formatValue(room, unit) : '',
    ]);
  return layOut(LIMIT_COLUMNS, [head, ...rows], width);
}

function drawThresholds(state: RunState, elapsedMs: number | null, width: number): string[] {
  const { thresholds } = state.plan;
  const rows = thresholds
    .slice(0, THRESHOLDS_SHOWN)
    .map((threshold) => [
      threshold.selectorText,
      threshold.assertion.text,
      standing(state, threshold, elapsedMs ?? 0),
    ]);
  const more = thresholds.length - rows.length;
  if (more > 0) rows.push([`and ${more} more`]);
  return layOut([{ max: 40 }, {}, { rank: 1 }], rows, width);
}

/** Thresholds are judged once, at the end; until then the screen shows the reading, not a verdict. */
function standing(state: RunState, { selector }: PlannedThreshold, elapsedMs: number): string {
  const fromMs = judgedFromMs(state.plan, selector.tags['phase']);
  if (fromMs !== null && elapsedMs < fromMs) return `judged from ${formatClock(fromMs)}`;
  const unit = state.plan.catalogue.find(({ metric }) => metric === selector.metric)?.unit;
  const value = state.now(selector.metric, selector.tags['actor']?.[0]);
  return unit === undefined || value === null ? '··' : `now ${formatValue(value, unit)}`;
}

function judgedFromMs(plan: Plan, phases: readonly string[] | undefined): number | null {
  const judged = plan.phases.filter(({ name, measure }) => measure && (phases?.includes(name) ?? true));
  return judged[0]?.startMs ?? null;
}
