/** What a probe is: a periodic measurement of what is under test, as somebody outside would see it. */
import type { MetricSpecs, Recorders } from './metrics.js';
import type { ObjectSchema, Resolved } from './schema-types.js';

export interface ProbeContext<O, M extends MetricSpecs> {
  readonly name: string;
  readonly options: O;
  /** Of the probe's own metrics, which become `probe.<metric>{probe:NAME}`. */
  readonly metrics: Recorders<M>;
  nowNs(): number;
  log(level: 'debug' | 'info' | 'warn', message: string): void;
}

/** One sample at a time: the next one waits for the one before, and what was due meanwhile is not made up for. */
export interface ProbeInstance {
  /** `dueNs`: when it should have begun; latency counts from there. Throwing is a failed sample. */
  sample(dueNs: number, signal: AbortSignal): Promise<void> | void;
  close?(): Promise<void> | void;
}

/**
 * Runs on the probe thread of the orchestrator's host. The core records for each probe `probe.up` (gauge, 1 when
 * the last sample succeeded), `probe.latency` (trend, from the due time, of samples that succeeded or took too long:
 * a quick refusal says nothing about speed), `probe.errors` (ratio) and `probe.missed` (counter, samples that fell
 * due while another one was taken).
 */
export interface Probe<S extends ObjectSchema = ObjectSchema, M extends MetricSpecs = MetricSpecs> {
  readonly name: string;
  readonly description: string;
  readonly options: S;
  readonly metrics: M;
  readonly defaultEvery: string;
  /** A sample that takes longer is aborted and has failed. Default: DEFAULT_TIMEOUT_MS of the core (10 s). */
  timeoutMs?(options: Resolved<S>): number;
  open(ctx: ProbeContext<Resolved<S>, M>): Promise<ProbeInstance> | ProbeInstance;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyProbe = Probe<any, any>;

export function defineProbe<const S extends ObjectSchema, const M extends MetricSpecs>(
  probe: Probe<S, M>,
): Probe<S, M> {
  return probe;
}
