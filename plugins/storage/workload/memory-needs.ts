/** How much memory the storage simulators take, before it is taken: for the plan's estimate, and for leases. */
import type { EstimateInput, ResourceEstimate } from '../../../core/contract/index.js';
import { keptStateBytes } from '../verify/kept-file.js';
import { Oracle } from '../verify/oracle.js';
import type { WorkloadOptions } from './options.js';
import { isKept, isVerifying, largestOf, unitOf } from './options.js';

const MIB = 2 ** 20;
/** Of payloads, choices and code, beside the engine's memory. */
export const OVERHEAD_BYTES = 8 * MIB;
/** Of each file of many: its size, its place, where a walk in it goes on, its name. */
export const FILE_BYTES = 128;

/** Shared memory for the oracle of a target of so many bytes that all instances work on; 0 where none is. */
export function sharedBytes(options: WorkloadOptions, bytes: number): number {
  const isInMemory = isVerifying(options) && !isKept(options);
  return isInMemory && options.distribution !== 'per-instance' ? oracleBytes(options, bytes) : 0;
}

export function memoryEstimate(
  options: WorkloadOptions,
  { control, peak, instances }: Omit<EstimateInput<unknown>, 'options'>,
  targetBytes: number,
): Required<Pick<ResourceEstimate, 'memoryBytes'>> {
  const inFlight = control === 'concurrency' ? peak : IN_FLIGHT * instances;
  const oracles = options.distribution === 'per-instance' ? instances : 1;
  const oracle = isVerifying(options) ? oracles * oracleBytes(options, targetBytes) : 0;
  return { memoryBytes: instances * OVERHEAD_BYTES + inFlight * largestOf(options) + oracle };
}

/** Operations in flight of one instance where the scenario does not say. */
const IN_FLIGHT = 64;

export function oracleBytes(options: WorkloadOptions, bytes: number): number {
  const units = Math.ceil(bytes / unitOf(options));
  return isKept(options) ? keptStateBytes(units) : Oracle.bytes(units);
}
