/** One small run, fixed in every figure: plan, windows, events and summary. Shared by the tests of this room. */
import type { ActorSummary, SeriesSummary, ThresholdResult } from '../../../core/contract/summary.js';
import type { HostFacts } from '../../../core/contract/host.js';
import type { Screen } from '../../../core/contract/exporter.js';
import type { Point, SeriesPoint, Window } from '../../../core/contract/metrics.js';
import type { Piece, Plan, PlannedActor, PlannedPhase } from '../../../core/contract/plan.js';
import type { RunSummary } from '../../../core/contract/summary.js';

export const GIB = 2 ** 30;
export const RUN = '2026-11-21T10-14-03-quick-7f3a';

export const host: HostFacts = {
  platform: 'linux',
  hostname: 'bench-1',
  kernel: '6.12.9',
  node: 'v20.19.0',
  cores: 8,
  quotaCores: 8,
  memory: { totalBytes: 16 * GIB, availableBytes: 10.4 * GIB, boundBy: 'host', swapFreeBytes: null },
  caches: null,
  openFiles: 1024,
  pids: 32_000,
  tmp: '/tmp',
  capabilities: ['linux'],
};

function actor(name: string, unit: 'cores' | 'bytes', amount: number): PlannedActor {
  return {
    name,
    simulator: name,
    module: `file:///plugins/${name}.js`,
    builtIn: true,
    options: {},
    control: 'amount',
    unit,
    peak: { amount, text: String(amount) },
    instances: 1,
    shares: [amount],
    lane: 'thread',
    takes: null,
    sharedBytes: 0,
    quietMs: 3000,
    operations: [],
    metrics: {},
    estimate: {},
  };
}

function phase(
  index: number,
  name: string,
  startMs: number,
  durationMs: number,
  ...levels: number[]
): PlannedPhase {
  const [from = 0, to = from] = levels;
  const pieces: Piece[] = levels.length === 0 ? [] : [{ startMs: 0, endMs: durationMs, from, to }];
  const load = levels.length === 0 ? {} : { cpu: pieces, memory: pieces };
  return { index, name, startMs, durationMs, measure: true, load };
}

export const plan: Plan = {
  version: 1,
  name: 'quick',
  description: 'Thirty seconds of CPU and memory pressure.',
  scenarioFile: '/home/ada/quick.json',
  tags: {},
  seed: 7,
  windowMs: 1000,
  durationMs: 30_000,
  host,
  actors: [actor('cpu', 'cores', 8), actor('memory', 'bytes', 2.6 * GIB)],
  phases: [
    phase(0, 'climb', 0, 15_000, 0, 0.8),
    phase(1, 'hold', 15_000, 10_000, 0.8),
    phase(2, 'recovery', 25_000, 5000),
  ],
  agents: [
    { name: 'shared', actors: ['cpu'] },
    { name: 'memory', actors: ['memory'] },
  ],
  safety: {
    profile: 'laptop',
    limits: [
      {
        sensor: 'host.memory.available',
        unit: 'bytes',
        triggers: [
          { action: 'warn', operator: '<', bound: 4 * GIB, forMs: 0, text: '< 25%', source: 'profile' },
          {
            action: 'throttle',
            operator: '<',
            bound: 3.2 * GIB,
            forMs: 1000,
            text: '< 20%',
            source: 'profile',
          },
          { action: 'stop', operator: '<', bound: 1.6 * GIB, forMs: 0, text: '< 10%', source: 'profile' },
        ],
      },
      {
        sensor: 'host.cpu.temperature',
        unit: 'celsius',
        triggers: [
          {
            action: 'throttle',
            operator: '>',
            bound: 92,
            forMs: 5000,
            text: '> 92C for 5s',
            source: 'profile',
          },
        ],
      },
    ],
    reserveBytes: GIB,
    maxDurationMs: 600_000,
    gracefulStopMs: 10_000,
    actorNice: 5,
  },
  thresholds: [
    {
      text: 'host.scheduler.lag p99 < 100ms',
      selector: { metric: 'host.scheduler.lag', tags: {} },
      selectorText: 'host.scheduler.lag',
      assertion: {
        aggregate: { percentile: 0.99, text: 'p99' },
        operator: '<',
        operand: { kind: 'quantity', quantity: { value: 1e8, dimension: 'time' } },
        text: 'p99 < 100ms',
      },
      severity: 'fail',
    },
    {
      text: 'actor.achieved{phase:hold} avg > 90%',
      selector: { metric: 'actor.achieved', tags: { phase: ['hold'] } },
      selectorText: 'actor.achieved{phase:hold}',
      assertion: {
        aggregate: 'avg',
        operator: '>',
        operand: { kind: 'quantity', quantity: { value: 0.9, dimension: 'share' } },
        text: 'avg > 90%',
      },
      severity: 'fail',
    },
  ],
  exporters: [],
  catalogue: [
    { metric: 'host.scheduler.lag', kind: 'trend', unit: 'ns', help: 'Lateness of a thread.' },
    { metric: 'actor.achieved', kind: 'gauge', unit: 'share', help: 'Held by asked.' },
  ],
  estimate: {},
  notes: [],
};

export function gauge(metric: string, value: number, tags: Record<string, string> = {}): SeriesPoint {
  const point: Point = { kind: 'gauge', avg: value, min: value, max: value, last: value, coveredNs: 1e9 };
  return { metric, tags, point };
}

/** Second `n` of the run, counted from 0: the load climbs as it is asked to. */
export function windowAt(n: number): Window {
  const current = plan.phases.find(({ startMs, durationMs }) => n * 1000 < startMs + durationMs)!;
  const level = current.index === 0 ? ((n + 0.5) / 15) * 0.8 : current.index === 1 ? 0.8 : 0;
  const bins = { index: Uint16Array.of(900, 1200), count: Float64Array.of(19, 1) };
  return {
    index: n,
    phase: current.name,
    phaseIndex: current.index,
    startMs: n * 1000,
    endMs: (n + 1) * 1000,
    measured: true,
    missing: [],
    series: [
      gauge('actor.asked', level * 8, { actor: 'cpu' }),
      gauge('actor.held', level * 7.9, { actor: 'cpu' }),
      gauge('actor.asked', level * 2.6 * GIB, { actor: 'memory' }),
      gauge('actor.held', level * 2.6 * GIB, { actor: 'memory' }),
      gauge('host.memory.available', 10.4 * GIB - level * 2.6 * GIB),
      gauge('host.cpu.temperature', 50 + 30 * level),
      {
        metric: 'host.scheduler.lag',
        tags: {},
        point: { kind: 'trend', count: 20, sum: 8e6, min: 1e5, max: 4e6, bins },
      },
    ],
  };
}

function actorSummary(name: string, unit: string, peak: number): ActorSummary {
  const [asked, held] = [peak * 0.8, peak * 0.79];
  return {
    actor: name,
    simulator: name,
    unit,
    heldUnit: unit,
    peak,
    instances: 1,
    phases: [
      { phase: 'climb', asked: asked / 2, held: held / 2, achieved: 0.98, lowest: 0.91 },
      { phase: 'hold', asked, held, achieved: 0.9875, lowest: 0.981 },
    ],
    failures: [],
  };
}

export function seriesSummary(metric: string, over: Partial<SeriesSummary>): SeriesSummary {
  return {
    metric,
    kind: 'gauge',
    unit: 'share',
    tags: {},
    count: null,
    sum: null,
    rate: null,
    avg: null,
    min: null,
    max: null,
    last: null,
    quantiles: null,
    ...over,
  };
}

export const thresholds: readonly ThresholdResult[] = [
  {
    text: 'host.scheduler.lag p99 < 100ms',
    selector: 'host.scheduler.lag',
    aggregate: 'p99',
    value: 6.1e6,
    unit: 'ns',
    wanted: '< 100 ms',
    ok: true,
    severity: 'fail',
    actor: null,
    phases: [],
    detail: null,
  },
  {
    text: 'actor.achieved{phase:hold} avg > 90%',
    selector: 'actor.achieved{phase:hold}',
    aggregate: 'avg',
    value: 0.992,
    unit: 'share',
    wanted: '> 90 %',
    ok: true,
    severity: 'fail',
    actor: 'cpu',
    phases: ['hold'],
    detail: null,
  },
];

export const summary: RunSummary = {
  version: 1,
  run: RUN,
  scenario: 'quick',
  description: plan.description,
  seed: 7,
  verdict: 'passed',
  exitCode: 0,
  reasons: ['every threshold held'],
  startedAt: '2026-11-21T10:14:03.000Z',
  plannedMs: 30_000,
  tookMs: 30_012,
  stopCause: 'completed',
  thresholds,
  phases: [
    { name: 'climb', index: 0, measured: false, tookMs: 15_000, windows: 15, series: [] },
    {
      name: 'hold',
      index: 1,
      measured: true,
      tookMs: 10_000,
      windows: 10,
      series: [
        seriesSummary('actor.cpu', { tags: { actor: 'cpu' }, avg: 6.3 }),
        seriesSummary('actor.rss', { unit: 'bytes', tags: { actor: 'memory' }, avg: 2.08 * GIB }),
      ],
    },
    { name: 'recovery', index: 2, measured: true, tookMs: 5000, windows: 5, series: [] },
  ],
  actors: [actorSummary('cpu', 'cores', 8), actorSummary('memory', 'bytes', 2.6 * GIB)],
  trust: {
    trustworthy: true,
    checks: [
      { check: 'achieved', ok: true, detail: 'within 10 %' },
      { check: 'lost-frames', ok: true, detail: 'none' },
      { check: 'littles-law', ok: null, detail: 'no operations' },
    ],
    comparable: { ok: false, detail: 'measured for 12 s, and 30 s are the least' },
  },
  target: null,
  safety: {
    profile: 'laptop',
    worst: 'ok',
    actions: 0,
    closest: { sensor: 'host.cpu.temperature', unit: 'celsius', value: 84, action: 'throttle', bound: 92 },
    absent: ['host.io.pressure'],
  },
  after: { stopMs: 200, leftBehind: [], heldAtStop: { memory: 2.08 * GIB } },
  host,
  record: `.brunt/runs/${RUN}`,
  lost: { windows: 0, events: 0, frames: 0 },
  notes: [],
};

/** A screen that keeps what is written; what a terminal would make of the escapes is `shown`. */
export class FakeTerminal implements Screen {
  written = '';
  readonly isLive: boolean;
  readonly color = false;
  readonly #columns: number;

  constructor(isLive: boolean, columns = 80) {
    this.isLive = isLive;
    this.#columns = columns;
  }

  columns(): number {
    return this.#columns;
  }

  rows(): number {
    return 30;
  }

  keys(): readonly string[] {
    return ['p pause   s stop'];
  }

  write(text: string): void {
    this.written += text;
  }

  /** The lines a terminal of this width would show now: cursor-up, return and erase-down are obeyed. */
  shown(): string[] {
    const lines: string[] = [''];
    let row = 0;
    for (const [part] of this.written.matchAll(/\u001b\[\??\d*[A-Za-z]|\n|\r|[^\u001b\n\r]+/g)) {
      const up = /^\u001b\[(\d+)A$/.exec(part);
      if (up) row = Math.max(0, row - Number(up[1]));
      else if (part === '\u001b[0J') lines.splice(row, Infinity, '');
      else if (part === '\n') lines[++row] ??= '';
      else if (!part.startsWith('\u001b') && part !== '\r') lines[row] = part;
    }
    return lines;
  }
}
