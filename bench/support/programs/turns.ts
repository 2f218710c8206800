/**
 * Loaded into a measured brunt by `node --import`: every turn of its event loop that took a millisecond or more, and what
 * Node's own monitor saw, are written to the file that BENCH_TURNS names when the process ends.
 */
import { createHook } from 'node:async_hooks';
import { writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

export interface Turns {
  /** Wall clock of its beginning, and how long it took. */
  readonly turns: readonly (readonly [atMs: number, tookMs: number])[];
  readonly delayMaxMs: number;
}

const NOTED_MS = 1;
const file = process.env['BENCH_TURNS'];
// The agents that it forks inherit the environment, not the import.
if (isMainThread && file !== undefined) watch(file);

function watch(into: string): void {
  const turns: [number, number][] = [];
  let depth = 0;
  let fromMs = 0;
  createHook({
    before() {
      if (depth++ === 0) fromMs = performance.now();
    },
    after() {
      if (--depth > 0) return;
      const tookMs = performance.now() - fromMs;
      if (tookMs >= NOTED_MS) turns.push([performance.timeOrigin + fromMs, tookMs]);
    },
  }).enable();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  process.on('exit', () => {
    const told: Turns = { turns, delayMaxMs: delay.max / 1e6 };
    writeFileSync(into, JSON.stringify(told));
  });
}
