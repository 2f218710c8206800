/** What an agent asks of the kernel for itself when it boots: to be killed before others, and to be heard in time. */
import { writeFileSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

/** Agents die before anything else does when memory runs out; 1000 would be "always". */
const OOM_SCORE_ADJ = 900;
const MAIN_THREAD_NICE = -5;

/** True when this process is now among the first that the OOM killer takes. Raising the score needs no right. */
export function dieFirst(): boolean {
  try {
    writeFileSync('/proc/self/oom_score_adj', String(OOM_SCORE_ADJ));
    return true;
  } catch {
    // Not Linux, or the score is already higher and may not be lowered: told in `hello`.
    return false;
  }
}

/** Asks for more priority for this thread; its niceness when that was granted, else null. */
export function raisePriority(): number | null {
  try {
    setPriority(0, MAIN_THREAD_NICE);
    return getPriority(0);
  } catch {
    // Needs CAP_SYS_NICE; without it the thread stays where it is, which `hello` tells.
    return null;
  }
}
