/**
 * Real runs inside the test's own process: a plan is made as a scenario would have it, actors are those of the test
 * plugins, agents are forked as ever. For what needs a look at events while the run goes on.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunEvent } from '../../core/contract/events.js';
import { defineExporter } from '../../core/contract/exporter.js';
import type { MetricSpecs, Window } from '../../core/contract/metrics.js';
import type { Plan, PlannedActor, PlannedPhase } from '../../core/contract/plan.js';
import type { RunSummary } from '../../core/contract/summary.js';
import { parseUntil } from '../../core/base/grammar.js';
import { catalogueOf } from '../../core/plan/catalogue.js';
import { startRun } from '../../core/run/orchestrator.js';
import type { RunHandle } from '../../core/run/orchestrator.js';
import { plan } from '../unit/metrics/make.js';

export const MISBEHAVING = new URL('./plugins/misbehaving.js', import.meta.url).href;

export const FINISHING = new URL('./plugins/finishing.js', import.meta.url).href;
/** Of the simulator `leasing`. */
export const LEASING_METRICS: MetricSpecs = { adjusts: { kind: 'counter', unit: 'count', help: 'Calls.' } };

/** A phase that holds its actors at a level. */
export function phase(
  name: string,
  durationMs: number,
  load: Readonly<Record<string, number>>,
  more: Partial<PlannedPhase> = {},
): Omit<PlannedPhase, 'index' | 'startMs'> {
  const pieces = Object.entries(load).map(
    ([actor, level]) => [actor, [{ startMs: 0, endMs: durationMs, from: level, to: level }]] as const,
  );
  return { name, durationMs, measure: true, load: Object.fromEntries(pieces), ...more };
}

export function until(text: string, otherwise: 'fail' | 'continue' = 'fail'): Pick<PlannedPhase, 'until'> {
  return { until: { sentence: parseUntil(text), text, otherwise } };
}

export function planOf(
  actors: readonly PlannedActor[],
  list: readonly Omit<PlannedPhase, 'index' | 'startMs'>[],
  more: Partial<Plan> = {},
): Plan {
  let startMs = 0;
  const phases = list.map((one, index) => {
    const planned = { ...one, index, startMs };
    startMs += one.durationMs;
    return planned;
  });
  const host = { ...plan().host, tmp: tmpdir() };
  return {
    ...plan(),
    name: 'test',
    windowMs: 200,
    durationMs: startMs,
    host,
    actors,
    agents: actors.map(({ name }) => ({ name, actors: [name] })),
    catalogue: catalogueOf(actors),
    ...more,
    phases,
  };
}

export interface Ran {
  readonly summary: RunSummary;
  readonly events: readonly RunEvent[];
  readonly windows: readonly Window[];
}

/** Runs it to its end; `onEvent` may act on what happens. */
export async function runPlan(
  it: Plan,
  onEvent: (event: RunEvent, run: () => RunHandle) => void = () => undefined,
): Promise<Ran> {
  const runsDir = mkdtempSync(join(tmpdir(), 'brunt-test-'));
  const events: RunEvent[] = [];
  const windows: Window[] = [];
  let handle: RunHandle | null = null;
  const ear = defineExporter({
    name: 'ear',
    description: 'Keeps what the run says.',
    options: { type: 'object', properties: {} },
    open: () => ({
      window: (window) => void windows.push(window),
      event: (event) => {
        events.push(event);
        onEvent(event, () => {
          if (handle === null) throw new Error('the run is not open yet');
          return handle;
        });
      },
      end: () => undefined,
    }),
  });
  try {
    handle = await startRun(it, {
      runsDir,
      argv: [],
      version: 'test',
      screen: { isLive: false, color: false, columns: () => 80, rows: () => 24, write: () => undefined },
      exporters: [{ name: 'ear', exporter: ear, options: {} }],
    });
    return { summary: await handle.done, events, windows };
  } finally {
    rmSync(runsDir, { recursive: true, force: true });
  }
}

export function of<T extends RunEvent['type']>(
  events: readonly RunEvent[],
  type: T,
): Extract<RunEvent, { type: T }>[] {
  return events.filter((event): event is Extract<RunEvent, { type: T }> => event.type === type);
}
