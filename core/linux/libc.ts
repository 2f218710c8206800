/**
 * The few libc calls that Node lacks, through koffi: the only file that imports it. Absent (null) elsewhere than on
 * 64-bit Linux and where the optional package is not installed. Called by agents (alarm) and the guard (priority).
 */
import { createRequire } from 'node:module';

export interface Libc {
  /** Asks the kernel for SIGALRM in so many seconds; 0 disarms. Returns the seconds that were left before. */
  alarm(seconds: number): number;
  /** The parent's pid, fresh from the kernel: 1, or a reaper's, once the parent is gone. */
  getppid(): number;
  /** Puts the calling thread (only it, nothing that it starts) under SCHED_FIFO. False when not allowed. */
  setFifo(priority: number): boolean;
  /** CPU time of the calling thread, in nanoseconds (CLOCK_THREAD_CPUTIME_ID). */
  threadCpuNs(): number;
  /** What descendants of this process leave behind becomes its child, not init's. False when not possible. */
  adoptOrphans(): boolean;
  /** Takes a dead child off the process table. False when it still lives or is not a child. Never blocks. */
  waitFor(pid: number): boolean;
}

type Koffi = typeof import('koffi');

const SCHED_FIFO = 1;
/** Threads that the raised one starts get an ordinary policy again. */
const SCHED_RESET_ON_FORK = 0x4000_0000;
const CLOCK_THREAD_CPUTIME_ID = 3;
const PR_SET_CHILD_SUBREAPER = 36;
const WNOHANG = 1;

let loaded: Libc | null | undefined;

/** Loaded at the first call, once per thread. */
export function libc(): Libc | null {
  loaded ??= open();
  return loaded;
}

function open(): Libc | null {
  if (process.platform !== 'linux') return null;
  const koffi = importKoffi();
  // The buffers below are laid out for a 64-bit `long`.
  if (koffi === null || koffi.sizeof('long') !== 8) return null;
  return declare(koffi);
}

function importKoffi(): Koffi | null {
  try {
    return createRequire(import.meta.url)('koffi') as Koffi;
  } catch {
    // An optional dependency: not installed, or without a binary for this platform. Callers see null.
    return null;
  }
}

function declare(koffi: Koffi): Libc {
  // The running program itself: whichever libc (glibc, musl) Node was linked with.
  const self = koffi.load(null);
  const alarm = self.func('unsigned int alarm(unsigned int seconds)') as (seconds: number) => number;
  const getppid = self.func('int getppid()') as () => number;
  const setScheduler = self.func('int sched_setscheduler(int pid, int policy, void *param)') as (
    pid: number,
    policy: number,
    param: Int32Array,
  ) => number;
  const clockGettime = self.func('int clock_gettime(int clock, void *time)') as (
    clock: number,
    time: BigInt64Array,
  ) => number;
  const prctl = self.func('int prctl(int option, unsigned long value)') as (
    option: number,
    value: number,
  ) => number;
  const waitpid = self.func('int waitpid(int pid, void *status, int options)') as (
    pid: number,
    status: null,
    options: number,
  ) => number;
  const time = new BigInt64Array(2);
  return {
    alarm,
    getppid,
    setFifo: (priority) =>
      setScheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, new Int32Array([priority])) === 0,
    adoptOrphans: () => prctl(PR_SET_CHILD_SUBREAPER, 1) === 0,
    waitFor: (pid) => waitpid(pid, null, WNOHANG) === pid,
    threadCpuNs: () => {
      clockGettime(CLOCK_THREAD_CPUTIME_ID, time);
      return Number(time[0]) * 1e9 + Number(time[1]);
    },
  };
}
