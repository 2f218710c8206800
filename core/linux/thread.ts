/** Which kernel thread this is and how much CPU time threads of this process used. Called by actors and agents. */
import { readlinkSync, writeFileSync } from 'node:fs';
import { libc } from './libc.js';
import { parseSchedstat, readText } from './procfs.js';

/** Kernel id of the calling thread; null where /proc does not say. */
export function threadId(): number | null {
  try {
    const id = Number(readlinkSync('/proc/thread-self').split('/').pop());
    return Number.isInteger(id) ? id : null;
  } catch {
    // No /proc: another platform.
    return null;
  }
}

/**
 * How late the kernel may wake a thread of this process that sleeps for a time, in nanoseconds, so as to wake several at
 * once; 50 µs unless somebody says otherwise. False where that cannot be said.
 */
export function setTimerSlack(tid: number, slackNs: number): boolean {
  try {
    writeFileSync(`/proc/${tid}/timerslack_ns`, String(slackNs));
    return true;
  } catch {
    // Another platform, a kernel before 4.6, or /proc read-only: threads are woken as late as ever.
    return false;
  }
}

/** CPU time of the calling thread in nanoseconds; exact with libc, else in kernel ticks; null where neither is. */
export function threadCpuNs(): number | null {
  const c = libc();
  return c === null ? schedCpuNs('/proc/thread-self/schedstat') : c.threadCpuNs();
}

/** CPU time of another thread of this process, as exact as of the calling one; null when it is gone. */
export function taskCpuNs(tid: number): number | null {
  const c = libc();
  return c !== null ? c.taskCpuNs(tid) : schedCpuNs(`/proc/self/task/${tid}/schedstat`);
}

function schedCpuNs(path: string): number | null {
  return parseSchedstat(readText(path) ?? '')?.cpuNs ?? null;
}
