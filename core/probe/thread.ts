/**
 * The thread of all probes of a run: opens each, samples when told to begin, closes them at the end. Plugin code that
 * blocks here blocks other probes, and nobody else. Started and ended by `probes.ts`.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { must } from '../base/assert.js';
import { doneWithin } from '../base/deferred.js';
import { BruntError, messageOf } from '../base/errors.js';
import { nowNs } from '../base/clock.js';
import { PROBE_METRICS } from '../metrics/catalogue.js';
import { openRecorders } from '../metrics/recorder.js';
import { importPlugin } from '../plugin/load.js';
import { DueClock } from './due-clock.js';
import { limitLog } from './log-limit.js';
import type { FromProbeThread, ProbeThreadInput, ThreadProbe, ToProbeThread } from './messages.js';
import { THREAD_WORD } from './messages.js';
import { DEFAULT_TIMEOUT_MS, Sampler } from './sampler.js';

const BEAT_MS = 200;
/** A probe that has not opened by then cannot be opened. */
const OPEN_MAX_MS = 5000;
/** Of all probes together: then the thread ends without them. */
const CLOSE_MAX_MS = 1000;

const port = must(parentPort, 'port of the probe thread');
const { words: memory, probes } = workerData as ProbeThreadInput;
const words = new Int32Array(memory);
const clock = new DueClock();

interface Opened {
  readonly sampler: Sampler;
  close(): Promise<void>;
}

function tell(message: FromProbeThread): void {
  port.postMessage(message);
}

async function open({ plan, core, own }: ThreadProbe, index: number): Promise<Opened> {
  const { name, uses, module, options, everyMs } = plan;
  const plugin = await importPlugin(module);
  const wanted = uses.slice(uses.indexOf('/') + 1);
  const all = plugin.probes ?? [];
  const probe = must(all.find((p) => p.name === wanted) ?? all[0], `probe ${uses}`);
  const limit = limitLog(nowNs);
  const log = (level: 'debug' | 'info' | 'warn', text: string): void => {
    const message = limit(text);
    if (message !== null) tell({ type: 'log', probe: name, level, message });
  };
  const instance = await probe.open({
    name,
    options,
    metrics: openRecorders(plan.metrics, own, nowNs),
    nowNs,
    log,
  });
  const sampler = new Sampler({
    instance,
    everyMs,
    timeoutMs: probe.timeoutMs?.(options) ?? DEFAULT_TIMEOUT_MS,
    writers: openRecorders(PROBE_METRICS, core, nowNs),
    clock,
    calling: (isCalling) => Atomics.store(words, THREAD_WORD.calling, isCalling ? index + 1 : 0),
    log,
  });
  return { sampler, close: async () => instance.close?.() };
}

/** Null when it cannot be opened, which has then been told. */
async function openInTime(probe: ThreadProbe, index: number): Promise<Opened | null> {
  const opening = open(probe, index);
  try {
    if (await doneWithin(opening, OPEN_MAX_MS)) return await opening;
    throw new Error(`not open after ${OPEN_MAX_MS / 1000} s`);
  } catch (error) {
    const text = error instanceof BruntError ? `${error.code}: ${error.message}` : messageOf(error);
    tell({ type: 'failed', probe: probe.plan.name, message: text });
    return null;
  }
}

async function main(): Promise<void> {
  const beat = setInterval(() => Atomics.add(words, THREAD_WORD.beat, 1), BEAT_MS);
  const opened = (await Promise.all(probes.map(openInTime))).filter((one) => one !== null);
  let running: Promise<unknown> = Promise.resolve();
  port.on('message', (message: ToProbeThread) => {
    if (message.type === 'begin') {
      running = Promise.all(opened.map(({ sampler }) => sampler.run(message.firstDueNs)));
      return;
    }
    void end(opened, () => running).finally(() => {
      clearInterval(beat);
      port.close();
    });
  });
  if (opened.length === probes.length) tell({ type: 'ready' });
}

async function end(opened: readonly Opened[], running: () => Promise<unknown>): Promise<void> {
  for (const { sampler } of opened) sampler.stop();
  clock.stop();
  const closed = running().then(() => Promise.allSettled(opened.map((one) => one.close())));
  await doneWithin(closed, CLOSE_MAX_MS);
}

await main();
