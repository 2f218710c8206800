/**
 * The few calls about processes and time that Node lacks. Absent (null) where `foreign.ts` is. Called by agents
 * (alarm), the guard (priority) and the target's keeper (orphans).
 */
import type { Foreign } from './foreign.js';
import { foreign } from './foreign.js';

export interface Libc {
  /** Asks the kernel for SIGALRM in so many seconds; 0 disarms. Returns the seconds that were left before. */
  alarm(seconds: number): number;
  /** The parent's pid, fresh from the kernel: 1, or a reaper's, once the parent is gone. */
  getppid(): number;
  /** Puts the calling thread (only it, nothing that it starts) under SCHED_FIFO. False when not allowed. */
  setFifo(priority: number): boolean;
  /** CPU time of the calling thread, in nanoseconds (CLOCK_THREAD_CPUTIME_ID). */
  threadCpuNs(): number;
  /** The same of any thread of this process, by its kernel id; null when there is none. */
  taskCpuNs(tid: number): number | null;
  /** What descendants of this process leave behind becomes its child, not init's. False when not possible. */
  adoptOrphans(): boolean;
  /** Takes a dead child off the process table. False when it still lives or is not a child. Never blocks. */
  waitFor(pid: number): boolean;
}

const SCHED_FIFO = 1;
/** Threads that the raised one starts get an ordinary policy again. */
const SCHED_RESET_ON_FORK = 0x4000_0000;
const CLOCK_THREAD_CPUTIME_ID = 3;
/** In the number of a clock below the complement of a thread's id: of one thread, as the scheduler counts. */
const CPUCLOCK_OF_THREAD = 6;
const PR_SET_CHILD_SUBREAPER = 36;
const WNOHANG = 1;

let loaded: Libc | null | undefined;

/** Loaded at the first call, once per thread. */
export function libc(): Libc | null {
  if (loaded === undefined) {
    const f = foreign();
    loaded = f === null ? null : declare(f);
  }
  return loaded;
}

function declare(f: Foreign): Libc {
  const alarm = f.declare('unsigned int alarm(unsigned int seconds)');
  const getppid = f.declare('int getppid()');
  const setScheduler = f.declare('int sched_setscheduler(int pid, int policy, void *param)');
  const clockGettime = f.declare('int clock_gettime(int clock, uintptr_t time)');
  const prctl = f.declare('int prctl(int option, unsigned long value)');
  const waitpid = f.declare('int waitpid(int pid, void *status, int options)');
  const time = new BigInt64Array(16);
  const timeAt = f.addressOf(time);
  return {
    alarm,
    getppid,
    setFifo: (priority) =>
      setScheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, new Int32Array([priority])) === 0,
    adoptOrphans: () => prctl(PR_SET_CHILD_SUBREAPER, 1) === 0,
    waitFor: (pid) => waitpid(pid, null, WNOHANG) === pid,
    threadCpuNs: () => {
      clockGettime(CLOCK_THREAD_CPUTIME_ID, timeAt);
      return Number(time[0]) * 1e9 + Number(time[1]);
    },
    taskCpuNs: (tid) => {
      if (clockGettime((~tid << 3) | CPUCLOCK_OF_THREAD, timeAt) !== 0) return null;
      return Number(time[0]) * 1e9 + Number(time[1]);
    },
  };
}
