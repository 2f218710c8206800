/**
 * Processor time by the kernel's own account, from outside: of processes with all their threads, and of the whole
 * machine. What a process says of itself is never asked. Used by benches that quote a cost.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** Kernel ticks a second (USER_HZ): what /proc/stat counts in, on every Linux that Node runs on. */
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

/**
 * What all tasks of the machine have had so far, kernel threads and workers included, in ns: by process, so that who ends
 * between two looks can be told. Exact (schedstat), where the ticks of /proc/stat are guesses by hundredths of a second.
 * Interrupts count for the task that they interrupt; those that come while a processor is idle count for nobody.
 */
export function machineCpuNs(): ReadonlyMap<number, number> {
  const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));
  return new Map(pids.map((pid) => [Number(pid), processCpuNs(Number(pid))]));
}

/** What the host of a virtual machine gave to others, of all processors, in ns, in steps of a tick; 0 elsewhere. */
export function machineStolenNs(): number {
  const ticks = (readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '').split(/\s+/);
  return (Number(ticks[8] ?? 0) / TICKS_PER_S) * 1e9;
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
