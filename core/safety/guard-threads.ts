/**
 * The two threads of the guard. The first loads what it needs before it is known what it is to watch; `guard.ts` gives
 * them their input. Whoever booted them ends them, should that never happen.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { FromGuard, GuardInput, LagInput } from './guard-board.js';

export class GuardThreads {
  readonly guard = new BootingThread<GuardInput>('./guard-thread.js');
  #lag: BootingThread<LagInput> | null = null;

  /** Boots when it is first asked for: nobody waits for it. */
  get lag(): BootingThread<LagInput> {
    return (this.#lag ??= new BootingThread<LagInput>('./lag-thread.js'));
  }

  /** Ends what is left of them; nothing happens to threads that have ended. */
  async end(): Promise<void> {
    await Promise.all([this.guard.thread.terminate(), this.#lag?.thread.terminate()]);
  }
}

export class BootingThread<Input> {
  readonly thread: Worker;
  readonly #failed: Promise<never>;

  constructor(file: string) {
    // Flags of the program that embeds brunt (loaders, inspectors) have no business in these threads.
    this.thread = new Worker(new URL(file, import.meta.url), { execArgv: [], stdin: false });
    this.#failed = new Promise((_, reject) => {
      this.thread.once('error', reject);
    });
    this.#failed.catch(() => undefined); // told to whoever waits for its first message
    // Until it has something to do it keeps nobody alive.
    this.thread.unref();
  }

  begin(input: Input): void {
    this.thread.ref();
    this.thread.postMessage(input);
  }

  /** Rejects when the thread fails, or says nothing in time. */
  async firstMessage(maxMs: number): Promise<FromGuard> {
    const heard = once(this.thread, 'message', { signal: AbortSignal.timeout(maxMs) });
    const [message] = (await Promise.race([heard, this.#failed])) as [FromGuard];
    return message;
  }
}
