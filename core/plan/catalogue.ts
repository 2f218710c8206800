/** Every metric that a run of these actors can have: the core's own, and what their simulators declare. */
import type { CatalogueEntry, MetricSpec, MetricSpecs } from '../contract/metrics.js';
import type { PlannedActor, PlannedProbe } from '../contract/plan.js';
import {
  ACTOR_METRICS,
  HOST_METRICS,
  OP_METRICS,
  PROBE_METRICS,
  RUN_METRICS,
  TARGET_METRICS,
} from '../metrics/catalogue.js';

type Source = Pick<PlannedActor, 'simulator' | 'metrics' | 'operations'>;

/** Names of metrics that belong to one simulator begin with it. */
export function metricName(simulator: string, metric: string): string {
  return `${simulator}.${metric}`;
}

/** What a run may have beside actors. */
export interface Surroundings {
  readonly probes?: readonly Pick<PlannedProbe, 'metrics'>[];
  readonly hasTarget?: boolean;
}

export function catalogueOf(
  actors: readonly Source[],
  { probes = [], hasTarget = false }: Surroundings = {},
): readonly CatalogueEntry[] {
  const specs: Record<string, MetricSpecs[string]> = { ...ACTOR_METRICS, ...HOST_METRICS, ...RUN_METRICS };
  if (probes.length > 0) Object.assign(specs, PROBE_METRICS);
  if (hasTarget) Object.assign(specs, TARGET_METRICS);
  for (const { metrics } of probes) {
    for (const [metric, spec] of Object.entries(metrics)) {
      const name = metricName('probe', metric);
      specs[name] = withTagsOf(spec, specs[name]);
    }
  }
  // Without operations nothing is ever timed, and a threshold on it would wait for data that cannot come.
  if (actors.some(({ operations }) => operations.length > 0)) Object.assign(specs, OP_METRICS);
  for (const { simulator, metrics } of actors) {
    for (const [metric, spec] of Object.entries(metrics)) specs[metricName(simulator, metric)] = spec;
  }
  return Object.keys(specs)
    .sort()
    .flatMap((metric) => (specs[metric] === undefined ? [] : [{ metric, ...specs[metric] }]));
}

/** Probes may share a metric and know different values of its tags. */
function withTagsOf(spec: MetricSpec, other: MetricSpec | undefined): MetricSpec {
  if (spec.tags === undefined || other?.tags === undefined) return spec;
  const tags = Object.entries(spec.tags).map(([name, values]) => [
    name,
    [...new Set([...values, ...(other.tags?.[name] ?? [])])],
  ]);
  return { ...spec, tags: Object.fromEntries(tags) as NonNullable<MetricSpec['tags']> };
}
