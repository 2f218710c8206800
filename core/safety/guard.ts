/**
 * The main thread's handle on the guard: limits in, actions out, and the readings as recorders. The orchestrator
 * starts it before the first agent gets work and stops it last.
 */
import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { assert, must } from '../base/assert.js';
import { BruntError, messageOf } from '../base/errors.js';
import type { SafetyState } from '../base/sentences.js';
import { SAFETY_STATES } from '../base/sentences.js';
import { formatNumber } from '../base/units.js';
import type { MetricSpecs, MetricUnit } from '../contract/metrics.js';
import type { PlannedLimit } from '../contract/plan.js';
import type { Resource } from '../contract/plugin.js';
import { processStart } from '../linux/procfs.js';
import { HOST_METRICS } from '../metrics/catalogue.js';
import { recorderBytes } from '../metrics/recorder.js';
import { SCALE_OF } from './gate.js';
import type { GateChange } from './gate.js';
import type { FromGuard, GuardInput, GuardPriority, LagInput } from './guard-board.js';
import { AGENTS_MAX, GUARD_WORD, GuardBoard } from './guard-board.js';
import { GuardThreads } from './guard-threads.js';
import { MemorySource } from './memory-source.js';
import { SENSORS } from './sensor-table.js';

/** The guard thread is ready within this, or the run does not start. */
const START_MAX_MS = 10_000;
/** A thread that has not ended by then is terminated. */
const STOP_MAX_MS = 2000;
/** Actions that came before anybody listened; older ones are dropped, which cannot happen between two awaits. */
const EARLY_MAX = 64;

export interface GuardOptions {
  readonly limits: readonly PlannedLimit[];
  /** Whose filesystems are watched for space and inodes. */
  readonly paths: readonly string[];
  /** See PlannedSafety. */
  readonly clearHoldMs?: number | undefined;
}

export interface AgentRef {
  readonly agent: string;
  readonly pid: number;
}

/** What the gate decided and the guard has already done about it. */
export interface GuardAction {
  readonly from: SafetyState;
  readonly to: SafetyState;
  /** The sensor whose limit did it. */
  readonly limit: string;
  readonly value: number;
  readonly bound: number;
  readonly unit: MetricUnit;
  readonly source: GateChange['source'];
  readonly effect: string;
  readonly atNs: number;
  /** Agents that stand still until thaw(), one second at most. */
  readonly frozen: readonly AgentRef[];
}

export interface Watch {
  readonly agent: string;
  readonly pid: number;
  /** What the agent's actors take by lease: it is frozen for limits on that. */
  readonly takes: Resource | null;
  /** See the agent's message `ready`. */
  readonly recallFd: number | null;
}

interface Watched {
  readonly slot: number;
  readonly pid: number;
}

/** Resolves when the guard has looked once at what it can see. Throws E_INTERNAL when it does not get there. */
export async function startGuard(options: GuardOptions, threads = new GuardThreads()): Promise<Guard> {
  const board = new GuardBoard();
  const memory = new MemorySource();
  const input: GuardInput = {
    board: board.buffer,
    limits: options.limits,
    paths: options.paths,
    totalBytes: memory.read().totalBytes,
    clearHoldMs: options.clearHoldMs ?? null,
  };
  threads.guard.begin(input);
  const specs: MetricSpecs = { 'host.scheduler.lag': HOST_METRICS['host.scheduler.lag'] };
  const lag: LagInput = {
    board: board.buffer,
    specs,
    buffer: new SharedArrayBuffer(recorderBytes(specs)),
  };
  threads.lag.begin(lag);
  try {
    const ready = await readiness(threads);
    const [thread, lagThread] = [threads.guard.thread, threads.lag.thread];
    return new Guard({ board, memory, thread, lagThread, ready, lag });
  } catch (error) {
    memory.close();
    await threads.end();
    board.closeBell();
    throw error;
  }
}

type Ready = Extract<FromGuard, { type: 'ready' }>;

async function readiness(threads: GuardThreads): Promise<Ready> {
  try {
    const message = await threads.guard.firstMessage(START_MAX_MS);
    assert(message.type === 'ready', 'the guard says first that it is ready');
    return message;
  } catch (error) {
    throw new BruntError({
      code: 'E_INTERNAL',
      message: `The safety guard did not start: ${messageOf(error)}.`,
      hint: 'Without it nothing is run.',
      cause: error,
    });
  }
}

interface Parts {
  readonly board: GuardBoard;
  readonly memory: MemorySource;
  readonly thread: Worker;
  readonly lagThread: Worker;
  readonly ready: Ready;
  readonly lag: LagInput;
}

export class Guard {
  /** For the FrameBuilder: what the sensors say, and the lateness of guard and scheduler. */
  readonly buffers: readonly { readonly specs: MetricSpecs; readonly buffer: SharedArrayBuffer }[];
  /** Sensors that this host lacks. */
  readonly absent: readonly string[];
  readonly priority: GuardPriority;
  readonly #parts: Parts;
  readonly #watched = new Map<string, Watched>();
  readonly #frozen = new Set<number>();
  #early: GuardAction[] = [];
  #actionListener: ((action: GuardAction) => void) | null = null;
  #thawListener: ((thawed: AgentRef & { readonly frozenMs: number }) => void) | null = null;
  #failureListener: ((error: BruntError) => void) | null = null;
  #failure: BruntError | null = null;
  #stopping: Promise<void> | null = null;

  constructor(parts: Parts) {
    const { ready, lag, thread, lagThread } = parts;
    this.#parts = parts;
    this.buffers = [
      { specs: ready.specs, buffer: ready.buffer },
      { specs: lag.specs, buffer: lag.buffer },
    ];
    this.absent = ready.absent;
    this.priority = ready.priority;
    thread.on('message', (message: FromGuard) => this.#onMessage(message));
    for (const [worker, name] of [
      [thread, 'guard'],
      [lagThread, 'lag'],
    ] as const) {
      worker.on('error', (error) => this.#fail(`The ${name} thread failed: ${messageOf(error)}.`, error));
      worker.on('exit', () => this.#fail(`The ${name} thread ended by itself.`));
    }
  }

  /** From now on the agent is frozen or killed when it endangers a limit. One that is gone already is not watched. */
  watch({ agent, pid, takes, recallFd }: Watch): void {
    this.unwatch(agent);
    if (process.platform === 'linux' && processStart(pid) === null) return;
    const used = new Set([...this.#watched.values()].map((w) => w.slot));
    const slot = Array.from({ length: AGENTS_MAX }, (_, i) => i).find((i) => !used.has(i));
    assert(slot !== undefined, `at most ${AGENTS_MAX} agents are watched`);
    this.#watched.set(agent, { slot, pid });
    this.#parts.board.set(slot, { pid, takes, recallFd });
  }

  unwatch(agent: string): void {
    const watched = this.#watched.get(agent);
    if (watched === undefined) return;
    this.#watched.delete(agent);
    this.#parts.board.clear(watched.slot);
  }

  /** One listener; what was decided before it came is told at once. */
  onAction(listener: (action: GuardAction) => void): void {
    this.#actionListener = listener;
    const early = this.#early;
    this.#early = [];
    for (const action of early) listener(action);
  }

  /** How long each frozen agent stood still. */
  onThaw(listener: (thawed: AgentRef & { readonly frozenMs: number }) => void): void {
    this.#thawListener = listener;
  }

  /** The guard is gone although nobody stopped it: a run must not go on without one. */
  onFailure(listener: (error: BruntError) => void): void {
    this.#failureListener = listener;
    if (this.#failure !== null) listener(this.#failure);
  }

  /** The cause is dealt with: the frozen go on. */
  thaw(): void {
    Atomics.add(this.#parts.board.words, GUARD_WORD.thaw, 1);
    this.#parts.board.wake();
  }

  /** Something was granted: the guard looks at it at the fast rate from now on, for a while. */
  noteGrant(resource: Resource): void {
    this.#parts.board.granted(resource);
  }

  /** The worst state of all limits, as of the last tick. */
  state(): SafetyState {
    return must(SAFETY_STATES[Atomics.load(this.#parts.board.words, GUARD_WORD.state)], 'state');
  }

  /** Memory that can be had now, of the tighter of machine and control group; fresh from the kernel. */
  availableBytes(): number {
    return this.#parts.memory.read().availableBytes;
  }

  /** Thaws whoever stands still and ends both threads. May be called more than once. */
  stop(): Promise<void> {
    this.#stopping ??= this.#end();
    return this.#stopping;
  }

  async #end(): Promise<void> {
    const { board, thread, lagThread, memory } = this.#parts;
    Atomics.store(board.words, GUARD_WORD.stop, 1);
    Atomics.notify(board.words, GUARD_WORD.stop);
    board.wake();
    await Promise.all([ended(thread), ended(lagThread)]);
    board.closeBell();
    this.#thawHere();
    memory.close();
  }

  #onMessage(message: FromGuard): void {
    if (message.type === 'ready') return;
    if (message.type === 'thawed') {
      this.#frozen.delete(message.pid);
      for (const { agent, pid } of this.#named([message.pid])) {
        this.#thawListener?.({ agent, pid, frozenMs: message.frozenMs });
      }
      return;
    }
    const { change, frozen, killed, untold, atNs } = message;
    for (const pid of frozen) this.#frozen.add(pid);
    const names = {
      frozen: this.#named(frozen),
      killed: this.#named(killed),
      untold: this.#named(untold),
    };
    const action = {
      ...change,
      effect: effectOf(change, names),
      atNs,
      frozen: names.frozen,
    };
    if (this.#actionListener !== null) this.#actionListener(action);
    else if (this.#early.push(action) > EARLY_MAX) this.#early.shift();
  }

  #named(pids: readonly number[]): AgentRef[] {
    return [...this.#watched].flatMap(([agent, { pid }]) => (pids.includes(pid) ? [{ agent, pid }] : []));
  }

  #fail(message: string, cause?: unknown): void {
    if (this.#stopping !== null || this.#failure !== null) return;
    this.#failure = new BruntError({ code: 'E_INTERNAL', message, cause });
    this.#thawHere();
    this.#failureListener?.(this.#failure);
  }

  /** For when the thread that froze them can no longer thaw them. */
  #thawHere(): void {
    for (const { pid } of this.#watched.values()) {
      if (!this.#frozen.has(pid)) continue;
      try {
        process.kill(pid, 'SIGCONT');
      } catch {
        // Gone meanwhile, which is as good.
      }
    }
    this.#frozen.clear();
  }
}

async function ended(thread: Worker): Promise<void> {
  if (thread.threadId === -1) return;
  const exited = once(thread, 'exit');
  const timer = setTimeout(() => void thread.terminate(), STOP_MAX_MS);
  try {
    await exited;
  } finally {
    clearTimeout(timer);
  }
}

type Concerned = Readonly<Record<'frozen' | 'killed' | 'untold', readonly AgentRef[]>>;

/** In words, for events and people. */
function effectOf(change: GateChange, { frozen, killed, untold }: Concerned): string {
  const takes = SENSORS[change.limit]?.takes ?? null;
  const whom = takes === null ? 'all actors' : `actors that take ${takes}`;
  const list = (agents: readonly AgentRef[]): string => agents.map((a) => a.agent).join(', ');
  const later = untold.length === 0 ? '' : `; credit of ${list(untold)} goes once it is told`;
  const froze = (frozen.length === 0 ? '' : `; froze ${list(frozen)}`) + later;
  switch (change.to) {
    case 'ok':
      return `${whom} go on in full`;
    case 'warn':
      return SAFETY_STATES.indexOf(change.from) > 1 ? `${whom} go on in full` : 'told';
    case 'throttle':
      return `${whom} go on at ${formatNumber(SCALE_OF.throttle * 100)} %${froze}`;
    case 'pause':
      return `${whom} give everything back and pause${froze}`;
    case 'stop':
      return `the run stops${froze}`;
    case 'kill':
      return killed.length === 0 ? 'the run stops' : `killed ${list(killed)}; the run stops`;
  }
}
