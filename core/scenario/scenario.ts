/** A scenario that was read and found sound: everything that needs no host is resolved. `core/plan` takes it on. */
import type { BruntErrors, Place } from '../base/errors.js';
import type { Assertion, PeakSentence, Selector, Until } from '../base/sentences.js';
import type { Capability } from '../contract/host.js';
import type { PlannedPacing, PlannedTarget } from '../contract/plan.js';
import type { Quantity } from '../base/units.js';
import type { Control } from '../contract/plugin.js';
import type { PluginSources } from '../plugin/registry.js';
import type { Path } from './document.js';
import type { Mistake } from './problems.js';
import type { SecretText } from './substitute.js';

export interface Scenario {
  /** Absolute; null for standard input. */
  readonly file: string | null;
  readonly name: string;
  readonly description: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly seed: number | null;
  readonly windowMs: number;
  readonly plugins: PluginSources;
  readonly actors: readonly ScenarioActor[];
  readonly phases: readonly ScenarioPhase[];
  readonly cycles: readonly ScenarioCycle[];
  readonly thresholds: readonly ScenarioThreshold[];
  readonly safety: ScenarioSafety;
  readonly probes: readonly ScenarioProbe[];
  readonly target: ScenarioTarget | null;
  readonly exporters: readonly ScenarioExporter[];
  /** Texts that hold secrets, as they were written: what the record keeps in their places. */
  readonly secrets: readonly SecretText[];
  /** Mistakes found later, as sorted errors with their places in the text. */
  errors(mistakes: readonly Mistake[]): BruntErrors;
  /** Where in the text what is at a path stands, or else what it is in. */
  place(path: Path): Place;
}

export interface ScenarioActor {
  readonly name: string;
  readonly uses: string;
  /** As the simulator receives them. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Unit of the control that the peak picked. */
  readonly unit: Control['unit'];
  /** Null for a switch, which has no amount. */
  readonly peak: PeakSentence | null;
  readonly instances: number | 'per-core' | null;
  /** Null where the peak is neither a rate nor a concurrency; `inFlight` is null where it is not said. */
  readonly pacing: (Omit<PlannedPacing, 'inFlight'> & { readonly inFlight: number | null }) | null;
  readonly isolation: 'thread' | 'process' | null;
  readonly onFailure: 'stop-run' | 'restart' | 'continue' | null;
  readonly needs: readonly Capability[];
  readonly tags: Readonly<Record<string, string>>;
}

export type AmountSentence = Extract<PeakSentence, { kind: 'amount' }>;

/** A level with where it was written. */
export interface ScenarioLevel {
  readonly quantity: Quantity;
  readonly text: string;
  readonly path: Path;
}

export type Curve = 'linear' | 'exponential' | 's-curve';

/** Both drawn evenly from the range. */
export interface MsRange {
  readonly fromMs: number;
  readonly toMs: number;
}

export type ScenarioLoad =
  | { readonly shape: 'hold'; readonly level: ScenarioLevel }
  | {
      readonly shape: 'ramp';
      readonly from: ScenarioLevel;
      readonly to: ScenarioLevel;
      readonly curve: Curve;
    }
  /** A round of the phase for each level; with instances, for each level with each number of them. */
  | {
      readonly shape: 'sweep';
      readonly levels: readonly ScenarioLevel[];
      readonly instances: readonly number[] | null;
      readonly path: Path;
    }
  | { readonly shape: 'steps'; readonly levels: readonly ScenarioLevel[]; readonly everyMs: number }
  | {
      readonly shape: 'spike' | 'square';
      readonly low: ScenarioLevel;
      readonly high: ScenarioLevel;
      readonly everyMs: number;
      readonly widthMs: number;
    }
  | {
      readonly shape: 'sawtooth' | 'sine' | 'walk';
      readonly low: ScenarioLevel;
      readonly high: ScenarioLevel;
      readonly everyMs: number;
    }
  | {
      readonly shape: 'bursts';
      readonly low: ScenarioLevel;
      readonly high: ScenarioLevel;
      readonly on: MsRange;
      readonly off: MsRange;
    }
  | {
      readonly shape: 'trace';
      readonly file: string;
      /** At least one; between two the level goes in a straight line, after the last it stays. */
      readonly levels: readonly ScenarioLevel[];
      /** Between two of them, the speed already in it. */
      readonly everyMs: number;
    }
  | ScenarioSearch;

/** Raised from `low` while everything holds, and halved from there: a search looks for the highest level. */
export interface ScenarioSearch {
  readonly shape: 'search';
  readonly conditions: readonly ScenarioCondition[];
  readonly low: ScenarioLevel;
  readonly high: ScenarioLevel;
  readonly resolution: ScenarioLevel;
  /** How long each level is judged, and left alone before that. */
  readonly everyMs: number;
  readonly settleMs: number;
}

export interface ScenarioCondition {
  readonly selector: Selector;
  readonly assertion: Assertion;
  readonly text: string;
  readonly path: Path;
}

export interface ScenarioPhase {
  readonly name: string;
  /** In the list of the scenario; rounds of a repeated phase share it. */
  readonly index: number;
  readonly durationMs: number;
  readonly measure: boolean;
  /** Of a phase in a cycle: the rounds of that. */
  readonly repeat: number;
  readonly cycle: string | null;
  readonly until: ScenarioUntil | null;
  /** What follows when a search found nothing. */
  readonly otherwise: 'fail' | 'continue';
  readonly tags: Readonly<Record<string, string>>;
  /** By actor, "*" already spread over the actors it means. */
  readonly load: ReadonlyMap<string, ScenarioLoad>;
}

export interface ScenarioUntil {
  readonly sentence: Until;
  readonly text: string;
  readonly otherwise: 'fail' | 'continue';
  readonly path: Path;
}

export interface ScenarioCycle {
  readonly name: string;
  readonly rounds: number;
  /** Each of the kind `steady`. */
  readonly until: readonly ScenarioUntil[];
  readonly otherwise: 'fail' | 'continue';
}

export interface ScenarioThreshold {
  readonly selector: Selector;
  readonly assertion: Assertion;
  readonly severity: 'fail' | 'warn';
  readonly windowMs: number | null;
  readonly abort: boolean;
  readonly afterMs: number | null;
  readonly reason: string | null;
  /** Of the assertion, and of the key that is the selector. */
  readonly path: Path;
  readonly keyPath: Path;
}

export interface ScenarioSafety {
  readonly profile?: string;
  readonly limits?: Readonly<Record<string, Readonly<Record<string, string | null>>>>;
  readonly maxDuration?: string;
  readonly gracefulStop?: string;
  /** Absolute. */
  readonly writablePaths?: readonly string[];
  readonly erasableDevices?: readonly string[];
  readonly network?: 'none' | 'loopback' | 'private' | 'any';
}

export interface ScenarioExporter {
  readonly name: string;
  readonly uses: string;
  readonly options: Readonly<Record<string, unknown>>;
}

export interface ScenarioProbe {
  readonly name: string;
  readonly uses: string;
  /** As the probe receives them. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Null: the probe's own default. */
  readonly everyMs: number | null;
}

export type ScenarioTarget = PlannedTarget;
