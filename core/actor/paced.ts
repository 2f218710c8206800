/** What pacing needs to know of an instance: the context gives it, the models, the pacing and its engines read it. */
import type { MetricSpecs } from '../contract/metrics.js';
import type { ActorContext } from '../contract/plugin.js';
import type { InstancePacing } from './planned-pacing.js';
import type { TimelineReader } from './timeline-reader.js';
import type { Waiter } from './waiter.js';

type Told = 'actor' | 'instance' | 'control' | 'peak' | 'achieved';

export interface Paced extends Pick<ActorContext<object, MetricSpecs>, Told> {
  /** Peak of the actor as a whole, in the control's unit. */
  readonly whole: number;
  /** Of it, what this instance has at most: more than its share where few instances share a phase. */
  readonly peakMost: number;
  readonly seed: number;
  readonly pacing: InstancePacing;
  /** 0 to 1, from the gate and the person. */
  readonly scale: number;
  readonly timeline: TimelineReader;
  readonly waiter: Waiter;
  /** From when on what falls due is this instance's to do. */
  readonly joinedNs: number;
  askedAt(atNs: number): number;
  /** 0 to 1 of peak, scale included; 0 while idle or giving back. */
  levelAt(atNs: number): number;
}
