/** Processor time of whichever threads use most over a span, by schedstat, from outside. Used by `cpu-level.ts`. */
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { threadCpuNs } from './kernel-cpu.js';

/** Cores used by each thread of these processes over the span that begins now, the busiest first. */
export async function coresOver(pids: readonly number[], spanMs: number): Promise<number[]> {
  const before = threadsOf(pids);
  const fromMs = performance.now();
  await sleep(spanMs);
  const tookNs = (performance.now() - fromMs) * 1e6;
  const after = threadsOf(pids);
  return [...after]
    .map(([thread, cpuNs]) => (cpuNs - (before.get(thread) ?? cpuNs)) / tookNs)
    .sort((a, b) => b - a);
}

function threadsOf(pids: readonly number[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const pid of pids) {
    for (const tid of tasks(pid)) found.set(`${pid}/${tid}`, threadCpuNs(pid, tid));
  }
  return found;
}

function tasks(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return []; // ended meanwhile
  }
}
