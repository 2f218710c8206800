/**
 * The plan: a scenario after composing, substitution, validation and resolution against this host. Frozen, in
 * base units, structured-cloneable and JSON-safe: it is what the record keeps and what agents are given.
 */
import type { Assertion, SafetyAction, Selector, Trigger, Until } from '../base/sentences.js';
import type { Expectation } from './expectation.js';
import type { HostFacts, ResourceEstimate } from './host.js';
import type { CatalogueEntry, MetricSpecs } from './metrics.js';
import type { ControlKind, Inspection, Resource } from './plugin.js';

export interface Plan {
  readonly version: 1;
  readonly name: string;
  readonly description: string;
  /** Absolute; null when it came from standard input. */
  readonly scenarioFile: string | null;
  readonly tags: Readonly<Record<string, string>>;
  readonly seed: number;
  readonly windowMs: number;
  readonly durationMs: number;
  readonly host: HostFacts;
  readonly actors: readonly PlannedActor[];
  readonly phases: readonly PlannedPhase[];
  readonly cycles?: readonly PlannedCycle[];
  readonly agents: readonly PlannedAgent[];
  readonly safety: PlannedSafety;
  readonly thresholds: readonly PlannedThreshold[];
  readonly probes?: readonly PlannedProbe[];
  readonly target?: PlannedTarget;
  readonly exporters: readonly PlannedExporter[];
  /** Every metric this run can have. */
  readonly catalogue: readonly CatalogueEntry[];
  /** The whole plan at its peak, brunt's own agents and threads included. */
  readonly estimate: ResourceEstimate;
  /** What a reader should know: absent sensors, substitutions. Never a silent change. */
  readonly notes: readonly string[];
}

export interface PlannedPeak {
  /** In the control's unit, for the actor as a whole. */
  readonly amount: number;
  /** As written: "25% of available". */
  readonly text: string;
  /** What a percentage was taken of: its name, and its amount when the plan was made. */
  readonly base?: { readonly name: string; readonly amount: number };
}

export interface PlannedActor {
  readonly name: string;
  readonly simulator: string;
  /** URL of the module whose default export is the plugin. */
  readonly module: string;
  readonly builtIn: boolean;
  /** The plugin's own name; absent for a built-in. */
  readonly plugin?: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly control: ControlKind;
  readonly unit: 'bytes' | 'cores' | 'count' | 'bytes/s' | 'ops/s' | 'switch';
  readonly peak: PlannedPeak;
  readonly instances: number;
  /** Each instance's part of the peak; they add up to it exactly. */
  readonly shares: readonly number[];
  /** The fewest of them that share what is asked in a phase; absent: it is always all. */
  readonly instancesLeast?: number;
  readonly lane: 'thread' | 'process';
  readonly takes: Resource | null;
  readonly sharedBytes: number;
  readonly quietMs: number;
  readonly operations: readonly string[];
  readonly metrics: MetricSpecs;
  readonly estimate: ResourceEstimate;
  /** What the simulator promises of its work; absent when nothing. */
  readonly expects?: readonly Expectation[];
  /** What of this host it will work on; absent when its simulator does not look. */
  readonly inspection?: Inspection;
  /** Ids of what it may destroy: told by the inspection, named in `erasableDevices`. */
  readonly erasable?: readonly string[];
  /** What else bounds the work; for the controls rate and concurrency only. */
  readonly pacing?: PlannedPacing;
  /** Absent: stop-run. */
  readonly onFailure?: 'stop-run' | 'restart' | 'continue';
  readonly tags?: Readonly<Record<string, string>>;
}

/** In what an actor's asked and held are: of a growth that which has grown by then, else the unit of its peak. */
export function heldUnit({ control, unit }: Pick<PlannedActor, 'control' | 'unit'>): PlannedActor['unit'] {
  if (control !== 'growth') return unit;
  return unit === 'bytes/s' ? 'bytes' : 'count';
}

/** Constant beside the peak, for the actor as a whole. */
export interface PlannedPacing {
  /** How due times are drawn from the rate (rate only). */
  readonly arrival: 'constant' | 'poisson' | 'uniform';
  /** Operations that may be outstanding; what is due beyond it waits and is counted (rate only). */
  readonly inFlight: number;
  /** Between the end of an operation and the next of its place (concurrency only). */
  readonly thinkTimeMs: number;
  /** Operations of an instance in a row, after which all its places rest for thinkTimeMs (concurrency only). */
  readonly burst?: number;
  /** Caps of the actor as a whole, a second (concurrency only). */
  readonly operationsMax?: number;
  readonly bytesMax?: number;
  /** precise: threads do not sleep for the last 200 µs before an operation is due (the event loop: for the last 2 ms). */
  readonly precision: 'wait' | 'precise';
}

/** From startMs to endMs of its phase the level goes from `from` to `to` in a straight line (0 to 1 of peak). */
export interface Piece {
  readonly startMs: number;
  readonly endMs: number;
  readonly from: number;
  readonly to: number;
}

export interface PlannedPhase {
  readonly index: number;
  readonly name: string;
  /** Since the start instant, as planned. */
  readonly startMs: number;
  readonly durationMs: number;
  readonly measure: boolean;
  /** As the scenario says them; absent when it says none. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Which repetition of the phase of this name this is, from 1; absent when it is not repeated. */
  readonly round?: number;
  /** Actors that have another level in each round. */
  readonly sweeps?: readonly string[];
  /** Actors of which the first so many instances share what is asked, while the others do nothing. */
  readonly instances?: Readonly<Record<string, number>>;
  /** Its phases go round and round together. */
  readonly cycle?: string;
  /** Ends the phase before its duration is over. */
  readonly until?: {
    readonly sentence: Until;
    readonly text: string;
    readonly otherwise: 'fail' | 'continue';
  };
  /** Of one actor, whose level is found out while the phase runs. */
  readonly search?: PlannedSearch;
  /** By actor; an actor that is not here is idle: it holds nothing and does nothing. Pieces cover the phase. */
  readonly load: Readonly<Record<string, readonly Piece[]>>;
}

/** Phases in a row that are gone through round by round, until figures of the rounds are steady. */
export interface PlannedCycle {
  readonly name: string;
  /** Index of the first phase of the first round; as many phases a round. */
  readonly firstPhase: number;
  readonly phases: number;
  readonly rounds: number;
  /** All must be steady over the last rounds. Empty: all rounds are gone through. */
  readonly until: readonly { readonly sentence: Extract<Until, { kind: 'steady' }>; readonly text: string }[];
  readonly otherwise: 'fail' | 'continue';
}

/**
 * The level of one actor is raised from `low`, doubling, while every condition holds; between the highest that held and
 * the lowest that broke it is halved until they are as near as `resolution`. Levels are shares of the peak.
 */
export interface PlannedSearch {
  readonly actor: string;
  readonly conditions: readonly PlannedCondition[];
  readonly low: number;
  readonly high: number;
  readonly resolution: number;
  /** Levels are whole multiples of it; 0: of nothing. */
  readonly quantum: number;
  /** How long each level is judged, and left alone before that. */
  readonly everyMs: number;
  readonly settleMs: number;
  /** So long nothing is asked after a level that broke, and what is still due is given up; 0: no such rest. */
  readonly restMs: number;
  /** Levels that are tried at most, and what each takes of the phase. */
  readonly stepsMax: number;
  readonly stepMs: number;
  /** When no level holds, or the phase is over first. */
  readonly otherwise: 'fail' | 'continue';
}

export interface PlannedCondition {
  readonly selector: Selector;
  readonly assertion: Assertion;
  /** As written: "op.latency{actor:db} p99 < 5ms". */
  readonly text: string;
}

export interface PlannedAgent {
  /** "shared", the actor's name, or the plugin's. */
  readonly name: string;
  readonly actors: readonly string[];
}

/** One limit: a sensor's reading, and what is done when it crosses. Triggers are in the sensor's base unit. */
export interface PlannedLimit {
  /** Metric name of the sensor: "host.memory.available". */
  readonly sensor: string;
  readonly unit: CatalogueEntry['unit'];
  readonly triggers: readonly PlannedTrigger[];
}

export interface PlannedTrigger {
  readonly action: SafetyAction;
  readonly operator: '<' | '>';
  /** Absolute, in the sensor's unit: a percentage of memory is made bytes of the total here. */
  readonly bound: number;
  readonly forMs: number;
  /** As written: "< 10% for 2s". */
  readonly text: string;
  readonly source: 'profile' | 'scenario';
}

export interface PlannedSafety {
  readonly profile: string;
  readonly limits: readonly PlannedLimit[];
  /** Bytes that always stay free: no lease is granted into them. */
  readonly reserveBytes: number;
  /** How long a reading must be back before an action is taken back. Absent: 10 s, in every plan made from a scenario. */
  readonly clearHoldMs?: number;
  readonly maxDurationMs: number;
  /** How long instances may take to stop and give back before the next rung of the stop ladder. */
  readonly gracefulStopMs: number;
  /** Niceness of actor threads (0 leaves it). */
  readonly actorNice: number;
  /** Absolute; nothing is written elsewhere but in scratch directories. Absent: nowhere. */
  readonly writablePaths?: readonly string[];
  /** Ids of block devices whose data may be destroyed. */
  readonly erasableDevices?: readonly string[];
  /** How far actors may reach. Absent: loopback. */
  readonly network?: 'none' | 'loopback' | 'private' | 'any';
}

export interface PlannedThreshold {
  /** "op.latency{actor:db} p99 < 5ms": one line for tables. */
  readonly text: string;
  readonly selector: Selector;
  readonly selectorText: string;
  readonly assertion: Assertion;
  readonly severity: 'fail' | 'warn';
  /** The assertion must hold in every stretch of this length (a multiple of the window); absent: over all of it. */
  readonly windowMs?: number;
  /** Ends the run as soon as it fails, once `afterMs` of measured time have passed. */
  readonly abort?: boolean;
  readonly afterMs?: number;
  /** Why there is this bound, in the words of the scenario. */
  readonly reason?: string;
}

/** A periodic measurement of the target. */
export interface PlannedProbe {
  readonly name: string;
  /** "http", "timer", or one of a plugin. */
  readonly uses: string;
  readonly module: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly everyMs: number;
  /** The probe's own, as it declares them: they become `probe.<metric>{probe:NAME}`. */
  readonly metrics: MetricSpecs;
}

/** What the load is put beside. */
export type PlannedTarget = PlannedCommand | PlannedProcess;

/** A process that runs already: it is measured, with all it started, and left alone. */
export interface PlannedProcess {
  /** A number, or the absolute path of a file that holds it when the run starts. */
  readonly pid: number | string;
  readonly ready: PlannedReady | null;
}

/** The load waits until this holds. */
export interface PlannedReady {
  readonly selector: Selector;
  readonly assertion: Assertion;
  readonly text: string;
}

/** A command that the run starts and stops. */
export interface PlannedCommand {
  readonly command: readonly string[];
  readonly cwd: string;
  /** Added to brunt's own environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly ready: PlannedReady | null;
}

export interface PlannedExporter {
  readonly name: string;
  readonly uses: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** A safety profile as its data file says it. */
export interface Profile {
  readonly name: string;
  readonly description: string;
  /** Order of width: a run may need at most what was granted. laptop 0 < ci 1 < server 2 < lab 3. */
  readonly rank: number;
  /** By sensor, by action: "< 10% for 2s". */
  readonly limits: Readonly<Record<string, Readonly<Partial<Record<SafetyAction, string>>>>>;
  readonly reserve: { readonly bytes: string; readonly share: string };
  readonly maxDuration: string;
  readonly gracefulStop: string;
  readonly actorNice: number;
}

export type { Assertion, Selector, Trigger, Until };
