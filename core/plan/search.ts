/**
 * A search of the plan: what the scenario says and the actor's peak enter, levels as shares of it and the steps that
 * may come leave, or why it cannot be done. `phases.ts` calls it.
 */
import { formatQuantity, formatSpan } from '../base/units.js';
import type { PlannedSearch } from '../contract/plan.js';
import { dimensionOf } from '../scenario/control.js';
import type { Mistake } from '../scenario/problems.js';
import type { ScenarioLevel, ScenarioPhase, ScenarioSearch } from '../scenario/scenario.js';
import type { Placed } from './actors.js';
import { onto, stepsMax } from './bisection.js';

/** Beyond the time a level is left alone and judged: to be told, to begin within a window, to be decided upon. */
const OVERHEAD_MS = 500;
export const SEARCH_STEPS_MAX = 64;

export interface SearchInput {
  readonly phase: Pick<ScenarioPhase, 'index' | 'name' | 'durationMs' | 'otherwise'>;
  readonly load: ScenarioSearch;
  readonly actor: Placed['actor'];
  readonly windowMs: number;
  readonly shareOf: (level: ScenarioLevel) => number;
}

export function planSearch(input: SearchInput): PlannedSearch | Mistake {
  const { phase, load, actor, shareOf } = input;
  const { control, name, peak, unit } = actor;
  if (control === 'switch' || control === 'growth') {
    const what = control === 'switch' ? 'is on or off' : 'grows';
    return mistake(load.low, `"${name}" ${what}: there is no level to search`);
  }
  // Half an operation in flight, or half a descriptor, cannot be asked for.
  const quantum = control === 'concurrency' || unit === 'count' ? 1 / peak.amount : 0;
  const [low, high] = [onto(shareOf(load.low), quantum), onto(shareOf(load.high), quantum)];
  const resolution = onto(shareOf(load.resolution), quantum);
  if (low <= 0) return mistake(load.low, `"${load.low.text}" of "${name}" is less than one`);
  if (low >= high) return mistake(load.low, `"${load.low.text}" is not below "${load.high.text}"`);
  const levels = { low, high, resolution, quantum };
  const steps = stepsMax(levels);
  const restMs = control === 'rate' ? load.settleMs : 0;
  const stepMs = restMs + load.settleMs + load.everyMs + 2 * input.windowMs + OVERHEAD_MS;
  const tooLong = lengthMistake(input, steps, stepMs);
  if (tooLong !== null) return tooLong;
  return {
    actor: name,
    conditions: load.conditions.map(({ selector, assertion, text }) => ({
      selector: structuredClone(selector),
      assertion: structuredClone(assertion),
      text,
    })),
    ...levels,
    everyMs: load.everyMs,
    settleMs: load.settleMs,
    restMs,
    stepsMax: steps,
    stepMs,
    otherwise: phase.otherwise,
  };
}

function lengthMistake({ phase, load, actor }: SearchInput, steps: number, stepMs: number): Mistake | null {
  if (steps > SEARCH_STEPS_MAX) {
    const message = `it may take ${steps} levels, more than ${SEARCH_STEPS_MAX}, to come as near as "${load.resolution.text}"`;
    return mistake(load.resolution, message, 'A coarser "resolution", or a higher "low".');
  }
  const neededMs = steps * stepMs;
  if (neededMs <= phase.durationMs) return null;
  const unit = dimensionOf(actor.unit) ?? 'count';
  const from = formatQuantity(actor.peak.amount, unit);
  const message =
    `up to ${steps} levels of ${formatSpan(stepMs)} each take ${formatSpan(neededMs)}, ` +
    `and the phase lasts ${formatSpan(phase.durationMs)} (the peak of "${actor.name}" is ${from})`;
  const hint =
    'A longer phase (it ends when the level is found), a shorter "every", or a coarser "resolution".';
  return { path: ['phases', phase.index, 'duration'], code: 'E_SCHEMA', message, hint };
}

function mistake({ path, text }: ScenarioLevel, message: string, hint?: string): Mistake {
  return { path, code: 'E_SCHEMA', message, seen: text, ...(hint !== undefined && { hint }) };
}
