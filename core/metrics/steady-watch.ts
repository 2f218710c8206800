/**
 * Watches the windows in which an actor was asked for the same amount as in the one before, or for the same growth: only
 * there must what is done equal what is asked, and only there does Little's law hold. The trust checks read the result.
 */
import type { Point, Window } from '../contract/metrics.js';
import type { PlannedActor, PlannedPhase } from '../contract/plan.js';

/** What is asked counts as constant while it moves by less than this share of itself. */
const CONSTANT_SHARE = 0.001;
/** Done may stand beside asked by so much in a steady window. */
export const ACHIEVED_TOLERANCE = 0.1;
/** Operations that fall due in one window and end in the next: at few a window they are no shortfall. */
const EDGE_OPERATIONS = 2;
/** Growth is followed in small steps: what is held may lie behind by what is asked for in this time. */
const GROWTH_LAG_NS = 200e6;
/** Little's law needs a steady stretch of at least this length. */
const STRETCH_MIN_MS = 10_000;

export interface SteadyActor {
  readonly actor: string;
  readonly windows: number;
  /** Windows in which achieved left its tolerance. */
  readonly off: number;
  /** Of those, the one farthest from 1, and its phase. */
  readonly worst: { readonly share: number; readonly phase: string } | null;
}

export interface LittleCheck {
  readonly actor: string;
  readonly phase: string;
  /** Mean operations in service (throughput × mean service time), by what was measured. */
  readonly inService: number;
  /** Operations that were asked to be in flight. */
  readonly concurrency: number;
}

/** What an actor says it holds beside what the kernel says, over all steady windows. */
export interface HeldCheck {
  readonly actor: string;
  readonly dimension: 'cores' | 'bytes';
  readonly told: number;
  readonly measured: number;
}

export interface Steadiness {
  readonly actors: readonly SteadyActor[];
  /** The worst steady stretch of each actor with a fixed concurrency. */
  readonly little: readonly LittleCheck[];
  readonly held: readonly HeldCheck[];
}

/** Of an agent's process: the runtime alone, which no simulator holds. Measured: 45 MiB and more. */
const RUNTIME_BYTES = 32 * 2 ** 20;

export type WatchedActor = Pick<PlannedActor, 'name' | 'control' | 'unit' | 'takes' | 'lane' | 'pacing'>;

interface State {
  readonly control: PlannedActor['control'];
  /** Operations that may be in flight; null: whatever is asked (concurrency), or not known. */
  readonly inFlight: number | null;
  readonly account: HeldCheck['dimension'] | null;
  readonly held: { windows: number; told: number; measured: number };
  /** `asked`: what must be the same in the next window. */
  previous: { readonly index: number; readonly phaseIndex: number; readonly asked: number } | null;
  windows: number;
  off: number;
  worst: { readonly share: number; readonly phase: string } | null;
  stretch: { spanMs: number; serviceNs: number; asked: number } | null;
  /** Rates: over the steady windows of one phase. */
  rate: { readonly phaseIndex: number; done: number; due: number } | null;
  little: LittleCheck | null;
}

export class SteadyWatch {
  readonly #states: ReadonlyMap<string, State>;

  readonly #phases: readonly Pick<PlannedPhase, 'search'>[];

  constructor(actors: readonly WatchedActor[], phases: readonly Pick<PlannedPhase, 'search'>[] = []) {
    this.#phases = phases;
    const fresh = {
      previous: null,
      windows: 0,
      off: 0,
      worst: null,
      stretch: null,
      rate: null,
      little: null,
    };
    this.#states = new Map(
      actors.map((actor) => {
        const { name, control, pacing } = actor;
        const inFlight = control === 'rate' ? (pacing?.inFlight ?? null) : null;
        const held = { windows: 0, told: 0, measured: 0 };
        return [name, { control, inFlight, account: accountOf(actor), held, ...fresh }];
      }),
    );
  }

  add(window: Window): void {
    const told = collect(window);
    for (const [actor, state] of this.#states) {
      const of = told.get(actor);
      const asked = of?.asked;
      // A search goes where what is asked cannot be done, and judges itself what was.
      const isSearched = this.#phases[window.phaseIndex]?.search?.actor === actor;
      const isJudged = window.missing.length === 0 && !isSearched;
      const steady = isJudged && asked !== undefined && asked.avg > 0 ? steadyOf(state.control, asked) : null;
      if (of === undefined || asked === undefined || steady === null) {
        state.previous = null;
        state.stretch = null;
        continue;
      }
      const { previous } = state;
      const isSteady =
        previous?.index === window.index - 1 &&
        previous.phaseIndex === window.phaseIndex &&
        isNear(previous.asked, steady);
      state.previous = { index: window.index, phaseIndex: window.phaseIndex, asked: steady };
      if (isSteady) note(actor, state, of, asked.avg, window);
      else state.stretch = null;
    }
  }

  result(): Steadiness {
    const states = [...this.#states];
    return {
      actors: states.map(([actor, { windows, off, worst }]) => ({ actor, windows, off, worst })),
      little: states.flatMap(([, { little }]) => (little === null ? [] : [little])),
      held: states.flatMap(([actor, { account, held }]) => {
        if (account === null || held.windows === 0) return [];
        const { windows, told, measured } = held;
        return [{ actor, dimension: account, told: told / windows, measured: measured / windows }];
      }),
    };
  }
}

interface Told {
  asked?: Point & { kind: 'gauge' };
  achieved?: number;
  held?: number;
  cpu?: number;
  rss?: number;
  serviceNs: number;
  done: number;
  due: number;
}

function collect({ series }: Window): Map<string, Told> {
  const told = new Map<string, Told>();
  for (const { metric, tags, point } of series) {
    const actor = tags['actor'];
    if (actor === undefined) continue;
    const of = told.get(actor) ?? { serviceNs: 0, done: 0, due: 0 };
    told.set(actor, of);
    if (metric === 'actor.asked' && point.kind === 'gauge') of.asked = point;
    else if (metric === 'actor.achieved' && point.kind === 'gauge') of.achieved = point.avg;
    else if (metric === 'actor.held' && point.kind === 'gauge') of.held = point.avg;
    else if (metric === 'actor.cpu' && point.kind === 'gauge') of.cpu = point.avg;
    else if (metric === 'actor.rss' && point.kind === 'gauge') of.rss = point.max;
    else if (metric === 'op.count' && point.kind === 'counter') of.done += point.count;
    else if (metric === 'op.due' && point.kind === 'counter') of.due += point.count;
    else if (metric === 'op.service' && point.kind === 'trend') of.serviceNs += point.sum;
  }
  return told;
}

function note(actor: string, state: State, of: Told, asked: number, window: Window): void {
  if (of.achieved !== undefined) noteAchieved(state, of, { achieved: of.achieved, asked }, window);
  noteHeld(state, of);
  const concurrency = state.control === 'concurrency' ? asked : state.inFlight;
  if (concurrency === null) return;
  const stretch = (state.stretch ??= { spanMs: 0, serviceNs: 0, asked: concurrency });
  stretch.spanMs += window.endMs - window.startMs;
  stretch.serviceNs += of.serviceNs;
  if (stretch.spanMs < STRETCH_MIN_MS) return;
  const inService = stretch.serviceNs / (stretch.spanMs * 1e6);
  const isWorse =
    state.little === null || inService / concurrency > state.little.inService / state.little.concurrency;
  if (isWorse) state.little = { actor, phase: window.phase, inService, concurrency };
}

/** What of an actor the kernel keeps an account of that can be held against its own. */
function accountOf({ unit, takes, lane, control }: WatchedActor): HeldCheck['dimension'] | null {
  if (unit === 'cores') return 'cores';
  const isMemory = takes === 'memory' && lane === 'process';
  return isMemory && (control === 'amount' || control === 'growth') ? 'bytes' : null;
}

function noteHeld({ account, held }: State, of: Told): void {
  const measured = account === 'cores' ? of.cpu : account === 'bytes' ? of.rss : undefined;
  if (measured === undefined || of.held === undefined) return;
  held.windows++;
  held.told += of.held;
  held.measured += account === 'bytes' ? Math.max(0, measured - RUNTIME_BYTES) : measured;
}

function noteAchieved(
  state: State,
  of: Told,
  { achieved, asked }: { readonly achieved: number; readonly asked: number },
  { phase, phaseIndex }: Window,
): void {
  state.windows++;
  const lag = state.control === 'growth' ? (growthOf(of.asked) * GROWTH_LAG_NS) / asked : 0;
  let isOff = Math.abs(achieved - 1) > ACHIEVED_TOLERANCE + lag;
  if (state.control === 'rate') {
    // One window alone may lack what ended in the next; the phase as a whole may not.
    if (state.rate?.phaseIndex !== phaseIndex) state.rate = { phaseIndex, done: 0, due: 0 };
    state.rate.done += of.done;
    state.rate.due += of.due;
    isOff = isRateOff(of) || isRateOff(state.rate);
  }
  if (!isOff) return;
  state.off++;
  if (state.worst === null || Math.abs(achieved - 1) > Math.abs(state.worst.share - 1)) {
    state.worst = { share: achieved, phase };
  }
}

function isRateOff({ done, due }: { readonly done: number; readonly due: number }): boolean {
  return Math.abs(done - due) > ACHIEVED_TOLERANCE * due + EDGE_OPERATIONS;
}

/** What must be the same in two windows for the second to be steady; null: in this one it was not. */
function steadyOf(control: PlannedActor['control'], asked: Point & { kind: 'gauge' }): number | null {
  if (control === 'growth') return growthOf(asked);
  return isConstant(asked) ? asked.avg : null;
}

/** In units a nanosecond: what is asked of growth only rises, but for a pause, which makes it another growth. */
function growthOf(asked: (Point & { kind: 'gauge' }) | undefined): number {
  return asked === undefined || asked.coveredNs <= 0 ? 0 : (asked.max - asked.min) / asked.coveredNs;
}

function isConstant({ min, max }: Point & { kind: 'gauge' }): boolean {
  return isNear(min, max);
}

function isNear(a: number, b: number): boolean {
  return Math.abs(a - b) <= CONSTANT_SHARE * Math.max(Math.abs(a), Math.abs(b));
}
