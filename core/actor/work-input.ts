/** What every way of working is given by `work.ts`, and what it answers. */
import type { PlannedActor } from '../contract/plan.js';
import type { ActorInstance } from '../contract/plugin.js';
import type { InstanceContext } from './context.js';
import type { InstanceSeries } from './input.js';
import type { MethodMark } from './method-mark.js';

/** Why work is over without a failure: a stop, or the simulator said that it has nothing more to do. */
export type WorkEnd = 'stopped' | 'done';

export interface WorkInput {
  readonly actor: PlannedActor;
  readonly series: InstanceSeries;
  readonly ctx: InstanceContext;
  readonly instance: ActorInstance;
  readonly mark: MethodMark;
  /** Told of recorders that come up while running (new error codes). */
  readonly onSeries: (series: InstanceSeries['plugin']) => void;
}
