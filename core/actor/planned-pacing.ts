/** What bounds the work of one instance beside its share of the peak: the actor's pacing, divided. Used by the models. */
import { MS } from '../base/clock.js';
import type { PlannedActor, PlannedPacing } from '../contract/plan.js';

/** Operations of one instance outstanding at a time, where the plan does not say how many of the actor. */
export const IN_FLIGHT_EACH = 64;

export interface InstancePacing {
  readonly arrival: PlannedPacing['arrival'];
  /** Remainders go to the first instances. */
  readonly inFlight: number;
  readonly thinkNs: number;
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
    thinkNs: (pacing?.thinkTimeMs ?? 0) * MS,
    isPrecise: pacing?.precision === 'precise',
  };
}
