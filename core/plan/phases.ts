/**
 * The timeline of the plan: phases of the scenario and the actors' peaks enter, phases with pieces in levels from 0 to
 * 1 leave. Amounts in the peak's unit are divided by the peak here; more than the peak is a mistake.
 */
import { formatQuantity } from '../base/units.js';
import type { PlannedPhase } from '../contract/plan.js';
import { dimensionOf } from '../scenario/control.js';
import type { Mistake } from '../scenario/problems.js';
import type { ScenarioLevel, ScenarioPhase } from '../scenario/scenario.js';
import type { Placed } from './actors.js';
import { piecesOf } from './shapes.js';

export function planPhases(
  phases: readonly ScenarioPhase[],
  placed: readonly Placed[],
): { phases: readonly PlannedPhase[]; mistakes: readonly Mistake[] } {
  const mistakes: Mistake[] = [];
  let startMs = 0;
  const planned = phases.map(({ name, durationMs, measure, tags, load }, index): PlannedPhase => {
    const pieces = placed.flatMap(({ actor }) => {
      const shape = load.get(actor.name);
      if (shape === undefined) return [];
      const shareOf = (level: ScenarioLevel): number => shareOfPeak(level, actor, mistakes);
      return [[actor.name, piecesOf(shape, durationMs, shareOf)] as const];
    });
    const phase = { index, name, startMs, durationMs, measure, load: Object.fromEntries(pieces) };
    startMs += durationMs;
    return Object.keys(tags).length === 0 ? phase : { ...phase, tags };
  });
  return { phases: planned, mistakes };
}

function shareOfPeak(level: ScenarioLevel, actor: Placed['actor'], mistakes: Mistake[]): number {
  const { value, dimension } = level.quantity;
  if (dimension === 'share') return value;
  const share = value / actor.peak.amount;
  if (share <= 1) return share;
  const unit = dimensionOf(actor.unit) ?? 'count';
  const message = `"${level.text}" is above the peak of "${actor.name}", which is ${formatQuantity(actor.peak.amount, unit)} here`;
  const hint = "Raise the actor's peak, or lower the level.";
  mistakes.push({ path: level.path, code: 'E_PEAK', message, seen: level.text, hint });
  return 1;
}

/** How long an actor is above 0 %, at most. */
export function loadedMs(phases: readonly PlannedPhase[], actor: string): number {
  const pieces = phases.flatMap(({ load }) => load[actor] ?? []);
  return pieces
    .filter(({ from, to }) => from > 0 || to > 0)
    .reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
}
