/**
 * The ways to be fooled, one scenario each, with the check that must call it by name; and honest scenarios, which none
 * may call. `runLie` runs one with the real command and gives its summary. Used by the bench `trust` and by its test.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { hasBegun } from './begun.js';
import { randomFor } from '../../core/base/random.js';
import type { RunSummary } from '../../core/contract/summary.js';
import { keepFolder } from './leftovers.js';

const MAIN = fileURLToPath(new URL('../../cli/main.js', import.meta.url));
const LIAR = fileURLToPath(new URL('./plugins/liar.js', import.meta.url));
const LOOK_MS = 50;
const DISTURBER = fileURLToPath(new URL('./plugins/disturber.js', import.meta.url));

export interface Attempt {
  /** As the table says it. */
  readonly way: string;
  readonly scenario: object;
  /** What does it, where not the simulator. */
  readonly disturb?: 'busy-orchestrator' | 'clock-fast' | 'frames-lost';
  /** Done to the running orchestrator, so long after its first window. */
  readonly act?: { readonly afterMs: number; readonly run: (child: ChildProcess) => Promise<void> };
  /** Done to the record when the run is over; then the summary is made anew from it. */
  readonly spoil?: (record: string) => void;
}

export interface Lie extends Attempt {
  /** Must be among those that fail. */
  readonly check: string;
}

const scenario = (actor: object, seconds = 2, more: object = {}): object => ({
  version: 1,
  window: '250ms',
  seed: 1,
  plugins: { liar: LIAR, disturber: DISTURBER },
  actors: { it: actor },
  phases: [{ name: 'main', duration: `${seconds}s`, load: { '*': '100%' } }],
  ...more,
});
const store = (lie: string, more: object = {}): object => ({
  uses: 'liar/store',
  peak: '1000/s',
  with: { lie },
  ...more,
});
const told = (way: string, check: string, lie: string, more: object = {}): Lie => ({
  way,
  check,
  scenario: scenario(store(lie, more)),
});
const quiet = scenario({ uses: 'disturber/nothing' }, 3);

export const LIES: readonly Lie[] = [
  told('an engine that does nothing', 'operations-done', 'no-operations'),
  told('one of two kinds of operation is never done', 'operations-done', 'one-kind'),
  told('writes that move no bytes', 'bytes-match', 'no-bytes'),
  told('operations that move an eighth of their size', 'bytes-match', 'short-bytes'),
  told('80 % reads where 70 % were asked', 'mix', 'mix'),
  told('a tenth of the load asked for', 'achieved', 'slow'),
  {
    way: 'more time in service than operations in flight have',
    check: 'littles-law',
    scenario: scenario(store('made-up-service', { peak: '4' }), 12),
  },
  told('uniform access where four fifths should be hot', 'skew', 'uniform'),
  told('a tenth of the blocks used', 'coverage', 'few-blocks'),
  told('a file of holes', 'sparse', 'sparse'),
  told('zeros for payload', 'compressibility', 'compressible'),
  told('a figure that is promised and never told', 'coverage', 'untold'),
  told('values that are no numbers', 'refused-values', 'not-a-number'),
  told('a simulator that failed, and the run went on', 'actors-alive', 'throws', { onFailure: 'continue' }),
  told('a simulator that was started again', 'restarts', 'throws', { onFailure: 'restart' }),
  {
    way: 'cores held that no thread used',
    check: 'held-measured',
    scenario: scenario({ uses: 'liar/idle', peak: '0.5cores' }),
  },
  {
    way: 'memory held that was never touched',
    check: 'held-measured',
    scenario: scenario({ uses: 'liar/untouched', peak: '256MiB' }),
  },
  { way: 'memory taken without a lease', check: 'unleased', scenario: scenario({ uses: 'liar/greedy' }) },
  {
    way: 'an orchestrator that is itself the load',
    check: 'own-cpu',
    scenario: quiet,
    disturb: 'busy-orchestrator',
  },
  {
    way: 'a wall clock that runs twice as fast',
    check: 'clock-jump',
    scenario: quiet,
    disturb: 'clock-fast',
  },
  { way: 'frames of an agent get lost', check: 'lost-frames', scenario: quiet, disturb: 'frames-lost' },
  {
    way: 'nobody watches for a second',
    check: 'guard-lateness',
    scenario: quiet,
    act: {
      afterMs: 200,
      run: async (child) => {
        child.kill('SIGSTOP');
        await sleep(1000);
        child.kill('SIGCONT');
      },
    },
  },
  {
    way: 'a window is dropped from the record',
    check: 'complete-windows',
    scenario: quiet,
    spoil: (record) => {
      const file = join(record, 'windows.ndjson');
      const lines = readFileSync(file, 'utf8').split('\n');
      writeFileSync(file, lines.toSpliced(4, 1).join('\n'));
      rmSync(join(record, 'summary.json'));
    },
  },
  {
    way: 'the run is killed, and its record reported',
    check: 'run-ended',
    scenario: quiet,
    act: { afterMs: 500, run: (child) => Promise.resolve(void child.kill('SIGKILL')) },
    spoil: () => undefined,
  },
];

/** So many of them, of several kinds, each with a seed of its own. */
export function honestRuns(count: number, seed: number): readonly Attempt[] {
  const random = randomFor(seed, 'honest');
  const actors: readonly (readonly [string, () => object])[] = [
    ['cpu', () => ({ uses: 'cpu', peak: `${(0.1 + 0.4 * random()).toFixed(2)}cores`, instances: 1 })],
    ['memory', () => ({ uses: 'memory', peak: `${16 + Math.floor(112 * random())}MiB` })],
    ['operations at a rate', () => store('none', { peak: `${100 + Math.floor(900 * random())}/s` })],
    // Long enough that what brunt does between two of them is nothing beside them.
    ['operations in flight', () => store('none', { peak: '1', with: { length: '5ms' } })],
    [
      'Poisson arrivals',
      () => store('none', { arrival: 'poisson', peak: `${200 + Math.floor(600 * random())}/s` }),
    ],
  ];
  return Array.from({ length: count }, (_, i) => {
    const [way, make] = actors[i % actors.length] ?? ['', () => ({})];
    // No windows of a few milliseconds: a busy machine closes those late.
    const some = (least: number, most: number): number => 125 * Math.floor(least + (most - least) * random());
    const [climb, hold] = [some(1, 5), some(4, 16)];
    const phases = [
      { name: 'warm-up', duration: `${climb}ms`, measure: false, load: { '*': '0% -> 100%' } },
      { name: 'hold', duration: `${hold}ms`, load: { '*': '100%' } },
      { name: 'half', duration: `${hold}ms`, load: { '*': way === 'operations in flight' ? '100%' : '50%' } },
    ];
    return { way, scenario: scenario(make(), 1, { seed: 1 + Math.floor(1e9 * random()), phases }) };
  });
}

export interface Judged {
  readonly summary: RunSummary;
  /** Names of the checks that did not hold. */
  readonly failed: readonly string[];
}

/** With the real command, in a folder of its own. */
export async function judge(attempt: Attempt): Promise<Judged> {
  const kept = keepFolder('trust');
  const folder = kept.path;
  try {
    writeFileSync(join(folder, 'it.json'), JSON.stringify(attempt.scenario));
    const env = attempt.disturb === undefined ? {} : { BRUNT_BENCH_DISTURB: attempt.disturb };
    const run = start(folder, ['run', 'it.json', '--json'], env);
    if (attempt.act !== undefined) {
      while (!hasBegun(folder) && run.child.exitCode === null) await sleep(LOOK_MS);
      await sleep(attempt.act.afterMs);
      await attempt.act.run(run.child);
    }
    let output = await run.done;
    if (attempt.spoil !== undefined) {
      const runs = join(folder, '.brunt', 'runs');
      attempt.spoil(join(runs, readdirSync(runs)[0] ?? ''));
      output = await start(folder, ['report', '--json'], {}).done;
    }
    if (output.stdout === '') throw new Error(`no summary of "${attempt.way}":\n${output.stderr}`);
    const summary = JSON.parse(output.stdout) as RunSummary;
    const failed = summary.trust.checks.filter(({ ok }) => ok === false).map(({ check }) => check);
    return { summary, failed };
  } finally {
    kept.remove();
  }
}

interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

function start(
  cwd: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): { readonly child: ChildProcess; readonly done: Promise<Output> } {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd,
    env: { ...process.env, NO_COLOR: '1', TMPDIR: cwd, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const done = new Promise<Output>((resolve) => child.on('close', () => resolve({ stdout, stderr })));
  return { child, done };
}
