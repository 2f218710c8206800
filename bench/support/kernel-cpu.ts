/**
 * Processor time by the kernel's own account, from outside: of processes with all their threads, and of the whole
 * machine. What a process says of itself is never asked. Used by benches that quote a cost.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** Kernel ticks a second (USER_HZ): what /proc counts in, on every Linux that Node runs on. */
const TICKS_PER_S = 100;

/** So far, in ns, of all threads of a process that still live: exact (schedstat). 0 when it is gone. */
export function processCpuNs(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/task`).reduce((sum, tid) => sum + threadCpuNs(pid, tid), 0);
  } catch {
    return 0; // gone
  }
}

export function threadCpuNs(pid: number, tid: number | string): number {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${tid}/schedstat`, 'utf8').split(' ')[0]);
  } catch {
    return 0; // ended meanwhile
  }
}

/** Of the whole machine, kernel work and interrupts counted, in ns, in steps of a tick: everything but idle and waiting. */
export function machineBusyNs(): number {
  const [, ...ticks] = (readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '').split(/\s+/);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = ticks.map(Number);
  return ((user + nice + system + irq + softirq + steal) / TICKS_PER_S) * 1e9;
}

/** All descendants of a process that live now, itself included. */
export function processTree(root: number): number[] {
  const childrenOf = new Map<number, number[]>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const parent = parentOf(Number(entry));
    if (parent !== null) childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), Number(entry)]);
  }
  const walk = (pid: number): number[] => [pid, ...(childrenOf.get(pid) ?? []).flatMap(walk)];
  return walk(root);
}

function parentOf(pid: number): number | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name is in brackets and may hold anything, brackets too.
    return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return null; // gone meanwhile
  }
}
