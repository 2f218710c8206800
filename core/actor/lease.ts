/**
 * The instance's side of its lease: moves units between credit, claimed and held, and waits for what the ledger
 * grants. Each move adds to where the units go before it takes them from where they were: a reader that goes the
 * other way may count a unit twice for a moment, never not at all.
 */
import { assert } from '../base/assert.js';
import { LEASE_WORD, WORD } from '../contract/control-block.js';
import type { Lease, Resource } from '../contract/plugin.js';
import { RECALL_WORD } from '../contract/recall.js';
import type { Waiter } from './waiter.js';

/** What one wait may ask for: large enough that waiting is rare, small enough that a limit is met closely. */
export const BATCH_MAX: Readonly<Record<Resource, number>> = {
  memory: 64 * 2 ** 20,
  disk: 64 * 2 ** 20,
  openFiles: 256,
  sockets: 256,
  pids: 16,
};

export interface LeaseInput {
  readonly waiter: Waiter;
  readonly doorbell: Int32Array<SharedArrayBuffer>;
  readonly resource: Resource;
  /** What the guard and this agent share (`contract/recall.ts`); null where that cannot be. */
  readonly recall: Int32Array | null;
  /** True when holding so much in all would be more than is asked of the instance now. */
  exceedsAsked(amount: number): boolean;
  /** How long to sleep at most before what is asked may have changed. */
  lookAgainMs(): number;
}

export class InstanceLease implements Lease {
  readonly batchMax: number;
  readonly #input: LeaseInput;
  readonly #words: BigInt64Array<SharedArrayBuffer>;

  constructor(input: LeaseInput) {
    this.#input = input;
    this.#words = input.waiter.block.lease;
    this.batchMax = BATCH_MAX[input.resource];
  }

  take(n: number): boolean {
    assert(Number.isSafeInteger(n) && n > 0, `a lease is of whole units above 0, not ${n}`);
    if (this.#isRecalled) return false;
    const amount = BigInt(n);
    Atomics.add(this.#words, LEASE_WORD.claimed, amount);
    for (;;) {
      const credit = Atomics.load(this.#words, LEASE_WORD.credit);
      if (credit < amount) {
        Atomics.sub(this.#words, LEASE_WORD.claimed, amount);
        return false;
      }
      const left = credit - amount;
      if (Atomics.compareExchange(this.#words, LEASE_WORD.credit, credit, left) === credit) return true;
    }
  }

  wait(n: number): boolean {
    for (let ring = true; ;) {
      const { seen } = this.#input.waiter;
      const answer = this.#try(n);
      if (answer !== null) return answer;
      this.#want(n, ring);
      this.#input.waiter.sleep(seen, this.#input.lookAgainMs());
      ring = this.#input.waiter.seen !== seen;
    }
  }

  async request(n: number): Promise<boolean> {
    for (let ring = true; ;) {
      const { seen } = this.#input.waiter;
      const answer = this.#try(n);
      if (answer !== null) return answer;
      this.#want(n, ring);
      await this.#input.waiter.rest(seen, this.#input.lookAgainMs());
      ring = this.#input.waiter.seen !== seen;
    }
  }

  confirm(n: number): void {
    assert(BigInt(n) <= this.#word('claimed'), `confirmed ${n}, which is more than was claimed`);
    Atomics.add(this.#words, LEASE_WORD.held, BigInt(n));
    Atomics.sub(this.#words, LEASE_WORD.claimed, BigInt(n));
  }

  give(n: number): void {
    assert(BigInt(n) <= this.#word('held'), `gave back ${n}, which is more than was held`);
    Atomics.sub(this.#words, LEASE_WORD.held, BigInt(n));
  }

  /** Null: keep waiting. */
  #try(n: number): boolean | null {
    assert(n <= this.batchMax, `at most ${this.batchMax} at a time, not ${n}`);
    const { waiter } = this.#input;
    const isOver = waiter.isStopped || waiter.isReleasing || this.#input.exceedsAsked(this.#taken() + n);
    if (!isOver && !this.take(n)) return null;
    Atomics.store(this.#words, LEASE_WORD.want, 0n);
    return !isOver;
  }

  /** The guard has crossed the credit out, and the agent's main thread has not yet come to take it back. */
  get #isRecalled(): boolean {
    const { recall, waiter } = this.#input;
    if (recall === null) return false;
    return Atomics.load(recall, RECALL_WORD.count) !== Atomics.load(waiter.block.words, WORD.recalled);
  }

  #taken(): number {
    return Number(this.#word('claimed') + this.#word('held'));
  }

  #word(name: 'claimed' | 'held'): bigint {
    return Atomics.load(this.#words, LEASE_WORD[name]);
  }

  #want(n: number, ring: boolean): void {
    Atomics.store(this.#words, LEASE_WORD.want, BigInt(n));
    if (ring) ringDoorbell(this.#input.doorbell);
  }
}

function ringDoorbell(doorbell: Int32Array<SharedArrayBuffer>): void {
  Atomics.add(doorbell, 0, 1);
  Atomics.notify(doorbell, 0);
}

/** For simulators that declare no resource: any use is a mistake in the simulator. */
export function noLease(simulator: string): Lease {
  const refuse = (): never => {
    throw new Error(`simulator "${simulator}" uses a lease but declares no resource that it takes`);
  };
  return { take: refuse, wait: refuse, request: refuse, confirm: refuse, give: refuse, batchMax: 0 };
}
