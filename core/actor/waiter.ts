/**
 * Sleeping and waking of one instance's thread on the wake word of its control block. A parked instance costs
 * nothing: it neither beats nor has a timer. Used by the context, the lease, the holder and the pacer.
 */
import type { ControlBlock } from '../contract/control-block.js';
import { STATE, wake, WORD } from '../contract/control-block.js';

export class Waiter {
  readonly block: ControlBlock;
  readonly #words: Int32Array;

  constructor(block: ControlBlock) {
    this.block = block;
    this.#words = block.words;
  }

  /** Read this before looking at what may change: a wake between looking and sleeping then ends the sleep at once. */
  get seen(): number {
    return Atomics.load(this.block.words, WORD.wake);
  }

  // Plain reads and writes: this thread is the only writer of the beat, and a stop may be seen a moment later.
  get isStopped(): boolean {
    return this.#words[WORD.stop] !== 0;
  }

  get isReleasing(): boolean {
    return this.#words[WORD.release] !== 0;
  }

  beat(): void {
    this.#words[WORD.beat] = ((this.#words[WORD.beat] ?? 0) + 1) | 0;
  }

  /** Ends every sleep of this thread, for the parts of the core that share it. */
  rouse(): void {
    wake(this.block);
  }

  /** Blocks the thread until woken, at most so long; Infinity: until woken. */
  sleep(seen: number, timeoutMs: number): void {
    const before = this.#park();
    Atomics.wait(this.block.words, WORD.wake, seen, Math.max(0, timeoutMs));
    this.#unpark(before);
  }

  /** The same, while the event loop turns. */
  async rest(seen: number, timeoutMs: number): Promise<void> {
    const before = this.#park();
    await this.woken(seen, timeoutMs);
    this.#unpark(before);
  }

  /** Settles when woken or after the time-out; says nothing about the instance's state. */
  async woken(seen: number, timeoutMs: number): Promise<void> {
    const timeout = Math.max(0, timeoutMs);
    const waiting = Atomics.waitAsync(this.block.words, WORD.wake, seen, timeout);
    if (waiting.async) await waiting.value;
  }

  #park(): number {
    const before = this.#words[WORD.state] ?? STATE.working;
    this.#words[WORD.state] = STATE.parked;
    return before === STATE.parked ? STATE.working : before;
  }

  #unpark(before: number): void {
    this.beat();
    this.#words[WORD.state] = before;
  }
}
