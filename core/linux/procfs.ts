/**
 * Texts of /proc in, numbers in base units out. Parsers are pure; `KeptFile` is how the guard reads without opening
 * anything, since opening fails just when descriptors have run out. Called by sensors, host facts and agents.
 */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

/** One file, opened once, read from its beginning into one buffer each time. The owner closes it. */
export class KeptFile {
  readonly path: string;
  readonly #fd: number;
  readonly #buffer: Buffer;

  private constructor(path: string, fd: number, bytes: number) {
    this.path = path;
    this.#fd = fd;
    this.#buffer = Buffer.allocUnsafeSlow(bytes);
  }

  /** Null when it cannot be opened or read: this host does not have it. */
  static open(path: string, bytes = 4096): KeptFile | null {
    let fd: number;
    try {
      fd = openSync(path, 'r');
    } catch {
      // Absence is the answer here, whatever its cause: not there, not allowed, not supported.
      return null;
    }
    const file = new KeptFile(path, fd, bytes);
    if (file.read() !== null) return file;
    file.close();
    return null;
  }

  /** The first bytes of the file as it is now; null when the kernel no longer answers. */
  read(): string | null {
    try {
      const length = readSync(this.#fd, this.#buffer, 0, this.#buffer.length, 0);
      return this.#buffer.toString('latin1', 0, length);
    } catch {
      // Such as EOPNOTSUPP of switched-off PSI, or ENODEV of a removed control group: no reading.
      return null;
    }
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** The text of a small file, null when there is none. */
export function readText(path: string): string | null {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    // Absence is the answer, as in KeptFile.open.
    return null;
  }
}

/** What follows a key. Sticky: looked for where it is put, without cutting the text. */
const FIELD = /:?\s+(-?\d+)/y;

/** Value of `key` in lines such as "MemAvailable:  123 kB" or "inactive_file 123"; null when there is none. */
export function fieldOf(text: string, key: string): number | null {
  let from = text.indexOf(key);
  while (from > 0 && text.charCodeAt(from - 1) !== 10) from = text.indexOf(key, from + 1);
  if (from < 0) return null;
  FIELD.lastIndex = from + key.length;
  const match = FIELD.exec(text);
  return match === null ? null : Number(match[1]);
}

export interface MemInfo {
  readonly totalBytes: number;
  /** Null on kernels before 3.14. */
  readonly availableBytes: number | null;
  readonly swapTotalBytes: number | null;
  readonly swapFreeBytes: number | null;
}

/** /proc/meminfo, which counts in KiB. */
export function parseMeminfo(text: string): MemInfo | null {
  const bytes = (key: string): number | null => {
    const kib = fieldOf(text, key);
    return kib === null ? null : kib * 1024;
  };
  const totalBytes = bytes('MemTotal');
  if (totalBytes === null) return null;
  return {
    totalBytes,
    availableBytes: bytes('MemAvailable'),
    swapTotalBytes: bytes('SwapTotal'),
    swapFreeBytes: bytes('SwapFree'),
  };
}

export interface CpuTicks {
  readonly busy: number;
  readonly total: number;
}

/** The "cpu" line of /proc/stat. Stolen time counts as busy: it was not there for anybody on this machine. */
export function parseStatCpu(text: string): CpuTicks | null {
  const match = /^cpu\s+([\d ]+)/.exec(text);
  if (match === null) return null;
  // user nice system idle iowait irq softirq steal; guest time is already inside user.
  const ticks = (match[1] ?? '').split(' ').slice(0, 8).map(Number);
  const total = ticks.reduce((sum, n) => sum + n, 0);
  const idle = (ticks[3] ?? 0) + (ticks[4] ?? 0);
  return { busy: total - idle, total };
}

export interface Pressure {
  /** At least one task was stalled, microseconds since boot. */
  readonly someUs: number;
  /** All that were not idle were stalled; null where the kernel does not say. */
  readonly fullUs: number | null;
}

/** A file of /proc/pressure, or a `*.pressure` of a control group. */
export function parsePressure(text: string): Pressure | null {
  const some = /^some .*total=(\d+)/m.exec(text);
  if (some === null) return null;
  const full = /^full .*total=(\d+)/m.exec(text);
  return { someUs: Number(some[1]), fullUs: full === null ? null : Number(full[1]) };
}

/** /proc/sys/fs/file-nr: descriptions in use on the machine, and how many there may be. */
export function parseFileNr(text: string): { readonly used: number; readonly max: number } | null {
  const [used, , max] = text.trim().split(/\s+/).map(Number);
  if (used === undefined || max === undefined || !Number.isFinite(used) || !(max > 0)) return null;
  return { used, max };
}

/** Threads on the machine: the number after the slash in /proc/loadavg. */
export function parseTasks(text: string): number | null {
  const match = /\d+\/(\d+)/.exec(text);
  return match === null ? null : Number(match[1]);
}

/** Soft limit of a line of /proc/<pid>/limits; null when the line is missing, Infinity for "unlimited". */
export function parseLimit(text: string, name: string): number | null {
  const line = text.split('\n').find((l) => l.startsWith(name));
  const soft = line?.slice(name.length).trim().split(/\s+/)[0];
  if (soft === undefined || soft === '') return null;
  return soft === 'unlimited' ? Infinity : Number(soft);
}

export interface SchedStat {
  readonly cpuNs: number;
  /** Runnable, but waiting for a processor. */
  readonly waitNs: number;
}

/** /proc/<pid>/task/<tid>/schedstat. While the thread runs it moves in steps of a kernel tick (1 to 10 ms). */
export function parseSchedstat(text: string): SchedStat | null {
  const [cpuNs, waitNs] = text.trim().split(/\s+/).map(Number);
  if (cpuNs === undefined || waitNs === undefined || !Number.isFinite(cpuNs)) return null;
  return { cpuNs, waitNs };
}

export interface ProcessStat {
  /** R, S, D, T, Z … */
  readonly state: string;
  readonly parent: number;
  readonly startTicks: number;
}

/** /proc/<pid>/stat. The name stands in brackets and may itself hold brackets and spaces. */
export function parseProcessStat(text: string): ProcessStat | null {
  const end = text.lastIndexOf(')');
  if (end < 0) return null;
  const fields = text.slice(end + 2).split(' ');
  const [state, parent, startTicks] = [fields[0], Number(fields[1]), Number(fields[19])];
  if (state === undefined || !Number.isFinite(parent) || !Number.isFinite(startTicks)) return null;
  return { state, parent, startTicks };
}

/**
 * When a process started, in clock ticks since boot: with its pid this names one process for good. Null when it is
 * gone; one that is dead but not yet reaped (Z, X) counts as gone.
 */
export function processStart(pid: number): number | null {
  const stat = parseProcessStat(readText(`/proc/${pid}/stat`) ?? '');
  return stat === null || stat.state === 'Z' || stat.state === 'X' ? null : stat.startTicks;
}
