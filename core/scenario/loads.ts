/**
 * One load of one phase: the draft of a shape enters, levels and lengths of time leave, or the mistakes are told.
 * `phases.ts` calls it; amounts wait for the plan, which knows the host.
 */
import { resolve } from 'node:path';
import {
  parseCondition,
  parseDuration,
  parseDurations,
  parseLevel,
  parseLevelRange,
} from '../base/grammar.js';
import type { Path } from './document.js';
import type { DraftLoad } from './draft.js';
import type { Names } from './names.js';
import type { Problems } from './problems.js';
import type { ScenarioCondition, ScenarioLevel, ScenarioLoad } from './scenario.js';
import type { Sources } from './sources.js';
import { isMultiple } from './thresholds.js';
import { readTrace } from './trace.js';

export interface LoadContext {
  /** Of the load. */
  readonly path: Path;
  /** Null: the phase's length is wrong, which is told already. */
  readonly durationMs: number | null;
  readonly problems: Problems;
  readonly sources: Sources;
  readonly names: Names;
  readonly windowMs: number;
}

/** Of a search: settling is a fifth of what is judged, and the levels come as near as 5 % of the peak. */
const SETTLE_SHARE = 0.2;
const RESOLUTION = '5%';

const TRACE_EVERY = '1s';

/** Null when a part is missing or wrong, which is told. */
export async function resolveLoad(load: DraftLoad, context: LoadContext): Promise<ScenarioLoad | null> {
  const { path } = context;
  const level = (text: string, ...steps: (string | number)[]): ScenarioLevel => ({
    quantity: parseLevel(text),
    text,
    path: [...path, ...steps],
  });
  const { shape, curve = 'linear', from, to, levels = [], low, high } = load;
  switch (shape) {
    case undefined:
      return null;
    case 'hold':
      return load.level === undefined ? null : { shape, level: level(load.level, 'level') };
    case 'ramp':
      if (from === undefined || to === undefined) return null;
      return { shape, from: level(from, 'from'), to: level(to, 'to'), curve };
    case 'steps': {
      const steps = levels.map((text, i) => level(text ?? '0%', 'levels', i));
      const everyMs = stepLength(load, steps.length, context);
      return everyMs === null ? null : { shape, levels: steps, everyMs };
    }
    case 'sweep':
      return {
        shape,
        levels: levels.map((text, i) => level(text ?? '0%', 'levels', i)),
        instances: load.instances?.flatMap((number) => number ?? []) ?? null,
        path,
      };
    case 'bursts':
      return burstsOf(load, context);
    case 'trace':
      return traceOf(load, context);
    case 'search':
      return searchOf(load, context, level);
    default: {
      const everyMs = lengthOf(load.every, 'every', context);
      if (low === undefined || high === undefined || everyMs === null) return null;
      const ends = { low: level(low, 'low'), high: level(high, 'high') };
      if (!isAscending(ends, context)) return null;
      if (shape !== 'spike' && shape !== 'square') return { shape, ...ends, everyMs };
      const widthMs = widthOf(load, shape, everyMs, context);
      return widthMs === null ? null : { shape, ...ends, everyMs, widthMs };
    }
  }
}

/** Levels of one unit, the lower first. */
function isAscending(
  { low, high }: { readonly low: ScenarioLevel; readonly high: ScenarioLevel },
  { problems }: LoadContext,
): boolean {
  if (low.quantity.dimension !== high.quantity.dimension || low.quantity.value <= high.quantity.value)
    return true;
  const message = `"${low.text}" is above "${high.text}", which is the high level`;
  problems.add({ path: low.path, code: 'E_SCHEMA', message, seen: low.text, hint: 'Change the two.' });
  return false;
}

function stepLength(load: DraftLoad, steps: number, context: LoadContext): number | null {
  const { durationMs, path, problems } = context;
  if (durationMs === null) return null;
  if (load.every === undefined) return durationMs / steps;
  const everyMs = lengthOf(load.every, 'every', context);
  // The last step needs some time of its own, or it would be skipped in silence.
  if (everyMs === null || everyMs * (steps - 1) < durationMs) return everyMs;
  const message = `${steps} steps of ${load.every} do not fit into the phase`;
  const hint = 'Leave "every" out for equal parts.';
  problems.add({ path: [...path, 'every'], code: 'E_SCHEMA', message, seen: load.every, hint });
  return null;
}

/** More than nothing. */
function lengthOf(text: string | undefined, key: string, { path, problems }: LoadContext): number | null {
  if (text === undefined) return null;
  const lengthMs = parseDuration(text);
  if (lengthMs > 0) return lengthMs;
  const message = `"${key}" takes time`;
  problems.add({ path: [...path, key], code: 'E_SCHEMA', message, seen: text });
  return null;
}

function widthOf(
  load: DraftLoad,
  shape: 'spike' | 'square',
  everyMs: number,
  context: LoadContext,
): number | null {
  if (load.width === undefined) return everyMs * (shape === 'spike' ? 0.1 : 0.5);
  const widthMs = lengthOf(load.width, 'width', context);
  if (widthMs === null || widthMs <= everyMs) return widthMs;
  const message = `a width of ${load.width} is more than the ${String(load.every)} from one to the next`;
  context.problems.add({ path: [...context.path, 'width'], code: 'E_SCHEMA', message, seen: load.width });
  return null;
}

function burstsOf({ level, on, off }: DraftLoad, { path, problems }: LoadContext): ScenarioLoad | null {
  if (level === undefined || on === undefined || off === undefined) return null;
  const { from, to } = parseLevelRange(level);
  const end = (quantity: ScenarioLevel['quantity']): ScenarioLevel => ({
    quantity,
    text: level,
    path: [...path, 'level'],
  });
  const lasting = parseDurations(on);
  if (lasting.fromMs <= 0) {
    const message = 'a burst takes time';
    problems.add({ path: [...path, 'on'], code: 'E_SCHEMA', message, seen: on });
    return null;
  }
  return { shape: 'bursts', low: end(from), high: end(to), on: lasting, off: parseDurations(off) };
}

function searchOf(
  load: DraftLoad,
  context: LoadContext,
  level: (text: string, ...steps: (string | number)[]) => ScenarioLevel,
): ScenarioLoad | null {
  const { path, problems, windowMs } = context;
  const { low, high = '100%', resolution = RESOLUTION, every, settle } = load;
  const conditions = conditionsOf(load, context);
  const everyMs = lengthOf(every, 'every', context);
  if (low === undefined || everyMs === null || conditions.length === 0) return null;
  if (!isMultiple(everyMs, windowMs)) {
    const message = `"${String(every)}" is not a multiple of the window, which is ${windowMs}ms`;
    problems.add({ path: [...path, 'every'], code: 'E_SCHEMA', message, seen: every });
    return null;
  }
  const settleMs = settle === undefined ? everyMs * SETTLE_SHARE : lengthOf(settle, 'settle', context);
  const ends = { low: level(low, 'low'), high: level(high, 'high') };
  if (settleMs === null || !isAscending(ends, context)) return null;
  const nearest = level(resolution, 'resolution');
  for (const one of [ends.low, nearest]) {
    if (one.quantity.value > 0) continue;
    problems.add({ path: one.path, code: 'E_SCHEMA', message: 'a search needs more than 0', seen: one.text });
    return null;
  }
  return { shape: 'search', conditions, ...ends, resolution: nearest, everyMs, settleMs };
}

/** What is judged at each level: of this phase, and at once. */
function conditionsOf(load: DraftLoad, { path, problems, names }: LoadContext): ScenarioCondition[] {
  const isList = typeof load.while !== 'string';
  const texts = typeof load.while === 'string' ? [load.while] : (load.while ?? []);
  return texts.flatMap((text, i): ScenarioCondition[] => {
    if (text === undefined) return [];
    const where: Path = isList ? [...path, 'while', i] : [...path, 'while'];
    const { selector, assertion } = parseCondition(text);
    names.check(selector, { text, path: where }, false);
    const refuse = (column: number, message: string): ScenarioCondition[] => {
      problems.add({ path: where, column: Math.max(0, column), code: 'E_SCHEMA', message, seen: text });
      return [];
    };
    if (selector.tags['phase'] !== undefined) {
      return refuse(text.indexOf('phase'), 'a search looks at its own levels: it names no phase');
    }
    if (assertion.forMs !== undefined) {
      return refuse(
        text.lastIndexOf('for'),
        '"every" says how long a level must hold, so "for" says nothing',
      );
    }
    if (assertion.operand.kind !== 'quantity' && assertion.operand.kind !== 'state') {
      const wanted = 'a search compares with an amount';
      return refuse(text.lastIndexOf(assertion.operand.kind), wanted);
    }
    return [{ selector, assertion, text, path: where }];
  });
}

async function traceOf(load: DraftLoad, context: LoadContext): Promise<ScenarioLoad | null> {
  const { path, problems, sources } = context;
  const everyMs = lengthOf(load.every ?? TRACE_EVERY, 'every', context);
  const { file: said, column, unit, speed = 1 } = load;
  if (said === undefined || column === undefined || unit === undefined || everyMs === null) return null;
  const file = resolve(sources.directoryOf([...path, 'file']), said);
  const levels = await readTrace({ file, column, unit, path });
  if ('code' in levels) {
    problems.add(levels);
    return null;
  }
  return { shape: 'trace', file, levels, everyMs: everyMs / speed };
}

/** Every level that a load can reach, with its place. */
export function levelsOf(load: ScenarioLoad): readonly ScenarioLevel[] {
  switch (load.shape) {
    case 'hold':
      return [load.level];
    case 'ramp':
      return [load.from, load.to];
    case 'steps':
    case 'sweep':
    case 'trace':
      return load.levels;
    case 'search':
      return [load.low, load.high, load.resolution];
    default:
      return [load.low, load.high];
  }
}
