/**
 * Searches: raises an actor's level until a condition breaks and halves from there. Closed windows enter; the next
 * level goes to the actor's agent before it begins, each judged level becomes an event, and when the level is found
 * the phase ends. Beside the gate, which it neither sees nor overrules: a level that the gate holds back is not reached,
 * and so does not hold. Owned by the orchestrator.
 */
import { must } from '../base/assert.js';
import { selectorText } from '../base/grammar.js';
import { dimensionOfUnit, formatQuantity } from '../base/units.js';
import type { ToAgent } from '../contract/messages.js';
import type { Window } from '../contract/metrics.js';
import type { Piece, Plan, PlannedActor, PlannedPhase, PlannedSearch } from '../contract/plan.js';
import type { SearchStep, SearchSummary } from '../contract/search.js';
import type { RunAccumulator } from '../metrics/accumulate.js';
import { StepWatch } from '../metrics/step-watch.js';
import { Bisection } from '../plan/bisection.js';
import type { EventDesk } from './event-desk.js';
import type { PhaseDesk } from './phase-desk.js';
import { LEAD_MS } from './phase-desk.js';

/** A level that is not clear goes on, up to so many times its length. */
const TURNS_MAX = 3;
/** Windows are as long as they are but for rounding. */
const NEAR_MS = 1e-3;

export interface SearchDeskInput {
  readonly plan: Plan;
  readonly events: EventDesk;
  readonly accumulator: RunAccumulator;
  readonly phases: PhaseDesk;
  readonly toActor: (actor: string, message: ToAgent) => void;
}

interface State {
  readonly phase: PlannedPhase;
  readonly search: PlannedSearch;
  readonly actor: PlannedActor;
  readonly bisection: Bisection;
  pieces: Piece[];
  level: number;
  /** Since the start instant: from when on the level is held. */
  fromMs: number;
  watch: StepWatch;
  turns: number;
  isOver: boolean;
}

export class SearchDesk {
  readonly #input: SearchDeskInput;
  #state: State | null = null;

  constructor(input: SearchDeskInput) {
    this.#input = input;
  }

  started(phase: PlannedPhase): void {
    const { search } = phase;
    if (search === undefined) return;
    const { plan, phases } = this.#input;
    const actor = must(
      plan.actors.find(({ name }) => name === search.actor),
      'the plan has who it searches',
    );
    const level = search.low;
    this.#state = {
      phase,
      search,
      actor,
      bisection: new Bisection(search),
      pieces: [...(phase.load[actor.name] ?? [])],
      level,
      fromMs: phases.clock.startsMs[phase.index] ?? 0,
      watch: this.#watch(search, actor, level),
      turns: 1,
      isOver: false,
    };
  }

  /** After the accumulator has it. */
  window(window: Window): void {
    const state = this.#state;
    if (state === null || state.isOver) return;
    if (window.phaseIndex > state.phase.index) return this.#end(state);
    const { search, watch } = state;
    const isOther = window.phaseIndex < state.phase.index;
    if (isOther || window.startMs < state.fromMs + search.settleMs - NEAR_MS) return;
    watch.add(window);
    if (watch.judgedMs < state.turns * search.everyMs - NEAR_MS) return;
    const step = watch.result();
    if (!step.isSure && this.#mayGoOn(state)) state.turns++;
    else this.#judged(state, step);
  }

  /** To an actor that has forgotten what was sent. */
  resend(actor: string): void {
    const state = this.#state;
    if (state?.actor.name === actor && state.pieces.length > 1) this.#send(state);
  }

  /** All windows are closed. */
  finish(): void {
    if (this.#state !== null && !this.#state.isOver) this.#end(this.#state);
  }

  #watch(search: PlannedSearch, actor: PlannedActor, level: number): StepWatch {
    return new StepWatch(search, actor, level, this.#input.accumulator);
  }

  /** Only while there is time for all levels that may still come. */
  #mayGoOn({ phase, search, bisection, turns }: State): boolean {
    const { phases, events, plan } = this.#input;
    const leftMs = (phases.clock.startsMs[phase.index + 1] ?? 0) - events.atMs;
    const later = (bisection.stepsLeft() - 1) * search.stepMs;
    return turns < TURNS_MAX && leftMs >= search.everyMs + 2 * plan.windowMs + later;
  }

  #judged(state: State, step: SearchStep): void {
    const { phase, actor, bisection, level } = state;
    bisection.told(level, step.holds);
    const text = stepText(state, step);
    const whose = { phase: phase.name, phaseIndex: phase.index, actor: actor.name };
    this.#input.events.emit({ type: 'search.step', ...whose, ...step, text });
    const next = bisection.next();
    if (next === null) this.#end(state);
    else this.#move(state, next, step.holds ? 0 : state.search.restMs);
  }

  #move(state: State, level: number, restMs: number): void {
    const { events, phases } = this.#input;
    const { phase, search, actor } = state;
    const phaseMs = phases.clock.startsMs[phase.index] ?? 0;
    const atMs = events.atMs + LEAD_MS - phaseMs;
    const fromMs = atMs + restMs;
    const before = state.pieces.slice(0, -1);
    const last = must(state.pieces.at(-1), 'a search begins with a level');
    const rest = restMs > 0 ? [{ startMs: atMs, endMs: fromMs, from: NaN, to: NaN }] : [];
    const next = { startMs: fromMs, endMs: phase.durationMs, from: level, to: level };
    state.pieces = [...before, { ...last, endMs: atMs }, ...rest, next];
    state.level = level;
    state.fromMs = phaseMs + fromMs;
    state.watch = this.#watch(search, actor, level);
    state.turns = 1;
    this.#send(state);
  }

  #send({ phase, actor, pieces }: State): void {
    const { name } = actor;
    this.#input.toActor(name, { type: 'steps', actor: name, phaseIndex: phase.index, pieces });
  }

  #end(state: State): void {
    state.isOver = true;
    const { phase, search } = state;
    const { events, phases } = this.#input;
    const found = outcomeOf(state);
    const { otherwise } = search;
    events.emit({ type: 'search.ended', phaseIndex: phase.index, otherwise, ...found });
    if (found.outcome !== 'unfinished') phases.endNow(phase);
  }
}

function outcomeOf(state: State): Omit<SearchSummary, 'steps'> {
  const { phase, search, actor, bisection } = state;
  const { held, broke } = bisection;
  const isOver = bisection.next() === null;
  const outcome = !isOver ? 'unfinished' : held === null ? 'none' : broke === null ? 'beyond' : 'found';
  const amount = (level: number | null): number | null => level && level * actor.peak.amount;
  return {
    phase: phase.name,
    ...(phase.round !== undefined && { round: phase.round }),
    actor: actor.name,
    unit: actor.unit,
    conditions: search.conditions.map(({ text }) => text),
    outcome,
    knee: amount(held),
    broke: amount(broke),
    resolution: Math.max(search.resolution, search.quantum) * actor.peak.amount,
    text: `${phase.name}: ${sentenceOf(state, outcome)}`,
  };
}

function sentenceOf({ actor, bisection }: State, outcome: SearchSummary['outcome']): string {
  const { held, broke } = bisection;
  const text = (level: number | null): string => amountText(actor, level ?? 0);
  switch (outcome) {
    case 'found':
      return `${actor.name} holds up to ${text(held)} and breaks at ${text(broke)}`;
    case 'beyond':
      return `${actor.name} holds at ${text(held)}, the highest level there was to try`;
    case 'none':
      return `${actor.name} breaks at ${text(broke)}, the lowest level already`;
    case 'unfinished': {
      const known = [
        ...(held === null ? [] : [`holds at ${text(held)}`]),
        ...(broke === null ? [] : [`breaks at ${text(broke)}`]),
      ];
      return `${actor.name} was not searched to the end${known.length > 0 ? `: it ${known.join(' and ')}` : ''}`;
    }
  }
}

function amountText({ unit, peak }: PlannedActor, level: number): string {
  return formatQuantity(level * peak.amount, dimensionOfUnit(unit) ?? 'count');
}

/** "db at 80/s holds: op.latency p99 4.1 ms". */
function stepText({ actor, search, level }: State, { holds, isSure, reached, figures }: SearchStep): string {
  const told = figures.map(({ condition, owner, value, unit }) => {
    const { selector, assertion } = must(search.conditions[condition], 'a figure is of a condition');
    const whose = selector.tags['actor'] === undefined && owner !== null ? ` (${owner})` : '';
    const word = typeof assertion.aggregate === 'object' ? assertion.aggregate.text : assertion.aggregate;
    const figure = value === null ? 'no data' : formatQuantity(value, dimensionOfUnit(unit) ?? 'count');
    return `${selectorText({ metric: selector.metric, tags: {} })}${whose} ${word} ${figure}`;
  });
  const short = reached !== null && reached < 0.9 ? [`only ${formatQuantity(reached, 'share')} reached`] : [];
  const verdict = `${holds ? 'holds' : 'breaks'}${isSure ? '' : ', not surely'}`;
  return `${actor.name} at ${amountText(actor, level)} ${verdict}: ${[...told, ...short].join(', ')}`;
}
