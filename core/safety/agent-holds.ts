/**
 * What the guard does to agents by itself: recall their credit, freeze, thaw, kill. Follows the board's agents, each on a
 * kept-open /proc/<pid>/stat, which stays bound to the very process that had the pid when it was opened, and on the page
 * that it shares. Owned by the guard thread.
 */
import { MS, nowNs, SECOND } from '../base/clock.js';
import type { Resource } from '../contract/plugin.js';
import { RECALL_WORD } from '../contract/recall.js';
import { KeptFile, parseProcessStat } from '../linux/procfs.js';
import type { OpenedPage } from '../linux/shared-page.js';
import { openSharedPage } from '../linux/shared-page.js';
import type { WatchedAgent } from './guard-board.js';

/** No agent stands still for longer: it must hear the orchestrator within its lease time of 2 s. */
export const FREEZE_MAX_NS = SECOND;

interface Hold {
  readonly agent: WatchedAgent;
  /** Null where there is no /proc: signals then go to the pid alone. */
  readonly stat: KeptFile | null;
  /** Null where the agent has none: its credit is taken back once its main thread is told. */
  readonly page: OpenedPage | null;
  frozenAtNs: number | null;
}

export class AgentHolds {
  readonly #holds = new Map<number, Hold>();
  readonly #onThaw: (pid: number, frozenMs: number) => void;

  constructor(onThaw: (pid: number, frozenMs: number) => void) {
    this.#onThaw = onThaw;
  }

  follow(agents: readonly WatchedAgent[]): void {
    const pids = new Set(agents.map((agent) => agent.pid));
    for (const hold of this.#holds.values()) if (!pids.has(hold.agent.pid)) this.#drop(hold);
    for (const agent of agents) {
      if (this.#holds.has(agent.pid)) continue;
      this.#holds.set(agent.pid, {
        agent,
        stat: KeptFile.open(`/proc/${agent.pid}/stat`, 1024),
        page: pageOf(agent),
        frozenAtNs: null,
      });
    }
  }

  /**
   * All credit for this resource is void from now on, until each agent has taken it back and is granted anew. Returns the
   * pids of those that share no page: there it goes once they are told.
   */
  recall(takes: Resource): number[] {
    return [...this.#holds.values()].flatMap(({ agent, page }) => {
      if (agent.takes !== takes) return [];
      if (page === null) return [agent.pid];
      Atomics.add(page.words, RECALL_WORD.count, 1);
      return [];
    });
  }

  /** Stops every agent that takes this resource; returns the pids of those that stand now and did not before. */
  freeze(takes: Resource, atNs: number): number[] {
    return [...this.#holds.values()].flatMap((hold) => {
      if (hold.agent.takes !== takes || hold.frozenAtNs !== null || !this.#signal(hold, 'SIGSTOP')) return [];
      hold.frozenAtNs = atNs;
      return [hold.agent.pid];
    });
  }

  /** Where nobody takes the resource by lease, or it is nobody's, anyone may be the cause: all are killed. */
  kill(takes: Resource | null): number[] {
    const all = [...this.#holds.values()];
    const takers = all.filter((hold) => takes !== null && hold.agent.takes === takes);
    return (takers.length > 0 ? takers : all).flatMap((hold) =>
      this.#signal(hold, 'SIGKILL') ? [hold.agent.pid] : [],
    );
  }

  thaw(): void {
    for (const hold of this.#holds.values()) this.#thaw(hold);
  }

  thawOverdue(now: number): void {
    for (const hold of this.#holds.values()) {
      if (hold.frozenAtNs !== null && now - hold.frozenAtNs >= FREEZE_MAX_NS) this.#thaw(hold);
    }
  }

  /** When the first of the frozen must go on; Infinity when nobody stands. */
  nextThawNs(): number {
    let next = Infinity;
    for (const { frozenAtNs } of this.#holds.values()) {
      if (frozenAtNs !== null) next = Math.min(next, frozenAtNs + FREEZE_MAX_NS);
    }
    return next;
  }

  close(): void {
    for (const hold of this.#holds.values()) this.#drop(hold);
  }

  #thaw(hold: Hold): void {
    if (hold.frozenAtNs === null) return;
    this.#signal(hold, 'SIGCONT');
    this.#onThaw(hold.agent.pid, (nowNs() - hold.frozenAtNs) / MS);
    hold.frozenAtNs = null;
  }

  #drop(hold: Hold): void {
    this.#thaw(hold);
    hold.stat?.close();
    hold.page?.close();
    this.#holds.delete(hold.agent.pid);
  }

  /** False when the process is gone, or was never there. */
  #signal(hold: Hold, signal: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): boolean {
    if (process.platform === 'linux') {
      const stat = parseProcessStat(hold.stat?.read() ?? '');
      if (stat === null || stat.state === 'Z' || stat.state === 'X') return false;
    }
    try {
      return process.kill(hold.agent.pid, signal);
    } catch {
      // Ended in between, or signals of this kind do not exist here.
      return false;
    }
  }
}

function pageOf({ pid, recallFd }: WatchedAgent): OpenedPage | null {
  const page = recallFd === null ? null : openSharedPage(pid, recallFd);
  if (page === null || page.words[RECALL_WORD.pid] === pid) return page;
  page.close();
  return null;
}
