/**
 * The memory that the guard thread shares with the main thread: words to wake and stop it, its state, and the agents
 * it may freeze. Main writes agents and requests; the guard writes state and beat. Messages go the other way.
 */
import { closeSync } from 'node:fs';
import { ring } from '../linux/bell.js';
import type { Resource } from '../contract/plugin.js';
import type { MetricSpecs } from '../contract/metrics.js';
import type { PlannedLimit } from '../contract/plan.js';
import type { GateChange } from './gate.js';

/** More agents than this at once are a defect: plans are bounded far below. */
export const AGENTS_MAX = 256;

export const GUARD_WORD = {
  /** Raised to end the guard's wait. */
  wake: 0,
  stop: 1,
  /** Raised by main when it has acted and the frozen may go on. */
  thaw: 2,
  /** Severity of the overall state. */
  state: 3,
  /** 1 while the guard looks at the fast rate. */
  isFast: 4,
  /** Descriptor + 1 of the bell on which the guard sleeps; 0: it sleeps on `wake`. Written by the guard, before it is ready. */
  bell: 5,
} as const;
/** From here on one word for each resource: how many grants of it were made. */
const GRANT_WORDS = 8;
const NO_FD = -1;
const HEADER_BYTES = 64;
const SLOT_WORDS = 4;
const PID = 0;
const TAKES = 1;
const RECALL_FD = 2;

/** Position + 1 in the board; 0 stands for "takes nothing by lease". */
export const RESOURCES: readonly Resource[] = ['memory', 'openFiles', 'disk', 'pids', 'sockets'];

export interface WatchedAgent {
  readonly pid: number;
  readonly takes: Resource | null;
  readonly recallFd: number | null;
}

export class GuardBoard {
  readonly buffer: SharedArrayBuffer;
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly #slots: Int32Array<SharedArrayBuffer>;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(HEADER_BYTES + AGENTS_MAX * SLOT_WORDS * 4)) {
    this.buffer = buffer;
    this.words = new Int32Array(buffer, 0, HEADER_BYTES / 4);
    this.#slots = new Int32Array(buffer, HEADER_BYTES);
  }

  /** Something was granted, so somebody is about to take it. Wakes the guard when it looks at the slow rate. */
  granted(resource: Resource): void {
    Atomics.add(this.words, GRANT_WORDS + RESOURCES.indexOf(resource), 1);
    if (Atomics.load(this.words, GUARD_WORD.isFast) === 0) this.wake();
  }

  /** How many grants of it were made so far. */
  grants(resource: Resource): number {
    return Atomics.load(this.words, GRANT_WORDS + RESOURCES.indexOf(resource));
  }

  wake(): void {
    Atomics.add(this.words, GUARD_WORD.wake, 1);
    Atomics.notify(this.words, GUARD_WORD.wake);
    const bell = Atomics.load(this.words, GUARD_WORD.bell);
    if (bell !== 0) ring(bell - 1);
  }

  /** The guard has ended: nobody rings any more. */
  closeBell(): void {
    const bell = Atomics.exchange(this.words, GUARD_WORD.bell, 0);
    if (bell !== 0) closeSync(bell - 1);
  }

  /** The pid is written last: a slot without one is not read. */
  set(slot: number, { pid, takes, recallFd }: WatchedAgent): void {
    const at = slot * SLOT_WORDS;
    Atomics.store(this.#slots, at + RECALL_FD, recallFd ?? NO_FD);
    Atomics.store(this.#slots, at + TAKES, takes === null ? 0 : RESOURCES.indexOf(takes) + 1);
    Atomics.store(this.#slots, at + PID, pid);
    this.wake();
  }

  clear(slot: number): void {
    Atomics.store(this.#slots, slot * SLOT_WORDS + PID, 0);
    this.wake();
  }

  agents(): WatchedAgent[] {
    const agents: WatchedAgent[] = [];
    for (let slot = 0; slot < AGENTS_MAX; slot++) {
      const pid = Atomics.load(this.#slots, slot * SLOT_WORDS + PID);
      if (pid === 0) continue;
      const takes = RESOURCES[Atomics.load(this.#slots, slot * SLOT_WORDS + TAKES) - 1] ?? null;
      const recallFd = Atomics.load(this.#slots, slot * SLOT_WORDS + RECALL_FD);
      agents.push({ pid, takes, recallFd: recallFd === NO_FD ? null : recallFd });
    }
    return agents;
  }
}

export interface GuardInput {
  readonly board: SharedArrayBuffer;
  readonly limits: readonly PlannedLimit[];
  readonly paths: readonly string[];
  readonly totalBytes: number;
  readonly clearHoldMs: number | null;
}

export interface LagInput {
  readonly board: SharedArrayBuffer;
  readonly specs: MetricSpecs;
  readonly buffer: SharedArrayBuffer;
}

/** How much the guard could raise its thread: real-time, niceness -10, or not at all. */
export type GuardPriority = 'fifo' | 'nice' | 'none';

export type FromGuard =
  | {
      readonly type: 'ready';
      readonly priority: GuardPriority;
      readonly absent: readonly string[];
      readonly specs: MetricSpecs;
      readonly buffer: SharedArrayBuffer;
    }
  | {
      readonly type: 'action';
      readonly atNs: number;
      readonly change: GateChange;
      readonly frozen: readonly number[];
      readonly killed: readonly number[];
      /** Their credit goes once they are told: they share no page with the guard. */
      readonly untold: readonly number[];
    }
  | { readonly type: 'thawed'; readonly pid: number; readonly frozenMs: number };
