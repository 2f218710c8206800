/**
 * What a run will need whatever its plan says, booted while the plan is still being made: the process of its first
 * agent, and the threads of the guard. What makes the plan and runs it enters, its answer leaves; in every outcome
 * nothing of this is left by then. Imports little, so that it can come before everything else.
 */
import type { Link } from '../agent/link.js';
import { forkSpare } from '../agent/link-local.js';
import { GuardThreads } from '../safety/guard-threads.js';

export interface Ahead {
  /** Null: there was no room for a process. The run will ask for one again, and say so. */
  readonly agent: Link | null;
  readonly guard: GuardThreads;
}

export async function bootAhead<T>(work: (ahead: Ahead) => Promise<T>): Promise<T> {
  const ahead: Ahead = { agent: forkOrNull(), guard: new GuardThreads() };
  try {
    return await work(ahead);
  } finally {
    // Nothing happens to what has served a run: it has ended.
    ahead.agent?.kill();
    await Promise.all([ahead.agent?.closed, ahead.guard.end()]);
  }
}

function forkOrNull(): Link | null {
  try {
    return forkSpare();
  } catch {
    return null; // E_AGENT_START, which is told when it matters
  }
}
