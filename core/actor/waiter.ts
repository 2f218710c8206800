/**
 * Sleeping and waking of one instance's thread on the wake word of its control block. A parked instance costs
 * nothing: it neither beats nor has a timer. Used by the context, the lease, the holder and the pacer.
 */
import { MS, nowNs } from '../base/clock.js';
import type { ControlBlock } from '../contract/control-block.js';
import { STATE, wake, WORD } from '../contract/control-block.js';

/** A sleeping thread is woken up to so late; precise pacing spends that time of a core to be in time. */
export const SPIN_NS = 0.2 * MS;
/** To sleep for less costs more than it is worth: at high rates a few operations then start together. */
const LEAST_SLEEP_MS = 0.05;

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
    Atomics.wait(this.block.words, WORD.wake, seen, timeoutMs > 0 ? Math.max(LEAST_SLEEP_MS, timeoutMs) : 0);
    this.#unpark(before);
  }

  /** As `sleep`, but awake and in time at the end of it: the thread spins for the last SPIN_NS. */
  sleepPrecisely(seen: number, timeoutMs: number): void {
    const endNs = nowNs() + timeoutMs * MS;
    if (timeoutMs * MS > SPIN_NS) this.sleep(seen, timeoutMs - SPIN_NS / MS);
    while (nowNs() < endNs && this.seen === seen);
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
