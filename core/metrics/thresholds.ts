/** Pass or fail: what was accumulated enters, one result for each threshold and owner leaves, at the end or before it. */
import type { Assertion } from '../base/sentences.js';
import { formatClock, formatSpan } from '../base/units.js';
import type { Plan, PlannedThreshold } from '../contract/plan.js';
import type { ThresholdResult } from '../contract/summary.js';
import type { RunAccumulator, Selection } from './accumulate.js';
import { aggregateOf } from './aggregate.js';
import { boundFor } from './bound.js';
import { compare } from './compare.js';
import { mustBeZero } from './must-be-zero.js';
import { PHASE_TAG, namedOwners } from './selector.js';
import type { Stretch } from './stretch-watch.js';
import { resultUnit } from './threshold-units.js';

export type { Objection } from './threshold-check.js';
export { checkThreshold } from './threshold-check.js';

/**
 * Every threshold of the plan, once for each actor that has the metric (all of them where the selector names
 * none), over the phases it names, else over all measured phases together. Without data it fails. And what was counted
 * though a plugin says that it must never happen.
 */
export function judge(
  plan: Pick<Plan, 'thresholds' | 'catalogue'>,
  accumulator: RunAccumulator,
): ThresholdResult[] {
  const asked = plan.thresholds.flatMap((threshold) => judgeThreshold(threshold, accumulator));
  // What a scenario asserts in the same words is said once.
  const unasked = mustBeZero(plan, accumulator).filter(
    ({ text, actor }) => !asked.some((result) => result.text === text && result.actor === actor),
  );
  return [...asked, ...unasked];
}

function judgeThreshold(threshold: PlannedThreshold, accumulator: RunAccumulator): ThresholdResult[] {
  const found = accumulator.select(threshold.selector);
  const results = found.map((selection) =>
    threshold.windowMs === undefined
      ? judgeOne(threshold, selection, accumulator)
      : judgeStretches(threshold, selection, accumulator, accumulator.stretches(threshold)),
  );
  for (const actor of namedOwners(threshold.selector)) {
    if (!found.some((selection) => selection.actor === actor))
      results.push(noData(threshold, actor, accumulator));
  }
  return results.length > 0 ? results : [noData(threshold, null, accumulator)];
}

/**
 * The first result that has failed by now and cannot get better by waiting: no data yet is no failure, nor is a count
 * that has still to be reached, nor a stretch that is not over. Null: none, or it is too early to say.
 */
export function failingNow(threshold: PlannedThreshold, accumulator: RunAccumulator): ThresholdResult | null {
  const found = accumulator.select(threshold.selector);
  if ((found[0]?.spanMs ?? 0) < (threshold.afterMs ?? 0)) return null;
  for (const selection of found) {
    const result =
      threshold.windowMs === undefined
        ? judgeOne(threshold, selection, accumulator)
        : judgeStretches(
            threshold,
            selection,
            accumulator,
            accumulator.stretches(threshold).filter(({ isOver }) => isOver),
          );
    if (!result.ok && result.value !== null && isFinal(threshold, selection, result.value, accumulator))
      return result;
  }
  return null;
}

function isFinal(
  { selector, assertion, windowMs }: PlannedThreshold,
  { actor }: Selection,
  value: number,
  accumulator: RunAccumulator,
): boolean {
  const { aggregate, operator } = assertion;
  const bound = boundFor({ selector, ...assertion }, actor, accumulator);
  if (bound === null) return false;
  if (windowMs !== undefined || (aggregate !== 'count' && aggregate !== 'sum')) return true;
  return operator === '<' || operator === '<=' || (operator === '==' && value > bound);
}

/** It must hold in every stretch of its own window; the value is that of the first that broke it, else the worst. */
function judgeStretches(
  threshold: PlannedThreshold,
  selection: Selection,
  accumulator: RunAccumulator,
  stretches: readonly Stretch[],
): ThresholdResult {
  const { aggregate, operator } = threshold.assertion;
  const result = base(threshold, selection, accumulator);
  const own = stretches.filter(({ owner, value }) => owner === selection.actor && value !== null);
  // What is counted is less in a rest that is short, and says nothing beside whole stretches.
  const isCount = aggregate === 'count' || aggregate === 'sum';
  const judged = isCount && own.some(({ isWhole }) => isWhole) ? own.filter(({ isWhole }) => isWhole) : own;
  if (judged.length === 0) return { ...result, value: null, ok: false, detail: 'no data' };
  const { selector, assertion } = threshold;
  const bound = boundFor({ selector, ...assertion }, selection.actor, accumulator);
  const values = judged.map(({ value }) => value ?? NaN);
  const worst = operator === '>' || operator === '>=' ? Math.min(...values) : Math.max(...values);
  if (bound === null) return { ...result, value: worst, ok: false, detail: 'no data to compare with' };
  const broken = judged.filter(({ value }) => !compare(value ?? NaN, operator, bound));
  const [first] = broken;
  if (first === undefined) return { ...result, value: worst, ok: true, detail: null };
  const length = formatSpan(threshold.windowMs ?? 0);
  const where = `${first.phase} from ${formatClock(first.startMs)} to ${formatClock(first.endMs)}`;
  const detail = `broken in ${broken.length} of ${judged.length} stretches of ${length}, first in ${where}`;
  return { ...result, value: first.value, ok: false, detail };
}

function judgeOne(
  threshold: PlannedThreshold,
  selection: Selection,
  accumulator: RunAccumulator,
): ThresholdResult {
  const { aggregate, operator } = threshold.assertion;
  const value = aggregateOf(selection.total, aggregate, selection);
  const result = base(threshold, selection, accumulator);
  if (value === null) return { ...result, value, ok: false, detail: 'no data' };
  const { selector, assertion } = threshold;
  const bound = boundFor({ selector, ...assertion }, selection.actor, accumulator);
  if (bound === null) return { ...result, value, ok: false, detail: 'no data to compare with' };
  if (compare(value, operator, bound)) return { ...result, value, ok: true, detail: null };
  const first = accumulator.firstBreak(threshold, selection.actor);
  const side = operator === '>' || operator === '>=' ? 'below' : operator === '!=' ? 'equal' : 'above';
  const detail = first === null ? null : `first ${side} in ${first.phase} at ${formatClock(first.atMs)}`;
  return { ...result, value, ok: false, detail };
}

function base(
  { text, selectorText, selector, assertion, severity }: PlannedThreshold,
  { actor, unit, phases }: Pick<Selection, 'actor' | 'unit' | 'phases'>,
  accumulator: RunAccumulator,
): Omit<ThresholdResult, 'value' | 'ok' | 'detail'> {
  const { aggregate } = assertion;
  const kind = accumulator.kindOf(selector.metric);
  return {
    text,
    selector: selectorText,
    aggregate: typeof aggregate === 'object' ? aggregate.text : aggregate,
    unit: resultUnit(kind, unit, aggregate),
    wanted: wantedText(assertion),
    severity,
    actor,
    phases,
  };
}

/** "< 5ms": the sentence without its aggregate. */
function wantedText({ text, aggregate }: Assertion): string {
  const word = typeof aggregate === 'object' ? aggregate.text : aggregate;
  return text.startsWith(word) ? text.slice(word.length).trim() : text;
}

function noData(
  threshold: PlannedThreshold,
  actor: string | null,
  accumulator: RunAccumulator,
): ThresholdResult {
  const tags = actor === null ? {} : { actor };
  const unit = accumulator.unitOf(threshold.selector.metric, tags);
  const phases = threshold.selector.tags[PHASE_TAG] ?? [];
  return {
    ...base(threshold, { actor, unit, phases }, accumulator),
    value: null,
    ok: false,
    detail: 'no data',
  };
}
