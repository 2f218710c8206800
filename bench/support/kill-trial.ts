/**
 * One trial of the kill test: a real run by the command line, with load, a scratch directory, a target with children and a
 * probe, of which something is killed at a drawn moment; then everything that is left is looked for. Used by the bench `kill`
 * and, with fewer kills, by test/e2e/kill.test.ts. All processes of a trial carry a mark in their environment.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { must } from '../../core/base/assert.js';
import { randomFor } from '../../core/base/random.js';
import { parseProcessStat, readText } from '../../core/linux/procfs.js';
import { keepFolder } from './leftovers.js';

/** Who is killed. "both": the orchestrator and every agent in the same instant; "agents": every agent, not the orchestrator. */
export const VICTIMS = ['orchestrator', 'agent', 'agents', 'both'] as const;
export type Victim = (typeof VICTIMS)[number];

/** From when on the moment is counted: the process is made, an agent is there, the load is on. On a busy machine each takes seconds. */
export const STAGES = ['boot', 'start', 'run'] as const;
export type Stage = (typeof STAGES)[number];
const MOMENT_MAX_MS = 1500;
/** What the design promises after a kill, on a machine that is not busy; the figure itself is told. */
const GONE_MAX_MS = 15_000;
/** For a run that loses an agent to end in order, and a command to answer. */
const END_MAX_MS = 60_000;
const LOOK_MS = 50;
const MARK = 'BRUNT_KILL_TRIAL';

export interface Trial {
  readonly seed: number;
  readonly index: number;
  readonly victim: Victim;
  readonly stage: Stage;
  readonly momentMs: number;
}

export interface Left {
  /** Who was there to be killed: 0 agents when the moment came before they did. */
  readonly killed: number;
  /** How long processes lived on after the kill. */
  readonly goneMs: number;
  /** What is there although nothing should be, in words; empty when all is well. */
  readonly processes: readonly string[];
  readonly paths: readonly string[];
  /** Scratch directories that were there until `brunt clean`: allowed after "both" only. */
  readonly untilClean: number;
  readonly records: number;
  /** What `brunt report` said of records that it could not read. */
  readonly unread: readonly string[];
}

export function drawTrial(seed: number, index: number): Trial {
  const random = randomFor(seed, 'kill', index);
  const victim = must(VICTIMS[Math.floor(random() * VICTIMS.length)], 'victim');
  // Before an agent is there, only the orchestrator can be killed.
  const stages = victim === 'orchestrator' || victim === 'both' ? STAGES : STAGES.slice(1);
  const stage = must(stages[Math.floor(random() * stages.length)], 'stage');
  return { seed, index, victim, stage, momentMs: Math.round(random() * MOMENT_MAX_MS) };
}

export async function runTrial(trial: Trial): Promise<Left> {
  const mark = `${process.pid}-${trial.seed}-${trial.index}`;
  const kept = keepFolder('kill');
  const dir = kept.path;
  mkdirSync(join(dir, 'tmp'));
  writeFileSync(join(dir, 'victim.json'), JSON.stringify(SCENARIO));
  try {
    return await killAndLook(trial, dir, mark);
  } finally {
    for (const pid of marked(mark)) kill(pid);
    kept.remove();
  }
}

async function killAndLook(trial: Trial, dir: string, mark: string): Promise<Left> {
  const run = brunt(dir, mark, 'run', 'victim.json');
  await reached(trial.stage, run, mark);
  await Promise.race([sleep(trial.momentMs), run.ended]);
  const agents = agentsOf(mark);
  const { victim } = trial;
  const random = randomFor(trial.seed, 'victim', trial.index);
  const one = agents[Math.floor(random() * agents.length)];
  const isSteering = (victim === 'orchestrator' || victim === 'both') && !run.hasEnded();
  const orchestrator = isSteering ? [run.pid] : [];
  const chosen =
    victim === 'agent' ? (one === undefined ? [] : [one]) : victim === 'orchestrator' ? [] : agents;
  const victims = [...orchestrator, ...chosen];
  for (const pid of victims) kill(pid);
  const fromMs = performance.now();
  // Nobody was there yet to be killed: then the run goes on, and is ended as a whole.
  if (victims.length === 0) kill(run.pid);
  if (orchestrator.length === 0) await Promise.race([run.ended, sleep(END_MAX_MS)]);
  const endedMs = performance.now();
  while (marked(mark).length > 0 && performance.now() - endedMs < GONE_MAX_MS) await sleep(LOOK_MS);
  const goneMs = performance.now() - (orchestrator.length === 0 ? endedMs : fromMs);
  const processes = marked(mark).map(
    (pid) => `${pid}: ${(readText(`/proc/${pid}/cmdline`) ?? '').replaceAll('\0', ' ')}`,
  );
  const before = scratchIn(dir);
  const paths = victim === 'both' ? [] : before;
  const { unread, records } = await report(dir, mark);
  const cleaned = await finished(brunt(dir, mark, 'clean'));
  if (cleaned.code !== 0) unread.push(`clean ended with ${cleaned.code}: ${cleaned.text}`);
  const after = [...scratchIn(dir), ...halfMade(dir)];
  return {
    killed: victims.length,
    goneMs,
    processes,
    paths: [...new Set([...paths, ...after])],
    untilClean: before.length,
    records,
    unread,
  };
}

async function reached(stage: Stage, run: Command, mark: string): Promise<void> {
  const isReached = (): boolean =>
    stage === 'boot' || (stage === 'start' ? agentsOf(mark).length > 0 : run.text().includes('hold ('));
  for (const endMs = performance.now() + END_MAX_MS; !isReached(); await sleep(LOOK_MS)) {
    // It ended by itself: on an overloaded machine it may. There is nothing to kill then, and `killed` says so.
    if (run.hasEnded()) return;
    if (performance.now() > endMs) throw new Error(`stage ${stage} was not reached: ${run.text()}`);
  }
}

function agentsOf(mark: string): number[] {
  return marked(mark).filter((pid) => readText(`/proc/${pid}/cmdline`)?.includes('core/agent/main.js'));
}

/** Every record must read: whole or INCOMPLETE, but told. */
async function report(dir: string, mark: string): Promise<{ unread: string[]; records: number }> {
  const unread: string[] = [];
  const runs = runsIn(dir).filter((name) => existsSync(join(dir, RUNS, name, 'run.json')));
  for (const name of runs) {
    const { code, text } = await finished(brunt(dir, mark, 'report', join(RUNS, name)));
    if (code === null || code === 1 || !text.includes('victim'))
      unread.push(`${name}: ended with ${code}: ${text}`);
  }
  return { unread, records: runs.length };
}

/** Directories among the records that are none. */
function halfMade(dir: string): string[] {
  return runsIn(dir).filter((name) => !existsSync(join(dir, RUNS, name, 'run.json')));
}

function runsIn(dir: string): string[] {
  return existsSync(join(dir, RUNS)) ? readdirSync(join(dir, RUNS)) : [];
}

function scratchIn(dir: string): string[] {
  return readdirSync(join(dir, 'tmp')).filter((name) => name.startsWith('brunt-'));
}

interface Command {
  readonly pid: number;
  readonly ended: Promise<number | null>;
  text(): string;
  hasEnded(): boolean;
}

function brunt(dir: string, mark: string, ...args: string[]): Command {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: dir,
    env: { ...process.env, NO_COLOR: '1', TMPDIR: join(dir, 'tmp'), [MARK]: mark },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (more: string) => (text += more));
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  return {
    pid: must(child.pid, 'pid'),
    ended,
    text: () => text,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
  };
}

async function finished(command: Command): Promise<{ code: number | null; text: string }> {
  const late = setTimeout(() => kill(command.pid), END_MAX_MS);
  const code = await command.ended;
  clearTimeout(late);
  return { code, text: command.text() };
}

/** Processes of a trial in any state but dead: those whose environment holds its mark. */
function marked(mark: string): number[] {
  return readdirSync('/proc').flatMap((name) => {
    const pid = Number(name);
    if (!Number.isInteger(pid) || !hasMark(pid, mark)) return [];
    const stat = parseProcessStat(readText(`/proc/${pid}/stat`) ?? '');
    return stat === null || 'ZX'.includes(stat.state) ? [] : [pid];
  });
}

function hasMark(pid: number, mark: string): boolean {
  try {
    return `\0${readFileSync(`/proc/${pid}/environ`, 'latin1')}`.includes(`\0${MARK}=${mark}\0`);
  } catch {
    return false; // gone meanwhile, or another user's
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone by itself.
  }
}

const RUNS = '.brunt/runs';
const MAIN = fileURLToPath(new URL('../../cli/main.js', import.meta.url));

const SCENARIO = {
  version: 1,
  name: 'victim',
  window: '200ms',
  plugins: { load: fileURLToPath(new URL('./plugins/load.js', import.meta.url)) },
  // One process in the group of the command, one that has left it, and the command itself.
  target: { command: ['sh', '-c', 'sleep 600 & setsid sleep 600 & exec sleep 600'] },
  probes: { lag: { uses: 'timer', every: '50ms' } },
  actors: {
    cpu: { peak: '0.1cores', instances: 1 },
    memory: { peak: '24MiB' },
    files: { uses: 'load/small-files' },
  },
  phases: [{ name: 'hold', duration: '1m', load: { '*': '100%' } }],
};
