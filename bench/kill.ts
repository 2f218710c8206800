/**
 * Bench `kill`: SIGKILL of orchestrator, agents, or both, at drawn moments of real runs; what is left behind is looked for
 * in the kernel and on the disk, and every record is read. A short form runs with the tests.
 */
import { readdirSync } from 'node:fs';
import type { Bench, BenchFlags, BenchOutput } from './bench.js';
import type { Left, Trial, Victim } from './support/kill-trial.js';
import { drawTrial, runTrial, VICTIMS } from './support/kill-trial.js';
import { quantile } from './support/stats.js';

const KILLS = { short: 12, full: 304 };
/** So many victims at a time, which keep the cores busy: the moments of a kill are those of a loaded machine. */
const AT_ONCE = 6;
const TOLD_MAX = 5;

export const kill: Bench = {
  name: 'kill',
  title: 'SIGKILL at any moment: what is left',
  about:
    'Real runs by the command line (processor and memory load, a plugin with a scratch directory, a target with a child in its ' +
    'process group and one that has left it, a probe), each in a folder of its own, of which the orchestrator, one agent, all ' +
    `agents, or orchestrator and agents in the same instant are killed at a moment drawn from the 1.5 s after the process was made, ` +
    `the first agent was there, or the load was on; ${AT_ONCE} runs at a ` +
    'time. Looked for: processes in any state but dead by a mark in their environment (mappings go with them), scratch ' +
    'directories, half-made records, objects in /dev/shm; every record must be told by `brunt report`. After the kill of ' +
    'both, scratch directories may stay until the next brunt command; that is `brunt clean` here.',
  run: measure,
};

async function measure(out: BenchOutput, { isShort, seed }: BenchFlags): Promise<void> {
  const trials = Array.from({ length: isShort ? KILLS.short : KILLS.full }, (_, index) =>
    drawTrial(seed, index),
  );
  const shared = sharedObjects();
  const results: { readonly trial: Trial; readonly left: Left }[] = [];
  const queue = [...trials];
  const work = async (): Promise<void> => {
    for (let trial = queue.shift(); trial !== undefined; trial = queue.shift()) {
      results.push({ trial, left: await runTrial(trial) });
      if (results.length % 50 === 0) out.say(`${results.length} of ${trials.length} kills`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  for (const victim of VICTIMS)
    tell(
      out,
      victim,
      results.filter(({ trial }) => trial.victim === victim).map(({ left }) => left),
    );
  const lefts = results.map(({ left }) => left);
  const objects = [...sharedObjects()].filter((name) => !shared.has(name) && name.includes('brunt'));
  const leftovers = lefts.reduce(
    (sum, { processes, paths }) => sum + processes.length + paths.length,
    objects.length,
  );
  const unread = lefts.reduce((sum, left) => sum + left.unread.length, 0);
  for (const { trial, left } of results
    .filter(({ left: l }) => l.processes.length + l.paths.length + l.unread.length > 0)
    .slice(0, TOLD_MAX)) {
    const what = [...left.processes, ...left.paths, ...left.unread].join(' | ').slice(0, 400);
    out.note(
      `kill ${trial.index} (${trial.victim}, ${trial.stage} + ${trial.momentMs} ms, seed ${seed}): ${what}`,
    );
  }
  const idle = lefts.filter(({ killed }) => killed === 0).length;
  if (idle > 0)
    out.note(
      `${idle} runs ended by themselves before there was anybody to kill: they are looked at all the same.`,
    );
  out.aim({ what: `left behind by ${trials.length} kills`, is: '<=', limit: 0, unit: '', value: leftovers });
  out.aim({ what: 'records that do not read', is: '<=', limit: 0, unit: '', value: unread });
}

function tell(out: BenchOutput, victim: Victim, lefts: readonly Left[]): void {
  if (lefts.length === 0) return;
  const sum = (pick: (left: Left) => number): number => lefts.reduce((total, left) => total + pick(left), 0);
  out.row('SIGKILL', {
    victim,
    runs: lefts.length,
    'processes killed': sum(({ killed }) => killed),
    'all gone after, p50 (s)':
      quantile(
        lefts.map(({ goneMs }) => goneMs),
        0.5,
      ) / 1000,
    'most (s)': Math.max(...lefts.map(({ goneMs }) => goneMs)) / 1000,
    'processes left': sum(({ processes }) => processes.length),
    'paths left': sum(({ paths }) => paths.length),
    'scratch there until clean': sum(({ untilClean }) => untilClean),
    records: sum(({ records }) => records),
    'that do not read': sum(({ unread }) => unread.length),
  });
}

function sharedObjects(): Set<string> {
  try {
    return new Set(readdirSync('/dev/shm'));
  } catch {
    return new Set(); // there is none here
  }
}
