/**
 * Thresholds of the plan: those of the scenario and the actors' metrics enter; planned thresholds leave, each checked
 * against what the actors it is about really have.
 */
import { selectorText } from '../base/grammar.js';
import type { Assertion } from '../base/sentences.js';
import type { CatalogueEntry, MetricSpec } from '../contract/metrics.js';
import type { PlannedThreshold } from '../contract/plan.js';
import { actorMetrics, OP_METRICS } from '../metrics/catalogue.js';
import { checkThreshold } from '../metrics/thresholds.js';
import type { Mistake } from '../scenario/problems.js';
import type { Scenario, ScenarioPhase, ScenarioThreshold } from '../scenario/scenario.js';
import type { Placed } from './actors.js';

type Actor = Placed['actor'];

/** Where the two halves of a sentence stand. */
interface Spots extends Pick<ScenarioThreshold, 'selector' | 'path' | 'keyPath'> {
  readonly keyAt?: 'key' | 'value';
}

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

function plannedThreshold(from: ScenarioThreshold): PlannedThreshold {
  const { selector, assertion, severity, windowMs, abort, afterMs, reason } = from;
  const text = selectorText(selector);
  return {
    text: `${text} ${assertion.text}`,
    selector,
    selectorText: text,
    assertion,
    severity,
    ...(windowMs !== null && { windowMs }),
    ...(abort && { abort }),
    ...(afterMs !== null && { afterMs }),
    ...(reason !== null && { reason }),
  };
}

/** The ends of phases and cycles by the same rules, but that they may have to hold for some time. */
export function untilMistakes(
  { phases, cycles }: Pick<Scenario, 'phases' | 'cycles'>,
  actors: readonly Actor[],
  catalogue: readonly CatalogueEntry[],
): readonly Mistake[] {
  const ends = [...phases.map(({ until }) => until), ...cycles.flatMap(({ until }) => until)];
  return ends.flatMap((until) => {
    if (until === null || until.sentence.kind === 'done') return [];
    const { sentence, path, text } = until;
    const { selector } = sentence;
    const assertion =
      sentence.kind === 'condition' ? atOnce(sentence.assertion) : steadyAssertion(sentence.aggregate, text);
    const judged = { selector, assertion };
    const mistake = mistakeOf({ selector, path, keyPath: path, keyAt: 'value' }, judged, actors, catalogue);
    return mistake === null ? [] : [mistake];
  });
}

/** What searches judge, each condition once, whoever it moves. */
export function searchMistakes(
  phases: readonly Pick<ScenarioPhase, 'load'>[],
  actors: readonly Actor[],
  catalogue: readonly CatalogueEntry[],
): readonly Mistake[] {
  const searches = phases.flatMap(({ load }) => [...load.values()].filter((one) => one.shape === 'search'));
  return searches.flatMap(({ conditions }) =>
    conditions.flatMap(({ selector, assertion, path }) => {
      const spots = { selector, path, keyPath: path, keyAt: 'value' as const };
      return mistakeOf(spots, { selector, assertion }, actors, catalogue) ?? [];
    }),
  );
}

function atOnce({ aggregate, operator, operand, text }: Assertion): Assertion {
  return { aggregate, operator, operand, text };
}

/** Whatever it is compared with, the aggregate must fit the metric. */
function steadyAssertion(aggregate: Assertion['aggregate'], text: string): Assertion {
  return { aggregate, operator: '<=', operand: { kind: 'phase', phase: '' }, text };
}

function mistakeOf(
  { selector, path, keyPath, keyAt = 'key' }: Spots,
  planned: Pick<PlannedThreshold, 'selector' | 'assertion'>,
  actors: readonly Actor[],
  catalogue: readonly CatalogueEntry[],
): Mistake | null {
  const { metric } = selector;
  if (!catalogue.some((entry) => entry.metric === metric)) {
    const fault = checkThreshold(planned, catalogue);
    return fault === null ? null : { path: keyPath, at: keyAt, code: 'E_NAME', seen: metric, ...fault };
  }
  const named = selector.tags['actor'];
  const meant = actors.filter(({ name }) => named?.includes(name) ?? true);
  for (const name of named ?? []) {
    const actor = actors.find((a) => a.name === name);
    if (actor === undefined || hasMetric(actor, metric)) continue;
    const message = `"${name}" has no ${metric}: it uses ${actor.simulator}`;
    return { path: keyPath, at: keyAt, code: 'E_NAME', message, seen: metric };
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
