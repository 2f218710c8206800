/**
 * More processor time for one thread, where that is allowed: who steers a run must get to run beside many threads that
 * never rest. What the thread starts meanwhile must not inherit it: `atOrdinaryPriority`. Called by the orchestrator, and
 * by whoever forks for it.
 */
import { getPriority, setPriority } from 'node:os';

/** As the agents' main threads. The guard asks for more still. */
const RAISED_NICE = -5;

/** The niceness of this thread before it was raised; null while it is not. */
let ordinary: number | null = null;
let holders = 0;

/** Until the function that it gives is called. Does nothing where it is not allowed, or would raise more than the thread. */
export function raiseThread(): () => void {
  if (holders++ === 0) ordinary = raised();
  let isHeld = true;
  return () => {
    if (!isHeld) return;
    isHeld = false;
    if (--holders > 0 || ordinary === null) return;
    setPriority(0, ordinary);
    ordinary = null;
  };
}

/** What is forked in it has the priority that this thread had before it was raised. */
export function atOrdinaryPriority<T>(fork: () => T): T {
  if (ordinary === null) return fork();
  setPriority(0, ordinary);
  try {
    return fork();
  } finally {
    setPriority(0, RAISED_NICE);
  }
}

function raised(): number | null {
  // Elsewhere niceness is of the whole process.
  if (process.platform !== 'linux') return null;
  const before = getPriority(0);
  if (before <= RAISED_NICE) return null;
  try {
    setPriority(0, RAISED_NICE);
    return before;
  } catch {
    return null; // needs CAP_SYS_NICE
  }
}
