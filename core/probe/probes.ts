/**
 * The main thread's handle on the probes of a run: planned probes in, recorders for the frame builder out. The
 * orchestrator starts them before the actors, lets them begin at the start instant, and stops them at the end.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { deferred } from '../base/deferred.js';
import { BruntError, messageOf } from '../base/errors.js';
import type { PlannedProbe } from '../contract/plan.js';
import { readLines } from '../agent/output-lines.js';
import { PROBE_METRICS } from '../metrics/catalogue.js';
import type { FrameGroup } from '../metrics/frame-builder.js';
import { recorderBytes } from '../metrics/recorder.js';
import type { FromProbeThread, ProbeLog, ProbeThreadInput, ThreadProbe, ToProbeThread } from './messages.js';
import { THREAD_WORD } from './messages.js';

/** Every probe is open within this, or the run does not start. */
const START_MAX_MS = 10_000;
/** A thread that has not ended by then is terminated. */
const STOP_MAX_MS = 2000;
/** The thread is looked at so often; found silent so many times in a row, it is stuck. */
const LOOK_MS = 500;
const SILENT_LOOKS_MAX = 20;
const HEAP_MAX_MB = 256;

export interface ProbesInput {
  readonly probes: readonly PlannedProbe[];
  /** What the probes say, and what is printed on their thread. */
  readonly onLog: (log: ProbeLog) => void;
  /** Called at most once: the thread ended or hangs, and nothing is measured any more. */
  readonly onFailure: (error: BruntError) => void;
  /** Between two looks at the thread. Default LOOK_MS. */
  readonly lookMs?: number;
}

/** Resolves when every probe is open; throws E_PROBE_OPEN when one is not. */
export async function startProbes(input: ProbesInput): Promise<Probes> {
  const probes = new Probes(input);
  try {
    await probes.opened();
    return probes;
  } catch (error) {
    await probes.stop();
    throw error;
  }
}

export class Probes {
  /** For a FrameBuilder: one or two for each probe. */
  readonly groups: readonly FrameGroup[];
  readonly #input: ProbesInput;
  readonly #thread: Worker;
  readonly #words = new Int32Array(new SharedArrayBuffer(8));
  readonly #opened = deferred();
  readonly #exited: Promise<unknown>;
  readonly #watch: NodeJS.Timeout;
  readonly #lookMs: number;
  #silentLooks = 0;
  #lastBeat = 0;
  #isOpen = false;
  #isOver = false;

  constructor(input: ProbesInput) {
    this.#input = input;
    const probes = input.probes.map(memoryOf);
    this.groups = probes.flatMap(groupsOf);
    const workerData: ProbeThreadInput = { words: this.#words.buffer, probes };
    this.#thread = new Worker(new URL('./thread.js', import.meta.url), {
      workerData,
      // Flags of the program that embeds brunt (loaders, inspectors) have no business in this thread.
      execArgv: [],
      stdin: false,
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MAX_MB },
    });
    const { stdout, stderr } = this.#thread;
    readLines(stdout, (message) => this.#log('info', message));
    readLines(stderr, (message) => this.#log('warn', message));
    this.#exited = once(this.#thread, 'exit').catch(() => undefined); // the error itself is heard of below
    this.#thread.on('message', (message: FromProbeThread) => this.#hear(message));
    this.#thread.on('error', (error) => this.#fail(`the probe thread failed: ${messageOf(error)}`, error));
    this.#thread.on('exit', () => this.#fail('the probe thread ended by itself'));
    this.#lookMs = input.lookMs ?? LOOK_MS;
    this.#watch = setInterval(() => this.#look(), this.#lookMs);
  }

  async opened(): Promise<void> {
    const message = `the probes were not open after ${START_MAX_MS / 1000} s`;
    const timer = setTimeout(() => this.#opened.reject(notOpen(message)), START_MAX_MS);
    try {
      await this.#opened.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Each probe takes its first sample at this instant of CLOCK_MONOTONIC, and the next ones from there. */
  begin(firstDueNs: number): void {
    this.#send({ type: 'begin', firstDueNs });
  }

  /** Closes the probes and ends the thread, whatever it does. May be called more than once. */
  async stop(): Promise<void> {
    this.#isOver = true;
    clearInterval(this.#watch);
    this.#send({ type: 'stop' });
    const timer = setTimeout(() => void this.#thread.terminate(), STOP_MAX_MS);
    await this.#exited;
    clearTimeout(timer);
  }

  #send(message: ToProbeThread): void {
    this.#thread.postMessage(message);
  }

  #hear(message: FromProbeThread): void {
    if (message.type === 'log') return this.#input.onLog(message);
    if (message.type === 'failed') {
      return this.#opened.reject(notOpen(message.message, message.probe));
    }
    this.#isOpen = true;
    this.#opened.resolve();
  }

  #log(level: ProbeLog['level'], message: string): void {
    const { probes, onLog } = this.#input;
    // Whose line it is cannot be known when several share the thread.
    onLog({ probe: probes.map(({ name }) => name).join(', '), level, message });
  }

  #look(): void {
    const beat = Atomics.load(this.#words, THREAD_WORD.beat);
    this.#silentLooks = beat === this.#lastBeat ? this.#silentLooks + 1 : 0;
    this.#lastBeat = beat;
    if (this.#silentLooks < SILENT_LOOKS_MAX || !this.#isOpen) return;
    const calling = this.#input.probes[Atomics.load(this.#words, THREAD_WORD.calling) - 1];
    const where = calling === undefined ? '' : ` in "${calling.name}" (${calling.uses})`;
    this.#fail(`the probe thread has been stuck${where} for ${(this.#lookMs * SILENT_LOOKS_MAX) / 1000} s`);
  }

  #fail(message: string, cause?: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearInterval(this.#watch);
    if (this.#isOpen) this.#input.onFailure(new BruntError({ code: 'E_PROBE', message, cause }));
    else this.#opened.reject(notOpen(message));
  }
}

function notOpen(message: string, probe?: string): BruntError {
  const text = probe === undefined ? message : `probe "${probe}" cannot be opened: ${message}`;
  const place = probe === undefined ? {} : { place: { path: `probes.${probe}` } };
  return new BruntError({ code: 'E_PROBE_OPEN', message: text, ...place });
}

function memoryOf(plan: PlannedProbe): ThreadProbe {
  return {
    plan,
    core: new SharedArrayBuffer(recorderBytes(PROBE_METRICS)),
    own: new SharedArrayBuffer(recorderBytes(plan.metrics)),
  };
}

function groupsOf({ plan, core, own }: ThreadProbe): FrameGroup[] {
  const tags = { probe: plan.name };
  return [
    { prefix: '', specs: PROBE_METRICS, tags, buffers: [core] },
    { prefix: 'probe', specs: plan.metrics, tags, buffers: [own] },
  ];
}
