/**
 * Where and how urgently the calling thread runs: its processors, its scheduling class, what the kernel counted of it.
 * Null where `foreign.ts` is. Called by simulators that place their threads, and by the guard.
 */
import type { Foreign } from './foreign.js';
import { foreign } from './foreign.js';
import { readText } from './procfs.js';

/** Scheduling classes by the number that the kernel has for them. */
export const SCHED = { other: 0, fifo: 1, rr: 2, batch: 3, idle: 5 } as const;
export type SchedClass = keyof typeof SCHED;

/** The guard's, under SCHED_FIFO: above every load (`LOAD_PRIORITY_MAX`), below the kernel's interrupt threads (50). */
export const GUARD_PRIORITY = 49;
export const LOAD_PRIORITY_MAX = GUARD_PRIORITY - 1;

export const EPERM = 1;
export const EINVAL = 22;

export interface ThreadUsage {
  readonly userNs: number;
  readonly systemNs: number;
  /** How often it gave its processor away, and how often that was taken from it. */
  readonly voluntary: number;
  readonly involuntary: number;
}

/** All of the calling thread, and only of it. What sets something returns 0 or the errno. */
export interface Scheduler {
  setClass(name: SchedClass, priority: number): number;
  /** Class and real-time priority (0 outside of fifo and rr), fresh from the kernel; null for a class unknown here. */
  ownClass(): { readonly name: SchedClass; readonly priority: number } | null;
  setProcessors(processors: readonly number[]): number;
  /** Which processors it may run on, ascending, fresh from the kernel. */
  ownProcessors(): number[];
  usage(): ThreadUsage;
}

/** Threads that a raised one starts get an ordinary class again. */
const SCHED_RESET_ON_FORK = 0x4000_0000;
const RUSAGE_THREAD = 1;
/** Room for 8192 processors, the most that Linux knows. */
const MASK_BYTES = 1024;
/** Of struct rusage, in words of 8 bytes. */
const RUSAGE = { words: 18, voluntary: 16, involuntary: 17 } as const;

let made: Scheduler | null | undefined;

/** Made at the first call, once per thread. */
export function scheduler(): Scheduler | null {
  if (made === undefined) {
    const f = foreign();
    made = f === null ? null : make(f);
  }
  return made;
}

function make(f: Foreign): Scheduler {
  const setScheduler = f.declare('int sched_setscheduler(int pid, int policy, void *param)');
  const getScheduler = f.declare('int sched_getscheduler(int pid)');
  const getParam = f.declare('int sched_getparam(int pid, void *param)');
  const setAffinity = f.declare('int sched_setaffinity(int pid, size_t bytes, void *mask)');
  const getAffinity = f.declare('int sched_getaffinity(int pid, size_t bytes, void *mask)');
  const getrusage = f.declare('int getrusage(int who, void *usage)');
  const outcome = (result: number): number => (result === 0 ? 0 : f.errno());
  return {
    setClass: (name, priority) =>
      outcome(setScheduler(0, SCHED[name] | SCHED_RESET_ON_FORK, new Int32Array([priority]))),
    ownClass() {
      const policy = getScheduler(0) & ~SCHED_RESET_ON_FORK;
      const param = new Int32Array(1);
      getParam(0, param);
      const name = (Object.keys(SCHED) as SchedClass[]).find((key) => SCHED[key] === policy);
      return name === undefined ? null : { name, priority: param[0] ?? 0 };
    },
    setProcessors(processors) {
      const mask = new Uint8Array(MASK_BYTES);
      for (const cpu of processors) mask[cpu >> 3] = (mask[cpu >> 3] ?? 0) | (1 << (cpu & 7));
      return outcome(setAffinity(0, MASK_BYTES, mask));
    },
    ownProcessors() {
      const mask = new Uint8Array(MASK_BYTES);
      getAffinity(0, MASK_BYTES, mask);
      return [...mask].flatMap((byte, at) =>
        [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => ((byte >> bit) & 1) === 1).map((bit) => 8 * at + bit),
      );
    },
    usage() {
      const words = new BigInt64Array(RUSAGE.words);
      getrusage(RUSAGE_THREAD, words);
      const at = (index: number): number => Number(words[index] ?? 0n);
      return {
        userNs: at(0) * 1e9 + at(1) * 1e3,
        systemNs: at(2) * 1e9 + at(3) * 1e3,
        voluntary: at(RUSAGE.voluntary),
        involuntary: at(RUSAGE.involuntary),
      };
    },
  };
}

/** "0-2,5" as numbers, ascending, each once; null when that is no such list. */
export function parseProcessors(text: string): number[] | null {
  const found = new Set<number>();
  for (const part of text.trim().split(',')) {
    const match = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(part.trim());
    if (match === null) return null;
    const [from, to] = [Number(match[1]), Number(match[2] ?? match[1])];
    if (to < from || to >= 8 * MASK_BYTES) return null;
    for (let cpu = from; cpu <= to; cpu++) found.add(cpu);
  }
  return [...found].sort((a, b) => a - b);
}

/** The same the other way round. */
export function formatProcessors(processors: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const cpu of processors) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === cpu - 1) last[1] = cpu;
    else ranges.push([cpu, cpu]);
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(',');
}

/** Processors that this process may run on, by the kernel; null where it does not say. */
export function allowedProcessors(): number[] | null {
  const list = /^Cpus_allowed_list:\s*(.+)$/m.exec(readText('/proc/self/status') ?? '')?.[1];
  return list === undefined ? null : parseProcessors(list);
}

/**
 * The share of each processor that real-time threads get before the kernel holds them back; 1: no bound; null: no such
 * scheduler here.
 */
export function realTimeShare(): number | null {
  const [runtime, period] = ['runtime', 'period'].map((name) =>
    Number(readText(`/proc/sys/kernel/sched_rt_${name}_us`) ?? NaN),
  ) as [number, number];
  if (!Number.isFinite(runtime / period)) return null;
  return runtime < 0 ? 1 : runtime / period;
}
