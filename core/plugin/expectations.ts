/**
 * Whether what a simulator promises can be held against a run: an expectation enters, what is wrong with it leaves. The
 * plan asks before it takes them up, the contract check when it looks at a plugin.
 */
import type { Expectation, FigureExpectation } from '../contract/expectation.js';
import { CORE_CHECKS } from '../contract/expectation.js';
import type { AnySimulator } from '../contract/plugin.js';

const CHECK = /^[a-z][a-z0-9-]{0,31}$/;
/** How far the shares of a mix may be from 1 when added up: rounding. */
const SUM_TOLERANCE = 1e-6;

type Declared = Pick<AnySimulator, 'operations' | 'metrics'>;

/** A sentence that continues "expects …", or null. */
export function expectationFault(expectation: Expectation, declared: Declared): string | null {
  switch (expectation.kind) {
    case 'operations':
      return unknownOperation(expectation.operations, declared);
    case 'bytes': {
      const { operation, min, max } = expectation;
      if (!(min >= 0 && max >= min && max < Infinity))
        return `${min} to ${max} bytes of an operation, which are no bounds`;
      return unknownOperation([operation], declared);
    }
    case 'mix': {
      const shares = Object.values(expectation.shares);
      if (!shares.every((share) => share >= 0 && share <= 1)) return 'a share that is not between 0 and 1';
      const sum = shares.reduce((a, b) => a + b, 0);
      if (Math.abs(sum - 1) > SUM_TOLERANCE) return `a mix of shares that add up to ${sum}, not to 1`;
      return unknownOperation(Object.keys(expectation.shares), declared);
    }
    case 'figure':
      return figureFault(expectation, declared);
    default:
      return 'something of no known kind';
  }
}

function unknownOperation(names: readonly string[], { operations = [] }: Declared): string | null {
  const unknown = names.find((name) => !operations.includes(name));
  return unknown === undefined ? null : `the operation "${unknown}", which it does not declare`;
}

function figureFault(figure: FigureExpectation, { metrics }: Declared): string | null {
  const { check, metric, min, max, near, within } = figure;
  if (!CHECK.test(check)) return `a check named "${check}", which is no name such as "coverage"`;
  if (CORE_CHECKS.some((name) => name === check)) return `a check named "${check}", which is the core's own`;
  const named = typeof near === 'object' ? [metric, near.metric] : [metric];
  const unknown = named.find((name) => !Object.hasOwn(metrics as object, name));
  if (unknown !== undefined) return `the metric "${unknown}", which it does not declare`;
  const bounds = [min, max, typeof near === 'number' ? near : undefined, within];
  if (bounds.some((bound) => bound !== undefined && !Number.isFinite(bound)))
    return `a bound of "${check}" that is no number`;
  if (min === undefined && max === undefined && near === undefined) return `nothing of "${check}"`;
  if ((near === undefined) !== (within === undefined))
    return `"near" without "within" of "${check}", or the other way round`;
  return null;
}
