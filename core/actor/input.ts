/** What the agent's main thread gives to the thread of one instance, what comes back, and what they say meanwhile. */
import type { MessagePort } from 'node:worker_threads';
import type { MetricSpecs } from '../contract/metrics.js';
import type { PlannedActor } from '../contract/plan.js';

export interface InstanceInput {
  readonly actor: PlannedActor;
  readonly index: number;
  readonly seed: number;
  /** Niceness of this thread, absolute. */
  readonly nice: number;
  readonly block: SharedArrayBuffer;
  readonly timeline: SharedArrayBuffer;
  /** One Int32 word for all instances of the agent: raised when one of them starts to wait for credit. */
  readonly doorbell: SharedArrayBuffer;
  /** Where the page lies that the guard and this agent share; null where there is none. */
  readonly recallAddress: number | null;
  readonly shared: SharedArrayBuffer | null;
  /** Directory of the run's record. */
  readonly record: string;
  readonly series: InstanceSeries;
  /** A later life of the instance: what `prepare` made is there. */
  readonly isPrepared: boolean;
  readonly port: MessagePort;
}

/** For a thread that is made ahead of time: where its instance will come in. */
export interface LaterInput {
  readonly port: MessagePort;
}

/** The recorders of one instance: specs, and the memory that they write into. */
export interface SeriesMemory {
  readonly specs: MetricSpecs;
  readonly buffer: SharedArrayBuffer;
}

export interface InstanceSeries {
  readonly plugin: SeriesMemory;
  /** Holds `actor.held`. */
  readonly core: SeriesMemory;
  /** `op.*`; null for a simulator that declares no operations. */
  readonly operations: SeriesMemory | null;
}

/** After the last instance of an actor: its `cleanup`, on a thread of its own. */
export interface CleanupInput {
  readonly actor: PlannedActor;
  readonly port: MessagePort;
}

export type FromInstance =
  /** `prepare` of the actor is over (first instance only): the others may start. */
  | { readonly type: 'prepared' }
  | { readonly type: 'loaded'; readonly tookMs: number; readonly hasCleanup: boolean }
  | { readonly type: 'log'; readonly level: 'debug' | 'info' | 'warn'; readonly message: string }
  /** Recorders that came up while running (a new error code); their memory is shared. */
  | ({ readonly type: 'series' } & SeriesMemory)
  | { readonly type: 'scratch' }
  | { readonly type: 'claim'; readonly path: string };

export type ToInstance =
  | { readonly type: 'scratch'; readonly path: string }
  | { readonly type: 'scratch-failed'; readonly reason: string }
  | { readonly type: 'claimed'; readonly path: string }
  | { readonly type: 'claim-failed'; readonly path: string; readonly reason: string };
