/**
 * From a scenario's text to a plan: a source and what was said beside it in, the plan for this host and every reason
 * against it out. The verbs run, plan and validate and the library share it.
 */
import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import { resolve } from 'node:path';
import type { HostFacts } from '../core/contract/host.js';
import type { Plan, Profile } from '../core/contract/plan.js';
import type { Registry } from '../core/plugin/registry.js';
import { BruntError, messageOf } from '../core/base/errors.js';
import { buildPlan } from '../core/plan/build.js';
import { partialPlan } from '../core/plan/partial.js';
import { readHostFacts } from '../core/safety/host-facts.js';
import { preflight } from '../core/safety/preflight.js';
import { readProfiles } from '../core/safety/profiles.js';
import { openSensors } from '../core/safety/sensors.js';
import { loadScenario } from '../core/scenario/load.js';
import { findRun } from '../core/record/find.js';
import type { Scenario } from '../core/scenario/scenario.js';
import { findInstallation } from './package.js';
import { makeRegistry, readPresets, RUNS_DIR } from './wire.js';

/** What a person grants who says nothing. */
export const PROFILE_DEFAULT = 'laptop';

/** A scenario's text and where it is from; null: relative paths in it start from the working directory. */
export interface Source {
  readonly file: string | null;
  readonly text: string;
}

/** What is said beside the scenario and wins over it. */
export interface PlanFlags {
  readonly profile?: string;
  readonly seed?: number;
  /** Values of the scenario's variables. */
  readonly variables?: Readonly<Record<string, string>>;
  /** What the scenario's variables read instead of the environment of this process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Each "PATH=VALUE". */
  readonly set?: readonly string[];
  /** Added to the scenario's. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Only these actors, the rest left out: a partial run. */
  readonly only?: readonly string[];
}

export interface Prepared {
  readonly plan: Plan;
  readonly registry: Registry;
  readonly host: HostFacts;
  /** Why it must not run here; empty when it may. */
  readonly refusals: readonly BruntError[];
}

/** Throws BruntErrors when there is no plan to speak of. */
export async function prepare({ file, text }: Source, flags: PlanFlags): Promise<Prepared> {
  const { variables, env, set, seed, tags } = flags;
  const registry = makeRegistry();
  const [host, profiles] = await Promise.all([readHostFacts(), loadProfiles()]);
  const input = {
    file,
    text,
    registry,
    ...(variables !== undefined && { variables }),
    ...(env !== undefined && { env }),
    ...(set !== undefined && { set }),
  };
  const scenario = await loadScenario(input);
  const whole = await buildPlan({
    scenario: tags === undefined ? scenario : { ...scenario, tags: { ...scenario.tags, ...tags } },
    registry,
    host,
    profiles,
    profile: flags.profile ?? PROFILE_DEFAULT,
    ...(seed !== undefined && { seed }),
    findRun: (name) => findRun(resolve(RUNS_DIR), name),
  });
  const plan = flags.only === undefined ? whole : partialPlan(whole, flags.only);
  const refusals = preflight(plan, host, absentSensors()).map((error) => placed(error, scenario));
  return { plan, registry, host, refusals };
}

/** What is refused of a plan is said where the scenario says it. */
function placed(error: BruntError, scenario: Scenario): BruntError {
  const path = error.place?.path;
  if (path === undefined) return error;
  const { code, message, seen, wanted, hint } = error;
  const place = scenario.place(path.split('.').map((step) => (/^\d+$/.test(step) ? Number(step) : step)));
  return new BruntError({
    code,
    message,
    place: { ...place, path },
    ...(seen !== undefined && { seen }),
    ...(wanted !== undefined && { wanted }),
    ...(hint !== undefined && { hint }),
  });
}

/** All profiles that this installation brings, the tightest first. */
export async function loadProfiles(): Promise<readonly Profile[]> {
  const profiles = readProfiles(await readPresets(findInstallation().root));
  return [...profiles].sort((a, b) => a.rank - b.rank);
}

/** A path, or "-" for standard input. Throws E_FILE. */
export async function readSource(file: string): Promise<Source> {
  try {
    if (file === '-') return { file: null, text: await readAll(process.stdin) };
    return { file: resolve(file), text: await readFile(file, 'utf8') };
  } catch (cause) {
    throw new BruntError({
      code: 'E_FILE',
      message: `cannot read the scenario: ${messageOf(cause)}`,
      place: { file: resolve(file) },
      cause,
    });
  }
}

/** Opened for a moment: the run's guard opens its own when there is something to guard. */
function absentSensors(): readonly string[] {
  const { sensors, absent } = openSensors([process.cwd()]);
  for (const sensor of sensors) sensor.close();
  return absent;
}
