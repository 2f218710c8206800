/**
 * A scenario and this host in, the plan out: amounts, instances, pieces, agents, cost, limits, thresholds; frozen, and
 * plain enough for JSON. The command line calls it; all mistakes are found in one pass and thrown together.
 */
import { randomInt } from 'node:crypto';
import { BruntError } from '../base/errors.js';
import type { HostFacts, ResourceEstimate } from '../contract/host.js';
import type { Plan, PlannedActor, PlannedAgent, Profile } from '../contract/plan.js';
import type { ObjectSchema } from '../contract/schema-types.js';
import type { Registry } from '../plugin/registry.js';
import type { Mistake } from '../scenario/problems.js';
import type { Scenario } from '../scenario/scenario.js';
import type { Placed } from './actors.js';
import { addEstimates, estimateOf, INSTANCES_MAX, placeActor, pluginFault } from './actors.js';
import { agentsOf } from './agents.js';
import { catalogueOf } from './catalogue.js';
import { deepFreeze } from './freeze.js';
import { inspectAll } from './inspect.js';
import { loadedMs, planPhases } from './phases.js';
import { planProbes } from './probes.js';
import type { FindRun } from './runs.js';
import { withRunsFound } from './runs.js';
import { planSafety } from './safety.js';
import { planTarget } from './target.js';
import { keepSecrets } from './secrets.js';
import { planThresholds, searchMistakes, untilMistakes } from './thresholds.js';

export interface PlanInput {
  readonly scenario: Scenario;
  readonly registry: Registry;
  readonly host: HostFacts;
  readonly profiles: readonly Profile[];
  /** Name of the profile that the person granted. */
  readonly profile: string;
  /** Wins over the scenario's. */
  readonly seed?: number;
  /** Where options that name a run look; without it there are no runs. */
  readonly findRun?: FindRun;
}

const AGENTS_MAX = 16;
/** Measured on Linux with Node 20 to 24: a forked agent before it runs anything, and one thread of its pool. */
const AGENT_BYTES = 60 * 2 ** 20;
const INSTANCE_BYTES = 9 * 2 ** 20;
const SEEDS = 2 ** 32;

/** Throws BruntErrors; BruntError (E_USAGE) when there is no profile of the granted name. */
export async function buildPlan(input: PlanInput): Promise<Plan> {
  const { scenario, host } = input;
  const { placed, mistakes } = await placeAll(input);
  const seed = input.seed ?? scenario.seed ?? randomInt(SEEDS);
  const timeline = planPhases(scenario, placed, { seed, windowMs: scenario.windowMs });
  const durationMs = timeline.phases.reduce((sum, phase) => sum + phase.durationMs, 0);
  const costed = withEstimates(placed, timeline.phases, input);
  const looked = await inspectAll(placed, input, timeline.phases);
  const agents = agentsOf(placed);
  const { safety, mistakes: unsafe } = planSafety({ ...input, durationMs });
  const probing = await planProbes(scenario, input.registry);
  const hasTarget = scenario.target !== null;
  const catalogue = catalogueOf(costed.actors, { probes: probing.probes, hasTarget });
  const { target, mistakes: unready } = planTarget(scenario.target, probing.probes, catalogue);
  const judged = planThresholds(scenario.thresholds, costed.actors, catalogue);
  mistakes.push(...timeline.mistakes, ...costed.mistakes, ...unsafe, ...sizeMistakes(costed.actors, agents));
  mistakes.push(...probing.mistakes, ...unready);
  mistakes.push(...clashes(placed));
  // Without all actors, what their metrics are is not known.
  if (placed.length === scenario.actors.length) {
    mistakes.push(...judged.mistakes, ...untilMistakes(scenario, costed.actors, catalogue));
    mistakes.push(...searchMistakes(scenario.phases, costed.actors, catalogue));
  }
  if (mistakes.length > 0) throw scenario.errors(mistakes);
  const planned = costed.actors.map((actor) => ({ ...actor, ...looked.get(actor.name) }));
  const plan = deepFreeze<Plan>({
    version: 1,
    name: scenario.name,
    description: scenario.description,
    scenarioFile: scenario.file,
    tags: { ...scenario.tags },
    seed,
    windowMs: scenario.windowMs,
    durationMs,
    host: structuredClone(host),
    actors: planned,
    phases: timeline.phases,
    ...(timeline.cycles.length > 0 && { cycles: timeline.cycles }),
    agents,
    safety,
    thresholds: judged.thresholds,
    ...(probing.probes.length > 0 && { probes: probing.probes }),
    ...(target !== null && { target }),
    exporters: scenario.exporters.map(({ name, uses, options }) => ({ name, uses, options })),
    catalogue,
    estimate: wholeEstimate(costed.actors, agents),
    notes: [...notesOf(costed.actors, timeline.phases), ...timeline.notes],
  });
  keepSecrets(plan, scenario.secrets);
  return plan;
}

async function placeAll({
  scenario,
  registry,
  host,
  findRun = noRuns,
}: PlanInput): Promise<{ placed: Placed[]; mistakes: Mistake[] }> {
  const placed: Placed[] = [];
  const mistakes: Mistake[] = [];
  for (const actor of scenario.actors) {
    const loaded = await registry.simulator(actor.uses, scenario.plugins);
    const options = loaded.simulator.options as ObjectSchema;
    const result = placeActor(await withRunsFound(actor, options, findRun, mistakes), loaded, host);
    mistakes.push(...result.mistakes);
    if (result.placed !== null) placed.push(result.placed);
  }
  return { placed, mistakes };
}

const noRuns: FindRun = (name) =>
  Promise.reject(new BruntError({ code: 'E_RUN_UNKNOWN', message: `no run "${name}": there are none here` }));

function withEstimates(
  placed: readonly Placed[],
  phases: Plan['phases'],
  { scenario, host }: PlanInput,
): { actors: PlannedActor[]; mistakes: Mistake[] } {
  const mistakes: Mistake[] = [];
  const actors = placed.map((one): PlannedActor => {
    // Plans are data: metrics and options are copied, so that freezing them leaves the plugin's own alone.
    const actor = {
      ...one.actor,
      ...sharedByFew(phases, one.actor.name),
      metrics: structuredClone(one.actor.metrics),
      operations: [...one.actor.operations],
    };
    try {
      return { ...actor, estimate: estimateOf({ ...one, actor }, loadedMs(phases, actor.name), host) };
    } catch (error) {
      const from = scenario.actors.find(({ name }) => name === actor.name);
      if (from !== undefined) mistakes.push(pluginFault(from, error));
      return { ...actor, estimate: {} };
    }
  });
  return { actors, mistakes };
}

/** The fewest instances that share what a phase asks of the actor. */
function sharedByFew(phases: Plan['phases'], actor: string): Pick<PlannedActor, 'instancesLeast'> {
  const numbers = phases.flatMap(({ instances }) => instances?.[actor] ?? []);
  return numbers.length === 0 ? {} : { instancesLeast: Math.min(...numbers) };
}

/** Of these actors in these agents, with what brunt itself needs for them. */
export function wholeEstimate(
  actors: readonly PlannedActor[],
  agents: readonly PlannedAgent[],
): ResourceEstimate {
  const instances = actors.reduce((sum, actor) => sum + actor.instances, 0);
  const own = { memoryBytes: agents.length * AGENT_BYTES + instances * INSTANCE_BYTES, threads: instances };
  return addEstimates([...actors.map(({ estimate }) => estimate), own]);
}

function sizeMistakes(actors: readonly PlannedActor[], agents: readonly PlannedAgent[]): Mistake[] {
  const mistakes: Mistake[] = [];
  const instances = actors.reduce((sum, actor) => sum + actor.instances, 0);
  const code = 'E_PLAN_SIZE';
  if (instances > INSTANCES_MAX) {
    const figures = actors.map(({ name, instances: n }) => `${name} ${n}`).join(', ');
    const message = `${instances} instances are more than ${INSTANCES_MAX} (${figures})`;
    const hint = 'An instance is a thread of about 9 MiB: many small things belong into one.';
    mistakes.push({
      path: ['actors'],
      code,
      message,
      seen: instances,
      wanted: `at most ${INSTANCES_MAX}`,
      hint,
    });
  }
  if (agents.length > AGENTS_MAX) {
    const message = `${agents.length} agent processes are more than ${AGENTS_MAX}`;
    const hint = `Each of these has one: ${agents.map(({ name }) => name).join(', ')}.`;
    mistakes.push({
      path: ['actors'],
      code,
      message,
      seen: agents.length,
      wanted: `at most ${AGENTS_MAX}`,
      hint,
    });
  }
  return mistakes;
}

/** Metric names begin with the simulator's: two plugins may not give one name two meanings. */
function clashes(placed: readonly Placed[]): Mistake[] {
  const modules = new Map<string, string>();
  return placed.flatMap(({ actor }) => {
    const first = modules.get(actor.simulator);
    if (first === undefined) modules.set(actor.simulator, actor.module);
    if (first === undefined || first === actor.module) return [];
    const message = `two plugins have a simulator named "${actor.simulator}", so their metrics cannot be told apart`;
    return [{ path: ['actors', actor.name], code: 'E_NAME' as const, message }];
  });
}

function notesOf(actors: readonly PlannedActor[], phases: Plan['phases']): string[] {
  return actors
    .filter(({ name }) => phases.every(({ load }) => load[name] === undefined))
    .map(({ name }) => `No phase loads the actor "${name}": it is idle all the time.`);
}
