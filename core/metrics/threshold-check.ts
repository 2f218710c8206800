/**
 * Whether a sentence on figures can be judged at all: thresholds, conditions and `steady` enter before anything runs,
 * and what does not fit the kind, the tags or the unit of the metric leaves. The plan calls it.
 */
import type { Aggregate, Assertion, Selector, Until } from '../base/sentences.js';
import { nearest } from '../base/suggest.js';
import type { CatalogueEntry, MetricKind } from '../contract/metrics.js';
import type { PlannedThreshold } from '../contract/plan.js';
import { PHASE_TAG, ROUND_TAG } from './selector.js';
import { dimensionsOf } from './threshold-units.js';

export interface Objection {
  readonly message: string;
  readonly hint?: string;
}

type Sentence = Pick<PlannedThreshold, 'selector' | 'assertion'>;

/** `percentile` stands for all of them. */
const AGGREGATES_OF: Readonly<Record<MetricKind, readonly string[]>> = {
  counter: ['count', 'rate'],
  gauge: ['avg', 'min', 'max', 'last', 'slope', 'drift'],
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
export function checkThreshold(sentence: Sentence, catalogue: readonly CatalogueEntry[]): Objection | null {
  return checkCondition(sentence, catalogue) ?? checkFor(sentence.assertion);
}

/** The same for what ends a phase, where "for" has a meaning. */
export function checkUntil(until: Until, catalogue: readonly CatalogueEntry[]): Objection | null {
  switch (until.kind) {
    case 'done':
      return null;
    case 'condition':
      return checkCondition(until, catalogue);
    case 'steady': {
      const entry = catalogue.find(({ metric }) => metric === until.selector.metric);
      if (entry === undefined) return unknownMetric(until.selector.metric, catalogue);
      return checkTags(until.selector, entry) ?? checkAggregate(until.aggregate, entry);
    }
  }
}

function checkCondition(
  { selector, assertion }: Sentence,
  catalogue: readonly CatalogueEntry[],
): Objection | null {
  const entry = catalogue.find(({ metric }) => metric === selector.metric);
  if (entry === undefined) return unknownMetric(selector.metric, catalogue);
  return (
    checkTags(selector, entry) ??
    checkAggregate(assertion.aggregate, entry) ??
    checkOperator(assertion, entry) ??
    checkOperand(assertion, entry)
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
