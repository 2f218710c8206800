/**
 * What the person granted and what the scenario asks for: profiles, the granted name and the scenario enter; the merged
 * safety leaves, with a mistake for everything that is wider than granted. `build.ts` calls it.
 */
import { BruntError } from '../base/errors.js';
import { parseDuration } from '../base/grammar.js';
import { suggestion } from '../base/suggest.js';
import { formatQuantity } from '../base/units.js';
import type { HostFacts } from '../contract/host.js';
import type { PlannedSafety, Profile } from '../contract/plan.js';
import { mergeLimits } from '../safety/limits.js';
import type { Mistake } from '../scenario/problems.js';
import type { Scenario } from '../scenario/scenario.js';

export interface SafetyInput {
  readonly scenario: Scenario;
  readonly profiles: readonly Profile[];
  /** Name of the granted one. */
  readonly profile: string;
  readonly host: HostFacts;
  readonly durationMs: number;
}

export function planSafety(input: SafetyInput): { safety: PlannedSafety; mistakes: readonly Mistake[] } {
  const { scenario, profiles, host, durationMs } = input;
  const granted = profiles.find(({ name }) => name === input.profile);
  if (granted === undefined) {
    const names = profiles.map(({ name }) => name);
    const message = `there is no safety profile "${input.profile}"`;
    throw new BruntError({ code: 'E_USAGE', message, hint: suggestion(input.profile, names) });
  }
  const needed = neededMistake(scenario, profiles, granted);
  // What the tighter profile forbids may be right under the one that is needed: one mistake, not many.
  const { safety: limits, problems } = mergeLimits(granted, scenario.safety, host);
  const safety = { ...limits, ...permitted(scenario) };
  if (needed !== null) return { safety, mistakes: [needed] };
  const tooLong = durationMistake(scenario, profiles, safety, durationMs);
  return { safety, mistakes: [...problems, ...(tooLong === null ? [] : [tooLong])] };
}

/** What actors may write, destroy and reach; absent where the scenario says nothing. */
function permitted({ safety }: Scenario): Partial<PlannedSafety> {
  const { writablePaths, erasableDevices, network } = safety;
  return {
    ...(writablePaths !== undefined && { writablePaths: [...writablePaths] }),
    ...(erasableDevices !== undefined && { erasableDevices: [...erasableDevices] }),
    ...(network !== undefined && { network }),
  };
}

function neededMistake({ safety }: Scenario, profiles: readonly Profile[], granted: Profile): Mistake | null {
  if (safety.profile === undefined) return null;
  const needed = profiles.find(({ name }) => name === safety.profile);
  const spot = { path: ['safety', 'profile'], seen: safety.profile };
  if (needed === undefined) {
    const names = profiles.map(({ name }) => name);
    const message = `there is no safety profile "${safety.profile}"`;
    return { ...spot, code: 'E_NAME', message, hint: suggestion(safety.profile, names) };
  }
  if (needed.rank <= granted.rank) return null;
  const message = `the scenario needs profile "${needed.name}", and "${granted.name}" was granted`;
  const hint = `If you may load this machine so far: --profile ${needed.name}`;
  return { ...spot, code: 'E_PROFILE', message, wanted: needed.name, hint };
}

/** A run that is certain to be stopped before its end is refused. */
function durationMistake(
  scenario: Scenario,
  profiles: readonly Profile[],
  safety: PlannedSafety,
  durationMs: number,
): Mistake | null {
  if (durationMs <= safety.maxDurationMs) return null;
  const time = (ms: number): string => formatQuantity(ms * 1e6, 'time');
  const isOwn = scenario.safety.maxDuration !== undefined;
  const by = isOwn ? '"maxDuration"' : `profile "${safety.profile}"`;
  const message = `the phases last ${time(durationMs)}; ${by} ends the run after ${time(safety.maxDurationMs)}`;
  const wider = [...profiles]
    .sort((a, b) => a.rank - b.rank)
    .find(({ maxDuration }) => parseDuration(maxDuration) >= durationMs);
  const grant = wider === undefined ? '' : `, or grant more: --profile ${wider.name}`;
  const hint = isOwn ? 'Shorten the phases, or raise "maxDuration".' : `Shorten the phases${grant}.`;
  const path = isOwn ? ['safety', 'maxDuration'] : ['phases'];
  return { path, code: isOwn ? 'E_SCHEMA' : 'E_PROFILE', message, seen: time(durationMs), hint };
}
