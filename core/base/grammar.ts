/**
 * One grammar for all sentences of a scenario: thresholds, conditions, limits, peaks, levels, durations. Text
 * enters, the types of `sentences.ts` leave; scenario, safety and CLI call it. Each mistake is a GrammarError.
 */
import { DIMENSION_NAMES, GrammarError, Scanner } from './scanner.js';
import type {
  Aggregate,
  Assertion,
  LoadSentence,
  Operand,
  Operator,
  PeakSentence,
  RangeSentence,
  Selector,
  Trigger,
  Until,
} from './sentences.js';
import { AGGREGATES, OPERATORS, SAFETY_STATES } from './sentences.js';
import { nearest } from './suggest.js';
import type { Quantity } from './units.js';

export { GrammarError } from './scanner.js';

const METRIC = /[a-z][A-Za-z0-9_-]*(?:\.[a-z][A-Za-z0-9_-]*)*/y;
const BARE_VALUE = /[A-Za-z0-9_./*-]+/y;
const QUOTED_VALUE = /"[^"]*"/y;
const AGGREGATE_WORD = /[A-Za-z0-9][A-Za-z0-9.]*/y;
const PERCENTILE = /^p(\d+(?:\.\d+)?)$/;
const OPERATOR_SIGN = /[<>=!]+/y;
const FACTOR = /\d+(?:\.\d+)?/y;
const PHASE_NAME = /[a-z][a-z0-9_-]*/y;

function whole<T>(text: string, rule: (s: Scanner) => T): T {
  const scanner = new Scanner(text);
  const result = rule(scanner);
  scanner.end();
  return result;
}

/** "op.latency{actor:db|wal,phase:load}": which series. */
export const parseSelector = (text: string): Selector => whole(text, selector);
/** "p99 < 5ms for 10s": what must hold of the selected series. */
export const parseAssertion = (text: string): Assertion => whole(text, assertion);
/** "op.latency{actor:db} p99 > 20ms for 5s": a selector and an assertion. */
export const parseCondition = (text: string): Extract<Until, { kind: 'condition' }> => whole(text, condition);
/** "done", "steady rate op.count{actor:db}", or a condition: when a phase ends early. */
export const parseUntil = (text: string): Until => whole(text, until);
/** "< 10% for 2s": when a safety action is taken. */
export const parseTrigger = (text: string): Trigger => whole(text, trigger);
/** "2GiB", "60% of total", "500/s", "limit": what 100 % means for an actor. */
export const parsePeak = (text: string): PeakSentence => whole(text, peak);
/** "60%", "10% -> 90%", "2GiB -> 4GiB". */
export const parseLoad = (text: string): LoadSentence => whole(text, load);
/** One level: 0 % to 100 % of peak, or an amount in the peak's unit. */
export const parseLevel = (text: string): Quantity => whole(text, level);
/** "5s..20s": any quantity between two; a single one is both ends. */
export const parseRange = (text: string): RangeSentence => whole(text, (s) => range(s, (r) => r.quantity()));
/** "5s..20s" in milliseconds. */
export const parseDurations = (text: string): { fromMs: number; toMs: number } => {
  const { from, to } = whole(text, (s) => range(s, time));
  return { fromMs: from.value / 1e6, toMs: to.value / 1e6 };
};
/** "30%..100%": a range of levels. */
export const parseLevelRange = (text: string): RangeSentence => whole(text, (s) => range(s, level));
export const parseQuantity = (text: string): Quantity => whole(text, (s) => s.quantity());
/** "500/s", "20MiB/s": so much a second at most. */
export const parseCap = (text: string): Quantity => whole(text, cap);
/** "1m30s" in milliseconds. */
export const parseDuration = (text: string): number => whole(text, duration);

function selector(s: Scanner): Selector {
  const metric = s.match(METRIC)?.[0];
  if (metric === undefined) throw s.expected('a metric name such as "op.latency"');
  const tags = new Map<string, readonly string[]>();
  if (s.symbol('{')) {
    do {
      s.space();
      const nameAt = s.at;
      const name = s.word('a tag such as "actor:db"');
      if (tags.has(name)) {
        throw new GrammarError(`tag "${name}" appears twice`, nameAt, 'Several values: "actor:a|b".');
      }
      s.needSymbol(':');
      tags.set(name, tagValues(s));
    } while (s.symbol(','));
    s.needSymbol('}');
  }
  return { metric, tags: Object.fromEntries(tags) };
}

function tagValues(s: Scanner): string[] {
  const values: string[] = [];
  do {
    const quoted = s.match(QUOTED_VALUE)?.[0].slice(1, -1);
    const value = quoted ?? s.match(BARE_VALUE)?.[0];
    if (value === undefined) throw s.expected('a tag value');
    values.push(value);
  } while (s.symbol('|'));
  return values;
}

/** One spelling of a selector: tags and their values sorted, quotes only where needed. */
export function selectorText({ metric, tags }: Selector): string {
  const one = (name: string): string => {
    const values = [...new Set(tags[name])].sort();
    return `${name}:${values.map((v) => (/^[A-Za-z0-9_./*-]+$/.test(v) ? v : `"${v}"`)).join('|')}`;
  };
  const names = Object.keys(tags).sort();
  return names.length === 0 ? metric : `${metric}{${names.map(one).join(',')}}`;
}

function aggregate(s: Scanner): Aggregate {
  s.space();
  const at = s.at;
  const word = s.match(AGGREGATE_WORD)?.[0];
  if (word === undefined) throw s.expected('an aggregate such as "p99" or "avg"');
  const named = AGGREGATES.find((name) => name === word);
  if (named !== undefined) return named;
  const percent = PERCENTILE.exec(word)?.[1];
  if (percent === undefined) throw unknownAggregate(word, at);
  const number = Number(percent);
  if (number > 0 && number < 100) return { percentile: Number(`${percent}e-2`), text: `p${number}` };
  const hint = number >= 100 ? 'For the largest value write "max".' : 'For the smallest value write "min".';
  throw new GrammarError(`"${word}": a percentile lies between 0 and 100, both excluded`, at, hint);
}

function unknownAggregate(word: string, at: number): GrammarError {
  const turned = /^(\d+(?:\.\d+)?)p$/.exec(word)?.[1];
  const near = turned === undefined ? nearest(word, AGGREGATES) : `p${turned}`;
  const known = `Known: ${AGGREGATES.join(', ')}, and percentiles such as p99.9.`;
  const hint = near === undefined ? known : `Did you mean "${near}"? ${known}`;
  return new GrammarError(`unknown aggregate "${word}"`, at, hint);
}

const OPERATOR_MEANT: Readonly<Record<string, Operator>> = { '=': '==', '===': '==', '=<': '<=', '=>': '>=' };

function operator(s: Scanner): Operator {
  s.space();
  const at = s.at;
  const sign = s.match(OPERATOR_SIGN)?.[0];
  if (sign === undefined) throw s.expected(`one of ${OPERATORS.join(' ')}`);
  const known = OPERATORS.find((o) => o === sign);
  if (known !== undefined) return known;
  const meant = OPERATOR_MEANT[sign];
  const hint = meant === undefined ? `One of ${OPERATORS.join(' ')}.` : `Write "${meant}".`;
  throw new GrammarError(`unknown operator "${sign}"`, at, hint);
}

function operand(s: Scanner): Operand {
  if (s.keyword('baseline')) return { kind: 'baseline', ...adjustment(s) };
  if (s.keyword('phase')) {
    s.needSymbol('(');
    const phase = s.match(PHASE_NAME)?.[0];
    if (phase === undefined) throw s.expected('the name of a phase');
    s.needSymbol(')');
    return { kind: 'phase', phase, ...adjustment(s) };
  }
  const state = SAFETY_STATES.find((name) => s.keyword(name));
  return state === undefined ? { kind: 'quantity', quantity: s.quantity() } : { kind: 'state', state };
}

function adjustment(s: Scanner): { times?: number; plus?: Quantity } {
  if (s.symbol('*')) {
    const factor = s.match(FACTOR)?.[0];
    if (factor === undefined) throw s.expected('a factor such as 1.2');
    return { times: Number(factor) };
  }
  return s.symbol('+') ? { plus: s.quantity() } : {};
}

function assertion(s: Scanner): Assertion {
  s.space();
  const start = s.at;
  const parts = { aggregate: aggregate(s), operator: operator(s), operand: operand(s) };
  const forMs = lasting(s);
  return { ...parts, ...(forMs === undefined ? {} : { forMs }), text: s.text.slice(start).trimEnd() };
}

function lasting(s: Scanner): number | undefined {
  return s.keyword('for') ? duration(s) : undefined;
}

function condition(s: Scanner): Extract<Until, { kind: 'condition' }> {
  return { kind: 'condition', selector: selector(s), assertion: assertion(s) };
}

function until(s: Scanner): Until {
  if (s.keyword('done')) return { kind: 'done' };
  if (s.keyword('steady')) return { kind: 'steady', aggregate: aggregate(s), selector: selector(s) };
  return condition(s);
}

function trigger(s: Scanner): Trigger {
  s.space();
  const start = s.at;
  const sign = s.match(OPERATOR_SIGN)?.[0];
  if (sign !== '<' && sign !== '>') {
    throw new GrammarError(`a limit begins with "<" or ">", not "${sign ?? s.rest()}"`, start);
  }
  const quantity = s.quantity();
  return { operator: sign, quantity, forMs: lasting(s) ?? 0, text: s.text.slice(start).trimEnd() };
}

function peak(s: Scanner): PeakSentence {
  const text = s.text.trim();
  if (s.keyword('limit')) return { kind: 'limit', text };
  s.space();
  const start = s.at;
  const quantity = s.quantity();
  if (quantity.value <= 0) throw new GrammarError('a peak is more than 0', start);
  s.space();
  const ofAt = s.at;
  if (!s.keyword('of')) return { kind: 'amount', quantity, text };
  if (quantity.dimension !== 'share') throw new GrammarError('"of" follows a percentage only', ofAt);
  return { kind: 'amount', quantity, base: s.word('what it is a percentage of'), text };
}

function level(s: Scanner): Quantity {
  s.space();
  const start = s.at;
  const quantity = s.quantity();
  if (quantity.value < 0) throw new GrammarError('a level is not below 0', start);
  if (quantity.dimension === 'share' && quantity.value > 1) {
    const hint = "Raise the actor's peak instead.";
    throw new GrammarError('a level lies between 0% and 100% of peak', start, hint);
  }
  return quantity;
}

function cap(s: Scanner): Quantity {
  s.space();
  const start = s.at;
  const quantity = s.quantity();
  const isSpeed = quantity.dimension === 'ops/s' || quantity.dimension === 'bytes/s';
  if (isSpeed && quantity.value > 0) return quantity;
  const hint = 'For example "500/s" or "20MiB/s".';
  throw new GrammarError('a cap is operations or bytes a second, more than 0', start, hint);
}

function load(s: Scanner): LoadSentence {
  const from = level(s);
  return s.symbol('->') ? { from, to: level(s) } : { from };
}

function range(s: Scanner, rule: (s: Scanner) => Quantity): RangeSentence {
  s.space();
  const start = s.at;
  const from = rule(s);
  const to = s.symbol('..') ? rule(s) : from;
  if (from.dimension !== to.dimension) {
    const seen = `${DIMENSION_NAMES[from.dimension]} and ${DIMENSION_NAMES[to.dimension]}`;
    throw new GrammarError(`both ends of a range have one unit, not ${seen}`, start);
  }
  if (from.value > to.value) throw new GrammarError('a range begins with its smaller end', start);
  return { from, to };
}

function duration(s: Scanner): number {
  return time(s).value / 1e6;
}

function time(s: Scanner): Quantity {
  s.space();
  const start = s.at;
  const quantity = s.quantity();
  const { value, dimension } = quantity;
  if (dimension === 'time' && value >= 0) return quantity;
  const seen = value < 0 ? 'a negative amount' : DIMENSION_NAMES[dimension];
  throw new GrammarError(`a duration is not ${seen}`, start, 'Such as "30s", "1m30s", "250ms".');
}
