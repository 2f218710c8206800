/** Plans, recorders and frames for the tests of core/metrics. */
import type { ClockNs } from '../../../core/base/clock.js';
import type { CatalogueEntry, MetricSpecs, SeriesPoint, Window } from '../../../core/contract/metrics.js';
import type { Plan, PlannedActor, PlannedPhase, PlannedThreshold } from '../../../core/contract/plan.js';
import { parseAssertion, parseSelector, selectorText } from '../../../core/base/grammar.js';
import { ACTOR_METRICS, HOST_METRICS, OP_METRICS, RUN_METRICS } from '../../../core/metrics/catalogue.js';
import { openRecorders, recorderBytes } from '../../../core/metrics/recorder.js';
import type { WritersOf } from '../../../core/metrics/recorder.js';

export const CATALOGUE: readonly CatalogueEntry[] = Object.entries({
  ...ACTOR_METRICS,
  ...OP_METRICS,
  ...HOST_METRICS,
  ...RUN_METRICS,
}).map(([metric, spec]) => ({ metric, ...spec }));

export function actor(name: string, more: Partial<PlannedActor> = {}): PlannedActor {
  return {
    name,
    simulator: 'memory',
    module: 'file:///plugin.js',
    builtIn: true,
    options: {},
    control: 'amount',
    unit: 'bytes',
    peak: { amount: 100, text: '100B' },
    instances: 1,
    shares: [100],
    lane: 'thread',
    takes: null,
    sharedBytes: 0,
    quietMs: 3000,
    operations: [],
    metrics: {},
    estimate: {},
    ...more,
  };
}

/** Phases of whole seconds one after another; every actor is at its peak in all of them. */
export function phases(
  ...names: readonly (readonly [name: string, durationMs: number, measure?: boolean])[]
): PlannedPhase[] {
  let startMs = 0;
  return names.map(([name, durationMs, measure = true], index) => {
    const phase = { index, name, startMs, durationMs, measure, load: {} };
    startMs += durationMs;
    return phase;
  });
}

export function threshold(
  selector: string,
  assertion: string,
  severity: 'fail' | 'warn' = 'fail',
): PlannedThreshold {
  const parsed = parseSelector(selector);
  const text = selectorText(parsed);
  return {
    text: `${text} ${assertion}`,
    selector: parsed,
    selectorText: text,
    assertion: parseAssertion(assertion),
    severity,
  };
}

export function plan(more: Partial<Plan> = {}): Plan {
  const actors = more.actors ?? [actor('hog')];
  const planned = (more.phases ?? phases(['main', 10_000])).map((phase) => ({
    ...phase,
    load: Object.fromEntries(
      actors.map(({ name }) => [name, [{ startMs: 0, endMs: phase.durationMs, from: 1, to: 1 }]]),
    ),
  }));
  return {
    version: 1,
    name: 'test',
    description: '',
    scenarioFile: null,
    tags: {},
    seed: 1,
    windowMs: 1000,
    durationMs: planned.reduce((sum, phase) => sum + phase.durationMs, 0),
    host: {
      platform: 'linux',
      hostname: 'test',
      kernel: '',
      node: '',
      cores: 2,
      quotaCores: 2,
      memory: { totalBytes: 1e9, availableBytes: 1e9, boundBy: 'host', swapFreeBytes: null },
      caches: null,
      openFiles: null,
      pids: null,
      tmp: '',
      capabilities: [],
    },
    agents: [],
    safety: {
      profile: 'ci',
      limits: [],
      reserveBytes: 0,
      maxDurationMs: 1e6,
      gracefulStopMs: 1e3,
      actorNice: 0,
    },
    thresholds: [],
    exporters: [],
    catalogue: CATALOGUE,
    estimate: {},
    notes: [],
    ...more,
    actors,
    phases: planned,
  };
}

export interface Clock {
  nowNs: number;
  readonly read: ClockNs;
}

export function clock(nowNs = 0): Clock {
  const it = { nowNs, read: (): number => it.nowNs };
  return it;
}

export function open<const M extends MetricSpecs>(
  specs: M,
  at: Clock = clock(),
): { readonly buffer: SharedArrayBuffer; readonly write: WritersOf<M> } {
  const buffer = new SharedArrayBuffer(recorderBytes(specs));
  return { buffer, write: openRecorders(specs, buffer, at.read) };
}

export function window(index: number, series: readonly SeriesPoint[], more: Partial<Window> = {}): Window {
  return {
    index,
    phase: 'main',
    phaseIndex: 0,
    startMs: index * 1000,
    endMs: (index + 1) * 1000,
    measured: true,
    missing: [],
    series,
    ...more,
  };
}

export function gauge(metric: string, avg: number, tags: Readonly<Record<string, string>> = {}): SeriesPoint {
  return { metric, tags, point: { kind: 'gauge', avg, min: avg, max: avg, last: avg, coveredNs: 1e9 } };
}

export function counter(
  metric: string,
  count: number,
  tags: Readonly<Record<string, string>> = {},
): SeriesPoint {
  return { metric, tags, point: { kind: 'counter', count } };
}

export function ratio(
  metric: string,
  hits: number,
  total: number,
  tags: Readonly<Record<string, string>> = {},
): SeriesPoint {
  return { metric, tags, point: { kind: 'ratio', hits, total } };
}
