/**
 * Probes of the plan: those of the scenario enter, planned ones with their metrics leave. Called by `build.ts`, which
 * puts their metrics into the catalogue; two probes may not give one metric two meanings.
 */
import { BruntError } from '../base/errors.js';
import { parseDuration } from '../base/grammar.js';
import type { MetricSpec } from '../contract/metrics.js';
import type { PlannedProbe } from '../contract/plan.js';
import type { Registry } from '../plugin/registry.js';
import type { Mistake } from '../scenario/problems.js';
import type { Scenario, ScenarioProbe } from '../scenario/scenario.js';

/** One thread takes the samples of all probes. */
export const PROBES_MAX = 32;
/** Sampling more often than this is load, not measurement. */
export const EVERY_MIN_MS = 5;

export interface ProbePlan {
  readonly probes: readonly PlannedProbe[];
  readonly mistakes: readonly Mistake[];
}

export async function planProbes(scenario: Scenario, registry: Registry): Promise<ProbePlan> {
  const probes: PlannedProbe[] = [];
  const mistakes: Mistake[] = [];
  for (const from of scenario.probes) {
    try {
      probes.push(await planProbe(from, scenario, registry));
    } catch (error) {
      if (!(error instanceof BruntError)) throw error;
      const { code, message, seen, hint } = error;
      mistakes.push({
        path: ['probes', from.name],
        code,
        message,
        seen,
        ...(hint !== undefined && { hint }),
      });
    }
  }
  return { probes, mistakes: [...mistakes, ...sizeMistakes(probes), ...clashes(probes)] };
}

async function planProbe(
  { name, uses, options, everyMs }: ScenarioProbe,
  { plugins }: Scenario,
  registry: Registry,
): Promise<PlannedProbe> {
  const { probe, module } = await registry.probe(uses, plugins);
  return {
    name,
    uses,
    module,
    options,
    everyMs: everyMs ?? parseDuration(probe.defaultEvery),
    metrics: structuredClone(probe.metrics as PlannedProbe['metrics']),
  };
}

function sizeMistakes(probes: readonly PlannedProbe[]): Mistake[] {
  const mistakes = probes
    .filter(({ everyMs }) => everyMs < EVERY_MIN_MS)
    .map(({ name, everyMs }): Mistake => {
      const message = `a probe is taken every ${EVERY_MIN_MS}ms at most`;
      return { path: ['probes', name, 'every'], code: 'E_SCHEMA', message, seen: everyMs };
    });
  if (probes.length <= PROBES_MAX) return mistakes;
  const message = `${probes.length} probes are more than ${PROBES_MAX}`;
  return [...mistakes, { path: ['probes'], code: 'E_PLAN_SIZE', message, seen: probes.length }];
}

/** Tag values may differ, since they are closed sets of each probe; what a metric is may not. */
function clashes(probes: readonly PlannedProbe[]): Mistake[] {
  const first = new Map<string, { owner: string; spec: MetricSpec }>();
  return probes.flatMap(({ name, uses, metrics }) =>
    Object.entries(metrics).flatMap(([metric, spec]) => {
      const known = first.get(metric);
      if (known === undefined) first.set(metric, { owner: uses, spec });
      if (known === undefined || meaning(known.spec) === meaning(spec)) return [];
      const message = `"${uses}" and "${known.owner}" declare probe.${metric} differently`;
      return [{ path: ['probes', name], code: 'E_NAME' as const, message }];
    }),
  );
}

function meaning({ kind, unit, across = 'sum', tags = {} }: MetricSpec): string {
  return JSON.stringify([kind, unit, across, Object.keys(tags).sort()]);
}
