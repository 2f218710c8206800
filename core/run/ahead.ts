/**
 * What a run will need whatever its plan says, booted while the plan is still being made: the process of its first
 * agent at once, the guard's thread when it is asked for. Whoever boots it ends it, in every outcome;
 * nothing of it is left by then. Imports little, so that it can come before everything else.
 */
import type { Link } from '../agent/link.js';
import { forkSpare } from '../agent/link-local.js';
import { GuardThreads } from '../safety/guard-threads.js';

export class Ahead {
  /** Null: there was no room for a process. The run will ask for one again, and say so. */
  readonly agent: Link | null = forkOrNull();
  #guard: GuardThreads | null = null;

  /**
   * Called when nothing is left to be loaded: on two cores the guard's boot would come before the agent's, which takes
   * longer and is what a run waits for.
   */
  bootGuard(): void {
    this.#guard ??= new GuardThreads();
  }

  get guard(): GuardThreads {
    return (this.#guard ??= new GuardThreads());
  }

  async end(): Promise<void> {
    // Nothing happens to what has served a run: it has ended.
    this.agent?.kill();
    await Promise.all([this.agent?.closed, this.#guard?.end()]);
  }
}

function forkOrNull(): Link | null {
  try {
    return forkSpare();
  } catch {
    return null; // E_AGENT_START, which is told when it matters
  }
}
