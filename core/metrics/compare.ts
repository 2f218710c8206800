/** How a value stands to the bound of an assertion. */
import { unreachable } from '../base/assert.js';
import type { Operand, Operator } from '../base/sentences.js';
import { SAFETY_STATES } from '../base/sentences.js';

export function compare(value: number, operator: Operator, bound: number): boolean {
  switch (operator) {
    case '<':
      return value < bound;
    case '<=':
      return value <= bound;
    case '>':
      return value > bound;
    case '>=':
      return value >= bound;
    case '==':
      return value === bound;
    case '!=':
      return value !== bound;
    default:
      return unreachable(operator);
  }
}

/** The bound where it stands in the sentence; null where it is taken from another phase or run. */
export function fixedBound(operand: Operand): number | null {
  switch (operand.kind) {
    case 'quantity':
      return operand.quantity.value;
    case 'state':
      return SAFETY_STATES.indexOf(operand.state);
    case 'phase':
    case 'baseline':
      return null;
  }
}
