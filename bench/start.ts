/**
 * `bench start`: how long a person waits. `node -e 0` and each verb run in turn, so that each figure has a peer of the
 * same moment; the first operation is the one that a plugin really began, told by it in the record of the run.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nowNs } from '../core/base/clock.js';
import type { RunEvent } from '../core/contract/events.js';
import type { Bench, BenchOutput } from './bench.js';
import { FIRST } from './plugins/first-op.js';
import { median, quantile } from './support/stats.js';
import { keepFolder } from './support/leftovers.js';

const MAIN = fileURLToPath(new URL('../cli/main.js', import.meta.url));
const PLUGIN = fileURLToPath(new URL('./plugins/first-op.js', import.meta.url));
/** Long enough for every instance to begin, and no longer. */
const PHASE = '300ms';
const ROUNDS = 21;
const INSTANCES = [1, 2, 4, 8, 16];
const ROUNDS_OF_INSTANCES = 5;

export const start: Bench = {
  name: 'start',
  title: 'Start',
  about: [
    'From the moment a command is spawned to its end (`node -e 0`, `--help`, `validate`), or to the first operation of an',
    'instance (`run`): the plugin itself reads the clock when its first operation begins, and the record tells it. All run',
    'in turn, round after round; a ratio is that of two runs of one round, and the median of all rounds is what is quoted.',
    'For what each further instance costs, a line is laid through the medians over 1 to 16 instances: until the last of',
    'them has begun.',
  ].join('\n'),
  // eslint-disable-next-line @typescript-eslint/require-await
  async run(out, { isShort }) {
    const kept = keepFolder('start');
    const folder = kept.path;
    try {
      measureVerbs(out, folder, isShort ? 3 : ROUNDS);
      measureInstances(out, folder, isShort ? 1 : ROUNDS_OF_INSTANCES);
    } finally {
      kept.remove();
    }
  },
};

function measureVerbs(out: BenchOutput, folder: string, rounds: number): void {
  const file = writeScenario(folder, 1);
  const verbs: Readonly<Record<string, () => number>> = {
    'node -e 0': () => timeOf(folder, ['-e', '0']),
    'brunt --help': () => timeOf(folder, [MAIN, '--help']),
    'brunt validate FILE': () => timeOf(folder, [MAIN, 'validate', file]),
    'brunt run FILE, to the first operation': () => Math.min(...firstOperationsMs(folder, file)),
  };
  for (const measure of Object.values(verbs)) measure(); // what is read for the first time comes from the disk
  const took = new Map(Object.keys(verbs).map((name) => [name, [] as number[]]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, measure] of Object.entries(verbs)) took.get(name)?.push(measure());
  }
  const base = took.get('node -e 0') ?? [];
  const ratios = (name: string): number[] => (took.get(name) ?? []).map((ms, i) => ms / (base[i] ?? NaN));
  for (const [name, ms] of took) {
    out.row('Each command beside node -e 0', {
      command: name,
      runs: ms.length,
      'median ms': median(ms),
      'least ms': Math.min(...ms),
      'ratio, median': median(ratios(name)),
      'ratio, quartiles': [0.25, 0.75].map((share) => quantile(ratios(name), share).toFixed(2)).join(' to '),
    });
  }
  const aims = { 'brunt --help': 2, 'brunt validate FILE': 3, 'brunt run FILE, to the first operation': 4 };
  for (const [name, limit] of Object.entries(aims)) {
    out.aim({ what: `${name}, beside node -e 0`, is: '<=', limit, unit: '', value: median(ratios(name)) });
  }
}

function measureInstances(out: BenchOutput, folder: string, rounds: number): void {
  const files = INSTANCES.map((count) => writeScenario(folder, count));
  const first = INSTANCES.map(() => [] as number[]);
  const last = INSTANCES.map(() => [] as number[]);
  for (let round = 0; round < rounds; round++) {
    for (const [index, file] of files.entries()) {
      const all = firstOperationsMs(folder, file);
      if (all.length !== INSTANCES[index]) throw new Error(`${all.length} instances began, not ${file}`);
      first[index]?.push(Math.min(...all));
      last[index]?.push(Math.max(...all));
    }
  }
  for (const [index, count] of INSTANCES.entries()) {
    out.row('From the command to the first operation of instances', {
      instances: count,
      runs: rounds,
      'first ms': median(first[index] ?? []),
      'last ms': median(last[index] ?? []),
    });
  }
  const slope = slopeOf(
    INSTANCES,
    last.map((ms) => median(ms)),
  );
  out.aim({ what: 'each further instance, 1 to 16', is: '<=', limit: 45, unit: 'ms', value: slope });
}

function writeScenario(folder: string, instances: number): string {
  const file = `start-${instances}.json`;
  const scenario = {
    version: 1,
    name: 'start',
    plugins: { first: PLUGIN },
    actors: { first: { uses: 'first', instances, peak: String(instances) } },
    phases: [{ name: 'hold', duration: PHASE, load: { first: '100%' } }],
  };
  writeFileSync(join(folder, file), JSON.stringify(scenario));
  return file;
}

/** One process, from before it is spawned until it has ended. */
function timeOf(cwd: string, args: readonly string[]): number {
  const fromNs = nowNs();
  const { status, stderr } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8' });
  const tookMs = (nowNs() - fromNs) / 1e6;
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status ?? 'a signal'}: ${stderr}`);
  return tookMs;
}

/** From before the command is spawned to the first operation of each instance. */
function firstOperationsMs(folder: string, file: string): number[] {
  const fromNs = nowNs();
  timeOf(folder, [MAIN, 'run', file, '--quiet']);
  const runs = join(folder, '.brunt', 'runs');
  const [record = ''] = readdirSync(runs);
  const events = readFileSync(join(runs, record, 'events.ndjson'), 'utf8')
    .trim()
    .split('\n');
  rmSync(runs, { recursive: true });
  return events.flatMap((line) => {
    const event = JSON.parse(line) as RunEvent;
    if (event.type !== 'actor.log' || !event.message.startsWith(FIRST)) return [];
    return [(Number(event.message.slice(FIRST.length)) - fromNs) / 1e6];
  });
}

/** Of the line of least squares. */
function slopeOf(xs: readonly number[], ys: readonly number[]): number {
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  const [x0, y0] = [mean(xs), mean(ys)];
  const covariance = xs.reduce((sum, x, i) => sum + (x - x0) * ((ys[i] ?? NaN) - y0), 0);
  return covariance / xs.reduce((sum, x) => sum + (x - x0) ** 2, 0);
}
