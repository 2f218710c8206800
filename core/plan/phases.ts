/**
 * The timeline of the plan: phases of the scenario and the actors' peaks enter, phases with pieces in levels from 0 to
 * 1 leave, one for each round. Amounts in the peak's unit are divided by the peak here; more than the peak is a
 * mistake.
 */
import { randomFor } from '../base/random.js';
import { formatNumber, formatQuantity } from '../base/units.js';
import { PIECES_MAX } from '../contract/control-block.js';
import type { Piece, PlannedCycle, PlannedPhase, PlannedSearch } from '../contract/plan.js';
import { ROUNDS } from '../metrics/steady.js';
import { dimensionOf } from '../scenario/control.js';
import type { Mistake } from '../scenario/problems.js';
import type {
  Scenario,
  ScenarioCycle,
  ScenarioLevel,
  ScenarioLoad,
  ScenarioPhase,
} from '../scenario/scenario.js';
import type { Placed } from './actors.js';
import { planSearch } from './search.js';
import { pieceCount, piecesOf } from './shapes.js';

/** Rounds of all phases together: each has its windows, its totals and its place in the record. */
export const ROUNDS_MAX = 2048;

export interface Timeline {
  readonly phases: readonly PlannedPhase[];
  readonly cycles: readonly PlannedCycle[];
  readonly mistakes: readonly Mistake[];
  /** What a reader should know of shapes that do not fit their phase. */
  readonly notes: readonly string[];
}

export function planPhases(
  { phases, cycles }: Pick<Scenario, 'phases' | 'cycles'>,
  placed: readonly Placed[],
  { seed, windowMs }: { readonly seed: number; readonly windowMs: number },
): Timeline {
  const none = { phases: [], cycles: [], notes: [] };
  const rounds = phases.reduce((sum, { repeat }) => sum + repeat, 0);
  const mistakes: Mistake[] = [];
  if (rounds > ROUNDS_MAX) {
    const message = `${rounds} rounds of phases are more than ${ROUNDS_MAX}`;
    mistakes.push({ path: ['phases'], code: 'E_PLAN_SIZE', message, seen: rounds });
    return { ...none, mistakes };
  }
  mistakes.push(...pieceMistakes(phases, placed), ...sharingMistakes(phases, placed));
  if (mistakes.length > 0) return { ...none, mistakes };
  let startMs = 0;
  const planned: PlannedPhase[] = [];
  const plannedCycles: PlannedCycle[] = [];
  for (const group of groupsOf(phases)) {
    const [{ cycle: name, repeat }] = group;
    const cycle = cycles.find((one) => one.name === name);
    if (cycle !== undefined) plannedCycles.push(plannedCycle(cycle, planned.length, group.length, mistakes));
    const each = group.map((phase) => ({
      phase,
      // But for what is swept every round does the same: rounds measure noise, not luck.
      isSwept: [...phase.load.values()].some(({ shape }) => shape === 'sweep'),
      first: loadOf(phase, 1, placed, seed, mistakes),
      search: searchOf(phase, placed, windowMs, mistakes),
    }));
    for (let round = 1; round <= repeat; round++) {
      for (const { phase, isSwept, first, search } of each) {
        const load = isSwept ? loadOf(phase, round, placed, seed, mistakes) : first;
        planned.push({
          ...plannedPhase(phase, round, load),
          ...(search !== null && { search }),
          index: planned.length,
          startMs,
        });
        startMs += phase.durationMs;
      }
    }
  }
  return { phases: planned, cycles: plannedCycles, mistakes, notes: phases.flatMap(notesOf) };
}

/** The phases of a cycle stand together; every other one stands alone. */
function groupsOf(phases: readonly ScenarioPhase[]): [ScenarioPhase, ...ScenarioPhase[]][] {
  const groups: [ScenarioPhase, ...ScenarioPhase[]][] = [];
  for (const phase of phases) {
    const last = groups.at(-1);
    if (phase.cycle !== null && last?.[0].cycle === phase.cycle) last.push(phase);
    else groups.push([phase]);
  }
  return groups;
}

function plannedCycle(
  { name, rounds, until, otherwise }: ScenarioCycle,
  firstPhase: number,
  phases: number,
  mistakes: Mistake[],
): PlannedCycle {
  if (until.length > 0 && rounds < ROUNDS) {
    const message = `steady is said of ${ROUNDS} rounds, and the cycle has ${rounds}`;
    mistakes.push({ path: ['cycles', name, 'rounds'], code: 'E_SCHEMA', message, seen: rounds });
  }
  const tracked = until.flatMap(({ sentence, text }) =>
    sentence.kind === 'steady' ? [{ sentence: structuredClone(sentence), text }] : [],
  );
  return { name, firstPhase, phases, rounds, until: tracked, otherwise };
}

/** Which number of instances shares the level in this round of a sweep. */
function sharingIn(load: ScenarioLoad | undefined, round: number): number | null {
  if (load?.shape !== 'sweep' || load.instances === null) return null;
  return load.instances[Math.floor((round - 1) / load.levels.length)] ?? null;
}

/** A number of instances is swept of what does operations, as far as there are instances, and operations for each. */
function sharingMistakes(phases: readonly ScenarioPhase[], placed: readonly Placed[]): Mistake[] {
  const mistakes: Mistake[] = [];
  for (const { actor } of placed) {
    for (const load of phases.flatMap((phase) => phase.load.get(actor.name) ?? [])) {
      if (load.shape !== 'sweep' || load.instances === null) continue;
      const say = (message: string, seen?: unknown, hint?: string): void => {
        const path = [...load.path, 'instances'];
        mistakes.push({
          path,
          code: 'E_PEAK',
          message,
          ...(seen !== undefined && { seen }),
          ...(hint !== undefined && { hint }),
        });
      };
      const { name, control, instances, pacing } = actor;
      const most = Math.max(...load.instances);
      const least = Math.min(
        ...load.levels.map((level) => shareOfPeak(level, actor, []) * actor.peak.amount),
      );
      if (control !== 'rate' && control !== 'concurrency')
        say(`"${name}" does not share operations: its instances cannot be swept`);
      else if (most > instances)
        say(
          `"${name}" has ${instances} instances, not ${most}`,
          most,
          `Write "instances": ${most} in the actor.`,
        );
      else if (control === 'concurrency' && least < most - 1e-9)
        say(
          `${formatNumber(least)} in flight cannot be shared by ${most} instances`,
          most,
          'Sweep fewer instances, or higher levels.',
        );
      else if (pacing?.operationsMax !== undefined || pacing?.bytesMax !== undefined)
        say(`the cap of "${name}" is divided among all its instances: it cannot be kept by fewer`);
    }
  }
  return mistakes;
}

function plannedPhase(
  { name, durationMs, measure, tags, until, repeat, cycle, load: shapes }: ScenarioPhase,
  round: number,
  load: PlannedPhase['load'],
): Omit<PlannedPhase, 'index' | 'startMs'> {
  const sweeps = [...shapes].flatMap(([actor, { shape }]) => (shape === 'sweep' ? [actor] : []));
  const sharing = [...shapes].flatMap(([actor, shape]): [string, number][] => {
    const number = sharingIn(shape, round);
    return number === null ? [] : [[actor, number]];
  });
  return {
    name,
    durationMs,
    measure,
    ...(Object.keys(tags).length > 0 && { tags: { ...tags } }),
    ...(repeat > 1 && { round }),
    ...(sweeps.length > 0 && { sweeps }),
    ...(sharing.length > 0 && { instances: Object.fromEntries(sharing) }),
    ...(cycle !== null && { cycle }),
    ...(until !== null && {
      until: {
        sentence: structuredClone(until.sentence),
        text: until.text,
        otherwise: until.otherwise,
      },
    }),
    load,
  };
}

function loadOf(
  { name, durationMs, load }: ScenarioPhase,
  round: number,
  placed: readonly Placed[],
  seed: number,
  mistakes: Mistake[],
): PlannedPhase['load'] {
  const pieces = placed.flatMap(({ actor }): (readonly [string, readonly Piece[]])[] => {
    const shape = load.get(actor.name);
    if (shape === undefined) return [];
    const shareOf = (level: ScenarioLevel): number => shareOfPeak(level, actor, mistakes);
    // Keyed by names, so that another actor or phase changes nothing here.
    const random = randomFor(seed, 'shape', actor.name, name);
    return [[actor.name, piecesOf({ load: shape, durationMs, round, shareOf, random })]];
  });
  return Object.fromEntries(pieces);
}

/** Of one actor at most: the scenario has seen to it. */
function searchOf(
  phase: ScenarioPhase,
  placed: readonly Placed[],
  windowMs: number,
  mistakes: Mistake[],
): PlannedSearch | null {
  for (const { actor } of placed) {
    const load = phase.load.get(actor.name);
    if (load?.shape !== 'search') continue;
    const shareOf = (level: ScenarioLevel): number => shareOfPeak(level, actor, mistakes);
    const planned = planSearch({ phase, load, actor, windowMs, shareOf });
    if (!('message' in planned)) return planned;
    mistakes.push(planned);
  }
  return null;
}

/** Asked before a single one is made. */
function pieceMistakes(phases: readonly ScenarioPhase[], placed: readonly Placed[]): Mistake[] {
  return placed.flatMap(({ actor: { name } }) => {
    const counts = phases.map(({ load, durationMs, repeat }) => {
      const shape = load.get(name);
      return shape === undefined ? 0 : repeat * pieceCount(shape, durationMs);
    });
    const pieces = counts.reduce((sum, count) => sum + count, 0);
    if (pieces <= PIECES_MAX) return [];
    const most = counts.indexOf(Math.max(...counts));
    const message = `the timeline of "${name}" has ${pieces} straight pieces, more than ${PIECES_MAX}`;
    const phase = phases[most];
    const hint = `Most of them are of phase "${phase?.name ?? ''}": shorten it, or make its periods longer.`;
    const path = ['phases', phase?.index ?? most];
    return [{ path, code: 'E_PLAN_SIZE' as const, message, seen: pieces, hint }];
  });
}

function shareOfPeak(level: ScenarioLevel, actor: Placed['actor'], mistakes: Mistake[]): number {
  const { value, dimension } = level.quantity;
  if (dimension === 'share') return value;
  const share = value / actor.peak.amount;
  if (share <= 1) return share;
  const unit = dimensionOf(actor.unit) ?? 'count';
  const message = `"${level.text}" is above the peak of "${actor.name}", which is ${formatQuantity(actor.peak.amount, unit)} here`;
  const hint = "Raise the actor's peak, or lower the level.";
  // The rows of a trace share a place: one of them says enough.
  const isTold = mistakes.some(({ path, code }) => code === 'E_PEAK' && String(path) === String(level.path));
  if (!isTold) mistakes.push({ path: level.path, code: 'E_PEAK', message, seen: level.text, hint });
  return 1;
}

function notesOf({ name, durationMs, load }: ScenarioPhase): string[] {
  const traces = new Set<ScenarioLoad>([...load.values()].filter(({ shape }) => shape === 'trace'));
  return [...traces].flatMap((trace) => {
    if (trace.shape !== 'trace') return [];
    const lastingMs = (trace.levels.length - 1) * trace.everyMs;
    const time = (ms: number): string => formatQuantity(ms * 1e6, 'time');
    const known = `The trace in phase "${name}" lasts ${time(lastingMs)}, the phase ${time(durationMs)}`;
    if (lastingMs > durationMs) return [`${known}: the rest of the trace is not played.`];
    return lastingMs < durationMs ? [`${known}: its last level stays until the end.`] : [];
  });
}

/** How long an actor is above 0 %, at most. */
export function loadedMs(phases: readonly PlannedPhase[], actor: string): number {
  return phases
    .flatMap(({ load }) => load[actor] ?? [])
    .filter(({ from, to }) => from > 0 || to > 0)
    .reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
}
