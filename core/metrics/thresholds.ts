/**
 * Pass or fail. Before the run, `checkThreshold` says whether a sentence fits the kind and unit of its metric;
 * after it, `judge` holds every sentence against what was accumulated.
 */
import type { Aggregate, Assertion, Selector } from '../base/sentences.js';
import { nearest } from '../base/suggest.js';
import { formatClock } from '../base/units.js';
import type { CatalogueEntry, MetricKind } from '../contract/metrics.js';
import type { Plan, PlannedThreshold } from '../contract/plan.js';
import type { ThresholdResult } from '../contract/summary.js';
import type { RunAccumulator, Selection } from './accumulate.js';
import { aggregateOf } from './aggregate.js';
import { boundFor } from './bound.js';
import { compare } from './compare.js';
import { PHASE_TAG, ROUND_TAG, namedOwners } from './selector.js';
import { dimensionsOf, resultUnit } from './threshold-units.js';

export interface Objection {
  readonly message: string;
  readonly hint?: string;
}

type Sentence = Pick<PlannedThreshold, 'selector' | 'assertion'>;

/** `percentile` stands for all of them. */
const AGGREGATES_OF: Readonly<Record<MetricKind, readonly string[]>> = {
  counter: ['count', 'rate'],
  gauge: ['avg', 'min', 'max', 'last', 'slope'],
  ratio: ['share', 'count'],
  trend: ['avg', 'min', 'max', 'med', 'percentile', 'stddev', 'count', 'sum'],
};
/** Tags that the core puts on series, beside those that a metric declares. */
const CORE_TAGS = [PHASE_TAG, ROUND_TAG];
/** Tags that come with the name of a metric, beside those it declares itself. */
function tagsBeside({ metric }: CatalogueEntry): string[] {
  if (metric.startsWith('probe.')) return ['probe'];
  if (OWNERLESS.some((prefix) => metric.startsWith(prefix))) return [];
  return metric.startsWith('op.') ? ['actor', 'op', 'code'] : ['actor'];
}
const OWNERLESS = ['host.', 'brunt.', 'phase.', 'safety.', 'target.'];

/** What is wrong with a threshold, before anything runs; null: nothing. */
export function checkThreshold(
  { selector, assertion }: Sentence,
  catalogue: readonly CatalogueEntry[],
): Objection | null {
  const entry = catalogue.find(({ metric }) => metric === selector.metric);
  if (entry === undefined) return unknownMetric(selector.metric, catalogue);
  return (
    checkTags(selector, entry) ??
    checkAggregate(assertion.aggregate, entry) ??
    checkOperator(assertion, entry) ??
    checkOperand(assertion, entry) ??
    checkFor(assertion)
  );
}

function unknownMetric(metric: string, catalogue: readonly CatalogueEntry[]): Objection {
  const names = catalogue.map((entry) => entry.metric);
  const near = nearest(metric, names);
  const hint = near === undefined ? `Known: ${names.join(', ')}.` : `Did you mean "${near}"?`;
  return { message: `this run has no metric "${metric}"`, hint };
}

function checkTags(selector: Selector, entry: CatalogueEntry): Objection | null {
  const known = [...CORE_TAGS, ...Object.keys(entry.tags ?? {}), ...tagsBeside(entry)];
  for (const [name, values] of Object.entries(selector.tags)) {
    if (!known.includes(name)) {
      return {
        message: `metric "${entry.metric}" has no tag "${name}"`,
        hint: `It has: ${known.join(', ')}.`,
      };
    }
    const declared = entry.tags?.[name];
    const unknown =
      declared === undefined ? undefined : values.find((v) => v !== '*' && !declared.includes(v));
    // Error codes come up while running, so any may be asked for.
    if (unknown === undefined || name === 'code') continue;
    const hint = `Known: ${declared?.join(', ') ?? ''}.`;
    return { message: `tag "${name}" of "${entry.metric}" is never "${unknown}"`, hint };
  }
  return null;
}

function checkAggregate(aggregate: Aggregate, { metric, kind, unit }: CatalogueEntry): Objection | null {
  const word = typeof aggregate === 'object' ? 'percentile' : aggregate;
  const text = typeof aggregate === 'object' ? aggregate.text : aggregate;
  const has = unit === 'state' ? ['min', 'max', 'last'] : AGGREGATES_OF[kind];
  if (has.includes(word)) return null;
  const list = has.map((name) => (name === 'percentile' ? 'percentiles such as p99' : name)).join(', ');
  return { message: `"${metric}" is a ${kind} and has no ${text}`, hint: `It has: ${list}.` };
}

/** Equality of measured times or shares is chance. */
function checkOperator({ operator, aggregate }: Assertion, entry: CatalogueEntry): Objection | null {
  if (operator !== '==' && operator !== '!=') return null;
  if (aggregate === 'count' || aggregate === 'last' || entry.unit === 'state') return null;
  return {
    message: `"${operator}" is for counts, "last" and states only`,
    hint: `Write a bound: "<=" or ">=".`,
  };
}

function checkOperand({ operand, aggregate }: Assertion, entry: CatalogueEntry): Objection | null {
  const wanted = dimensionsOf(entry, aggregate);
  switch (operand.kind) {
    case 'state':
      if (entry.unit === 'state') return null;
      return { message: `"${operand.state}" is a state; "${entry.metric}" is measured in ${entry.unit}` };
    case 'baseline':
      return {
        message: 'no baseline can be given to a run yet',
        hint: 'Compare with another phase: "phase(name)".',
      };
    case 'phase':
      return operand.plus === undefined ? null : checkDimension(operand.plus.dimension, wanted, entry);
    case 'quantity':
      if (entry.unit === 'state') {
        return { message: `"${entry.metric}" is compared with a state`, hint: 'For example "max <= warn".' };
      }
      return checkDimension(operand.quantity.dimension, wanted, entry);
  }
}

function checkDimension(
  seen: string,
  wanted: readonly string[],
  { metric }: CatalogueEntry,
): Objection | null {
  if (wanted.includes(seen)) return null;
  if (wanted.length === 0) return { message: `"${metric}" has no unit for this aggregate` };
  const example = EXAMPLES[wanted[0] ?? ''] ?? wanted.join(' or ');
  return { message: `a ${seen} cannot bound "${metric}"`, hint: `It is compared with ${example}.` };
}

const EXAMPLES: Readonly<Record<string, string>> = {
  time: 'a time such as "5ms"',
  bytes: 'bytes such as "64MiB"',
  share: 'a percentage such as "1%"',
  cores: 'cores such as "2cores"',
  count: 'a plain number',
  celsius: 'a temperature such as "80C"',
  hertz: 'a frequency such as "2GHz"',
  'ops/s': 'a number per time such as "1000/s"',
  'bytes/s': 'bytes per time such as "1MiB/s"',
  'share/s': 'a percentage per time such as "1%/h"',
  'time/s': 'a time per time such as "1ms/h"',
};

function checkFor({ forMs }: Assertion): Objection | null {
  if (forMs === undefined) return null;
  return {
    message: 'a threshold is judged over its whole phases, so "for" says nothing in it',
    hint: 'Leave it out; "for" belongs to `until` and to safety limits.',
  };
}

// ---- after the run -----------------------------------------------------------

/**
 * Every threshold of the plan, once for each actor that has the metric (all of them where the selector names
 * none), over the phases it names, else over all measured phases together. Without data it fails.
 */
export function judge(plan: Pick<Plan, 'thresholds'>, accumulator: RunAccumulator): ThresholdResult[] {
  return plan.thresholds.flatMap((threshold) => {
    const found = accumulator.select(threshold.selector);
    const results = found.map((selection) => judgeOne(threshold, selection, accumulator));
    for (const actor of namedOwners(threshold.selector)) {
      if (!found.some((selection) => selection.actor === actor))
        results.push(noData(threshold, actor, accumulator));
    }
    return results.length > 0 ? results : [noData(threshold, null, accumulator)];
  });
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
