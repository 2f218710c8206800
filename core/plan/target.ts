/**
 * The target of the plan: what the scenario says enters, checked for whether its ready condition can come true before
 * the start instant. Called by `build.ts`.
 */
import type { CatalogueEntry } from '../contract/metrics.js';
import type { PlannedProbe, PlannedTarget } from '../contract/plan.js';
import { checkThreshold } from '../metrics/thresholds.js';
import type { Mistake } from '../scenario/problems.js';
import type { ScenarioTarget } from '../scenario/scenario.js';

export interface TargetPlan {
  readonly target: PlannedTarget | null;
  readonly mistakes: readonly Mistake[];
}

export function planTarget(
  target: ScenarioTarget | null,
  probes: readonly PlannedProbe[],
  catalogue: readonly CatalogueEntry[],
): TargetPlan {
  if (target === null) return { target: null, mistakes: [] };
  const { ready } = target;
  const planned = structuredClone(target);
  const mistake = ready === null ? null : readyMistake(ready, probes, catalogue);
  return { target: planned, mistakes: mistake === null ? [] : [mistake] };
}

function readyMistake(
  { selector, assertion, text }: NonNullable<ScenarioTarget['ready']>,
  probes: readonly PlannedProbe[],
  catalogue: readonly CatalogueEntry[],
): Mistake | null {
  const at = { path: ['target', 'ready'], seen: text };
  // Unlike a threshold it may have to hold for some time.
  const { aggregate, operator, operand } = assertion;
  const atOnce = { aggregate, operator, operand, text: assertion.text };
  const objection = checkThreshold({ selector, assertion: atOnce }, catalogue);
  if (objection !== null) return { ...at, code: 'E_SCHEMA', ...objection };
  if (!selector.metric.startsWith('probe.')) {
    const message = 'a target is ready by what a probe says: nothing else is measured before the start';
    return { ...at, code: 'E_SCHEMA', message, hint: 'For example "probe.up{probe:api} last == 1".' };
  }
  if (operand.kind === 'phase' || operand.kind === 'baseline') {
    return { ...at, code: 'E_SCHEMA', message: 'no phase has run when the target gets ready' };
  }
  const known = probes.map(({ name }) => name);
  const unknown = selector.tags['probe']?.find((name) => name !== '*' && !known.includes(name));
  if (unknown === undefined) return null;
  const hint = `There is: ${known.join(', ')}.`;
  return { ...at, code: 'E_NAME', message: `there is no probe "${unknown}"`, hint };
}
