/**
 * Bench `pacing`: how late the core starts operations that do nothing, at three rates, for each way to work; and whether
 * Poisson arrivals are Poisson, as they fall due and as they really begin.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { run } from '../cli/library.js';
import type { Bench, BenchFlags } from './bench.js';
import { testExponential } from './support/exponential.js';
import type { ThreadSpan } from './support/spans.js';
import { threadsOver } from './support/spans.js';
import { quantile } from './support/stats.js';
import { keepFolder } from './support/leftovers.js';

type Way = 'step' | 'stepAsync' | 'run';

interface Setting {
  readonly title: string;
  readonly way: Way;
  readonly isPrecise: boolean;
}

interface Cell extends Setting {
  readonly rate: number;
  readonly arrival: 'constant' | 'poisson';
}

const WAYS: readonly Way[] = ['step', 'stepAsync', 'run'];
const SETTINGS: readonly Setting[] = WAYS.flatMap((way) => [
  { title: `\`${way}\``, way, isPrecise: false },
  { title: `\`${way}\`, \`pacing: precise\``, way, isPrecise: true },
]);
const RATES = [1_000, 10_000, 100_000];
const SETTLE_MS = 300;
/** A run to its end takes longer than what is looked at. */
const REST_MS = 200;
const PLUGIN = fileURLToPath(new URL('./support/plugins/due.js', import.meta.url));

export const pacing: Bench = {
  name: 'pacing',
  title: 'Pacing: how late operations start',
  about: [
    'Real runs of one instance whose operations do nothing. Lateness is from when an operation was due until its first line',
    'ran, as the operation itself notes it; achieved is operations begun against operations due; the processor time is that',
    'of the instance’s thread, by the kernel, from outside, as is how long others kept it waiting (a machine that is not at',
    'rest shows there, and in the lateness). The gaps of Poisson arrivals are held against the exponential',
    'distribution of the asked rate, nothing fitted (Kolmogorov and Smirnov): the due times must pass; how far the real',
    'starts are from it is what lateness does to them.',
  ].join('\n'),
  async run(out, flags) {
    let worstP = 1;
    let leastAchieved = 1;
    let cells = 0;
    for (const setting of SETTINGS) {
      for (const arrival of ['constant', 'poisson'] as const) {
        for (const rate of flags.isShort ? [1_000, 100_000] : RATES) {
          // Of a seed of its own: one unlucky stream must not be told as one for each way.
          const seen = await measure({ ...setting, rate, arrival }, { ...flags, seed: flags.seed + cells++ });
          const { due, starts } = seen;
          leastAchieved = Math.min(leastAchieved, seen.achieved);
          if (due !== null) worstP = Math.min(worstP, due.p);
          out.row(arrival === 'constant' ? 'Constant arrivals' : 'Poisson arrivals', {
            Way: setting.title,
            'Rate, ops/s': rate,
            'p50, µs': seen.p50Us,
            'p99, µs': seen.p99Us,
            'Achieved, %': 100 * seen.achieved,
            'CPU, % of a core': 100 * seen.thread.cores,
            'Kept waiting, %': 100 * seen.thread.waited,
            ...(due !== null && { 'Gaps as due: KS distance': due.distance, 'p-value': due.p }),
            ...(starts !== null && { 'Gaps as begun: KS distance': starts.distance }),
          });
        }
      }
    }
    out.aim({
      what: 'Poisson gaps as due: least p-value of all runs',
      is: '>=',
      limit: 0.001,
      unit: '',
      value: worstP,
    });
    const note = 'of what was due, in each run';
    out.aim({ what: 'Achieved rate', is: '>=', limit: 0.99, unit: '', value: leastAchieved, note });
  },
};

interface Seen {
  readonly p50Us: number;
  readonly p99Us: number;
  readonly achieved: number;
  readonly thread: ThreadSpan;
  readonly due: ReturnType<typeof testExponential> | null;
  readonly starts: ReturnType<typeof testExponential> | null;
}

async function measure(cell: Cell, flags: BenchFlags): Promise<Seen> {
  const spanMs = flags.isShort ? 500 : 2000;
  const kept = keepFolder('pacing');
  const folder = kept.path;
  const file = join(folder, 'due');
  let agent = 0;
  let thread: Promise<ThreadSpan> = Promise.resolve(NONE);
  try {
    const summary = await run(scenarioOf(cell, file, spanMs), {
      profile: 'lab',
      seed: flags.seed,
      runsDir: folder,
      onEvent(event) {
        if (event.type === 'agent.ready') agent = event.pid;
        if (event.type === 'phase.started') thread = sleep(SETTLE_MS).then(() => busiest(agent, spanMs));
      },
    });
    const began = sum(summary, 'op.count');
    return { ...timesOf(file, cell), achieved: began / sum(summary, 'op.due'), thread: await thread };
  } finally {
    kept.remove();
  }
}

function scenarioOf({ way, isPrecise, rate, arrival }: Cell, file: string, spanMs: number): object {
  const actor = { uses: 'due', instances: 1, peak: `${rate}/s`, arrival, with: { way, file } };
  return {
    version: 1,
    name: 'pacing',
    plugins: { due: PLUGIN },
    actors: { due: { ...actor, ...(isPrecise && { pacing: 'precise' }) } },
    phases: [{ name: 'hold', duration: `${SETTLE_MS + spanMs + REST_MS}ms`, load: { due: '100%' } }],
  };
}

const NONE: ThreadSpan = { cores: NaN, waited: NaN };

async function busiest(pid: number, spanMs: number): Promise<ThreadSpan> {
  return (await threadsOver([pid], spanMs))[0] ?? NONE;
}

type Summary = Awaited<ReturnType<typeof run>>;

function sum({ phases }: Summary, metric: string): number {
  return phases
    .flatMap(({ series }) => series)
    .filter((one) => one.metric === metric)
    .reduce((total, { count }) => total + (count ?? 0), 0);
}

/** Of what was due in the span that is looked at. */
function timesOf(file: string, { rate, arrival }: Cell): Pick<Seen, 'p50Us' | 'p99Us' | 'due' | 'starts'> {
  const bytes = readFileSync(file);
  const pairs = new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  const fromNs = (pairs[0] ?? 0) + SETTLE_MS * 1e6;
  const dueNs: number[] = [];
  const startNs: number[] = [];
  for (let i = 0; i + 1 < pairs.length; i += 2) {
    const at = pairs[i] ?? 0;
    if (at < fromNs) continue;
    dueNs.push(at);
    startNs.push(pairs[i + 1] ?? 0);
  }
  const lateUs = dueNs.map((at, i) => ((startNs[i] ?? 0) - at) / 1e3);
  const test = (times: readonly number[]): Seen['due'] =>
    arrival === 'poisson' ? testExponential(gapsOf(times), rate / 1e9) : null;
  return {
    p50Us: quantile(lateUs, 0.5),
    p99Us: quantile(lateUs, 0.99),
    due: test(dueNs),
    starts: test(startNs),
  };
}

function gapsOf(times: readonly number[]): Float64Array {
  return Float64Array.from(
    { length: Math.max(0, times.length - 1) },
    (_, i) => (times[i + 1] ?? 0) - (times[i] ?? 0),
  );
}
