/** What a workload promises of the operations it does, for the trust checks of a run. Called by `disk` and `block`. */
import type { Expectation } from '../../../core/contract/index.js';
import type { WorkloadOptions } from './options.js';
import { mixOf, sizesOf } from './options.js';

/** `isCut`: the last block of a file may be shorter than it was drawn. */
export function workloadExpectations(options: WorkloadOptions, isCut = false): Expectation[] {
  const shares = mixOf(options);
  const sizes = sizesOf(options).map(({ bytes }) => bytes);
  const [min, max] = [isCut ? 1 : Math.min(...sizes), Math.max(...sizes)];
  const moving = (['read', 'write'] as const).filter((operation) => shares[operation] > 0);
  return [
    { kind: 'mix', shares: { ...shares } },
    { kind: 'figure', check: 'skew', metric: 'skew-off', max: 0 },
    ...moving.map((operation) => ({ kind: 'bytes' as const, operation, min, max })),
  ];
}
