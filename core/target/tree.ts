/**
 * A process with everything it started, read from /proc. The keeper ends what is in it, the meter adds it up. Processes
 * come and go while it is read: what is gone meanwhile is left out.
 */
import { readdirSync } from 'node:fs';
import { processStart, readText } from '../linux/procfs.js';

/** Descendants of a process, without itself; null where the kernel does not tell children (no /proc/…/children). */
export function descendantsOf(root: number): number[] | null {
  const children = childrenOf(root);
  if (children === null) return null;
  const found: number[] = [];
  const open = [...children];
  for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
    found.push(pid);
    open.push(...(childrenOf(pid) ?? []));
  }
  return found;
}

/** Those of them that run: one that is dead and not yet reaped holds nothing. */
export function livingOf(pids: readonly number[]): number[] {
  return pids.filter((pid) => processStart(pid) !== null);
}

/** Null when the process is gone, or the kernel does not say. */
export function childrenOf(pid: number): number[] | null {
  const tasks = `/proc/${pid}/task`;
  let isKnown = false;
  const children: number[] = [];
  for (const tid of namesIn(tasks)) {
    const text = readText(`${tasks}/${tid}/children`);
    if (text === null) continue;
    isKnown = true;
    for (const word of text.split(' ')) if (word !== '') children.push(Number(word));
  }
  return isKnown ? children : null;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // Gone meanwhile.
    return [];
  }
}
