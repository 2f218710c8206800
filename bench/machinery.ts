/** Bench `machinery`: what brunt itself costs beside the load: processor time, memory, bytes, and turns of its event loop. */
import { fileURLToPath } from 'node:url';
import { serialize } from 'node:v8';
import { must } from '../core/base/assert.js';
import { FrameBuilder } from '../core/metrics/frame-builder.js';
import { openRecorders, recorderBytes } from '../core/metrics/recorder.js';
import type { Bench, BenchFlags, BenchOutput } from './bench.js';
import { latencies } from './support/lognormal.js';
import type { Measured } from './support/measured-run.js';
import { measureRun } from './support/measured-run.js';
import { TRENDS_PER_ACTOR } from './support/plugins/load.js';
import { quantile } from './support/stats.js';

const MIB = 2 ** 20;
const PLUGIN = fileURLToPath(new URL('./support/plugins/load.js', import.meta.url));
const INSTANCES = [1, 4, 16, 64, 256];
const AIM_INSTANCES = 64;
const SERIES_ACTORS = 8;
const SERIES = SERIES_ACTORS * TRENDS_PER_ACTOR;
/** As many of each as the plugin records a second. */
const RECORDED = 80;
const TIMES = {
  parked: { warmMs: 14_000, spanMs: 12_000 },
  series: { warmMs: 8000, spanMs: 12_000 },
  short: { warmMs: 2000, spanMs: 3000 },
};
const SPECS = { value: { kind: 'trend', unit: 'ns', help: 'What is measured.' } } as const;
/** Phases are this much longer than what is measured. */
const REST_MS = 2000;

export const machinery: Bench = {
  name: 'machinery',
  title: 'Cost of the machinery',
  about:
    'Real runs of `brunt run`, watched from outside. Processor time is what the kernel counted (schedstat) for all threads ' +
    'of the orchestrator, the guard among them, and of the agents, over a steady span. A parked instance holds its amount and ' +
    `waits. ${SERIES} live series are trends of ${SERIES_ACTORS} actors, each given some 80 values a second; what the threads of ` +
    'those actors use is load, and left out. A turn is all that the event loop of the orchestrator does without a pause, from ' +
    'the start instant on, in a run of its own.',
  run: measure,
};

async function measure(out: BenchOutput, { isShort, seed }: BenchFlags): Promise<void> {
  const alone = await measureInstances(out, isShort);
  await measureSeries(out, isShort, alone);
  measureFrames(out, seed);
}

/** The run with one instance. */
async function measureInstances(out: BenchOutput, isShort: boolean): Promise<Measured> {
  const runs = new Map<number, Measured>();
  for (const instances of isShort ? [1, 4] : INSTANCES) {
    const actors = { parked: { uses: 'load/parked', peak: String(instances), instances } };
    const run = await measureRun({ ...scenarioOf(actors, isShort ? 'short' : 'parked'), withTurns: false });
    runs.set(instances, run);
    const { cpu, rssBytes, readyMs } = run;
    out.row('Parked instances', {
      instances,
      'orchestrator, % of a core': cpu.orchestrator * 100,
      'agent, % of a core': cpu.agents * 100,
      'orchestrator, MiB': rssBytes.orchestrator / MIB,
      'agent, MiB': rssBytes.agents / MIB,
      'spawn to start instant, s': readyMs / 1000,
    });
    out.say(`${instances} instances measured`);
  }
  const alone = must(runs.get(1), 'one instance');
  const [most, many] = must([...runs].at(-1), 'runs');
  const each = (many.rssBytes.agents - alone.rssBytes.agents) / (most - 1);
  out.row('Memory', { of: 'each further instance', KiB: each / 1024 });
  out.row('Memory', { of: 'an agent, without instances', KiB: (alone.rssBytes.agents - each) / 1024 });
  out.row('Memory', { of: 'the orchestrator', KiB: alone.rssBytes.orchestrator / 1024 });
  const cpu = runs.get(AIM_INSTANCES)?.cpu;
  const value = cpu === undefined ? null : (cpu.orchestrator + cpu.agents) * 100;
  out.aim({
    what: `${AIM_INSTANCES} parked instances, orchestrator and agent`,
    is: '<=',
    limit: 1,
    unit: '% of a core',
    value,
  });
  return alone;
}

async function measureSeries(out: BenchOutput, isShort: boolean, alone: Measured): Promise<void> {
  const names = Array.from({ length: SERIES_ACTORS }, (_, i) => `series-${i}`);
  const actors = Object.fromEntries(names.map((name) => [name, { uses: 'load/series' }]));
  const scenario = scenarioOf(actors, isShort ? 'short' : 'series');
  const { cpu, rssBytes } = await measureRun({ ...scenario, withTurns: false });
  const agents = cpu.agents - cpu.instances;
  out.row(`${SERIES} live series`, {
    'orchestrator, % of a core': cpu.orchestrator * 100,
    'agent, % of a core': agents * 100,
    'the load itself, % of a core': cpu.instances * 100,
    'orchestrator, MiB': rssBytes.orchestrator / MIB,
    'agent, MiB': rssBytes.agents / MIB,
  });
  const [here, there] = [
    rssBytes.orchestrator - alone.rssBytes.orchestrator,
    rssBytes.agents - alone.rssBytes.agents,
  ];
  out.row('Memory', { of: 'each series, in the orchestrator', KiB: here / SERIES / 1024 });
  out.row('Memory', { of: 'each series, in its agent, instances included', KiB: there / SERIES / 1024 });
  const value = (cpu.orchestrator + agents) * 100;
  out.aim({
    what: `${SERIES} live series, orchestrator and agent`,
    is: '<=',
    limit: 5,
    unit: '% of a core',
    value,
  });
  const turns = must((await measureRun({ ...scenario, withTurns: true })).turns, 'turns');
  for (const [name, turnsMs] of [
    ['while the run lasts', turns.underLoad],
    ['when it has stopped', turns.ending],
  ] as const) {
    out.row(`Turns of the event loop with ${SERIES} live series, those of 1 ms and more`, {
      when: name,
      turns: turnsMs.length,
      'p50, ms': turnsMs.length > 0 ? quantile(turnsMs, 0.5) : null,
      'p99, ms': turnsMs.length > 0 ? quantile(turnsMs, 0.99) : null,
      'longest, ms': turnsMs[0] ?? null,
      'second, ms': turnsMs[1] ?? null,
    });
    out.aim({
      what: `longest turn of the event loop, ${name}`,
      is: '<=',
      limit: 10,
      unit: 'ms',
      value: turnsMs[0] ?? null,
    });
  }
}

/** What goes over the link for each window: the first frame brings the names, the others only numbers. */
function measureFrames(out: BenchOutput, seed: number): void {
  const frames = new FrameBuilder();
  const recorders = Array.from({ length: SERIES }, (_, i) => {
    const buffers = [new SharedArrayBuffer(recorderBytes(SPECS))] as const;
    const actor = `series-${i % SERIES_ACTORS}`;
    frames.add({ prefix: `trend-${i}`, specs: SPECS, tags: { actor }, buffers });
    return openRecorders(SPECS, buffers[0], () => 0).value;
  });
  const values = latencies(SERIES * RECORDED * 2, seed, 'frames');
  for (const [window, name] of ['first', 'next', 'idle'].entries()) {
    if (name !== 'idle') {
      recorders.forEach((recorder, i) => {
        for (let k = 0; k < RECORDED; k++)
          recorder.record(values[(window * SERIES + i) * RECORDED + k] as number);
      });
    }
    const frame = must(frames.build({ window, fromNs: 0, toNs: 0 }), 'frame');
    frames.ack(frame.seq);
    out.row(`Frame of ${SERIES} series, ${RECORDED} values each`, {
      frame: name,
      bytes: serialize(frame).byteLength,
      'bins changed': frame.binIndex.length,
    });
  }
}

function scenarioOf(
  actors: object,
  times: keyof typeof TIMES,
): { scenario: object; warmMs: number; spanMs: number } {
  const { warmMs, spanMs } = TIMES[times];
  // Two phases, so that the end of one lies within what is watched.
  const [firstS, secondS] = [(warmMs + spanMs + REST_MS) / 1000, 2];
  const phases = [firstS, secondS].map((s, i) => ({
    name: `p${i}`,
    duration: `${s}s`,
    load: { '*': '100%' },
  }));
  return { scenario: { version: 1, plugins: { load: PLUGIN }, actors, phases }, warmMs, spanMs };
}
