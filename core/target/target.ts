/**
 * The main thread's handle on the target: a planned command in, a process that runs and ends with the run out. Talks
 * to the keeper, which is a process of its own, so that the target ends even when this one is killed.
 */
import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { must } from '../base/assert.js';
import { deferred } from '../base/deferred.js';
import { BruntError } from '../base/errors.js';
import type { PlannedCommand } from '../contract/plan.js';
import { atOrdinaryPriority } from '../linux/priority.js';
import { readLines } from '../agent/output-lines.js';
import { KILL_MAX_MS, TERM_MAX_MS, killTree } from './ending.js';
import type { FromKeeper, KeeperArmed, ToKeeper } from './messages.js';

const BEAT_MS = 1000;
/** From forking the keeper until the command runs. */
const START_MAX_MS = 10_000;
/** The keeper has its own deadlines; then it is ended, and the target from here. */
const STOP_MAX_MS = TERM_MAX_MS + KILL_MAX_MS + 1000;

const PROGRAM = fileURLToPath(new URL('./keeper.js', import.meta.url));

export interface TargetInput {
  readonly target: PlannedCommand;
  readonly onOutput: (stream: 'stdout' | 'stderr', text: string) => void;
  /** Once, when the command has ended, asked or not: "exit code 1", "signal SIGKILL". */
  readonly onEnd: (cause: string, wasAsked: boolean) => void;
}

/** Resolves when the command runs; throws E_TARGET_START when it cannot be started. */
export async function startTarget(input: TargetInput): Promise<Target> {
  const target = new Target(input);
  try {
    await target.started();
    return target;
  } catch (error) {
    await target.stop();
    throw error;
  }
}

export class Target {
  readonly #input: TargetInput;
  readonly #keeper: ChildProcess;
  readonly #beats: NodeJS.Timeout;
  readonly #started = deferred();
  readonly #exited: Promise<unknown>;
  #running: { readonly pid: number; readonly armed: KeeperArmed } | null = null;
  #isAsked = false;
  #hasEnded = false;
  #left: readonly number[] | null = null;
  #stopping: Promise<readonly number[]> | null = null;

  constructor(input: TargetInput) {
    this.#input = input;
    const keeper = atOrdinaryPriority(() =>
      fork(PROGRAM, [String(process.pid)], {
        serialization: 'advanced',
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
        execArgv: [],
      }),
    );
    this.#keeper = keeper;
    keeper.on('message', (message) => this.#hear(message as FromKeeper));
    keeper.on('error', () => undefined); // a fork or send that failed: the end of the process tells
    for (const stream of ['stdout', 'stderr'] as const) {
      readLines(must(keeper[stream], stream), (text) => input.onOutput(stream, text));
    }
    this.#exited =
      keeper.pid === undefined ? Promise.resolve() : once(keeper, 'exit').then(() => this.#onKeeperGone());
    if (keeper.pid === undefined) this.#started.reject(notStarted('its keeper cannot be forked'));
    this.#beats = setInterval(() => this.#send({ type: 'beat' }), BEAT_MS);
    const { command, cwd, env } = input.target;
    this.#send({ type: 'start', command, cwd, env });
  }

  get pid(): number {
    return must(this.#running, 'running target').pid;
  }

  /** Whose descendants are the target and all it started. */
  get keeperPid(): number {
    return must(this.#keeper.pid, 'pid of the keeper');
  }

  /** What would hold if this process and the keeper were killed. */
  get armed(): KeeperArmed {
    return must(this.#running, 'running target').armed;
  }

  async started(): Promise<void> {
    const late = notStarted(`its command was not started within ${START_MAX_MS / 1000} s`);
    const timer = setTimeout(() => this.#started.reject(late), START_MAX_MS);
    try {
      await this.#started.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the command with everything it started; gives the pids that could not be ended. May be called twice. */
  stop(): Promise<readonly number[]> {
    this.#stopping ??= this.#end();
    return this.#stopping;
  }

  /** At once, without asking. `stop` is still to be called. */
  kill(): void {
    this.#isAsked = true;
    if (this.#running !== null) void killTree(this.keeperPid, this.#running.pid);
  }

  async #end(): Promise<readonly number[]> {
    this.#isAsked = true;
    this.#send({ type: 'stop' });
    const timer = setTimeout(() => this.#keeper.kill('SIGKILL'), STOP_MAX_MS);
    await this.#exited;
    clearTimeout(timer);
    clearInterval(this.#beats);
    if (this.#left !== null) return this.#left;
    // The keeper ended without a last word, and what it adopted is nobody's: the group is what can still be found.
    return this.#running === null ? [] : killTree(this.#running.pid, this.#running.pid);
  }

  #send(message: ToKeeper): void {
    if (this.#keeper.connected) this.#keeper.send(message, () => undefined); // its end is heard of by itself
  }

  #hear(message: FromKeeper): void {
    switch (message.type) {
      case 'started':
        this.#running = message;
        return this.#started.resolve();
      case 'failed':
        return this.#started.reject(notStarted(message.reason, message.hint));
      case 'ended':
        return this.#onEnd(
          message.signal === null ? `exit code ${message.code ?? 'unknown'}` : `signal ${message.signal}`,
        );
      case 'gone':
        this.#left = message.left;
    }
  }

  #onKeeperGone(): void {
    this.#started.reject(notStarted('its keeper ended'));
    if (this.#running !== null) this.#onEnd('its keeper was killed');
  }

  #onEnd(cause: string): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#input.onEnd(cause, this.#isAsked);
  }
}

function notStarted(reason: string, hint?: string): BruntError {
  return new BruntError({
    code: 'E_TARGET_START',
    message: `the target cannot be started: ${reason}`,
    place: { path: 'target' },
    ...(hint !== undefined && { hint }),
  });
}
