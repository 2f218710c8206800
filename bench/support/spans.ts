/**
 * Processor time of whichever threads use most over a span, by schedstat, from outside. Used by `cpu-level.ts` and
 * `pacing.ts`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ThreadSpan {
  /** Used, in cores. */
  readonly cores: number;
  /** The share of the span in which it could have run and others did. */
  readonly waited: number;
}

/** Each thread of these processes over the span that begins now, the busiest first. */
export async function threadsOver(pids: readonly number[], spanMs: number): Promise<ThreadSpan[]> {
  const before = threadsOf(pids);
  const fromMs = performance.now();
  await sleep(spanMs);
  const tookNs = (performance.now() - fromMs) * 1e6;
  const spans = [...threadsOf(pids)].map(([thread, [cpuNs, waitNs]]) => {
    const [cpuBeforeNs, waitBeforeNs] = before.get(thread) ?? [cpuNs, waitNs];
    return { cores: (cpuNs - cpuBeforeNs) / tookNs, waited: (waitNs - waitBeforeNs) / tookNs };
  });
  return spans.sort((a, b) => b.cores - a.cores);
}

function threadsOf(pids: readonly number[]): Map<string, readonly [number, number]> {
  const found = new Map<string, readonly [number, number]>();
  for (const pid of pids) {
    for (const tid of tasks(pid)) {
      const [cpuNs, waitNs] = schedstat(`/proc/${pid}/task/${tid}/schedstat`);
      if (cpuNs !== undefined && waitNs !== undefined) found.set(`${pid}/${tid}`, [cpuNs, waitNs]);
    }
  }
  return found;
}

function schedstat(file: string): number[] {
  try {
    return readFileSync(file, 'utf8').split(' ').map(Number);
  } catch {
    return []; // ended meanwhile
  }
}

function tasks(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return []; // ended meanwhile
  }
}
