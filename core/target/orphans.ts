/**
 * Waits for what the keeper has adopted, which Node does not: a process whose parent has ended, and which then ends
 * itself, would stay as a zombie, and its processor time be nobody's. Called by the keeper now and then.
 */
import { libc } from '../linux/libc.js';
import { parseProcessStat, readText } from '../linux/procfs.js';
import { childrenOf } from './tree.js';

/** `own`: children that Node itself waits for. */
export function reapOrphans(own: number | null): void {
  const c = libc();
  if (c === null) return;
  for (const pid of childrenOf(process.pid) ?? []) {
    if (pid === own) continue;
    if (parseProcessStat(readText(`/proc/${pid}/stat`) ?? '')?.state === 'Z') c.waitFor(pid);
  }
}
