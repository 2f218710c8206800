/** What bounds the work of one instance beside its share of the peak: the actor's pacing, divided. Used by the models. */
import { MS } from '../base/clock.js';
import type { PlannedActor, PlannedPacing } from '../contract/plan.js';

/** Operations of one instance outstanding at a time, where the plan does not say how many of the actor. */
export const IN_FLIGHT_EACH = 64;

/** Infinity: no such cap; burst 0: no bursts. */
export interface InstanceBounds {
  /** Operations and bytes a second. */
  readonly operationsMax: number;
  readonly bytesMax: number;
  /** So many operations, then nothing for restNs once all have ended. */
  readonly burst: number;
  readonly restNs: number;
}

export interface InstancePacing {
  readonly arrival: PlannedPacing['arrival'];
  /** Remainders go to the first instances. */
  readonly inFlight: number;
  readonly thinkNs: number;
  /** What holds places back though they are free; null: nothing. */
  readonly bounds: InstanceBounds | null;
  readonly isPrecise: boolean;
}

export function pacingOf(
  { instances, pacing }: Pick<PlannedActor, 'instances' | 'pacing'>,
  index: number,
): InstancePacing {
  const whole = pacing?.inFlight ?? IN_FLIGHT_EACH * instances;
  const inFlight = Math.floor(whole / instances) + (index < whole % instances ? 1 : 0);
  if (inFlight < 1) {
    throw new Error(`inFlight ${whole} cannot be shared by ${instances} instances: each needs one at least`);
  }
  return {
    arrival: pacing?.arrival ?? 'constant',
    inFlight,
    // In bursts the rest is all the thinking there is.
    thinkNs: pacing?.burst === undefined ? (pacing?.thinkTimeMs ?? 0) * MS : 0,
    bounds: pacing === undefined ? null : boundsOf(pacing, instances),
    isPrecise: pacing?.precision === 'precise',
  };
}

/** Caps are divided evenly: instances work alike. */
function boundsOf(
  { operationsMax, bytesMax, burst, thinkTimeMs }: PlannedPacing,
  instances: number,
): InstanceBounds | null {
  if (operationsMax === undefined && bytesMax === undefined && burst === undefined) return null;
  return {
    operationsMax: (operationsMax ?? Infinity) / instances,
    bytesMax: (bytesMax ?? Infinity) / instances,
    burst: burst ?? 0,
    restNs: thinkTimeMs * MS,
  };
}
