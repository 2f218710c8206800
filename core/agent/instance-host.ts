/**
 * The agent's side of one instance: its control block, its thread and port, the watch over it, and how it ended.
 * Runs on the agent's main thread, which never runs plugin code. Owned by `actor-host.ts`.
 */
import { MessageChannel } from 'node:worker_threads';
import { MS, nowNs } from '../base/clock.js';
import { messageOf } from '../base/errors.js';
import type { ControlBlock, Method } from '../contract/control-block.js';
import {
  LEASE_WORD,
  makeControlBlock,
  NUMBER_WORD,
  setScale,
  STATE,
  wake,
  WORD,
} from '../contract/control-block.js';
import type { InstanceOutcome, LeaseAccount } from '../contract/messages.js';
import type { FromInstance, InstanceInput, ToInstance } from '../actor/input.js';
import { methodIn } from '../actor/method-mark.js';
import { taskCpuNs } from '../linux/thread.js';
import { drain } from './drain.js';
import type { Pool } from './pool.js';

/** Importing a plugin, or its `start`: any call of the context counts as a sign of life. */
const START_QUIET_MS = 10_000;
/** `prepare` makes what all instances share, which may take long: `pace` is its sign of life. */
const PREPARE_QUIET_MS = 20_000;

export interface Silence {
  readonly method: ReturnType<typeof methodIn>;
  readonly silentMs: number;
}

export class InstanceHost {
  readonly actor: string;
  readonly index: number;
  readonly block: ControlBlock = makeControlBlock();
  readonly #quietMs: number;
  #abort = new AbortController();
  #state: 'waiting' | 'running' | 'ended' = 'waiting';
  #isLoaded = false;
  #lastGrant = -1;
  #lastSign = '';
  #beatNs = nowNs();
  #isSilenceTold = false;
  #cpuNs = 0;
  /** Of the threads of earlier lives. */
  #cpuBeforeNs = 0;
  #toldMethod: Method = 'none';

  constructor(actor: string, index: number, quietMs: number) {
    this.actor = actor;
    this.index = index;
    this.#quietMs = quietMs;
  }

  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  get hasEnded(): boolean {
    return this.#state === 'ended';
  }

  /** Settles, never rejects, when the thread is done with it or gone. */
  async run(
    pool: Pool,
    input: Omit<InstanceInput, 'port' | 'block' | 'index'>,
    onMessage: (message: FromInstance, answer: (message: ToInstance) => void) => void,
  ): Promise<InstanceOutcome> {
    if (this.#state !== 'waiting') return { kind: 'stopped' };
    this.#state = 'running';
    const { port1, port2 } = new MessageChannel();
    const hear = (message: FromInstance): void => {
      if (message.type === 'loaded') this.#isLoaded = true;
      onMessage(message, (answer) => port1.postMessage(answer));
    };
    port1.on('message', hear);
    const full: InstanceInput = { ...input, index: this.index, block: this.block.buffer, port: port2 };
    const outcome = await this.#outcomeOf(pool.run(full, this.#abort.signal));
    drain(port1, hear);
    port1.close();
    this.#state = 'ended';
    return outcome;
  }

  /** Its thread is gone and another is to take its place: same block, same lease account, nothing asked of it yet. */
  revive(): void {
    if (this.#state !== 'ended') return;
    this.#state = 'waiting';
    this.#abort = new AbortController();
    this.#cpuBeforeNs += this.#cpuNs;
    this.#cpuNs = 0;
    for (const word of ['stop', 'release', 'state', 'method', 'tid'] as const) {
      Atomics.store(this.block.words, WORD[word], 0);
    }
  }

  /** An instance that has no thread yet never gets one. */
  cancel(): boolean {
    if (this.#state !== 'waiting') return false;
    this.#state = 'ended';
    return true;
  }

  raise(word: 'stop' | 'release' | 'go'): void {
    Atomics.store(this.block.words, WORD[word], 1);
    wake(this.block);
  }

  /** The run has started; the instance works from `joinedNs` on. */
  start(joinedNs: number): void {
    this.block.numbers[NUMBER_WORD.joined] = joinedNs;
    this.raise('go');
  }

  setScale(scale: number, atNs: number): void {
    setScale(this.block, scale, atNs);
    wake(this.block);
  }

  /** Ends the thread at once. */
  terminate(): void {
    if (this.#state === 'running') this.#abort.abort();
  }

  /** Grants are numbered upwards: one that is said again changes nothing. One that comes too late goes back at once. */
  grant(grant: number, amount: number): void {
    if (grant <= this.#lastGrant) return;
    this.#lastGrant = grant;
    const to = this.#state === 'ended' ? LEASE_WORD.revoked : LEASE_WORD.credit;
    Atomics.add(this.block.lease, LEASE_WORD.granted, BigInt(amount));
    Atomics.add(this.block.lease, to, BigInt(amount));
    wake(this.block);
  }

  /** Takes back what was granted and not yet claimed; credit that comes from now on is good until the next recall. */
  revoke(recall: number): void {
    this.#takeBack();
    Atomics.store(this.block.words, WORD.recalled, recall);
    wake(this.block);
  }

  #takeBack(): void {
    const taken = Atomics.exchange(this.block.lease, LEASE_WORD.credit, 0n);
    Atomics.add(this.block.lease, LEASE_WORD.revoked, taken);
  }

  /** Its thread is gone, and with it all that it had. */
  forgetLease(): number {
    const { claimed, held, want } = LEASE_WORD;
    Atomics.store(this.block.lease, want, 0n);
    this.#takeBack();
    return Number(
      Atomics.exchange(this.block.lease, claimed, 0n) + Atomics.exchange(this.block.lease, held, 0n),
    );
  }

  /** Credit before claimed before held: the order in which units move, so that none is missed. */
  account(): LeaseAccount {
    const word = (name: keyof typeof LEASE_WORD): number =>
      Number(Atomics.load(this.block.lease, LEASE_WORD[name]));
    const [credit, claimed, held] = [word('credit'), word('claimed'), word('held')];
    const { actor, index: instance } = this;
    const [granted, revoked, want] = [word('granted'), word('revoked'), word('want')];
    return { actor, instance, granted, revoked, credit, claimed, held, want };
  }

  /** Once for each silence of a starting or working instance; null while there is nothing to tell. */
  silence(): Silence | null {
    const { words } = this.block;
    // To get from loading to work is a sign of life as well: the silence of the one is not that of the other.
    const sign = `${Atomics.load(words, WORD.beat)} ${Atomics.load(words, WORD.state)}`;
    const quietMs = this.#quietNow();
    if (this.#state !== 'running' || quietMs === null || sign !== this.#lastSign) {
      this.#lastSign = sign;
      this.#beatNs = nowNs();
      this.#isSilenceTold = false;
      return null;
    }
    const silentMs = (nowNs() - this.#beatNs) / MS;
    if (this.#isSilenceTold || silentMs < quietMs) return null;
    this.#isSilenceTold = true;
    return { method: methodIn(this.block), silentMs: Math.round(silentMs) };
  }

  /** The method it is in, when that has changed since it was last asked; else null. */
  newMethod(): Method | null {
    const method = methodIn(this.block);
    if (this.#state !== 'running' || method === this.#toldMethod) return null;
    this.#toldMethod = method;
    return method;
  }

  /** Processor time of its thread so far; null where the kernel does not say. What it had stays when it is gone. */
  cpuNs(): number | null {
    const tid = Atomics.load(this.block.words, WORD.tid);
    const read = tid === 0 || this.#state !== 'running' ? null : taskCpuNs(tid);
    if (read !== null) this.#cpuNs = Math.max(this.#cpuNs, read);
    const known = this.#cpuBeforeNs + this.#cpuNs;
    return tid === 0 && known === 0 ? null : known;
  }

  /** How long it may be silent in what it does now; null where silence means nothing. */
  #quietNow(): number | null {
    const state = Atomics.load(this.block.words, WORD.state);
    if (state === STATE.working) return this.#quietMs;
    if (state !== STATE.starting) return null;
    return Math.max(methodIn(this.block) === 'prepare' ? PREPARE_QUIET_MS : START_QUIET_MS, this.#quietMs);
  }

  async #outcomeOf(task: Promise<InstanceOutcome>): Promise<InstanceOutcome> {
    try {
      return await task;
    } catch (error) {
      const method = methodIn(this.block);
      if (this.#abort.signal.aborted) return { kind: 'terminated', method };
      const stack = error instanceof Error && error.stack !== undefined ? { stack: error.stack } : {};
      return { kind: 'failed', method, reason: reasonOf(error), ...stack };
    }
  }
}

/** What ends a thread without its simulator having thrown is told in our words. */
function reasonOf(error: unknown): string {
  const code = (error as { code?: unknown }).code;
  if (code === 'ERR_WORKER_OUT_OF_MEMORY') return 'the JavaScript heap of the thread was exhausted';
  const exit = /^worker exited with code: (-?\d+)$/.exec(messageOf(error));
  if (exit !== null)
    return `the thread ended itself with exit code ${exit[1] ?? '?'} (process.exit in a plugin?)`;
  return messageOf(error);
}
