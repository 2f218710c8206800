/** A scenario that was read and found sound: everything that needs no host is resolved. `core/plan` takes it on. */
import type { BruntErrors } from '../base/errors.js';
import type { Assertion, PeakSentence, Selector } from '../base/sentences.js';
import type { Quantity } from '../base/units.js';
import type { Control } from '../contract/plugin.js';
import type { PluginSources } from '../plugin/registry.js';
import type { Path } from './document.js';
import type { Mistake } from './problems.js';

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
  readonly thresholds: readonly ScenarioThreshold[];
  readonly safety: ScenarioSafety;
  readonly probes: readonly ScenarioProbe[];
  readonly target: ScenarioTarget | null;
  readonly exporters: readonly ScenarioExporter[];
  /** Mistakes found later, as sorted errors with their places in the text. */
  errors(mistakes: readonly Mistake[]): BruntErrors;
}

export interface ScenarioActor {
  readonly name: string;
  readonly uses: string;
  /** As the simulator receives them. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Unit of the control that the peak picked. */
  readonly unit: Control['unit'];
  /** Null for a switch, which has no amount. */
  readonly peak: AmountSentence | null;
  readonly instances: number | 'per-core' | null;
}

export type AmountSentence = Extract<PeakSentence, { kind: 'amount' }>;

/** A level with where it was written. */
export interface ScenarioLevel {
  readonly quantity: Quantity;
  readonly text: string;
  readonly path: Path;
}

export type Curve = 'linear' | 'exponential' | 's-curve';

export type ScenarioLoad =
  | { readonly shape: 'hold'; readonly level: ScenarioLevel }
  | {
      readonly shape: 'ramp';
      readonly from: ScenarioLevel;
      readonly to: ScenarioLevel;
      readonly curve: Curve;
    }
  | { readonly shape: 'steps'; readonly levels: readonly ScenarioLevel[]; readonly everyMs: number };

export interface ScenarioPhase {
  readonly name: string;
  readonly durationMs: number;
  readonly measure: boolean;
  readonly tags: Readonly<Record<string, string>>;
  /** By actor, "*" already spread over the actors it means. */
  readonly load: ReadonlyMap<string, ScenarioLoad>;
}

export interface ScenarioThreshold {
  readonly selector: Selector;
  readonly assertion: Assertion;
  readonly severity: 'fail' | 'warn';
  /** Of the assertion, and of the key that is the selector. */
  readonly path: Path;
  readonly keyPath: Path;
}

export interface ScenarioSafety {
  readonly profile?: string;
  readonly limits?: Readonly<Record<string, Readonly<Record<string, string | null>>>>;
  readonly maxDuration?: string;
  readonly gracefulStop?: string;
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

export interface ScenarioTarget {
  readonly command: readonly string[];
  /** Absolute. */
  readonly cwd: string;
  /** Added to brunt's own environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly ready: {
    readonly selector: Selector;
    readonly assertion: Assertion;
    readonly text: string;
  } | null;
}
