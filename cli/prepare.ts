/**
 * From a scenario file to a plan: a path or "-" and flags in, the plan for this host and every reason against it
 * out. The verbs run, plan and validate share it.
 */
import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import { resolve } from 'node:path';
import type { HostFacts, Plan, Registry } from '../core/index.js';
import { BruntError, messageOf } from '../core/base/errors.js';
import { findInstallation } from './package.js';
import { makeRegistry, readPresets } from './wire.js';

/** What a person grants who says nothing. */
export const PROFILE_DEFAULT = 'laptop';

export interface PlanFlags {
  readonly profile?: string;
  readonly seed?: number;
}

export interface Prepared {
  readonly plan: Plan;
  readonly registry: Registry;
  readonly host: HostFacts;
  /** Why it must not run here; empty when it may. */
  readonly refusals: readonly BruntError[];
}

/** Throws BruntErrors when there is no plan to speak of. */
export async function prepare(file: string, flags: PlanFlags): Promise<Prepared> {
  const core = await import('../core/index.js');
  const [text, registry, host, presets] = await Promise.all([
    readScenario(file),
    makeRegistry(),
    core.readHostFacts(),
    readPresets(findInstallation().root),
  ]);
  const scenario = await core.loadScenario({ file: file === '-' ? null : resolve(file), text, registry });
  const plan = await core.buildPlan({
    scenario,
    registry,
    host,
    profiles: core.readProfiles(presets),
    profile: flags.profile ?? PROFILE_DEFAULT,
    ...(flags.seed !== undefined && { seed: flags.seed }),
  });
  return { plan, registry, host, refusals: core.preflight(plan, host, await absentSensors()) };
}

async function readScenario(file: string): Promise<string> {
  try {
    return file === '-' ? await readAll(process.stdin) : await readFile(file, 'utf8');
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
async function absentSensors(): Promise<readonly string[]> {
  const { openSensors } = await import('../core/safety/sensors.js');
  const { sensors, absent } = openSensors([process.cwd()]);
  for (const sensor of sensors) sensor.close();
  return absent;
}
