/**
 * Part of a plan: the whole plan and the actors that are wanted enter, a plan of those actors alone leaves, marked as
 * partial. What is left out is said in its notes. Called by the command line for --only, after the whole was found sound.
 */
import { BruntError } from '../base/errors.js';
import { suggestion } from '../base/suggest.js';
import type { Plan, PlannedPhase, Selector } from '../contract/plan.js';
import { wholeEstimate } from './build.js';
import { deepFreeze } from './freeze.js';
import { passSecrets } from './secrets.js';

/** Throws BruntError (E_USAGE) for an actor that is not there, or one that an end of a phase depends on. */
export function partialPlan(plan: Plan, only: readonly string[]): Plan {
  const names = plan.actors.map(({ name }) => name);
  for (const name of only) if (!names.includes(name)) throw noActor(name, names);
  const actors = plan.actors.filter(({ name }) => only.includes(name));
  const gone = names.filter((name) => !only.includes(name));
  if (gone.length === 0) return plan;
  const metrics = goneMetrics(plan, actors);
  const isJudged = ({ metric, tags }: Selector): boolean =>
    !metrics.has(metric) && !(tags['actor'] ?? []).some((actor) => gone.includes(actor));
  refuseEnds(plan, isJudged);
  const agents = plan.agents
    .map((agent) => ({ ...agent, actors: agent.actors.filter((name) => only.includes(name)) }))
    .filter((agent) => agent.actors.length > 0);
  const skipped = plan.thresholds.filter(({ selector }) => !isJudged(selector));
  const partial = deepFreeze<Plan>({
    ...structuredClone(plan),
    actors,
    agents,
    phases: plan.phases.map((phase) => ({ ...phase, load: loadOf(phase, only) })),
    thresholds: plan.thresholds.filter((threshold) => !skipped.includes(threshold)),
    catalogue: plan.catalogue.filter(({ metric }) => !metrics.has(metric)),
    estimate: wholeEstimate(actors, agents),
    notes: [...partialNotes(gone, skipped), ...plan.notes],
  });
  return passSecrets(plan, partial);
}

function noActor(name: string, names: readonly string[]): BruntError {
  return new BruntError({
    code: 'E_USAGE',
    message: `the scenario has no actor "${name}"`,
    place: { path: `--only ${name}` },
    hint: suggestion(name, names),
  });
}

/** Metrics that only simulators of absent actors have. */
function goneMetrics(plan: Plan, actors: Plan['actors']): ReadonlySet<string> {
  const metricsOf = (some: Plan['actors']): string[] =>
    some.flatMap(({ simulator, metrics, operations }) => [
      ...Object.keys(metrics).map((metric) => `${simulator}.${metric}`),
      ...(operations.length > 0 ? ['op.*'] : []),
    ]);
  const kept = new Set(metricsOf(actors));
  const gone = metricsOf(plan.actors).filter((metric) => !kept.has(metric));
  const named = plan.catalogue
    .map(({ metric }) => metric)
    .filter((metric) => gone.includes(metric) || (gone.includes('op.*') && metric.startsWith('op.')));
  return new Set(named);
}

function loadOf({ load }: PlannedPhase, only: readonly string[]): PlannedPhase['load'] {
  return Object.fromEntries(Object.entries(load).filter(([name]) => only.includes(name)));
}

/** An end that can no longer come would fail the run, or make it longer than anybody asked for. */
function refuseEnds({ phases, cycles = [] }: Plan, isJudged: (selector: Selector) => boolean): void {
  const ends = [
    ...phases.map(({ name, until }) => ({ what: `phase "${name}"`, until })),
    ...cycles.flatMap(({ name, until }) => until.map((one) => ({ what: `cycle "${name}"`, until: one }))),
  ];
  for (const { what, until } of ends) {
    if (until === undefined || until.sentence.kind === 'done' || isJudged(until.sentence.selector)) continue;
    throw new BruntError({
      code: 'E_USAGE',
      message: `${what} ends when "${until.text}", which depends on an actor that is left out`,
      place: { path: '--only' },
      hint: 'Name that actor too, or take the "until" away with --set.',
    });
  }
}

function partialNotes(gone: readonly string[], skipped: Plan['thresholds']): string[] {
  const without = `Partial run (--only): without ${gone.map((name) => `"${name}"`).join(', ')}.`;
  if (skipped.length === 0) return [without];
  return [
    without,
    `Not judged, since it is about what is left out: ${skipped.map(({ text }) => text).join('; ')}.`,
  ];
}
