/** The right side of an assertion as a number: as it stands, or the same figure of the same owner in another phase. */
import type { Aggregate, Operand, Selector } from '../base/sentences.js';
import type { RunAccumulator } from './accumulate.js';
import { aggregateOf } from './aggregate.js';
import { fixedBound } from './compare.js';

interface Sentence {
  readonly selector: Selector;
  readonly aggregate: Aggregate;
  readonly operand: Operand;
}

/** `phase(before) * 1.2`. Null: nothing to compare with, or not yet. */
export function boundFor(
  { selector, aggregate, operand }: Sentence,
  owner: string | null,
  accumulator: RunAccumulator,
): number | null {
  if (operand.kind !== 'phase') return fixedBound(operand);
  const there = accumulator.select(selector, [operand.phase]).find(({ actor }) => actor === owner);
  const value = there === undefined ? null : aggregateOf(there.total, aggregate, there);
  return value === null ? null : value * (operand.times ?? 1) + (operand.plus?.value ?? 0);
}
