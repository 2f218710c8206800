/**
 * A real `brunt run`, measured from outside: a scenario enters, what its processes cost by the kernel's account leaves.
 * Used by benches that quote the cost of the machinery.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { must } from '../../core/base/assert.js';
import { MS } from '../../core/base/clock.js';
import type { RunEvent } from '../../core/contract/events.js';
import { readRecord } from '../../core/record/read.js';
import { processCpuNs, processTree } from './kernel-cpu.js';
import type { Turns } from './programs/turns.js';
import { keepFolder } from './leftovers.js';

const MAIN = fileURLToPath(new URL('../../cli/main.js', import.meta.url));
const TURNS = new URL('./programs/turns.js', import.meta.url).href;
const START_MAX_MS = 90_000;
const POLL_MS = 20;

export interface MeasureInput {
  readonly scenario: object;
  /** After the start instant: until compilers and collectors have come to rest. */
  readonly warmMs: number;
  /** How long processor time is counted. The scenario's phases last at least so long. */
  readonly spanMs: number;
  /** Also notes the turns of the orchestrator's event loop, which costs processor time of its own. */
  readonly withTurns: boolean;
}

export interface Measured {
  readonly readyMs: number;
  /** Shares of one core: of the orchestrator, of all agents, and of what instances' threads had of the latter. */
  readonly cpu: { readonly orchestrator: number; readonly agents: number; readonly instances: number };
  readonly rssBytes: { readonly orchestrator: number; readonly agents: number };
  /** Longest first, in ms; null: not noted. */
  readonly turns: { readonly underLoad: readonly number[]; readonly ending: readonly number[] } | null;
}

export async function measureRun(input: MeasureInput): Promise<Measured> {
  const kept = keepFolder('run');
  const folder = kept.path;
  try {
    return await measureIn(folder, input);
  } finally {
    kept.remove();
  }
}

async function measureIn(
  folder: string,
  { scenario, warmMs, spanMs, withTurns }: MeasureInput,
): Promise<Measured> {
  writeFileSync(join(folder, 'scenario.json'), JSON.stringify(scenario));
  const turnsFile = join(folder, 'turns.json');
  const words = [MAIN, 'run', 'scenario.json', '--quiet', '--profile', 'lab'];
  const spawnedMs = Date.now();
  const child = spawn(process.execPath, withTurns ? ['--import', TURNS, ...words] : words, {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, BENCH_TURNS: turnsFile },
  });
  const ended = once(child, 'close');
  try {
    const startedMs = await untilStarted(folder, child);
    await sleep(warmMs);
    const [orchestrator, ...agents] = processTree(must(child.pid, 'pid'));
    const before = costOf(orchestrator, agents);
    await sleep(spanMs);
    const after = costOf(orchestrator, agents);
    const spanNs = (after.atMs - before.atMs) * MS;
    const rssBytes = {
      orchestrator: rssOf(must(orchestrator, 'orchestrator')),
      agents: agents.reduce((sum, pid) => sum + rssOf(pid), 0),
    };
    await ended;
    return {
      readyMs: startedMs - spawnedMs,
      cpu: {
        orchestrator: (after.orchestratorNs - before.orchestratorNs) / spanNs,
        agents: (after.agentsNs - before.agentsNs) / spanNs,
        instances: await instancesShare(recordIn(folder), warmMs, warmMs + spanMs),
      },
      rssBytes,
      turns: withTurns ? await turnsOf(turnsFile, recordIn(folder), startedMs) : null,
    };
  } finally {
    if (child.exitCode === null) child.kill('SIGKILL');
  }
}

function costOf(
  orchestrator: number | undefined,
  agents: readonly number[],
): { atMs: number; orchestratorNs: number; agentsNs: number } {
  return {
    atMs: performance.now(),
    orchestratorNs: processCpuNs(must(orchestrator, 'orchestrator')),
    agentsNs: agents.reduce((sum, pid) => sum + processCpuNs(pid), 0),
  };
}

function recordIn(folder: string): string {
  const runs = join(folder, '.brunt', 'runs');
  return join(runs, must(readdirSync(runs)[0], 'record'));
}

/** The wall clock at the start instant: every instance is loaded then. */
async function untilStarted(folder: string, child: ChildProcess): Promise<number> {
  const untilMs = performance.now() + START_MAX_MS;
  while (performance.now() < untilMs && child.exitCode === null) {
    try {
      const lines = readFileSync(join(recordIn(folder), 'events.ndjson'), 'utf8')
        .split('\n')
        .slice(0, -1);
      for (const line of lines) {
        const event = JSON.parse(line) as RunEvent;
        if (event.type === 'run.started') return Date.parse(event.startedAt);
      }
    } catch {
      // No record yet.
    }
    await sleep(POLL_MS);
  }
  throw new Error(`the run to measure did not start (exit code ${child.exitCode ?? 'none'})`);
}

/** What the kernel counted of the threads of all instances, as the record tells it. */
async function instancesShare(record: string, fromMs: number, toMs: number): Promise<number> {
  let usedMs = 0;
  let spanMs = 0;
  for await (const { startMs, endMs, series } of (await readRecord(record)).windows()) {
    if (startMs < fromMs || endMs > toMs) continue;
    spanMs += endMs - startMs;
    for (const { metric, point } of series) {
      if (metric === 'actor.cpu' && point.kind === 'gauge') usedMs += point.avg * (endMs - startMs);
    }
  }
  return spanMs > 0 ? usedMs / spanMs : NaN;
}

function rssOf(pid: number): number {
  const kib = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) * 1024;
}

/** From the start instant until the run stops, and from there to the end of the process. */
async function turnsOf(file: string, record: string, startedMs: number): Promise<Measured['turns']> {
  let stopMs = Infinity;
  for await (const event of (await readRecord(record)).events()) {
    if (event.type === 'run.stopping') stopMs = startedMs + event.atMs;
  }
  const { turns } = JSON.parse(readFileSync(file, 'utf8')) as Turns;
  const between = (fromMs: number, toMs: number): number[] =>
    turns
      .filter(([atMs]) => atMs >= fromMs && atMs < toMs)
      .map(([, tookMs]) => tookMs)
      .sort((a, b) => b - a);
  return { underLoad: between(startedMs, stopMs), ending: between(stopMs, Infinity) };
}
