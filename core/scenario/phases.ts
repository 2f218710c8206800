/**
 * Phases with their loads and ends: the draft enters, phases in milliseconds with parsed levels leave, "*" spread over
 * the actors it means. Names, lengths and units are checked; amounts wait for the plan, which knows the host.
 */
import { parseDuration, parseUntil } from '../base/grammar.js';
import { suggestion } from '../base/suggest.js';
import { levelMistake } from './control.js';
import type { Path } from './document.js';
import type { Draft, DraftPhase } from './draft.js';
import { levelsOf, resolveLoad } from './loads.js';
import { Names } from './names.js';
import type { Problems } from './problems.js';
import type { ScenarioActor, ScenarioLoad, ScenarioPhase, ScenarioUntil } from './scenario.js';
import type { Sources } from './sources.js';

/** No phase is shorter than the shortest window. */
export const DURATION_MIN_MS = 100;

export interface PhasesInput {
  readonly draft: Draft;
  /** The sound ones; names are known from the draft, so that a broken actor is not also unknown. */
  readonly actors: readonly ScenarioActor[];
  readonly problems: Problems;
  readonly sources: Sources;
  readonly windowMs: number;
}

export async function resolvePhases(input: PhasesInput): Promise<ScenarioPhase[]> {
  const { draft, problems } = input;
  const firsts = new Map<string, number>();
  const names = new Names(draft, problems);
  const phases: ScenarioPhase[] = [];
  for (const [index, phase] of (draft.phases ?? []).entries()) {
    if (phase === undefined) continue;
    const path: Path = ['phases', index];
    checkName(phase, index, firsts, problems);
    const durationMs = durationOf(phase, path, problems);
    const load = await loadsOf(phase, durationMs, path, { ...input, names });
    const until = untilOf(phase, path, names, problems);
    checkSearch(phase, load, path, problems);
    const repeat =
      phase.cycle === undefined
        ? roundsOf(phase, load, path, problems)
        : (draft.cycles?.[phase.cycle]?.rounds ?? 1);
    const { name = '', measure = true, tags = {}, otherwise = 'fail', cycle = null } = phase;
    const lastingMs = durationMs ?? DURATION_MIN_MS;
    phases.push({ name, index, durationMs: lastingMs, measure, repeat, cycle, until, otherwise, tags, load });
  }
  return phases;
}

const isSearching = ({ load = {} }: DraftPhase): boolean =>
  Object.values(load).some((one) => one?.shape === 'search');

/** A sweep has a round for each of its levels (with each number of instances); several in one phase go side by side. */
function roundsOf(
  phase: DraftPhase,
  load: ReadonlyMap<string, ScenarioLoad>,
  path: Path,
  problems: Problems,
): number {
  const sweeps = [...load].flatMap(([name, one]) =>
    one.shape === 'sweep'
      ? [{ name, path: one.path, rounds: one.levels.length * (one.instances?.length ?? 1) }]
      : [],
  );
  const [first] = sweeps;
  if (first === undefined) return phase.repeat ?? 1;
  for (const { path: where } of sweeps.filter(({ rounds }) => rounds < 2)) {
    const message = 'a sweep has two rounds at least: levels, or numbers of instances';
    problems.add({ path: [...where, 'levels'], code: 'E_SCHEMA', message });
  }
  if (phase.repeat !== undefined) {
    const message = 'a sweep has a round for each of its levels: "repeat" says nothing beside it';
    problems.add({ path: [...path, 'repeat'], at: 'key', code: 'E_SCHEMA', message, seen: phase.repeat });
  }
  const other = sweeps.find(({ rounds }) => rounds !== first.rounds);
  if (other !== undefined) {
    const said = phase.load?.[other.name] === undefined ? '*' : other.name;
    const message = `"${first.name}" has ${first.rounds} rounds and "${other.name}" ${other.rounds}: they go side by side`;
    problems.add({ path: [...path, 'load', said, 'levels'], code: 'E_SCHEMA', message });
  }
  return first.rounds;
}

/** A search moves one actor's level and ends the phase by itself. */
function checkSearch(
  phase: DraftPhase,
  load: ReadonlyMap<string, ScenarioLoad>,
  path: Path,
  problems: Problems,
): void {
  const [, second] = [...load].filter(([, { shape }]) => shape === 'search').map(([name]) => name);
  if (second !== undefined) {
    const said = phase.load?.[second] === undefined ? '*' : second;
    const message = 'a phase searches the level of one actor, and here it is more';
    const hint = 'Give the others a level of their own, or a phase.';
    problems.add({ path: [...path, 'load', said], at: 'key', code: 'E_SCHEMA', message, seen: said, hint });
  }
  if (phase.until === undefined || !isSearching(phase)) return;
  const message = 'a search ends its phase when it has found the level: "until" has nothing to end';
  problems.add({ path: [...path, 'until'], at: 'key', code: 'E_SCHEMA', message });
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

function untilOf(phase: DraftPhase, phasePath: Path, names: Names, problems: Problems): ScenarioUntil | null {
  const path = [...phasePath, 'until'];
  if (phase.until === undefined) {
    if (phase.otherwise === undefined || isSearching(phase) || problems.touches(path)) return null;
    const message =
      '"otherwise" says what follows when "until" never held or a search found nothing: there is neither';
    problems.add({ path: [...phasePath, 'otherwise'], at: 'key', code: 'E_SCHEMA', message });
    return null;
  }
  const text = phase.until;
  const sentence = parseUntil(text);
  if (sentence.kind !== 'done') names.check(sentence.selector, { text, path }, false);
  if (sentence.kind === 'condition') {
    const { operand } = sentence.assertion;
    names.checkOperand(sentence.assertion, { text, path });
    if (operand.kind === 'baseline') {
      const column = text.indexOf('baseline');
      problems.add({ path, column, code: 'E_NOT_YET', message: 'not in this version: "baseline"' });
    }
    checkOrder(operand, phase, text, path, names, problems);
  }
  return { sentence, text, otherwise: phase.otherwise ?? 'fail', path };
}

/** What is compared with must be over by then. */
function checkOrder(
  operand: { readonly kind: string; readonly phase?: string },
  { name }: DraftPhase,
  text: string,
  path: Path,
  { phases }: Names,
  problems: Problems,
): void {
  if (operand.phase === undefined || name === undefined || !phases.includes(operand.phase)) return;
  if (phases.indexOf(operand.phase) < phases.indexOf(name)) return;
  const column = text.lastIndexOf(operand.phase);
  const message = `phase "${operand.phase}" is not over when "${name}" is to end`;
  const hint = 'Compare with an earlier phase.';
  problems.add({ path, column, code: 'E_NAME', message, seen: operand.phase, hint });
}

async function loadsOf(
  phase: DraftPhase,
  durationMs: number | null,
  phasePath: Path,
  { draft, actors, problems, sources, names, windowMs }: PhasesInput & { readonly names: Names },
): Promise<Map<string, ScenarioLoad>> {
  const result = new Map<string, ScenarioLoad>();
  const known = Object.keys(draft.actors ?? {});
  const named = Object.keys(phase.load ?? {});
  for (const [name, load] of Object.entries(phase.load ?? {})) {
    const path = [...phasePath, 'load', name];
    if (name !== '*' && draft.actors !== undefined && !known.includes(name)) {
      // An actor whose entry was cut out is wrong, not unknown.
      if (problems.within(['actors', name])) continue;
      const hint = suggestion(name, known);
      problems.add({ path, at: 'key', code: 'E_NAME', message: `no actor "${name}"`, seen: name, hint });
      continue;
    }
    if (load === undefined || problems.within(path)) continue;
    const resolved = await resolveLoad(load, { path, durationMs, problems, sources, names, windowMs });
    if (resolved === null) continue;
    const meant = actors.filter((a) => (name === '*' ? !named.includes(a.name) : a.name === name));
    for (const actor of meant) {
      checkUnits(resolved, actor, problems);
      result.set(actor.name, resolved);
    }
  }
  return result;
}

function checkUnits(load: ScenarioLoad, actor: ScenarioActor, problems: Problems): void {
  // All rows of a trace have one unit and one place.
  const levels = load.shape === 'trace' ? load.levels.slice(0, 1) : levelsOf(load);
  for (const { quantity, text, path } of levels) {
    const mistake = levelMistake(quantity.dimension, text, actor.name, actor.unit);
    if (mistake !== null) problems.add({ path, seen: text, ...mistake });
  }
}
