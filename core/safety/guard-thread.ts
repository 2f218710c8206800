/**
 * The guard: a thread that reads the sensors, runs the gate and carries out what cannot wait for the event loop. It
 * sleeps on its bell between ticks (where there is none, in Atomics.wait) and never returns to its own. Started by `guard.ts`, which it tells by messages.
 */
import { once } from 'node:events';
import { setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { must } from '../base/assert.js';
import { MS, nowNs, SECOND } from '../base/clock.js';
import { SAFETY_STATES } from '../base/sentences.js';
import type { MetricSpec } from '../contract/metrics.js';
import { makeBell } from '../linux/bell.js';
import { libc } from '../linux/libc.js';
import { GUARD_PRIORITY } from '../linux/sched.js';
import { HOST_METRICS } from '../metrics/catalogue.js';
import { GaugeWriter, openRecorders, recorderBytes, TrendWriter } from '../metrics/recorder.js';
import { AgentHolds } from './agent-holds.js';
import { FAR_HZ, Gate, NEAR_HZ } from './gate.js';
import type { GateChange } from './gate.js';
import { GrantWatch } from './grant-watch.js';
import type { FromGuard, GuardInput, GuardPriority } from './guard-board.js';
import { GUARD_WORD, GuardBoard } from './guard-board.js';
import { openSensors } from './sensors.js';
import { SENSORS } from './sensor-table.js';

const LATENESS = 'host.guard.lateness';
/**
 * Memory runs out faster than anything else and is read at every tick; so is, at the fast rate, what is near its limit or
 * granted just now. The rest is read in between: shares of time say more over a quarter of a second than over a tenth.
 */
const REST_NS = 240 * MS;
const NICE = -10;
/** The second is for users whose limit of real-time priority (RLIMIT_RTPRIO) is lower. */
const FIFO_PRIORITIES = [GUARD_PRIORITY, 1];

const port = must(parentPort, 'parent port');
const [input] = (await once(port, 'message')) as [GuardInput];
const tell = (message: FromGuard): void => port.postMessage(message);

const board = new GuardBoard(input.board);
const { sensors, absent } = openSensors(input.paths);
const gate = new Gate({
  limits: input.limits,
  totalBytes: input.totalBytes,
  ...(input.clearHoldMs !== null && { clearHoldNs: input.clearHoldMs * MS }),
});
const limited = input.limits.flatMap(({ sensor: metric }) => {
  const info = SENSORS[metric];
  return info === undefined ? [] : [{ metric, ...info }];
});
const readings = new Map<string, number>();
const stocks = new Set(limited.filter(({ isStock }) => isStock).map(({ metric }) => metric));
const memory = new Set(limited.filter((l) => l.isStock && l.takes === 'memory').map(({ metric }) => metric));
/** To be read at the next tick, however short it is since the last one. */
const urgent = new Set<string>();
/** Sensors read at this tick. */
const fresh = new Set<string>();
let restAtNs = -Infinity;
const grants = new GrantWatch((resource) => board.grants(resource));
const holds = new AgentHolds((pid, frozenMs) => tell({ type: 'thawed', pid, frozenMs }));

const specs = specsOf([...sensors.map((s) => s.metric), LATENESS]);
const buffer = new SharedArrayBuffer(recorderBytes(specs));
const recorders = openRecorders(specs, buffer, nowNs);

const bell = makeBell();
if (bell !== null) Atomics.store(board.words, GUARD_WORD.bell, bell.fd + 1);
tell({ type: 'ready', priority: raisePriority(), absent, specs, buffer });
run();
holds.thaw();
for (const sensor of sensors) sensor.close();
holds.close();

function specsOf(names: readonly string[]): Record<string, MetricSpec> {
  const known: Readonly<Record<string, MetricSpec>> = HOST_METRICS;
  return Object.fromEntries(names.map((name) => [name, must(known[name], `metric ${name}`)]));
}

function raisePriority(): GuardPriority {
  if (FIFO_PRIORITIES.some((priority) => libc()?.setFifo(priority) === true)) return 'fifo';
  try {
    // On Linux this changes the calling thread only; elsewhere it would raise the load as well.
    if (process.platform !== 'linux') return 'none';
    setPriority(0, NICE);
    return 'nice';
  } catch {
    // Not allowed: reported as such, and the lateness shows what it costs.
    return 'none';
  }
}

function run(): void {
  let dueNs = nowNs();
  let thaws = Atomics.load(board.words, GUARD_WORD.thaw);
  let followed: number | null = null;
  for (;;) {
    const wakes = Atomics.load(board.words, GUARD_WORD.wake);
    if (Atomics.load(board.words, GUARD_WORD.stop) !== 0) return;
    // Whoever puts an agent on the board, or takes one off, wakes.
    if (wakes !== followed) holds.follow(board.agents());
    followed = wakes;
    const asked = Atomics.load(board.words, GUARD_WORD.thaw);
    if (asked !== thaws) holds.thaw();
    thaws = asked;
    holds.thawOverdue(nowNs());
    const beforeNs = nowNs();
    if (grants.look(beforeNs)) dueNs = Math.min(dueNs, beforeNs + SECOND / NEAR_HZ);
    if (beforeNs >= dueNs) {
      const hz = tick(beforeNs, beforeNs - dueNs);
      // Late ticks are not made up for: the next one is a fresh look anyway.
      dueNs = Math.max(dueNs + SECOND / hz, nowNs());
    }
    const untilNs = Math.min(dueNs, holds.nextThawNs());
    const restNs = Math.max(0, untilNs - nowNs());
    if (bell === null) Atomics.wait(board.words, GUARD_WORD.wake, wakes, restNs / MS);
    else bell.sleep(restNs);
  }
}

/** One look at the machine; returns how often to look. */
function tick(now: number, latenessNs: number): number {
  note(LATENESS, latenessNs);
  const isFull = now - restAtNs >= REST_NS;
  if (isFull) restAtNs = now;
  fresh.clear();
  for (const sensor of sensors) {
    if (!isFull && !memory.has(sensor.metric) && !urgent.has(sensor.metric)) continue;
    fresh.add(sensor.metric);
    const value = sensor.read(now);
    if (value !== null && Number.isFinite(value)) note(sensor.metric, value);
    else readings.delete(sensor.metric);
  }
  // A stock's slope is of readings with their own instants: an old one is no news. A share holds until the next.
  const step = gate.step(now, (sensor) =>
    stocks.has(sensor) && !fresh.has(sensor) ? null : (readings.get(sensor) ?? null),
  );
  Atomics.store(board.words, GUARD_WORD.state, SAFETY_STATES.indexOf(step.state));
  for (const change of step.changes) carryOut(change, now);
  urgent.clear();
  for (const sensor of step.near) urgent.add(sensor);
  for (const { metric, takes, isStock } of limited)
    if (isStock && grants.isGrowing(takes, now)) urgent.add(metric);
  const isFast = urgent.size > 0;
  Atomics.store(board.words, GUARD_WORD.isFast, isFast ? 1 : 0);
  return isFast ? NEAR_HZ : FAR_HZ;
}

function note(metric: string, value: number): void {
  readings.set(metric, value);
  const recorder = recorders[metric];
  if (recorder instanceof GaugeWriter) recorder.set(value);
  else if (recorder instanceof TrendWriter) recorder.record(value);
}

/** Recall and signals first, the message after: what endangers stands still before anybody has to be scheduled. */
function carryOut(change: GateChange, atNs: number): void {
  const takes = SENSORS[change.limit]?.takes ?? null;
  const worsens = SAFETY_STATES.indexOf(change.to) > SAFETY_STATES.indexOf(change.from);
  const killed = change.to === 'kill' ? holds.kill(takes) : [];
  const freezes = worsens && takes !== null && ['throttle', 'pause', 'stop'].includes(change.to);
  const untold = freezes ? holds.recall(takes) : [];
  const frozen = freezes ? holds.freeze(takes, atNs) : [];
  tell({ type: 'action', atNs, change, frozen, killed, untold });
}
