/**
 * How late this machine wakes an ordinary thread: waits, ten times a second, and records by how much it was late.
 * Started by `guard.ts`; nothing else runs here, so that only the scheduler can delay it.
 */
import { once } from 'node:events';
import { parentPort } from 'node:worker_threads';
import { must } from '../base/assert.js';
import { MS, nowNs } from '../base/clock.js';
import { openRecorders, TrendWriter } from '../metrics/recorder.js';
import type { LagInput } from './guard-board.js';
import { GUARD_WORD, GuardBoard } from './guard-board.js';

const INTERVAL_NS = 100 * MS;
/** After a long standstill so many missed wakes are recorded, the rest is one figure anyway. */
const MISSED_MAX = 100;

const [input] = (await once(must(parentPort, 'parent port'), 'message')) as [LagInput];
const { words } = new GuardBoard(input.board);
const recorder = openRecorders(input.specs, input.buffer, nowNs)['host.scheduler.lag'];

let dueNs = nowNs() + INTERVAL_NS;
while (Atomics.load(words, GUARD_WORD.stop) === 0) {
  const leftNs = dueNs - nowNs();
  // Waits on the stop word itself: its value changes once, at the end.
  if (leftNs > 0) Atomics.wait(words, GUARD_WORD.stop, 0, leftNs / MS);
  const wokeNs = nowNs();
  if (wokeNs < dueNs) continue;
  // Every wake that was due by now is late, each by its own measure.
  for (let missed = 0; dueNs <= wokeNs && missed < MISSED_MAX; missed++) {
    if (recorder instanceof TrendWriter) recorder.record(wokeNs - dueNs);
    dueNs += INTERVAL_NS;
  }
  if (dueNs <= wokeNs) dueNs = wokeNs + INTERVAL_NS;
}
