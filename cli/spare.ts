/**
 * An agent that boots while the plan is still being made. What makes the plan and runs it enters, its answer leaves;
 * in every outcome the agent is gone by then. Used by the verb `run` and the library.
 */
import type { Link } from '../core/agent/link.js';
import { forkSpare } from '../core/agent/link-local.js';

export async function withSpare<T>(work: (spare: Link | undefined) => Promise<T>): Promise<T> {
  const spare = forkOrNone();
  try {
    return await work(spare);
  } finally {
    if (spare !== undefined) {
      // Nothing happens to one that has served a run: it has ended.
      spare.kill();
      await spare.closed;
    }
  }
}

function forkOrNone(): Link | undefined {
  try {
    return forkSpare();
  } catch {
    // There may be no room for a process. The run will ask for one again, and say so.
    return undefined;
  }
}
