/**
 * The threads of an agent: one for each instance, ended with it. The only import of piscina; no type of it leaves.
 * Used by `instance-host.ts` and, for clean-up after an actor's last instance, by `actor-host.ts`.
 */
import type { MessagePort } from 'node:worker_threads';
import { MessageChannel } from 'node:worker_threads';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type { InstanceOutcome } from '../contract/messages.js';
import type { CleanupInput, InstanceInput } from '../actor/input.js';

/** V8 heap of one instance. Bulk data belongs in buffers, which this does not bound. */
export const INSTANCE_HEAP_MB = 256;
/** A thread whose task is over is ended, with whatever timers and handles its simulator left behind. */
const IDLE_MS = 10;

const ENTRY = fileURLToPath(new URL('../actor/entry.js', import.meta.url));

/** Every instance that a plan may have, and beside them the clean-up of an actor. */
const THREADS_MAX = 512;

/** A thread that waits at the door for the instance it is to run. */
interface WarmThread {
  readonly door: MessagePort;
  readonly abort: AbortController;
  readonly outcome: Promise<InstanceOutcome>;
}

export class Pool {
  readonly #piscina: Piscina;
  #warm: WarmThread | null = null;

  /** `onError`: what a thread threw when no task of its own was left to take the blame. */
  constructor(onError: (error: Error) => void) {
    this.#piscina = new Piscina({
      filename: ENTRY,
      minThreads: 0,
      maxThreads: THREADS_MAX,
      concurrentTasksPerWorker: 1,
      idleTimeout: IDLE_MS,
      atomics: 'disabled',
      recordTiming: false,
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: INSTANCE_HEAP_MB },
    });
    this.#piscina.on('error', onError);
  }

  /** Makes a thread that has everything loaded but the plugin; the next instance takes it. */
  warmUp(): void {
    if (this.#warm !== null) return;
    const { port1: door, port2: port } = new MessageChannel();
    const abort = new AbortController();
    const outcome = this.#task('runLater', { port }, port, abort.signal);
    outcome.catch(() => undefined); // told to whoever takes the thread
    this.#warm = { door, abort, outcome };
  }

  /** One long task. Aborting the signal ends its thread at once and without clean-up. */
  run(input: InstanceInput, signal: AbortSignal): Promise<InstanceOutcome> {
    const warm = this.#warm;
    if (warm === null) return this.#task('default', input, input.port, signal);
    this.#warm = null;
    signal.addEventListener('abort', () => warm.abort.abort(), { once: true });
    warm.door.postMessage(input, [input.port]);
    return warm.outcome.finally(() => warm.door.close());
  }

  cleanUp(input: CleanupInput, signal: AbortSignal): Promise<InstanceOutcome> {
    return this.#task('cleanUp', input, input.port, signal);
  }

  /** Threads that are alive. */
  get threads(): number {
    return this.#piscina.threads.length;
  }

  /** Ends every thread, busy or not. */
  async destroy(): Promise<void> {
    await this.#piscina.destroy();
  }

  #task(name: string, input: unknown, port: MessagePort, signal: AbortSignal): Promise<InstanceOutcome> {
    const options = { name, signal, transferList: [port] };
    return this.#piscina.run(input, options) as Promise<InstanceOutcome>;
  }
}
