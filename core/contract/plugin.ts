/** What a simulator is. Plain data and functions: nothing to inherit, nothing that is scanned for. */
import type { Expectation } from './expectation.js';
import type { Capability, HostFacts, ResourceEstimate } from './host.js';
import type { MetricSpecs, Recorders } from './metrics.js';
import type { AnyProbe } from './probe.js';
import type { ObjectSchema, Resolved } from './schema-types.js';

/** Raised only when an existing plugin would stop working. Checked before any code of the plugin runs. */
export const PLUGIN_API = 1;

/**
 * What the one number that moves means.
 * amount: hold so much. growth: take so much more a second; 0 % keeps what is held. rate: operations a second,
 * started when due whether or not earlier ones are done. concurrency: operations in flight. switch: on above 0 %.
 */
export type ControlKind = 'amount' | 'growth' | 'rate' | 'concurrency' | 'switch';

/** The unit of an actor's `peak` picks one of its simulator's controls: no two may share a unit. */
export interface Control {
  readonly kind: ControlKind;
  readonly unit: 'bytes' | 'cores' | 'count' | 'bytes/s' | 'ops/s' | 'switch';
  /** Used when the scenario gives no `peak`: "100% of quota", "100/s". At most one control has it. */
  readonly defaultPeak?: string;
  /**
   * What a percentage of peak may be "of", each as an amount of this control's unit on this host. Pure.
   * `defaultBase` is taken when a percentage names none; without it a bare percentage is an error.
   */
  readonly bases?: Readonly<Record<string, (host: HostFacts) => number>>;
  readonly defaultBase?: string;
  /** Declared by a simulator that goes on until it is refused: what peak "limit" is on this host at most. Pure. */
  readonly limit?: (host: HostFacts) => number;
}

/** The peak of an actor as its simulator is asked about it: an amount in the control's unit. */
export interface AskedPeak {
  /** The control that it picked. */
  readonly control: ControlKind;
  readonly amount: number;
  readonly base?: string;
}

/** What a lease is of. An actor takes these only by lease. */
export type Resource = 'memory' | 'openFiles' | 'disk' | 'pids' | 'sockets';

export interface Lease {
  /** Claims n of what is already granted. Never blocks; false when not that much is granted. */
  take(n: number): boolean;
  /**
   * Synchronous simulators: parks this thread until n is granted, then claims it. False when a stop or a release
   * was asked meanwhile, or when less than n is asked of the actor by now. n ≤ `batchMax`.
   */
  wait(n: number): boolean;
  /** The same for code that awaits. */
  request(n: number): Promise<boolean>;
  /** What was claimed exists now and shows in the host's readings (pages touched, descriptors open). */
  confirm(n: number): void;
  /** So much was given back to the host. */
  give(n: number): void;
  /** The largest n that wait and request take. */
  readonly batchMax: number;
}

/** What the core gives an instance. Plugins are trusted code: this is a contract with checks, not a sandbox. */
export interface ActorContext<O, M extends MetricSpecs> {
  readonly actor: string;
  readonly instance: { readonly index: number; readonly count: number };
  readonly options: O;
  /** The control that the scenario's peak picked. */
  readonly control: ControlKind;
  /** This instance's share of the peak, in the control's unit. */
  readonly peak: number;
  /** The amount asked of this instance now, in the control's unit (growth: what it should hold by now). */
  asked(): number;
  /** 0 to 1 of peak, after the safety gate's scale. Reads shared memory: valid in a loop that never yields. */
  level(): number;
  /**
   * What this instance really holds or does from now on, in the unit of asked(). With overNs: what it did on average
   * over so many nanoseconds up to now, for what can only be measured afterwards.
   */
  achieved(amount: number, overNs?: number): void;
  /** True once a stop was asked for. Reads shared memory, so that a blocking loop sees it too. */
  stopped(): boolean;
  /** The same for code that awaits. */
  readonly signal: AbortSignal;
  /** Seeded by run, actor and instance. Math.random is banned in simulators. */
  random(): number;
  /** CLOCK_MONOTONIC. Date.now is banned in simulators. */
  nowNs(): number;
  readonly metrics: Recorders<M>;
  /** Due times and recording of operations, for engines with a `run()` of their own; step and stepAsync need neither. */
  readonly operations: Operations;
  /** One memory for all instances of the actor, of the size that `shared` declared; else null. */
  readonly shared: SharedArrayBuffer | null;
  readonly lease: Lease;
  /**
   * Sleeps this thread until what is asked may have changed (level, scale, lease, release, stop) or until maxMs.
   * Without maxMs it costs nothing while nothing changes. For synchronous loops. Under a rate with `pacing: precise` the
   * thread does not sleep for the last 200 µs of maxMs.
   */
  park(maxMs?: number): void;
  /** Says that a working loop is alive; needed only where a loop runs longer than the simulator's `quietMs`. */
  beat(): void;
  /**
   * Between slices of long work beside the load, such as filling a target in `start`: a sign of life that waits while
   * the safety gate or a person holds the actor, and slows down with its scale. False once a stop is asked for.
   */
  pace(): Promise<boolean>;
  /** A directory of this instance's own, removed after the run in every outcome. */
  scratch(): Promise<string>;
  /**
   * Says that this instance will make a file or folder at an absolute path below the scenario's `writablePaths`, where
   * nothing is now: it is written down first, and removed after the run in every outcome. Rejects when it may not be.
   * What is to be kept is not claimed.
   */
  claim(path: string): Promise<void>;
  /**
   * The actor's folder in the run's record, the same for all its instances, for what a later run is to find: it lives as
   * long as the record does. `keptIn` says where it is in the record of an earlier run (an option of format "run").
   */
  keep(): Promise<string>;
  /** Ids of what may be destroyed: told by `inspect`, named by the scenario. To be looked at again once it is open. */
  readonly erasable: readonly string[];
  log(level: 'debug' | 'info' | 'warn', message: string): void;
  /** This host, or the target, lacks what the simulator needs: the run ends as "could not start" (exit 7). */
  unavailable(reason: string): never;
}

/** One due operation. */
export interface Operation {
  /** When it was due, CLOCK_MONOTONIC. Its latency counts from here. */
  readonly dueNs: number;
  readonly sequence: number;
  readonly signal: AbortSignal;
  random(): number;
}

/** One operation that an engine has ended. Read at once: the object may be used again. */
export interface OperationRecord {
  /** One of the simulator's `operations`; default: the first. */
  readonly op?: string;
  /** It failed, with this code. */
  readonly code?: string;
  /** As told by nextDueNs; for operations without a due time, when the engine wanted to start it. */
  readonly dueNs: number;
  readonly startNs: number;
  readonly endNs: number;
  readonly bytes?: number;
}

/** What many operations were, each field an array over the engine's own numbering of them. */
export interface OperationColumns {
  /** Which of the simulator's `operations`, by its place in them. */
  readonly kind: Uint8Array;
  readonly dueNs: Float64Array;
  readonly startNs: Float64Array;
  readonly endNs: Float64Array;
  /** Bytes done. */
  readonly result: Int32Array;
}

/**
 * For engines that batch. With the controls rate and concurrency: start what nextDueNs says is due, record what has
 * ended, and park until the next is due (`ctx.park(ms)`; async engines await their completions or a timer).
 */
export interface Operations {
  /** So many of this instance may be outstanding at a time: what an engine needs room for. */
  readonly inFlightMax: number;
  /**
   * When one more may start, CLOCK_MONOTONIC: now or earlier means at once. Infinity while none may: nothing is due
   * any more, `inFlight` or the places asked for are in use, or the actor is paused, idle or stopped.
   */
  nextDueNs(): number;
  /** The operation that nextDueNs told starts now (or started at startNs). */
  start(dueNs: number, startNs?: number): void;
  /** It has ended. Under a rate only what was started can end. */
  record(operation: OperationRecord): void;
  /**
   * nextDueNs and start for many at once: starts all that may start now, at most `most`, and writes their due times
   * to the begin of `dueNs`. How many. For engines that do hundreds of thousands a second, as is the next. One that has
   * just read the clock says what it said.
   */
  startDue(dueNs: Float64Array, most: number, nowNs?: number): number;
  /** record for many that have ended well: `count` of them, of which `which` begins with the numbers. */
  recordMany(columns: OperationColumns, which: Uint32Array, count: number): void;
}

/** What an operation did. `op` names one of the simulator's `operations` (default: the first). */
export interface Outcome {
  readonly op?: string;
  readonly bytes?: number;
}

/**
 * A failed operation, counted under its code and kind (`op`, default: the first); the actor goes on. Anything else that
 * is thrown fails the actor. Its latency goes to `op.failed.latency`, never to `op.latency`.
 */
export class OperationError extends Error {
  override name = 'OperationError';
  readonly code: string;
  readonly op: string | undefined;
  constructor(code: string, message: string = code, op?: string) {
    super(message);
    this.code = code;
    this.op = op;
  }
}

/**
 * One running instance. It works in exactly one way:
 * - `step(op)`: one operation, synchronous, called when due;
 * - `stepAsync(op)`: one operation; the core keeps up to the instance's share of `inFlight` outstanding, and those that
 *   have not ended a second after `op.signal` asked them to count as unfinished;
 * - `run()`: its own loop until stopped(), or until it returns 'done';
 * - `adjust(amount)` alone, for holders (controls amount and growth): move towards the amount, at most 100 ms of
 *   work a call, and report with achieved(). Called again while achieved differs from asked; a holder at its
 *   amount is parked and costs nothing.
 * Where `adjust` stands beside one of the others it is called when what is asked has changed.
 */
export interface ActorInstance {
  step?(op: Operation): Outcome | 'done' | void;
  stepAsync?(op: Operation): Promise<Outcome | 'done' | void>;
  run?(): Promise<'done' | void> | 'done' | void;
  adjust?(amount: number): Promise<void> | void;
  /** Give back everything held, now; a later adjust with an amount above 0 takes again. */
  release?(): Promise<void> | void;
  /** Always called, once, in every outcome in which the thread still runs. */
  dispose(): Promise<void> | void;
}

export interface EstimateInput<O> {
  readonly options: O;
  readonly control: ControlKind;
  /** Of the actor as a whole. */
  readonly peak: number;
  readonly instances: number;
  /** How long the actor is above 0 %, at most. */
  readonly loadedMs: number;
  readonly host: HostFacts;
}

export interface PrepareContext<O> {
  readonly actor: string;
  readonly options: O;
  readonly peak: number;
  readonly signal: AbortSignal;
  /** As of the actor's context. */
  claim(path: string): Promise<void>;
  pace(): Promise<boolean>;
  log(level: 'debug' | 'info' | 'warn', message: string): void;
  unavailable(reason: string): never;
}

/** Something about the options that no schema can say: they contradict each other, or cannot be had together. */
export interface OptionFault {
  /** Inside the options: ['mix', 'read']; [] for all of them. */
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly seen?: unknown;
  readonly hint?: string;
}

export interface InspectInput<O> extends Omit<EstimateInput<O>, 'loadedMs'> {
  readonly actor: string;
}

/** What of this host an actor will work on, as `inspect` found it. */
export interface Inspection {
  /** Why it must not. */
  readonly faults: readonly OptionFault[];
  /** What is there now and will not be afterwards. */
  readonly destroys: readonly Destroyed[];
  /** What other actors of the plan may work on as well: the core holds all of it against each other. Default: nothing. */
  readonly works?: readonly WorkedOn[];
}

/** A part of something outside the run. Two of the same `what`, or of a folder and what is in it, may overlap. */
export interface WorkedOn {
  /** A real path, or a name of a device: the same from whichever actor. */
  readonly what: string;
  readonly from: number;
  readonly bytes: number;
  readonly isWritten: boolean;
  /** What another actor wrote to it would be told as an error. */
  readonly isVerified: boolean;
  /** It was said that several may write to it at the same time. */
  readonly isShared: boolean;
  /** Of the option that says it. */
  readonly path: readonly (string | number)[];
}

export interface Destroyed {
  /** Its own names, none of which can come to mean something else; the best first. One must be in `erasableDevices`. */
  readonly ids: readonly string[];
  /** For who reads the plan: what it is, how large, which part of it. */
  readonly text: string;
  /** Of the option that says it. */
  readonly path: readonly (string | number)[];
}

type PerOptions<O, T> = T | ((input: { readonly options: O }) => T);

export interface Simulator<S extends ObjectSchema = ObjectSchema, M extends MetricSpecs = MetricSpecs> {
  readonly name: string;
  readonly description: string;
  readonly controls: readonly Control[];
  /** The kinds of operation it does, for the tag `op`. Needed with step and stepAsync. */
  readonly operations?: readonly string[];
  readonly options: S;
  readonly metrics: M;
  readonly needs?: PerOptions<Resolved<S>, readonly Capability[]>;
  /** thread: shares the agent of built-in thread actors. process: each actor has an agent of its own. */
  readonly isolation?: PerOptions<Resolved<S>, 'thread' | 'process'>;
  /** The resource that this simulator takes, always by lease. */
  readonly takes?: PerOptions<Resolved<S>, Resource | null>;
  /**
   * Instances when the scenario does not say. Default 1. `peak`: of the actor as a whole, with the name of the base that
   * its percentage is of.
   */
  readonly defaultInstances?: (host: HostFacts, peak: AskedPeak) => number;
  /** One step or adjust may be silent for so long before it counts as stuck. Default 3000. */
  readonly quietMs?: number;
  /** Bytes of memory that all instances of one actor share; 0 is none. */
  readonly shared?: PerOptions<Resolved<S>, number>;
  /** Pure, when the plan is made: what of the options, beside this peak and so many instances, is impossible. */
  check?(input: Omit<EstimateInput<Resolved<S>>, 'loadedMs'>): readonly OptionFault[];
  /**
   * For what works on something of the host that is there already, when the plan is made, in the process of the command:
   * looks, changes nothing, and is done within seconds. The core refuses the faults, and what would be destroyed without
   * being named by the scenario; `ctx.erasable` is then what the scenario named.
   */
  inspect?(input: InspectInput<Resolved<S>>): Promise<Inspection>;
  /** Pure, before anything starts: the cost at peak. Growth: by the end of its time; the leases bound it anyway. */
  estimate?(input: EstimateInput<Resolved<S>>): ResourceEstimate;
  /** Pure, when the plan is made: what the run's trust checks may hold the simulator to. */
  expects?(input: Omit<EstimateInput<Resolved<S>>, 'loadedMs'>): readonly Expectation[];
  /** Once per actor, before its instances start, on the first instance's thread. */
  prepare?(ctx: PrepareContext<Resolved<S>>): Promise<void> | void;
  start(ctx: ActorContext<Resolved<S>, M>): Promise<ActorInstance> | ActorInstance;
  /** Once per actor, after its last instance was disposed. */
  cleanup?(ctx: PrepareContext<Resolved<S>>): Promise<void> | void;
}

export interface Plugin {
  readonly name: string;
  readonly api: typeof PLUGIN_API;
  readonly simulators?: readonly AnySimulator[];
  readonly probes?: readonly AnyProbe[];
}

/** The existential view that the registry and the actor thread use; `any` stays on this line. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnySimulator = Simulator<any, any>;

export function defineSimulator<const S extends ObjectSchema, const M extends MetricSpecs>(
  simulator: Simulator<S, M>,
): Simulator<S, M> {
  return simulator;
}

export function definePlugin(plugin: Omit<Plugin, 'api'>): Plugin {
  return { ...plugin, api: PLUGIN_API };
}
