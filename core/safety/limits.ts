/**
 * The profile's limits and the scenario's together, in absolute numbers of this host. A scenario may add an action or
 * move a trigger earlier; whatever loosens is a problem and changes nothing. Called by the plan.
 */
import type { ErrorCode } from '../base/codes.js';
import { BruntError, messageOf } from '../base/errors.js';
import type { SafetyAction } from '../base/sentences.js';
import { SAFETY_STATES } from '../base/sentences.js';
import { suggestion } from '../base/suggest.js';
import { must } from '../base/assert.js';
import type { HostFacts } from '../contract/host.js';
import type { PlannedLimit, PlannedSafety, PlannedTrigger, Profile } from '../contract/plan.js';
import type { SensorTrigger } from './sentences.js';
import { parseBytes, parseShare, parseWait, readTrigger } from './sentences.js';
import { SENSORS } from './sensor-table.js';

/** What a scenario may say under `safety`. */
export interface ScenarioSafety {
  readonly limits?: Readonly<Record<string, Readonly<Record<string, string | null>>>>;
  readonly maxDuration?: string;
  readonly gracefulStop?: string;
}

export interface LimitProblem {
  /** Inside the scenario, from its root: safety, limits, host.tasks, stop. */
  readonly path: readonly (string | number)[];
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
}

export interface MergedLimits {
  readonly safety: PlannedSafety;
  readonly problems: readonly LimitProblem[];
}

const ACTIONS = SAFETY_STATES.slice(1) as SafetyAction[];

/** The profile is sound (`readProfiles` saw to that). With problems, `safety` is what the profile alone gives there. */
export function mergeLimits(profile: Profile, safety: ScenarioSafety, host: HostFacts): MergedLimits {
  const problems: LimitProblem[] = [];
  const triggers = new Map<string, Map<SafetyAction, PlannedTrigger>>();
  const total = host.memory.totalBytes;
  for (const [sensor, actions] of Object.entries(profile.limits)) {
    const planned = new Map<SafetyAction, PlannedTrigger>();
    for (const [action, text] of Object.entries(actions)) {
      const trigger = readTrigger(sensor, text, total);
      planned.set(action as SafetyAction, { action: action as SafetyAction, ...trigger, source: 'profile' });
    }
    triggers.set(sensor, planned);
  }
  for (const [sensor, actions] of Object.entries(safety.limits ?? {})) {
    const path = ['safety', 'limits', sensor];
    if (!(sensor in SENSORS)) {
      const hint = suggestion(sensor, Object.keys(SENSORS));
      problems.push({ path, code: 'E_NAME', message: `There is no sensor "${sensor}".`, hint });
      continue;
    }
    const planned = triggers.get(sensor) ?? new Map<SafetyAction, PlannedTrigger>();
    triggers.set(sensor, planned);
    for (const [action, text] of Object.entries(actions)) {
      const merged = tightened(profile, sensor, action, text, planned, total);
      if ('problem' in merged) problems.push({ path: [...path, action], ...merged.problem });
      else planned.set(merged.trigger.action, merged.trigger);
    }
  }
  const limits = [...triggers].flatMap(([sensor, planned]) =>
    planned.size > 0 ? limitOf(sensor, planned) : [],
  );
  return {
    problems,
    safety: {
      profile: profile.name,
      limits,
      reserveBytes: Math.max(
        parseBytes(profile.reserve.bytes),
        Math.ceil(parseShare(profile.reserve.share) * total),
      ),
      maxDurationMs: shorter('maxDuration', profile, safety, problems),
      gracefulStopMs: shorter('gracefulStop', profile, safety, problems),
      actorNice: profile.actorNice,
    },
  };
}

/** Triggers in order of severity. */
function limitOf(sensor: string, planned: ReadonlyMap<SafetyAction, PlannedTrigger>): PlannedLimit {
  const triggers = ACTIONS.flatMap((action) => planned.get(action) ?? []);
  return { sensor, unit: must(SENSORS[sensor], sensor).unit, triggers };
}

type Tightened = { readonly trigger: PlannedTrigger } | { readonly problem: Omit<LimitProblem, 'path'> };

function tightened(
  profile: Profile,
  sensor: string,
  action: string,
  text: string | null,
  planned: ReadonlyMap<SafetyAction, PlannedTrigger>,
  total: number,
): Tightened {
  if (!ACTIONS.includes(action as SafetyAction)) {
    const message = `"${action}" is not an action of a limit.`;
    return { problem: { code: 'E_NAME', message, hint: suggestion(action, ACTIONS) } };
  }
  const of = planned.get(action as SafetyAction);
  if (text === null) return { problem: looser(profile, `The scenario removes ${action} of ${sensor}`, of) };
  try {
    const trigger = readTrigger(sensor, text, total);
    if (of !== undefined && isLooser(trigger, of)) {
      return {
        problem: looser(
          profile,
          `"${text}" is looser than "${of.text}", at which ${sensor} causes ${action}`,
          of,
        ),
      };
    }
    return { trigger: { action: action as SafetyAction, ...trigger, source: 'scenario' } };
  } catch (error) {
    return { problem: { code: 'E_GRAMMAR', message: messageOf(error), ...hintOf(error) } };
  }
}

/** A nearer bound with a longer wait is looser too: it acts later on a fast breach. */
function isLooser(trigger: SensorTrigger, of: SensorTrigger): boolean {
  const isFarther = of.operator === '<' ? trigger.bound < of.bound : trigger.bound > of.bound;
  return isFarther || trigger.forMs > of.forMs;
}

function looser(profile: Profile, what: string, of: PlannedTrigger | undefined): Omit<LimitProblem, 'path'> {
  const allowed = of === undefined ? '' : ` Profile ${profile.name} says "${of.text}".`;
  return {
    code: 'E_LIMIT_LOOSER',
    message: `${what}; a scenario may only tighten.${allowed}`,
    hint: 'Leave it out, or let the person who runs it grant a wider profile with --profile.',
  };
}

/** Errors of the grammar and of this room both carry a hint. */
function hintOf(error: unknown): { hint?: string } {
  if (error instanceof BruntError && error.hint === undefined) return {};
  const hint = error instanceof Error && 'hint' in error ? error.hint : undefined;
  return typeof hint === 'string' ? { hint } : {};
}

/** Milliseconds: the scenario's where it is at most the profile's. */
function shorter(
  key: 'maxDuration' | 'gracefulStop',
  profile: Profile,
  safety: ScenarioSafety,
  problems: LimitProblem[],
): number {
  const granted = parseWait(profile[key]);
  const text = safety[key];
  if (text === undefined) return granted;
  try {
    const asked = parseWait(text);
    if (asked <= granted) return asked;
    const message = `"${text}" is longer than the ${profile[key]} that profile ${profile.name} grants.`;
    const hint = 'Shorten it, or grant a wider profile with --profile.';
    problems.push({ path: ['safety', key], code: 'E_LIMIT_LOOSER', message, hint });
  } catch (error) {
    problems.push({ path: ['safety', key], code: 'E_GRAMMAR', message: messageOf(error), ...hintOf(error) });
  }
  return granted;
}
