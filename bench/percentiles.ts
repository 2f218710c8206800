/**
 * Bench `percentiles`: how far the percentiles of a run are from those of its values, on the whole way from recorders to a
 * summary. The code of the product does all of it; only the clock is the bench's.
 */
import { must } from '../core/base/assert.js';
import { parseSelector } from '../core/base/grammar.js';
import { MS } from '../core/base/clock.js';
import type { MetricSpecs } from '../core/contract/metrics.js';
import type { Plan } from '../core/contract/plan.js';
import { RunAccumulator } from '../core/metrics/accumulate.js';
import { aggregateOf } from '../core/metrics/aggregate.js';
import { quantile } from '../core/metrics/digest.js';
import { FrameBuilder } from '../core/metrics/frame-builder.js';
import { openRecorders, recorderBytes } from '../core/metrics/recorder.js';
import { WindowStore } from '../core/metrics/windows.js';
import { PhaseClock } from '../core/plan/clock.js';
import { readRecord } from '../core/record/read.js';
import { createRecord } from '../core/record/write.js';
import { prepare } from '../cli/prepare.js';
import type { Bench, BenchFlags, BenchOutput } from './bench.js';
import { latencies } from './support/lognormal.js';
import { keepFolder } from './support/leftovers.js';

const VALUES = 10_000_000;
const SHORT_VALUES = 1_000_000;
const INSTANCES = 8;
/** The instances are of one actor; each agent sends frames of its own. */
const AGENTS = 2;
const SEEDS = 3;
const TWICE = 2;
const PHASES = ['first', 'second'];
const WINDOWS_A_PHASE = 5;
const PERCENTILES = { p50: 0.5, p90: 0.9, p99: 0.99, 'p99.9': 0.999, 'p99.99': 0.9999 } as const;
const ERROR_MAX = 0.5;
const SPECS: MetricSpecs = { latency: { kind: 'trend', unit: 'ns', help: 'What is measured.' } };
const METRIC = 'bench.latency';

const ways = {
  run: 'bins of the run',
  digest: 'digest of the run, as the record keeps it',
  record: 'record, written and read back',
};
type Way = keyof typeof ways;
type Figures = Readonly<Record<Way, readonly number[]>>;

export const percentiles: Bench = {
  name: 'percentiles',
  title: 'Percentiles: from recorders to the summary',
  about:
    `${VALUES / 1e6} million log-normal values with a heavy tail, recorded by ${INSTANCES} instances of one actor in ` +
    `${AGENTS} agents, over ${PHASES.length} phases of ${WINDOWS_A_PHASE} windows: recorders, frames, windows, phases, run, ` +
    'digests and record as in a run. Errors are against the exact value of the same rank, all values sorted. Each seed is ' +
    'measured twice, which must give the same figures to the last digit.',
  run: measure,
};

async function measure(out: BenchOutput, { isShort, seed }: BenchFlags): Promise<void> {
  const worst: Record<string, number> = {};
  let differing = 0;
  for (let nth = 0; nth < (isShort ? 1 : SEEDS); nth++) {
    const values = latencies(isShort ? SHORT_VALUES : VALUES, seed + nth, 'percentiles');
    const sorted = Float64Array.from(values).sort();
    const exact = Object.values(PERCENTILES).map((p) =>
      must(sorted[Math.ceil(p * sorted.length) - 1], 'rank'),
    );
    const twice: Figures[] = [];
    for (let time = 0; time < TWICE; time++) twice.push(await throughAll(values));
    const [once, again] = [must(twice[0], 'once'), must(twice[1], 'again')];
    for (const way of Object.keys(ways) as Way[]) {
      const isSame = once[way].every((value, i) => value === again[way][i]);
      if (!isSame) differing++;
      const errors = once[way].map((value, i) => Math.abs(value / must(exact[i], 'exact') - 1) * 100);
      const cells = Object.keys(PERCENTILES).map((name, i) => [`${name}, %`, must(errors[i], name)] as const);
      for (const [name, error] of cells) worst[name] = Math.max(worst[name] ?? 0, error);
      const row = { seed: String(seed + nth), figure: ways[way], ...Object.fromEntries(cells) };
      out.row('Error of each percentile', { ...row, 'the same twice': isSame ? 'yes' : 'no' });
    }
    out.say(`seed ${seed + nth} measured`);
  }
  for (const [name, value] of Object.entries(worst)) {
    out.aim({
      what: `error of ${name.replace(', %', '')}, worst of all`,
      is: '<=',
      limit: ERROR_MAX,
      unit: '%',
      value,
    });
  }
  out.aim({
    what: 'figures that differ when measured again',
    is: '<=',
    limit: 0,
    unit: '',
    value: differing,
  });
}

async function throughAll(values: Float64Array): Promise<Figures> {
  const plan = await makePlan();
  const kept = keepFolder('percentiles');
  const runsDir = kept.path;
  try {
    const record = await createRecord({ runsDir, run: 'bench', plan, argv: [], version: '0' });
    const accumulator = new RunAccumulator(plan);
    for (const window of windowsOf(plan, values)) {
      accumulator.add(window);
      await record.window(window);
    }
    PHASES.forEach((_, index) => record.digests(accumulator.digests(index)));
    record.digests(accumulator.digests());
    await record.close();
    const read = await readRecord(record.dir);
    const again = new RunAccumulator(read.manifest.plan);
    for await (const window of read.windows()) again.add(window);
    const digests = [];
    for await (const digest of read.digests()) if (digest.scope === 'run') digests.push(digest);
    const digest = must(digests[0], 'digest of the run');
    return {
      run: figuresOf(accumulator),
      digest: Object.values(PERCENTILES).map((p) => must(quantile(digest, p), 'quantile')),
      record: figuresOf(again),
    };
  } finally {
    kept.remove();
  }
}

/** Agents record and send a frame at the end of each window; the store closes it when it has come from all. */
function* windowsOf(plan: Plan, values: Float64Array): Generator<ReturnType<WindowStore['flush']>[number]> {
  const clock = new PhaseClock(plan.phases, plan.windowMs);
  const store = new WindowStore({ plan, startNs: 0, graceMs: 0, clock });
  const agents = Array.from({ length: AGENTS }, (_, i) => openAgent(`agent-${i}`));
  for (const agent of agents) store.expect(agent.name);
  const count = clock.lastIndex + 1;
  let fromNs = 0;
  for (let index = 0; index < count; index++) {
    const toNs = must(clock.windowAt(index), 'window').endMs * MS;
    const end = Math.floor(((index + 1) * values.length) / count);
    for (let i = Math.floor((index * values.length) / count); i < end; i++) {
      const agent = agents[i % AGENTS];
      agent?.recorders[(i >> 1) % agent.recorders.length]?.record(values[i] as number);
    }
    for (const agent of agents) {
      const frame = must(agent.frames.build({ window: index, fromNs, toNs }), 'frame');
      store.apply(agent.name, 'boot', structuredClone(frame));
      agent.frames.ack(frame.seq);
    }
    yield* store.closeDue(toNs);
    fromNs = toNs;
  }
  yield* store.flush();
}

function openAgent(name: string): {
  readonly name: string;
  readonly frames: FrameBuilder;
  readonly recorders: readonly { record(value: number): void }[];
} {
  const buffers = Array.from(
    { length: INSTANCES / AGENTS },
    () => new SharedArrayBuffer(recorderBytes(SPECS)),
  );
  const frames = new FrameBuilder();
  frames.add({ prefix: 'bench', specs: SPECS, tags: { actor: 'all' }, buffers });
  const specs = { latency: { kind: 'trend', unit: 'ns', help: '' } } as const;
  return { name, frames, recorders: buffers.map((buffer) => openRecorders(specs, buffer, () => 0).latency) };
}

function figuresOf(accumulator: RunAccumulator): number[] {
  const { total, spanMs, unit } = must(accumulator.select(parseSelector(METRIC))[0], METRIC);
  return Object.entries(PERCENTILES).map(([text, percentile]) =>
    must(aggregateOf(total, { percentile, text }, { spanMs, unit }), METRIC),
  );
}

/** Of a real scenario; the actor that is measured is the bench's. */
async function makePlan(): Promise<Plan> {
  const scenario = {
    version: 1,
    actors: { all: { uses: 'memory', peak: '1MiB' } },
    phases: PHASES.map((name) => ({ name, duration: `${WINDOWS_A_PHASE}s`, load: { '*': '100%' } })),
  };
  const { plan } = await prepare({ file: null, text: JSON.stringify(scenario) }, { profile: 'ci' });
  const entry = { metric: METRIC, kind: 'trend', unit: 'ns', help: 'What is measured.' } as const;
  return { ...plan, catalogue: [...plan.catalogue, entry] };
}
