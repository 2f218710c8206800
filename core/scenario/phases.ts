/**
 * Phases with their loads: the draft enters, phases in milliseconds with parsed levels leave, "*" spread over the
 * actors it means. Names, lengths and units are checked; amounts wait for the plan, which knows the host.
 */
import { parseDuration, parseLevel } from '../base/grammar.js';
import { suggestion } from '../base/suggest.js';
import { levelMistake } from './control.js';
import type { Path } from './document.js';
import type { Draft, DraftLoad, DraftPhase } from './draft.js';
import type { Problems } from './problems.js';
import type { ScenarioActor, ScenarioLevel, ScenarioLoad, ScenarioPhase } from './scenario.js';

/** No phase is shorter than the shortest window. */
export const DURATION_MIN_MS = 100;

/** `actors` are the sound ones; names are known from the draft, so that a broken actor is not also unknown. */
export function resolvePhases(
  draft: Draft,
  actors: readonly ScenarioActor[],
  problems: Problems,
): ScenarioPhase[] {
  const firsts = new Map<string, number>();
  return (draft.phases ?? []).flatMap((phase, index) => {
    if (phase === undefined) return [];
    const path: Path = ['phases', index];
    checkName(phase, index, firsts, problems);
    const durationMs = durationOf(phase, path, problems);
    const load = loadsOf(phase, durationMs, path, draft, actors, problems);
    const { name = '', measure = true, tags = {} } = phase;
    return [{ name, durationMs: durationMs ?? DURATION_MIN_MS, measure, tags, load }];
  });
}

function checkName(phase: DraftPhase, index: number, firsts: Map<string, number>, problems: Problems): void {
  if (phase.name === undefined) return;
  const first = firsts.get(phase.name);
  if (first === undefined) {
    firsts.set(phase.name, index);
    return;
  }
  const message = `phases[${first}] is named "${phase.name}" too`;
  const hint = 'Each phase has a name of its own: thresholds choose by it.';
  problems.add({ path: ['phases', index, 'name'], code: 'E_NAME', message, seen: phase.name, hint });
}

function durationOf(phase: DraftPhase, path: Path, problems: Problems): number | null {
  if (phase.duration === undefined) return null;
  const durationMs = parseDuration(phase.duration);
  if (durationMs >= DURATION_MIN_MS) return durationMs;
  const message = `a phase lasts at least ${DURATION_MIN_MS}ms`;
  problems.add({ path: [...path, 'duration'], code: 'E_SCHEMA', message, seen: phase.duration });
  return null;
}

function loadsOf(
  phase: DraftPhase,
  durationMs: number | null,
  phasePath: Path,
  draft: Draft,
  actors: readonly ScenarioActor[],
  problems: Problems,
): Map<string, ScenarioLoad> {
  const result = new Map<string, ScenarioLoad>();
  const known = Object.keys(draft.actors ?? {});
  for (const [name, load] of Object.entries(phase.load ?? {})) {
    const path = [...phasePath, 'load', name];
    if (name !== '*' && draft.actors !== undefined && !known.includes(name)) {
      const hint = suggestion(name, known);
      problems.add({ path, at: 'key', code: 'E_NAME', message: `no actor "${name}"`, seen: name, hint });
      continue;
    }
    if (load === undefined || problems.within(path)) continue;
    const parsed = loadOf(load, durationMs, path, problems);
    if (parsed === null) continue;
    const named = Object.keys(phase.load ?? {});
    const meant = actors.filter((a) => (name === '*' ? !named.includes(a.name) : a.name === name));
    for (const actor of meant) {
      checkUnits(parsed, actor, problems);
      result.set(actor.name, parsed);
    }
  }
  return result;
}

/** Null when a part is missing, which is told already. */
function loadOf(
  load: DraftLoad,
  durationMs: number | null,
  path: Path,
  problems: Problems,
): ScenarioLoad | null {
  const level = (text: string, ...steps: (string | number)[]): ScenarioLevel => ({
    quantity: parseLevel(text),
    text,
    path: [...path, ...steps],
  });
  const { shape, curve = 'linear', from, to, levels = [] } = load;
  if (shape === 'hold' && load.level !== undefined) return { shape, level: level(load.level, 'level') };
  if (shape === 'ramp' && from !== undefined && to !== undefined) {
    return { shape, from: level(from, 'from'), to: level(to, 'to'), curve };
  }
  if (shape !== 'steps') return null;
  const steps = levels.map((text, i) => level(text ?? '0%', 'levels', i));
  const everyMs = stepLength(load, steps.length, durationMs, path, problems);
  return everyMs === null ? null : { shape, levels: steps, everyMs };
}

function stepLength(
  load: DraftLoad,
  steps: number,
  durationMs: number | null,
  path: Path,
  problems: Problems,
): number | null {
  if (durationMs === null) return null;
  if (load.every === undefined) return durationMs / steps;
  const everyMs = parseDuration(load.every);
  // The last step needs some time of its own, or it would be skipped in silence.
  if (everyMs > 0 && everyMs * (steps - 1) < durationMs) return everyMs;
  const message =
    everyMs > 0 ? `${steps} steps of ${load.every} do not fit into the phase` : 'a step takes time';
  const hint = 'Leave "every" out for equal parts.';
  problems.add({ path: [...path, 'every'], code: 'E_SCHEMA', message, seen: load.every, hint });
  return null;
}

export function levelsOf(load: ScenarioLoad): readonly ScenarioLevel[] {
  if (load.shape === 'hold') return [load.level];
  return load.shape === 'ramp' ? [load.from, load.to] : load.levels;
}

function checkUnits(load: ScenarioLoad, actor: ScenarioActor, problems: Problems): void {
  for (const { quantity, text, path } of levelsOf(load)) {
    const mistake = levelMistake(quantity.dimension, text, actor.name, actor.unit);
    if (mistake !== null) problems.add({ path, seen: text, ...mistake });
  }
}
