/**
 * Soak: many windows, phases and restarts in five minutes, while the kernel's account of the memory of every
 * process of brunt is read from outside. What grows without an end would show as a slope; see core/metrics/drift.ts.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Drift } from '../core/metrics/drift.js';
import { driftOf } from '../core/metrics/drift.js';
import type { Sample } from '../core/metrics/slope.js';
import type { RunSummary } from '../core/contract/summary.js';
import type { Aim, Bench, BenchOutput } from './bench.js';
import { hasBegun } from './support/begun.js';
import { processTree } from './support/kernel-cpu.js';
import { keepFolder } from './support/leftovers.js';

const MAIN = fileURLToPath(new URL('../cli/main.js', import.meta.url));
const MIB = 2 ** 20;
const LOOK_MS = 250;
const WINDOW_MS = 100;
/** A window is a second where nobody says otherwise: so many are an hour of an ordinary run. */
const WINDOWS_AN_HOUR = 3600;
const PHASE_MS = 500;
/**
 * Its first half is left out as start-up. The garbage collector lets resident memory rise for about 105 s of it while what
 * lives after each collection stays the same (histories of 512 windows, halved when they are full).
 */
const LONG_PHASE_MS = 240_000;
/** Between two ends of the memory agent, of the phases' time: an actor may be started again three times in a minute. */
const KILL_EVERY = 0.3;
const MEMORY_PEAK_MIB = 160;
/** More than an agent has that holds nothing, less than one that is throttled. */
const HOLDS_MIB = 60;
/** A thread of the bench takes a core for a while, again and again: the gate throttles, and opens 10 s after it rests. */
const BUSY_EVERY_MS = 18_000;
const BUSY_MS = 1500;
/** Between what the run takes by itself and what it does with a core more, of two. */
const BUSY_LIMIT = '> 45%';
/** What a run of a day could bear. */
const GROWTH_MAX_MIB = 32;

const MANY = 'Many phases';
const LONG = 'One long phase';

export const soak: Bench = {
  name: 'soak',
  title: 'Soak: memory of orchestrator and agents over time',
  about: [
    'One run of the command with windows of 100 ms, so that ten times as many close as in an ordinary run: first 120',
    'phases of half a second in which `cpu` and `memory` climb, hold and give back and the agent of `memory` is killed',
    'and started again while a core is taken by others now and then, so that the gate throttles and opens again; then one phase of four minutes. Resident and anonymous memory are read from /proc four times a second. The',
    'slope and its 95 % interval are of the second half of each part (batch means); an hour is 3,600 windows. Each phase',
    'has a row of figures in the summary, so the first part must grow by what a phase keeps; the second must not.',
  ].join(' '),
  async run(out, { isShort, seed }) {
    const [phasesMs, longMs] = isShort ? [10_000, 20_000] : [60_000, LONG_PHASE_MS];
    const watched = await soakRun(phasesMs, longMs, seed);
    const { summary } = watched;
    out.say(`${summary.verdict}: ${summary.reasons.join('; ')}`);
    tell(out, MANY, watched.series, 0, phasesMs);
    tell(out, LONG, watched.series, phasesMs, phasesMs + longMs);
    const windows = summary.phases.reduce((sum, phase) => sum + phase.windows, 0);
    out.note(
      `${summary.phases.length} phases, ${windows} windows, the memory agent killed ${watched.kills} times, ` +
        `${summary.safety.actions} actions of the safety gate.`,
    );
  },
};

interface ProcessSeries {
  readonly name: string;
  readonly pid: number;
  readonly resident: Sample[];
  readonly anonymous: Sample[];
}

function tell(
  out: BenchOutput,
  part: string,
  series: readonly ProcessSeries[],
  fromMs: number,
  toMs: number,
): void {
  const isWithin = ({ atMs }: Sample): boolean => atMs >= fromMs && atMs < toMs;
  for (const { name, resident, anonymous } of series) {
    const [rss, heap] = [driftOf(resident.filter(isWithin)), driftOf(anonymous.filter(isWithin))];
    if (rss === null || heap === null) continue;
    out.row(part, {
      Process: name,
      'Resident at the end (MiB)': (resident.filter(isWithin).at(-1)?.value ?? NaN) / MIB,
      'Resident, MiB/h': anHour(rss.perSecond),
      '±': anHour(rss.plusMinus),
      'Anonymous, MiB/h': anHour(heap.perSecond),
      '± ': anHour(heap.plusMinus),
      ...(part === MANY && { 'KiB a phase': (rss.perSecond * PHASE_MS) / 1000 / 1024 }),
      Grows: rss.perSecond > rss.plusMinus ? 'yes' : 'not seen',
    });
    if (part === LONG) out.aim(aimOf(name, rss));
  }
}

/** The most that it may grow by, at 97.5 % confidence: an interval that is merely wide does not hold. */
function aimOf(name: string, { perSecond, plusMinus }: Drift): Aim {
  return {
    what: `${name}, one long phase: growth an hour at most`,
    is: '<=',
    limit: GROWTH_MAX_MIB,
    unit: 'MiB',
    value: Math.max(0, anHour(perSecond + plusMinus)),
    note: Math.abs(perSecond) <= plusMinus ? 'the interval holds zero' : 'the interval does not hold zero',
  };
}

/** Of an ordinary run, in MiB. */
function anHour(perSecond: number): number {
  const windowsASecond = 1000 / WINDOW_MS;
  return ((perSecond / windowsASecond) * WINDOWS_AN_HOUR) / MIB;
}

async function soakRun(
  phasesMs: number,
  longMs: number,
  seed: number,
): Promise<{
  readonly summary: RunSummary;
  readonly series: readonly ProcessSeries[];
  readonly kills: number;
}> {
  const kept = keepFolder('soak');
  const folder = kept.path;
  try {
    writeFileSync(join(folder, 'it.json'), JSON.stringify(scenarioOf(phasesMs, longMs, seed)));
    const spinner = new Spinner();
    const child = spawn(process.execPath, [MAIN, 'run', 'it.json', '--json'], {
      cwd: folder,
      env: { ...process.env, NO_COLOR: '1', TMPDIR: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    const closed = once(child, 'close');
    try {
      const { series, kills } = await watch(child, folder, phasesMs, spinner);
      await closed;
      return { summary: JSON.parse(stdout) as RunSummary, series, kills };
    } finally {
      await spinner.end();
    }
  } finally {
    kept.remove();
  }
}

function scenarioOf(phasesMs: number, longMs: number, seed: number): object {
  const rounds = Math.round(phasesMs / PHASE_MS / 4);
  const duration = `${PHASE_MS}ms`;
  const load = (cpu: string, memory: string): object => ({ cpu, memory });
  return {
    version: 1,
    seed,
    window: `${WINDOW_MS}ms`,
    actors: {
      cpu: { peak: '0.2cores', instances: 2 },
      memory: { peak: `${MEMORY_PEAK_MIB}MiB`, onFailure: 'restart', isolation: 'process' },
    },
    safety: { limits: { 'host.cpu.busy': { throttle: BUSY_LIMIT } } },
    phases: [
      { name: 'climb', duration, repeat: rounds, load: load('0% -> 100%', '0% -> 100%') },
      { name: 'hold', duration, repeat: rounds, load: load('100%', '100%') },
      { name: 'half', duration, repeat: rounds, load: load('50%', '50%') },
      { name: 'rest', duration, repeat: rounds, load: {} },
      {
        name: 'long',
        duration: `${longMs}ms`,
        load: { cpu: { shape: 'sine', low: '10%', high: '90%', every: '5s' }, memory: '50%' },
      },
    ],
  };
}

/** A thread that spins on demand. */
class Spinner {
  readonly #word = new Int32Array(new SharedArrayBuffer(4));
  readonly #thread = new Worker(
    `const { workerData: word } = require('node:worker_threads');
    for (;;) { Atomics.wait(word, 0, 0); if (Atomics.load(word, 0) < 0) break; while (Atomics.load(word, 0) === 1); }`,
    { eval: true, workerData: this.#word },
  );

  /** While `atMs` is in the first part of each period. */
  follow(atMs: number): void {
    this.#set(atMs % BUSY_EVERY_MS < BUSY_MS ? 1 : 0);
  }

  rest(): void {
    this.#set(0);
  }

  async end(): Promise<void> {
    this.#set(-1);
    await this.#thread.terminate();
  }

  #set(value: number): void {
    Atomics.store(this.#word, 0, value);
    Atomics.notify(this.#word, 0);
  }
}

/** Until the run has ended. Names are by command line: "orchestrator", "agent 1". */
async function watch(
  child: ChildProcess,
  folder: string,
  phasesMs: number,
  spinner: Spinner,
): Promise<{ readonly series: readonly ProcessSeries[]; readonly kills: number }> {
  const series = new Map<number, ProcessSeries>();
  let [startMs, killedMs, kills] = [0, 0, 0];
  child.stderr?.resume();
  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null;
  for (; isRunning(); await sleep(LOOK_MS)) {
    if (startMs === 0 && hasBegun(folder)) startMs = killedMs = performance.now();
    if (startMs === 0) continue;
    const now = performance.now();
    for (const pid of processTree(child.pid ?? 0)) look(series, pid, now - startMs, pid === child.pid);
    const agents = [...series.values()].filter(({ name }) => name !== 'orchestrator');
    if (now - startMs < phasesMs) spinner.follow(now - startMs);
    else spinner.rest();
    if (now - killedMs < KILL_EVERY * phasesMs || now - startMs > phasesMs) continue;
    const memory = agents.filter(({ pid }) => holdsMemory(pid)).at(-1);
    if (memory === undefined) continue;
    killedMs = now;
    kills++;
    process.kill(memory.pid, 'SIGKILL');
  }
  return { series: [...series.values()], kills };
}

/** The agent that is the largest: it holds what the scenario asks. */
function holdsMemory(pid: number): boolean {
  return (rollup(pid)?.anonymous ?? 0) > HOLDS_MIB * MIB;
}

function look(series: Map<number, ProcessSeries>, pid: number, atMs: number, isFirst: boolean): void {
  const read = rollup(pid);
  if (read === null) return;
  let one = series.get(pid);
  if (one === undefined) {
    const name = isFirst ? 'orchestrator' : `agent ${series.size}`;
    series.set(pid, (one = { name, pid, resident: [], anonymous: [] }));
  }
  one.resident.push({ atMs, value: read.resident, weight: 1 });
  one.anonymous.push({ atMs, value: read.anonymous, weight: 1 });
}

/** Null when it is gone. */
function rollup(pid: number): { readonly resident: number; readonly anonymous: number } | null {
  try {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    const of = (field: string): number =>
      Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) * 1024;
    return { resident: of('Rss'), anonymous: of('Anonymous') };
  } catch {
    return null; // gone meanwhile
  }
}
