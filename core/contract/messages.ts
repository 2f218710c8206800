/**
 * What orchestrator and agents say to each other. Structured-cloneable, so that a link may be a pipe today and
 * a network later. Requests are idempotent: saying one twice changes nothing.
 */
import type { MetricKind, MetricUnit, Tags } from './metrics.js';
import type { Piece, PlannedActor, PlannedPhase } from './plan.js';
import type { StopRung, Unleased } from './events.js';
import type { Method } from './control-block.js';

export const LINK_VERSION = 1;

export interface Envelope<B> {
  readonly v: typeof LINK_VERSION;
  readonly run: string;
  readonly agent: string;
  /** Drawn anew by each process: tells one life of an agent from the next. */
  readonly boot: string;
  /** Raised by the orchestrator each time it (re)starts this agent. */
  readonly epoch: number;
  /** Counts the sender's messages from 0. */
  readonly seq: number;
  readonly tMonoNs: number;
  readonly body: B;
}

export type ToAgent =
  /** To an agent that was forked before there was a plan: whose it is from the next message on. */
  | { readonly type: 'join'; readonly run: string; readonly agent: string; readonly epoch: number }
  | {
      readonly type: 'load';
      readonly actors: readonly PlannedActor[];
      readonly phases: readonly PlannedPhase[];
      readonly seed: number;
      readonly windowMs: number;
      /** Silence of the orchestrator for so long ends the agent. */
      readonly leaseMs: number;
      readonly actorNice: number;
      /** Where the agent writes down what it makes outside memory, before it makes it. */
      readonly journal: string;
      /** Directory of the run's record: what actors keep lies in it (`keptIn`). */
      readonly record: string;
      /** Folder for scratch directories. */
      readonly tmp: string;
      /** Absolute: below these an actor may claim files and folders of its own. */
      readonly writablePaths: readonly string[];
    }
  /** The start instant of the run, CLOCK_MONOTONIC of this host. */
  | { readonly type: 'start'; readonly startNs: number }
  /** Phases have moved up: the start instants of all of them and of the end. The first is the one of `start`. */
  | { readonly type: 'phases'; readonly startsNs: readonly number[] }
  /** All pieces that a search has come to in this phase, the next one in the future; a level of NaN is a rest. */
  | {
      readonly type: 'steps';
      readonly actor: string;
      readonly phaseIndex: number;
      readonly pieces: readonly Piece[];
    }
  /** Starts the instances of this actor anew that ended with `isHeld`. */
  | { readonly type: 'restart'; readonly actor: string }
  /** Takes one instance up the ladder by itself: asks it, and ends its thread when it does not follow. */
  | { readonly type: 'end'; readonly actor: string; readonly instance: number }
  | { readonly type: 'scale'; readonly actor: string; readonly scale: number }
  | {
      readonly type: 'grant';
      readonly actor: string;
      readonly instance: number;
      readonly grant: number;
      readonly amount: number;
    }
  | { readonly type: 'revoke'; readonly actor: string }
  | { readonly type: 'ack'; readonly seq: number }
  /** `echo` comes back with the answer. */
  | { readonly type: 'beat'; readonly echo?: number }
  /** One rung of the stop ladder. `terminate` ends the threads that are left; the agent stays and reports. */
  | { readonly type: 'stop'; readonly rung: Exclude<StopRung, 'kill' | 'reap'> }
  | { readonly type: 'exit' };

export type FromAgent =
  | { readonly type: 'hello'; readonly pid: number; readonly node: string; readonly armed: ArmedWith }
  | { readonly type: 'loaded'; readonly actor: string; readonly instance: number; readonly tookMs: number }
  /** `recallFd`: the page by which the guard can void all credit at once (`recall.ts`); null: there is none. */
  | { readonly type: 'ready'; readonly recallFd: number | null }
  | { readonly type: 'frame'; readonly frame: Frame }
  /** Sent when an instance starts to wait for credit, and with every frame: the ledger's view of each instance. */
  | { readonly type: 'accounts'; readonly accounts: readonly LeaseAccount[] }
  | {
      readonly type: 'ended';
      readonly actor: string;
      readonly instance: number;
      readonly outcome: InstanceOutcome;
      /** It failed and its place is kept: `restart` fills it anew; a stop ends it, which is told once more. */
      readonly isHeld?: boolean;
    }
  | {
      readonly type: 'stuck';
      readonly actor: string;
      readonly instance: number;
      readonly method: Method;
      readonly silentMs: number;
    }
  /** Said once for each resource. */
  | ({ readonly type: 'unleased' } & Unleased)
  | {
      readonly type: 'log';
      readonly actor: string;
      readonly instance: number;
      readonly level: 'debug' | 'info' | 'warn';
      readonly message: string;
    }
  /** Answers a beat; `doing`: whose method has changed since the last one, for the case that the agent is lost. */
  | { readonly type: 'beat'; readonly doing?: readonly Doing[]; readonly echo?: number };

/** What an instance's thread was last seen in. */
export interface Doing {
  readonly actor: string;
  readonly instance: number;
  readonly method: Method;
}

/** What an agent could arm against being orphaned and against being killed last. */
export interface ArmedWith {
  readonly alarm: boolean;
  readonly oomFirst: boolean;
  readonly priority: number | null;
}

export interface LeaseAccount {
  readonly actor: string;
  readonly instance: number;
  /** All that ever arrived; with the ledger's own count of what it sent, this gives what is on its way. */
  readonly granted: number;
  readonly revoked: number;
  readonly credit: number;
  readonly claimed: number;
  readonly held: number;
  /** What the instance is parked for; 0: nothing. */
  readonly want: number;
}

export type InstanceOutcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'failed'; readonly method: Method; readonly reason: string; readonly stack?: string }
  | { readonly kind: 'unavailable'; readonly reason: string }
  | { readonly kind: 'terminated'; readonly method: Method };

/** Told once per series, and again until acknowledged; the numbers in a frame refer to `id`. */
export interface FrameSeries {
  readonly id: number;
  readonly metric: string;
  readonly kind: MetricKind;
  readonly unit: MetricUnit;
  readonly tags: Tags;
}

/**
 * What a source measured up to the end of one window. Everything is cumulative since the source's boot, except
 * the extremes, which are since the last acknowledged frame: a frame applied twice changes nothing, a lost one
 * costs freshness only. At most FRAMES_IN_FLIGHT are unacknowledged; beyond that the next one covers more.
 */
export interface Frame {
  readonly seq: number;
  /** Index of the window that this frame closes (see core/plan/cuts.ts). */
  readonly window: number;
  readonly fromNs: number;
  readonly toNs: number;
  readonly table: readonly FrameSeries[];
  readonly counterIds: Uint32Array;
  readonly counters: Float64Array;
  readonly ratioIds: Uint32Array;
  /** Two each: hits, total. */
  readonly ratios: Float64Array;
  readonly gaugeIds: Uint32Array;
  /** Five each: integral (unit · ns), covered ns, last; min, max since acknowledged. */
  readonly gauges: Float64Array;
  readonly trendIds: Uint32Array;
  /** Five each: count, sum; min, max since acknowledged; number of bins of this trend in binIndex. */
  readonly trends: Float64Array;
  /** Bins that changed since the last acknowledged frame, with their cumulative counts, trend after trend. */
  readonly binIndex: Uint16Array;
  readonly binCount: Float64Array;
  /** Values refused by recorders (not finite, negative), cumulative. */
  readonly refused: number;
}

export const FRAMES_IN_FLIGHT = 2;
