/** Every metric that a run of these actors can have: the core's own, and what their simulators declare. */
import type { CatalogueEntry, MetricSpecs } from '../contract/metrics.js';
import type { PlannedActor } from '../contract/plan.js';
import { ACTOR_METRICS, HOST_METRICS, OP_METRICS, RUN_METRICS } from '../metrics/catalogue.js';

type Source = Pick<PlannedActor, 'simulator' | 'metrics' | 'operations'>;

/** Names of metrics that belong to one simulator begin with it. */
export function metricName(simulator: string, metric: string): string {
  return `${simulator}.${metric}`;
}

export function catalogueOf(actors: readonly Source[]): readonly CatalogueEntry[] {
  const specs: Record<string, MetricSpecs[string]> = { ...ACTOR_METRICS, ...HOST_METRICS, ...RUN_METRICS };
  // Without operations nothing is ever timed, and a threshold on it would wait for data that cannot come.
  if (actors.some(({ operations }) => operations.length > 0)) Object.assign(specs, OP_METRICS);
  for (const { simulator, metrics } of actors) {
    for (const [metric, spec] of Object.entries(metrics)) specs[metricName(simulator, metric)] = spec;
  }
  return Object.keys(specs)
    .sort()
    .flatMap((metric) => (specs[metric] === undefined ? [] : [{ metric, ...specs[metric] }]));
}
