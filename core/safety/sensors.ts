/**
 * The sensors of the whole machine, never of brunt alone, on descriptors opened before the run. Names of HOST_METRICS
 * in, one number per sensor and tick out. Made and read by the guard thread; preflight asks which are absent.
 */
import type { StatsFs } from 'node:fs';
import { realpathSync, statfsSync } from 'node:fs';
import { cpus } from 'node:os';
import { findGroups, parseThrottling, pidsGroups } from '../linux/cgroup.js';
import {
  KeptFile,
  parseFileNr,
  parseMeminfo,
  parsePressure,
  parseStatCpu,
  parseTasks,
  readText,
} from '../linux/procfs.js';
import { openTemperature } from '../linux/thermal.js';
import { MemorySource } from './memory-source.js';

export interface Sensor {
  readonly metric: string;
  /** In the metric's unit; null: no reading this time (differences need two). */
  read(nowNs: number): number | null;
  close(): void;
}

export interface SensorSet {
  readonly sensors: readonly Sensor[];
  /** Metrics that this host cannot give. */
  readonly absent: readonly string[];
}

/** Opens what there is. `paths`: whose filesystems are watched for space and inodes. The caller closes the sensors. */
export function openSensors(paths: readonly string[]): SensorSet {
  const disks = usableDisks(paths);
  const candidates: Readonly<Record<string, Sensor | null>> = {
    'host.memory.available': memorySensor(),
    'host.swap.used': swapSensor(),
    'host.memory.pressure': pressureSensor('host.memory.pressure', '/proc/pressure/memory', 'fullUs'),
    'host.io.pressure': pressureSensor('host.io.pressure', '/proc/pressure/io', 'fullUs'),
    'host.cpu.pressure': pressureSensor('host.cpu.pressure', '/proc/pressure/cpu', 'someUs'),
    'host.cpu.busy': busySensor(),
    'host.cpu.temperature': temperatureSensor(),
    'host.open-files': openFilesSensor(),
    'host.tasks': tasksSensor(),
    'host.disk.free': diskSensor('host.disk.free', disks, (s) => [s.bavail, s.blocks]),
    'host.disk.inodes': diskSensor('host.disk.inodes', disks, (s) => [s.ffree, s.files]),
    'host.cgroup.throttled': throttlingSensor(),
  };
  const sensors = Object.values(candidates).filter((s) => s !== null);
  return { sensors, absent: Object.keys(candidates).filter((name) => candidates[name] === null) };
}

function memorySensor(): Sensor | null {
  const memory = new MemorySource();
  if (!memory.isPresent) {
    memory.close();
    return null;
  }
  return {
    metric: 'host.memory.available',
    read: () => memory.read().availableBytes,
    close: () => memory.close(),
  };
}

/** Absent without swap: a share of nothing is no number. */
function swapSensor(): Sensor | null {
  const file = KeptFile.open('/proc/meminfo');
  if (file === null) return null;
  const used = (): number | null => {
    const info = parseMeminfo(file.read() ?? '');
    if (info?.swapTotalBytes == null || info.swapFreeBytes === null || info.swapTotalBytes === 0) return null;
    return 1 - info.swapFreeBytes / info.swapTotalBytes;
  };
  if (used() !== null) return { metric: 'host.swap.used', read: used, close: () => file.close() };
  file.close();
  return null;
}

/** A share between two readings of counters: (Δpart ÷ Δwhole), null until there are two or when nothing passed. */
function shareOfDifference(): (part: number, whole: number) => number | null {
  let last: readonly [number, number] | null = null;
  return (part, whole) => {
    const before = last;
    if (before !== null && whole <= before[1]) return null;
    last = [part, whole];
    if (before === null) return null;
    return Math.min(1, Math.max(0, (part - before[0]) / (whole - before[1])));
  };
}

/** The kernel adds up PSI totals about every 2 s of quiet, but at once when they are read. */
function pressureSensor(metric: string, path: string, line: 'someUs' | 'fullUs'): Sensor | null {
  const file = KeptFile.open(path);
  if (file === null) return null;
  const share = shareOfDifference();
  if (parsePressure(file.read() ?? '')?.[line] == null) {
    file.close();
    return null;
  }
  return {
    metric,
    read: (nowNs) => {
      const stalledUs = parsePressure(file.read() ?? '')?.[line] ?? null;
      return stalledUs === null ? null : share(stalledUs * 1e3, nowNs);
    },
    close: () => file.close(),
  };
}

function busySensor(): Sensor | null {
  const file = KeptFile.open('/proc/stat', 512);
  const share = shareOfDifference();
  if (file === null) return cpus().length === 0 ? null : portableBusySensor(share);
  return {
    metric: 'host.cpu.busy',
    read: () => {
      const ticks = parseStatCpu(file.read() ?? '');
      return ticks === null ? null : share(ticks.busy, ticks.total);
    },
    close: () => file.close(),
  };
}

function portableBusySensor(share: (part: number, whole: number) => number | null): Sensor {
  return {
    metric: 'host.cpu.busy',
    read: () => {
      const times = cpus().map((c) => c.times);
      const total = times.reduce((sum, t) => sum + t.user + t.nice + t.sys + t.idle + t.irq, 0);
      const idle = times.reduce((sum, t) => sum + t.idle, 0);
      return share(total - idle, total);
    },
    close: () => undefined,
  };
}

function openFilesSensor(): Sensor | null {
  const file = KeptFile.open('/proc/sys/fs/file-nr', 256);
  if (file === null) return null;
  return {
    metric: 'host.open-files',
    read: () => {
      const fileNr = parseFileNr(file.read() ?? '');
      return fileNr === null ? null : fileNr.used / fileNr.max;
    },
    close: () => file.close(),
  };
}

/** Threads against the tightest of threads-max, pid_max and pids.max of every group above this process. */
function tasksSensor(): Sensor | null {
  const file = KeptFile.open('/proc/loadavg', 256);
  if (file === null) return null;
  const max = hostTasksMax();
  const groups = pidsGroups(findGroups('pids')).flatMap(({ max: groupMax, currentFile }) => {
    const current = KeptFile.open(currentFile, 64);
    return current === null ? [] : [{ max: groupMax, current }];
  });
  return {
    metric: 'host.tasks',
    read: () => {
      const tasks = parseTasks(file.read() ?? '');
      if (tasks === null) return null;
      return Math.max(tasks / max, ...groups.map((g) => Number(g.current.read() ?? 0) / Math.max(1, g.max)));
    },
    close: () => [file, ...groups.map((g) => g.current)].forEach((f) => f.close()),
  };
}

/** How many threads the machine can have: each needs a pid. */
export function hostTasksMax(): number {
  const limits = ['/proc/sys/kernel/threads-max', '/proc/sys/kernel/pid_max'].map((path) => readText(path));
  return Math.min(...limits.map((text) => (text === null ? Infinity : Number(text))));
}

/** Filesystems that another machine serves: asking them may block for as long as that machine is silent. */
const REMOTE = /^(nfs\d?|cifs|smb3|smbfs|ceph|glusterfs|9p|afs|lustre|fuse\..+)$/;

/** The filesystem type that the longest fitting mount point has; null where there is no mountinfo. */
export function filesystemType(path: string, mountinfo: string): string | null {
  let [best, type]: [string, string | null] = ['', null];
  for (const line of mountinfo.split('\n')) {
    const [own, filesystem] = line.split(' - ');
    const point = (own ?? '').split(' ')[4];
    const fits =
      point !== undefined && (path === point || path.startsWith(point === '/' ? '/' : `${point}/`));
    if (fits && point.length >= best.length) [best, type] = [point, filesystem?.split(' ')[0] ?? null];
  }
  return type;
}

/** One filesystem; both of its sensors look at the same answer of the kernel. */
class Disk {
  readonly #path: string;
  #stats: StatsFs | null = null;
  #atNs = NaN;

  constructor(path: string) {
    this.#path = path;
  }

  /** Null when the path went away or cannot be asked: no reading of it. */
  stats(nowNs: number): StatsFs | null {
    if (nowNs !== this.#atNs) this.#stats = this.#ask();
    this.#atNs = nowNs;
    return this.#stats;
  }

  #ask(): StatsFs | null {
    try {
      return statfsSync(this.#path);
    } catch {
      return null;
    }
  }
}

function usableDisks(paths: readonly string[]): Disk[] {
  const mountinfo = readText('/proc/self/mountinfo') ?? '';
  return [...new Set(paths.map(realPath))].flatMap((path) =>
    path === null || REMOTE.test(filesystemType(path, mountinfo) ?? '') ? [] : [new Disk(path)],
  );
}

/** The lowest share that is left on any of the disks. One without such a number is left out. */
function diskSensor(
  metric: string,
  disks: readonly Disk[],
  pick: (s: StatsFs) => readonly [number, number],
): Sensor | null {
  const shareOf = (disk: Disk, nowNs: number): number | null => {
    const stats = disk.stats(nowNs);
    if (stats === null) return null;
    const [left, all] = pick(stats);
    return all > 0 ? left / all : null;
  };
  const usable = disks.filter((disk) => shareOf(disk, 0) !== null);
  if (usable.length === 0) return null;
  return {
    metric,
    read: (nowNs) => {
      const shares = usable.map((disk) => shareOf(disk, nowNs)).filter((s) => s !== null);
      return shares.length === 0 ? null : Math.min(...shares);
    },
    close: () => undefined,
  };
}

function realPath(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    // Not there (yet): nothing to watch.
    return null;
  }
}

/** The hottest of all sensors counts. */
function temperatureSensor(): Sensor | null {
  const gauge = openTemperature();
  return gauge && { metric: 'host.cpu.temperature', read: () => gauge.read(), close: () => gauge.close() };
}

/** Share of enforcement periods in which the tightest group with a CPU quota was held back. */
function throttlingSensor(): Sensor | null {
  const files = (findGroups('cpu')?.folders ?? []).flatMap((folder) => {
    const file = KeptFile.open(`${folder}/cpu.stat`, 1024);
    if (file === null) return [];
    if ((parseThrottling(file.read() ?? '')?.periods ?? 0) > 0 || hasQuota(folder)) return [file];
    file.close();
    return [];
  });
  if (files.length === 0) return null;
  const shares = files.map((file) => ({ file, share: shareOfDifference() }));
  return {
    metric: 'host.cgroup.throttled',
    read: () => {
      const readings = shares.map(({ file, share }) => {
        const stat = parseThrottling(file.read() ?? '');
        return stat === null ? null : share(stat.throttled, stat.periods);
      });
      const known = readings.filter((r) => r !== null);
      return known.length === 0 ? null : Math.max(...known);
    },
    close: () => files.forEach((f) => f.close()),
  };
}

function hasQuota(folder: string): boolean {
  const v2 = readText(`${folder}/cpu.max`);
  if (v2 !== null) return !v2.startsWith('max');
  return Number(readText(`${folder}/cpu.cfs_quota_us`) ?? -1) > 0;
}
