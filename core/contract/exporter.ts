/** What an exporter is: a consumer of closed windows and of events, never of raw samples. */
import type { RunEvent } from './events.js';
import type { Window } from './metrics.js';
import type { Plan } from './plan.js';
import type { ObjectSchema, Resolved } from './schema-types.js';
import type { RunSummary } from './summary.js';

export interface RunInfo {
  readonly run: string;
  readonly plan: Plan;
  /** Directory of the run record. */
  readonly record: string;
  /** True when a finished record is being replayed (`brunt report`): nothing is live. */
  readonly replay: boolean;
}

/** Where a person looks. Given by the CLI, so that an exporter touches no stream of its own. */
export interface Screen {
  readonly isLive: boolean;
  readonly color: boolean;
  columns(): number;
  rows(): number;
  /** Lines that say which keys work now; absent when none do. */
  keys?(): readonly string[];
  write(text: string): void;
}

export interface RunOutcome {
  readonly summary: RunSummary;
  /** What this exporter itself did not get. */
  readonly lost: { readonly windows: number; readonly events: number };
}

/** Each exporter has a bounded queue: a slow one loses its own windows, which is counted, and never slows the run. */
export interface ExporterInstance {
  window?(window: Window): Promise<void> | void;
  event?(event: RunEvent): Promise<void> | void;
  /** Always called, once, in every outcome, with a deadline. */
  end(outcome: RunOutcome): Promise<void> | void;
}

export interface ExporterInput<O> {
  readonly run: RunInfo;
  readonly options: O;
  readonly screen: Screen;
  readonly signal: AbortSignal;
}

export interface Exporter<S extends ObjectSchema = ObjectSchema> {
  readonly name: string;
  readonly description: string;
  readonly options: S;
  open(input: ExporterInput<Resolved<S>>): Promise<ExporterInstance> | ExporterInstance;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyExporter = Exporter<any>;

export function defineExporter<const S extends ObjectSchema>(exporter: Exporter<S>): Exporter<S> {
  return exporter;
}
