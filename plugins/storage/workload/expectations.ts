/** What a workload promises of the operations it does, for the trust checks of a run. Called by `disk` and `block`. */
import type { Expectation } from '../../../core/contract/index.js';
import type { WorkloadOptions } from './options.js';
import { mixOf, sizesOf } from './options.js';

export function workloadExpectations(options: WorkloadOptions): Expectation[] {
  const shares = mixOf(options);
  const sizes = sizesOf(options).map(({ bytes }) => bytes);
  const [min, max] = [Math.min(...sizes), Math.max(...sizes)];
  const moving = (['read', 'write'] as const).filter((operation) => shares[operation] > 0);
  return [
    { kind: 'mix', shares: { ...shares } },
    ...moving.map((operation) => ({ kind: 'bytes' as const, operation, min, max })),
  ];
}
