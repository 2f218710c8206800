/**
 * Options that name an earlier run: by id, by a given name or "@last"; what the simulator gets is the directory of the
 * record. Found when the plan is made, so that a run that is not there is told with its place. Called by `build.ts`.
 */
import { BruntError } from '../base/errors.js';
import type { ObjectSchema } from '../contract/schema-types.js';
import type { Mistake } from '../scenario/problems.js';
import type { ScenarioActor } from '../scenario/scenario.js';

/** The directory of a record; throws BruntError (E_RUN_UNKNOWN). */
export type FindRun = (name: string) => Promise<string>;

export async function withRunsFound(
  actor: ScenarioActor,
  { properties }: ObjectSchema,
  findRun: FindRun,
  mistakes: Mistake[],
): Promise<ScenarioActor> {
  const found: Record<string, string> = {};
  for (const [key, schema] of Object.entries(properties)) {
    const said = actor.options[key];
    if (schema.type !== 'string' || schema.format !== 'run' || typeof said !== 'string') continue;
    try {
      found[key] = await findRun(said);
    } catch (error) {
      if (!(error instanceof BruntError)) throw error;
      const { code, message, hint } = error;
      const path = ['actors', actor.name, 'with', key];
      mistakes.push({ path, code, message, seen: said, ...(hint !== undefined && { hint }) });
    }
  }
  if (Object.keys(found).length === 0) return actor;
  return { ...actor, options: { ...actor.options, ...found } };
}
