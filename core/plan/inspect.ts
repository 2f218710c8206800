/**
 * What actors will work on that is there already: simulators that look at the host are asked once all else of the plan is
 * known, and what they would destroy is held against what the scenario names. Called by `build.ts`; refused is what is
 * found here by `safety/preflight.ts`, so that a plan can be shown with what is against it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../base/errors.js';
import type { HostFacts } from '../contract/host.js';
import type { PlannedActor, PlannedPhase } from '../contract/plan.js';
import type { Inspection } from '../contract/plugin.js';
import type { Scenario } from '../scenario/scenario.js';
import type { Placed } from './actors.js';
import { overlaps } from './overlaps.js';

/** A device that does not answer must not keep a plan from being made. */
const INSPECT_MAX_MS = 5000;
const NOTHING: Inspection = { faults: [], destroys: [] };

export type Inspected = Pick<PlannedActor, 'inspection' | 'erasable'>;

/** By actor; those whose simulators do not look are not in it. */
export async function inspectAll(
  placed: readonly Placed[],
  { scenario, host }: { readonly scenario: Scenario; readonly host: HostFacts },
  phases: readonly PlannedPhase[],
): Promise<ReadonlyMap<string, Inspected>> {
  const named = scenario.safety.erasableDevices ?? [];
  const found = new Map<string, Inspected>();
  for (const one of placed) {
    if (one.loaded.simulator.inspect === undefined) continue;
    // One after the other: what two of them look at may be the same device, which only one can have for itself.
    const inspection = await inspect(one, host);
    const ids = inspection.destroys.flatMap((destroyed) => destroyed.ids);
    found.set(one.actor.name, { inspection, erasable: ids.filter((id) => named.includes(id)) });
  }
  const works = [...found].flatMap(([actor, { inspection }]) =>
    (inspection?.works ?? []).map((on) => ({ actor, on })),
  );
  for (const { actor, fault } of overlaps(works, phases)) {
    const { inspection = NOTHING, ...rest } = found.get(actor) ?? {};
    found.set(actor, { ...rest, inspection: { ...inspection, faults: [...inspection.faults, fault] } });
  }
  return found;
}

async function inspect({ actor, loaded }: Placed, host: HostFacts): Promise<Inspection> {
  const { name, options, control, peak, instances } = actor;
  const over = new AbortController();
  const late = sleep(INSPECT_MAX_MS, null, { signal: over.signal }).then(
    () => fault(`what it would work on did not answer within ${INSPECT_MAX_MS / 1000} s`),
    () => fault('not waited for'),
  );
  try {
    const asked = loaded.simulator.inspect?.({
      actor: name,
      options,
      control,
      peak: peak.amount,
      instances,
      host,
    });
    const told = structuredClone(await Promise.race([asked ?? fault('it does not look'), late]));
    // Foreign code told it: what is not understood is no permission.
    const isWhole =
      Array.isArray(told.faults) &&
      Array.isArray(told.destroys) &&
      Array.isArray(told.works ?? []) &&
      told.destroys.every(({ ids, path }) => Array.isArray(ids) && Array.isArray(path));
    return isWhole ? told : fault('its simulator looked at this host, and what it told is no inspection');
  } catch (error) {
    return fault(`its simulator failed while it looked at this host: ${messageOf(error)}`);
  } finally {
    over.abort();
  }
}

function fault(message: string): Inspection {
  return { faults: [{ path: [], message }], destroys: [] };
}
