/**
 * Watches what an agent's process takes against what its actors hold by lease: resident memory and open descriptors
 * since it was loaded enter, what went beyond leases and allowance leaves, once for each resource. `agent.ts` asks
 * with every look of its watch. Growth is weighed against the most that was ever leased, since what is given back may stay
 * resident for a while.
 */
import { readdirSync, statSync } from 'node:fs';
import type { Unleased } from '../contract/events.js';
import type { LeaseAccount } from '../contract/messages.js';
import type { PlannedActor } from '../contract/plan.js';
import type { Resource } from '../contract/plugin.js';

/** What a plugin may use without asking, for the agent and for each instance: code, JavaScript heap, small buffers. */
export const ALLOWANCE = {
  memory: { agent: 64 * 2 ** 20, instance: 32 * 2 ** 20 },
  openFiles: { agent: 64, instance: 64 },
} as const;

/** Who leases more descriptors than this is not watched for them: counting so many holds the main thread up. */
const COUNTED_MAX = 10_000;

type Watched = keyof typeof ALLOWANCE;

/** Leases that show in each watched figure of the process. */
const SHOWS_IN: Readonly<Record<Watched, readonly Resource[]>> = {
  memory: ['memory'],
  openFiles: ['openFiles', 'sockets'],
};

interface Watch {
  readonly resource: Watched;
  readonly atStart: number;
  readonly allowance: number;
  leasedMost: number;
  isTold: boolean;
}

export class UnleasedWatch {
  readonly #actors: readonly PlannedActor[];
  readonly #watches: readonly Watch[];

  /** Made before the first thread is: what `start` takes counts too. */
  constructor(actors: readonly PlannedActor[]) {
    this.#actors = actors;
    const instances = actors.reduce((sum, actor) => sum + actor.instances, 0);
    this.#watches = (['memory', 'openFiles'] as const).flatMap((resource) => {
      const atStart = taken(resource);
      if (atStart === null) return [];
      const allowance =
        ALLOWANCE[resource].agent + instances * ALLOWANCE[resource].instance + this.#planned(resource);
      return [{ resource, atStart, allowance, leasedMost: 0, isTold: false }];
    });
  }

  look(accounts: readonly LeaseAccount[]): Unleased[] {
    return this.#watches.flatMap((watch) => {
      watch.leasedMost = Math.max(watch.leasedMost, this.#leased(watch.resource, accounts));
      if (watch.resource === 'openFiles' && watch.leasedMost > COUNTED_MAX) return [];
      const grown = (taken(watch.resource) ?? watch.atStart) - watch.atStart;
      if (watch.isTold || grown <= watch.leasedMost + watch.allowance) return [];
      watch.isTold = true;
      const { resource, leasedMost: leased, allowance } = watch;
      return [{ actors: this.#actors.map(({ name }) => name), resource, grown, leased, allowance }];
    });
  }

  /**
   * Descriptors that actors said beforehand they would open, and that were held against the limit before the run: of those
   * that lease something else, since an actor leases one kind of thing.
   */
  #planned(resource: Watched): number {
    if (resource !== 'openFiles') return 0;
    const others = this.#actors.filter(({ takes }) => takes === null || !SHOWS_IN[resource].includes(takes));
    return others.reduce((sum, { estimate }) => sum + (estimate.openFiles ?? 0), 0);
  }

  #leased(resource: Watched, accounts: readonly LeaseAccount[]): number {
    const takers = this.#actors.filter(({ takes }) => takes !== null && SHOWS_IN[resource].includes(takes));
    return accounts
      .filter(({ actor }) => takers.some(({ name }) => name === actor))
      .reduce((sum, { claimed, held }) => sum + claimed + held, 0);
  }
}

/** What this process has now; null where the platform does not say. */
function taken(resource: Watched): number | null {
  if (resource === 'memory') return process.memoryUsage.rss();
  try {
    // Linux from 6.2 on counts them in the size of the directory; before, it has to be read.
    return statSync('/proc/self/fd').size || readdirSync('/proc/self/fd').length;
  } catch {
    return null; // no /proc here, or no descriptor left to read it with
  }
}
