/**
 * Leases of one resource: the agents' accounts in, grants out. What is granted is the bound: an actor takes only what
 * it was granted, and nothing is granted that would touch the reserve. Owned by the orchestrator's main thread.
 */
import { must } from '../base/assert.js';
import type { ClockNs } from '../base/clock.js';
import { nowNs, SECOND } from '../base/clock.js';
import type { LeaseAccount, ToAgent } from '../contract/messages.js';
import type { Resource } from '../contract/plugin.js';

/** Memory is granted in pieces of this, so that a tight loop asks once for many pages. */
export const GRANT_BATCH_BYTES = 64 * 2 ** 20;
/** Granted and not claimed, of all instances together. A batch that goes beyond shrinks to what was asked. */
export const UNCLAIMED_MAX_BATCHES = 8;
/** What is granted and not claimed for so long is taken back. */
export const CLAIM_MAX_NS = 5 * SECOND;

export type Grant = Extract<ToAgent, { type: 'grant' }>;

export interface LeaseParty {
  readonly agent: string;
  readonly actor: string;
  readonly instance: number;
  readonly resource: Resource;
}
export interface LeaseDenial extends LeaseParty {
  readonly asked: number;
  /** What could be granted now. */
  readonly there: number;
  /** Why not more: the reserve, the bound of unclaimed grants, or a hold of the gate. */
  readonly limit: 'reserve' | 'unclaimed' | 'hold';
}
export interface LeaseExpiry extends LeaseParty {
  readonly amount: number;
}

export interface LedgerOptions {
  /** What always stays free. */
  readonly reserveBytes: number;
  /** What the host has, fresh from the kernel, in the resource's unit. */
  readonly availableBytes: () => number;
  readonly send: (agent: string, grant: Grant) => void;
  /** Once for each request that has to wait; it stays in line and is tried again at every tick. */
  readonly onDenied: (denial: LeaseDenial) => void;
  /** The caller revokes: `{ type: 'revoke', actor }`. */
  readonly onExpired: (expiry: LeaseExpiry) => void;
  /** Default: the monotonic clock. */
  readonly clock?: ClockNs;
  /** Default memory; another resource has a ledger of its own, and its own batch. */
  readonly resource?: Resource;
  readonly batch?: number;
}

export interface LedgerTotals {
  /** Sent, and not yet in an account. */
  readonly inFlight: number;
  readonly credit: number;
  readonly claimed: number;
  readonly held: number;
  /** Requests that wait. */
  readonly waiting: number;
  readonly heldByActor: ReadonlyMap<string, number>;
}

interface Entry {
  readonly party: LeaseParty;
  account: LeaseAccount;
  /** All that was ever sent to this instance. */
  sent: number;
  /** All that it had ever claimed, by its last account: standing still means that nothing is claimed. */
  consumed: number;
  claimedAtNs: number;
  wasTold: boolean;
}

export class Ledger {
  readonly #options: LedgerOptions;
  readonly #resource: Resource;
  readonly #batch: number;
  readonly #clock: ClockNs;
  readonly #entries = new Map<string, Entry>();
  /** Keys of entries that want something, first come first served. */
  readonly #waiting = new Set<string>();
  #grants = 0;
  #isHeld = false;

  constructor(options: LedgerOptions) {
    this.#options = options;
    this.#resource = options.resource ?? 'memory';
    this.#batch = options.batch ?? GRANT_BATCH_BYTES;
    this.#clock = options.clock ?? nowNs;
  }

  /** Accounts are cumulative: one that comes twice, or after a newer one, changes nothing. */
  accounts(agent: string, accounts: readonly LeaseAccount[]): void {
    for (const account of accounts) this.#book(agent, account);
    this.#serve();
  }

  /** Call a few times a second while `isBusy`: tries those who wait, and notices grants that nobody claims. */
  tick(): void {
    this.#serve();
    const now = this.#clock();
    for (const entry of this.#entries.values()) {
      const amount = unclaimed(entry);
      if (amount <= 0 || entry.account.want > 0) entry.claimedAtNs = now;
      else if (now - entry.claimedAtNs >= CLAIM_MAX_NS) {
        entry.claimedAtNs = now;
        this.#options.onExpired({ ...entry.party, amount });
      }
    }
  }

  /** Ticks have something to do: somebody waits, or has been granted what is not claimed yet. */
  get isBusy(): boolean {
    if (this.#waiting.size > 0) return true;
    for (const entry of this.#entries.values()) if (unclaimed(entry) > 0) return true;
    return false;
  }

  /** No grants until resume(). What was granted stays granted: the caller revokes it. */
  hold(): void {
    this.#isHeld = true;
  }

  resume(): void {
    this.#isHeld = false;
    this.#serve();
  }

  /** The agent is gone, and with it what it held; the kernel's readings show when that has come back. */
  forget(agent: string): void {
    for (const [key, entry] of this.#entries) {
      if (entry.party.agent !== agent) continue;
      this.#entries.delete(key);
      this.#waiting.delete(key);
    }
    this.#serve();
  }

  totals(): LedgerTotals {
    const sum = (pick: (e: Entry) => number): number =>
      [...this.#entries.values()].reduce((total, entry) => total + pick(entry), 0);
    const heldByActor = new Map<string, number>();
    for (const { party, account } of this.#entries.values()) {
      heldByActor.set(party.actor, (heldByActor.get(party.actor) ?? 0) + account.held);
    }
    return {
      inFlight: sum(inFlight),
      credit: sum((e) => e.account.credit),
      claimed: sum((e) => e.account.claimed),
      held: sum((e) => e.account.held),
      waiting: this.#waiting.size,
      heldByActor,
    };
  }

  #book(agent: string, account: LeaseAccount): void {
    const key = JSON.stringify([agent, account.actor, account.instance]);
    const party = { agent, actor: account.actor, instance: account.instance, resource: this.#resource };
    const now = this.#clock();
    const fresh = { party, account, sent: account.granted, consumed: 0, claimedAtNs: now, wasTold: false };
    const entry = this.#entries.get(key) ?? fresh;
    // An account from before the last one arrived late: it knows of fewer grants.
    if (account.granted < entry.account.granted) return;
    this.#entries.set(key, entry);
    const consumed = account.granted - account.revoked - account.credit;
    if (consumed > entry.consumed) entry.claimedAtNs = now;
    [entry.account, entry.consumed] = [account, consumed];
    if (account.want > 0) this.#waiting.add(key);
    else {
      this.#waiting.delete(key);
      entry.wasTold = false;
    }
  }

  /** In order of arrival; who cannot be served lets nobody pass, so that large requests do not starve. */
  #serve(): void {
    for (const key of this.#waiting) {
      const entry = must(this.#entries.get(key), key);
      const need = entry.account.want - unclaimed(entry);
      if (need <= 0) continue;
      const verdict = this.#decide(need);
      if (typeof verdict === 'number') this.#grant(entry, verdict);
      else {
        if (!entry.wasTold) this.#options.onDenied({ ...entry.party, asked: need, ...verdict });
        entry.wasTold = true;
        return;
      }
    }
  }

  /** How much to grant, or why not. */
  #decide(need: number): number | Pick<LeaseDenial, 'there' | 'limit'> {
    let [free, claimed] = [0, 0];
    for (const entry of this.#entries.values()) {
      free += unclaimed(entry);
      claimed += entry.account.claimed;
    }
    const promised = free + claimed;
    const room = this.#options.availableBytes() - promised - this.#options.reserveBytes;
    const there = Math.max(0, room);
    if (this.#isHeld) return { there, limit: 'hold' };
    if (need > room) return { there, limit: 'reserve' };
    const unclaimedRoom = this.#batch * UNCLAIMED_MAX_BATCHES - free;
    if (need > unclaimedRoom) return { there: Math.max(0, unclaimedRoom), limit: 'unclaimed' };
    return Math.max(need, Math.min(this.#batch, Math.floor(room), Math.floor(unclaimedRoom)));
  }

  #grant(entry: Entry, amount: number): void {
    const { agent, actor, instance } = entry.party;
    entry.sent += amount;
    entry.wasTold = false;
    entry.claimedAtNs = this.#clock();
    this.#grants++;
    this.#options.send(agent, { type: 'grant', actor, instance, grant: this.#grants, amount });
  }
}

function inFlight(entry: Entry): number {
  return entry.sent - entry.account.granted;
}

function unclaimed(entry: Entry): number {
  return inFlight(entry) + entry.account.credit;
}
