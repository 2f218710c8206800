/** What the sentences of a scenario mean once parsed. `grammar.ts` makes these; everything else reads them. */
import type { Quantity } from './units.js';

export const OPERATORS = ['<', '<=', '>', '>=', '==', '!='] as const;
export type Operator = (typeof OPERATORS)[number];

export const AGGREGATES = [
  'avg',
  'min',
  'max',
  'last',
  'med',
  'stddev',
  'count',
  'sum',
  'rate',
  'share',
  'slope',
  'drift',
] as const;
/** A named aggregate, or a percentile: `{ percentile: 0.999, text: 'p99.9' }`. */
export type Aggregate = (typeof AGGREGATES)[number] | { readonly percentile: number; readonly text: string };

/** From harmless to drastic; the number is the severity, and the value of the series `safety.state`. */
export const SAFETY_STATES = ['ok', 'warn', 'throttle', 'pause', 'stop', 'kill'] as const;
export type SafetyState = (typeof SAFETY_STATES)[number];
export type SafetyAction = Exclude<SafetyState, 'ok'>;

export interface Selector {
  readonly metric: string;
  /** Each tag with the values it may have (any of them). */
  readonly tags: Readonly<Record<string, readonly string[]>>;
}

export type Operand =
  | { readonly kind: 'quantity'; readonly quantity: Quantity }
  | { readonly kind: 'state'; readonly state: SafetyState }
  | { readonly kind: 'phase'; readonly phase: string; readonly times?: number; readonly plus?: Quantity }
  | { readonly kind: 'baseline'; readonly times?: number; readonly plus?: Quantity };

export interface Assertion {
  readonly aggregate: Aggregate;
  readonly operator: Operator;
  readonly operand: Operand;
  readonly forMs?: number;
  readonly text: string;
}

export type Until =
  | { readonly kind: 'done' }
  | { readonly kind: 'steady'; readonly aggregate: Aggregate; readonly selector: Selector }
  | { readonly kind: 'condition'; readonly selector: Selector; readonly assertion: Assertion };

/** When a safety action is taken: the reading is beyond the bound for so long. */
export interface Trigger {
  readonly operator: '<' | '>';
  readonly quantity: Quantity;
  readonly forMs: number;
  readonly text: string;
}

export type PeakSentence =
  | { readonly kind: 'limit'; readonly text: string }
  | { readonly kind: 'amount'; readonly quantity: Quantity; readonly base?: string; readonly text: string };

export interface LoadSentence {
  readonly from: Quantity;
  /** Absent: hold `from`. */
  readonly to?: Quantity;
}

/** "5s..20s", "30%..100%": both ends in one unit, the smaller first. */
export interface RangeSentence {
  readonly from: Quantity;
  readonly to: Quantity;
}
