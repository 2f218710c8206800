/**
 * Thresholds of the plan: those of the scenario and the actors' metrics enter; planned thresholds leave, each checked
 * against what the actors it is about really have.
 */
import { selectorText } from '../base/grammar.js';
import type { CatalogueEntry, MetricSpec } from '../contract/metrics.js';
import type { PlannedThreshold } from '../contract/plan.js';
import { actorMetrics, OP_METRICS } from '../metrics/catalogue.js';
import { checkThreshold } from '../metrics/thresholds.js';
import type { Mistake } from '../scenario/problems.js';
import type { ScenarioThreshold } from '../scenario/scenario.js';
import type { Placed } from './actors.js';

type Actor = Placed['actor'];

export function planThresholds(
  thresholds: readonly ScenarioThreshold[],
  actors: readonly Actor[],
  catalogue: readonly CatalogueEntry[],
): { thresholds: readonly PlannedThreshold[]; mistakes: readonly Mistake[] } {
  const mistakes: Mistake[] = [];
  const planned = thresholds.map((threshold) => {
    const plan = plannedThreshold(threshold);
    const mistake = mistakeOf(threshold, plan, actors, catalogue);
    if (mistake !== null) mistakes.push(mistake);
    return plan;
  });
  return { thresholds: planned, mistakes };
}

function plannedThreshold({ selector, assertion, severity }: ScenarioThreshold): PlannedThreshold {
  const text = selectorText(selector);
  return { text: `${text} ${assertion.text}`, selector, selectorText: text, assertion, severity };
}

function mistakeOf(
  { selector, path, keyPath }: ScenarioThreshold,
  planned: PlannedThreshold,
  actors: readonly Actor[],
  catalogue: readonly CatalogueEntry[],
): Mistake | null {
  const { metric } = selector;
  if (!catalogue.some((entry) => entry.metric === metric)) {
    const fault = checkThreshold(planned, catalogue);
    return fault === null ? null : { path: keyPath, at: 'key', code: 'E_NAME', seen: metric, ...fault };
  }
  const named = selector.tags['actor'];
  const meant = actors.filter(({ name }) => named?.includes(name) ?? true);
  for (const name of named ?? []) {
    const actor = actors.find((a) => a.name === name);
    if (actor === undefined || hasMetric(actor, metric)) continue;
    const message = `"${name}" has no ${metric}: it uses ${actor.simulator}`;
    return { path: keyPath, at: 'key', code: 'E_NAME', message, seen: metric };
  }
  // asked and held are in each actor's own unit, so the assertion must fit every one it is about.
  const own = metric === 'actor.asked' || metric === 'actor.held' ? meant : [];
  const views = own.length === 0 ? [catalogue] : own.map((actor) => inUnitOf(actor, catalogue));
  for (const view of views) {
    const fault = checkThreshold(planned, view);
    if (fault !== null) return { path, code: 'E_SCHEMA', seen: planned.assertion.text, ...fault };
  }
  return null;
}

function hasMetric(actor: Actor, metric: string): boolean {
  if (metric in OP_METRICS) return actor.operations.length > 0;
  const [owner = '', ...rest] = metric.split('.');
  if (owner === 'actor') return true;
  return owner === actor.simulator && Object.hasOwn(actor.metrics, rest.join('.'));
}

function inUnitOf(actor: Actor, catalogue: readonly CatalogueEntry[]): readonly CatalogueEntry[] {
  const specs: Readonly<Record<string, MetricSpec>> = actorMetrics(actor);
  return catalogue.map((entry) => ({ ...entry, ...(specs[entry.metric] ?? {}) }));
}
