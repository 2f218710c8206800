/**
 * Actors with what they use: the simulator is loaded, the options resolved, the control picked. The draft enters,
 * sound entries leave, mistakes go to the problems. `load.ts` calls it.
 */
import { parseCap, parseDuration } from '../base/grammar.js';
import type { AnySimulator, Control } from '../contract/plugin.js';
import type { PlannedPacing } from '../contract/plan.js';
import type { ObjectSchema } from '../contract/schema-types.js';
import type { ChosenControl } from './control.js';
import { chooseControl } from './control.js';
import type { Path } from './document.js';
import type { DraftActor } from './draft.js';
import type { ScenarioActor } from './scenario.js';
import type { UseContext } from './uses.js';
import { checkedOptions, findUsed } from './uses.js';
import { checkWrites } from './writable.js';

export async function resolveActors(context: UseContext): Promise<ScenarioActor[]> {
  const actors: ScenarioActor[] = [];
  for (const [name, actor] of Object.entries(context.draft.actors ?? {})) {
    if (actor === undefined) continue;
    const resolved = await resolveActor(name, actor, context);
    if (resolved !== null) actors.push(resolved);
  }
  return actors;
}

async function resolveActor(
  name: string,
  actor: DraftActor,
  context: UseContext,
): Promise<ScenarioActor | null> {
  const path: Path = ['actors', name];
  const { registry, plugins, problems } = context;
  const loaded = await findUsed(path, actor, context, (uses) => registry.simulator(uses, plugins));
  refuseContained(actor, path, context);
  if (loaded === null) return null;
  const { simulator } = loaded;
  // Simulators write beside the file that says so.
  const options = checkedOptions(simulator.options as ObjectSchema, actor, path, context);
  if (options !== null) checkWrites(options.writes, path, context);
  const chosen = problems.touches([...path, 'peak']) ? null : pickControl(simulator, actor, path, context);
  if (options === null || chosen === null) return null;
  const { control, peak } = chosen;
  const { instances = null, isolation, onFailure = null, needs = [], tags = {} } = actor;
  return {
    name,
    uses: actor.uses ?? name,
    options: options.options,
    unit: control.unit,
    peak,
    instances,
    pacing: pacingOf(actor, control, path, context),
    isolation: isolation === 'contained' ? null : (isolation ?? null),
    onFailure,
    needs: needs.flatMap((need) => need ?? []),
    tags,
  };
}

function refuseContained({ isolation }: DraftActor, path: Path, { problems }: UseContext): void {
  if (isolation !== 'contained') return;
  const message = 'not in this version: isolation "contained"';
  const hint = 'It has "thread" and "process".';
  problems.add({ path: [...path, 'isolation'], code: 'E_NOT_YET', message, seen: isolation, hint });
}

function pickControl(
  simulator: AnySimulator,
  actor: DraftActor,
  path: Path,
  { problems }: UseContext,
): ChosenControl | null {
  const chosen = chooseControl(simulator, actor.peak);
  if ('control' in chosen) return chosen;
  problems.add({ path: actor.peak === undefined ? path : [...path, 'peak'], seen: actor.peak, ...chosen });
  return null;
}

const KINDS: Readonly<Record<Control['kind'], string>> = {
  amount: 'an amount',
  growth: 'a growth',
  rate: 'a rate',
  concurrency: 'a number in flight',
  switch: 'on or off',
};
/** What stands beside the peak, and the control that it bounds. */
const BESIDE = {
  arrival: ['rate'],
  inFlight: ['rate'],
  thinkTime: ['concurrency'],
  burst: ['concurrency'],
  cap: ['concurrency'],
  pacing: ['rate', 'concurrency'],
} as const satisfies Record<string, readonly Control['kind'][]>;

/** What is due under a rate is due: to hold it back would be another rate, or a queue that is nobody's. */
const CAP_HINT =
  'The rate itself is the cap: operations a second, and so bytes. To be held back, make the peak a number in flight ("8").';

function pacingOf(
  actor: DraftActor,
  { kind }: Control,
  path: Path,
  { problems }: UseContext,
): ScenarioActor['pacing'] {
  for (const [key, kinds] of Object.entries(BESIDE)) {
    const isMeant = (kinds as readonly string[]).includes(kind);
    if (isMeant || actor[key as keyof typeof BESIDE] === undefined) continue;
    const wanted = kinds.map((k) => KINDS[k]).join(' or ');
    const message = `"${key}" stands beside a peak that is ${wanted}; this one is ${KINDS[kind]}`;
    const hint = key === 'cap' && kind === 'rate' ? CAP_HINT : 'Leave it out.';
    problems.add({ path: [...path, key], at: 'key', code: 'E_PEAK', message, hint });
  }
  if (kind !== 'rate' && kind !== 'concurrency') return null;
  const { arrival = 'constant', inFlight = null, thinkTime, burst, pacing: precision = 'wait' } = actor;
  const thinkTimeMs = thinkTime === undefined ? 0 : parseDuration(thinkTime);
  if (burst !== undefined && thinkTimeMs === 0) {
    const message = '"burst" says after how many operations to rest for "thinkTime", and there is none';
    problems.add({ path: [...path, 'burst'], at: 'key', code: 'E_SCHEMA', message });
  }
  const bounds = { ...(burst !== undefined && { burst }), ...capsOf(actor, path, problems) };
  return { arrival, inFlight, thinkTimeMs, precision, ...bounds };
}

/** One of operations and one of bytes. */
function capsOf(
  { cap = [] }: DraftActor,
  path: Path,
  problems: UseContext['problems'],
): Pick<PlannedPacing, 'operationsMax' | 'bytesMax'> {
  const caps: { operationsMax?: number; bytesMax?: number } = {};
  for (const [i, text] of (typeof cap === 'string' ? [cap] : cap).entries()) {
    if (text === undefined) continue;
    const { value, dimension } = parseCap(text);
    const key = dimension === 'bytes/s' ? 'bytesMax' : 'operationsMax';
    if (caps[key] === undefined) caps[key] = value;
    else {
      const message = 'the second cap of one kind: one is of operations, one of bytes';
      problems.add({ path: [...path, 'cap', i], code: 'E_SCHEMA', message, seen: text });
    }
  }
  return caps;
}
