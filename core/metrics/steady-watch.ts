/**
 * Watches the windows in which an actor was asked for the same amount as in the one before: only there must what
 * is done equal what is asked, and only there does Little's law hold. The trust checks read the result.
 */
import type { Point, Window } from '../contract/metrics.js';
import type { PlannedActor } from '../contract/plan.js';

/** What is asked counts as constant while it moves by less than this share of itself. */
const CONSTANT_SHARE = 0.001;
/** Done may stand beside asked by so much in a steady window. */
export const ACHIEVED_TOLERANCE = 0.1;
/** Little's law needs a steady stretch of at least this length. */
const STRETCH_MIN_MS = 10_000;

export interface SteadyActor {
  readonly actor: string;
  readonly windows: number;
  /** Windows in which achieved left its tolerance. */
  readonly off: number;
  /** The achieved share that was farthest from 1, and its phase. */
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

export interface Steadiness {
  readonly actors: readonly SteadyActor[];
  /** The worst steady stretch of each actor with a fixed concurrency. */
  readonly little: readonly LittleCheck[];
}

interface State {
  readonly control: PlannedActor['control'];
  previous: { readonly index: number; readonly phaseIndex: number; readonly asked: number } | null;
  windows: number;
  off: number;
  worst: { readonly share: number; readonly phase: string } | null;
  stretch: { phaseIndex: number; spanMs: number; serviceNs: number; asked: number } | null;
  little: LittleCheck | null;
}

export class SteadyWatch {
  readonly #states: ReadonlyMap<string, State>;

  constructor(actors: readonly Pick<PlannedActor, 'name' | 'control'>[]) {
    const fresh = { previous: null, windows: 0, off: 0, worst: null, stretch: null, little: null };
    this.#states = new Map(actors.map(({ name, control }) => [name, { control, ...fresh }]));
  }

  add(window: Window): void {
    const told = collect(window);
    for (const [actor, state] of this.#states) {
      const of = told.get(actor);
      const asked = of?.asked;
      const isWhole =
        window.missing.length === 0 && asked !== undefined && asked.avg > 0 && isConstant(asked);
      if (of === undefined || !isWhole) {
        state.previous = null;
        state.stretch = null;
        continue;
      }
      const { previous } = state;
      const isSteady =
        previous?.index === window.index - 1 &&
        previous.phaseIndex === window.phaseIndex &&
        isNear(previous.asked, asked.avg);
      state.previous = { index: window.index, phaseIndex: window.phaseIndex, asked: asked.avg };
      if (isSteady) note(actor, state, of, asked.avg, window);
      else state.stretch = null;
    }
  }

  result(): Steadiness {
    const states = [...this.#states];
    return {
      actors: states.map(([actor, { windows, off, worst }]) => ({ actor, windows, off, worst })),
      little: states.flatMap(([, { little }]) => (little === null ? [] : [little])),
    };
  }
}

interface Told {
  asked?: Point & { kind: 'gauge' };
  achieved?: number;
  serviceNs: number;
}

function collect({ series }: Window): Map<string, Told> {
  const told = new Map<string, Told>();
  for (const { metric, tags, point } of series) {
    const actor = tags['actor'];
    if (actor === undefined) continue;
    const of = told.get(actor) ?? { serviceNs: 0 };
    told.set(actor, of);
    if (metric === 'actor.asked' && point.kind === 'gauge') of.asked = point;
    else if (metric === 'actor.achieved' && point.kind === 'gauge') of.achieved = point.avg;
    else if (metric === 'op.service' && point.kind === 'trend') of.serviceNs += point.sum;
  }
  return told;
}

function note(actor: string, state: State, of: Told, asked: number, window: Window): void {
  const { phase, phaseIndex } = window;
  if (of.achieved !== undefined) {
    state.windows++;
    const distance = Math.abs(of.achieved - 1);
    if (distance > ACHIEVED_TOLERANCE) state.off++;
    if (state.worst === null || distance > Math.abs(state.worst.share - 1)) {
      state.worst = { share: of.achieved, phase };
    }
  }
  if (state.control !== 'concurrency') return;
  const stretch = state.stretch ?? { phaseIndex, spanMs: 0, serviceNs: 0, asked };
  state.stretch = stretch;
  stretch.spanMs += window.endMs - window.startMs;
  stretch.serviceNs += of.serviceNs;
  if (stretch.spanMs < STRETCH_MIN_MS) return;
  const inService = stretch.serviceNs / (stretch.spanMs * 1e6);
  const isWorse =
    state.little === null || inService / asked > state.little.inService / state.little.concurrency;
  if (isWorse) state.little = { actor, phase, inService, concurrency: asked };
}

function isConstant({ min, max }: Point & { kind: 'gauge' }): boolean {
  return isNear(min, max);
}

function isNear(a: number, b: number): boolean {
  return Math.abs(a - b) <= CONSTANT_SHARE * Math.max(Math.abs(a), Math.abs(b));
}
