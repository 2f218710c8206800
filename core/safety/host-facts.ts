/**
 * What a plan may ask of this host, and who it is for the record. Called once by the CLI before planning. The only
 * file that imports systeminformation, and only where the kernel cannot be asked directly; each call has a time-out.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import {
  availableParallelism,
  cpus,
  getPriority,
  hostname,
  release,
  setPriority,
  tmpdir,
  totalmem,
} from 'node:os';
import type { Capability, HostFacts } from '../contract/host.js';
import { readCaches } from '../linux/caches.js';
import { findGroups, pidsGroups, quotaCores } from '../linux/cgroup.js';
import { libc } from '../linux/libc.js';
import { allowedProcessors } from '../linux/sched.js';
import { parseFileNr, parseLimit, parsePressure, parseTasks, readText } from '../linux/procfs.js';
import { MemorySource } from './memory-source.js';
import { hostTasksMax } from './sensors.js';

/** Slow facts come from programs that systeminformation starts; one of them may hang on a dead mount. */
const SLOW_FACTS_MS = 5000;

export async function readHostFacts(): Promise<HostFacts> {
  // Not availableParallelism alone: later versions of Node take the quota into it, which is a fact of its own here.
  const cores = allowedProcessors()?.length ?? availableParallelism();
  return {
    platform: process.platform,
    hostname: hostname(),
    kernel: release(),
    node: process.version,
    cores,
    quotaCores: Math.min(cores, quotaCores(findGroups('cpu')) ?? cores),
    memory: await memoryFacts(),
    caches: readCaches(),
    openFiles: openFilesLeft(),
    pids: pidsLeft(),
    tmp: tmpdir(),
    capabilities: capabilities(),
  };
}

async function memoryFacts(): Promise<HostFacts['memory']> {
  const source = new MemorySource();
  const { totalBytes, availableBytes, boundBy, info } = source.read();
  const isPresent = source.isPresent;
  source.close();
  if (isPresent) return { totalBytes, availableBytes, boundBy, swapFreeBytes: info?.swapFreeBytes ?? null };
  const slow = await withTimeout(async () => (await import('systeminformation')).mem());
  return {
    totalBytes: totalmem(),
    // Where nothing better is known: free pages only, which is less than what could be had.
    availableBytes: slow?.available ?? availableBytes,
    boundBy: 'host',
    swapFreeBytes: slow?.swapfree ?? null,
  };
}

/** Of one process: its soft limit, or what the machine still has where that is less. */
function openFilesLeft(): number | null {
  const limit = parseLimit(readText('/proc/self/limits') ?? '', 'Max open files');
  const fileNr = parseFileNr(readText('/proc/sys/fs/file-nr') ?? '');
  const left = Math.min(limit ?? Infinity, fileNr === null ? Infinity : fileNr.max - fileNr.used);
  return Number.isFinite(left) ? left : null;
}

/** How many more threads this process's user and groups may have. */
function pidsLeft(): number | null {
  const tasks = parseTasks(readText('/proc/loadavg') ?? '');
  const host = tasks === null ? Infinity : hostTasksMax() - tasks;
  const groups = pidsGroups(findGroups('pids')).map((g) => g.max - Number(readText(g.currentFile) ?? 0));
  // Root is not bound by RLIMIT_NPROC.
  const user = isRoot() ? null : parseLimit(readText('/proc/self/limits') ?? '', 'Max processes');
  const left = Math.min(host, user ?? Infinity, ...groups);
  return Number.isFinite(left) ? left : null;
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** Each is tried, not guessed from names and versions. */
function capabilities(): Capability[] {
  const hasLibc = libc() !== null;
  const versions = (['memory', 'cpu', 'pids'] as const).map((controller) => findGroups(controller)?.version);
  const found: Readonly<Record<Capability, boolean>> = {
    linux: process.platform === 'linux',
    root: isRoot(),
    libc: hasLibc,
    nice: canRaisePriority(),
    cgroup1: versions.includes(1),
    cgroup2: versions.includes(2),
    psi: parsePressure(readText('/proc/pressure/memory') ?? '') !== null,
    alarm: hasLibc,
  };
  return (Object.keys(found) as Capability[]).filter((name) => found[name]);
}

/** Raises this thread's priority by one step and takes it back, which is always allowed. */
function canRaisePriority(): boolean {
  try {
    const now = getPriority();
    setPriority(0, now - 1);
    setPriority(0, now);
    return true;
  } catch {
    // EPERM, EACCES: not allowed here.
    return false;
  }
}

/** Who this host is, for comparing records. Null: not known. */
export interface Fingerprint {
  readonly hostname: string;
  readonly platform: string;
  readonly arch: string;
  readonly kernel: string;
  readonly node: string;
  readonly cpuModel: string | null;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly distribution: string | null;
  readonly virtualMachine: string | null;
  readonly manufacturer: string | null;
}

/** Without asking anybody but the engine. */
export function knownAtOnce(): Fingerprint {
  return {
    hostname: hostname(),
    platform: process.platform,
    arch: process.arch,
    kernel: release(),
    node: process.version,
    cpuModel: known(cpus()[0]?.model),
    cores: cpus().length,
    memoryBytes: totalmem(),
    distribution: null,
    virtualMachine: null,
    manufacturer: null,
  };
}

/** What only other programs know. */
export type ToldByOthers = Pick<Fingerprint, 'distribution' | 'virtualMachine' | 'manufacturer'>;

/**
 * At most SLOW_FACTS_MS; what has not been found out by then is null. Other programs are started for it, and waited for
 * without a turn of the event loop: a thread of its own does it, so that this one goes on.
 */
export async function fingerprint(): Promise<Fingerprint> {
  const told = await withTimeout(async () => {
    const thread = new Worker(new URL('./host-facts-thread.js', import.meta.url), {
      execArgv: [],
      stdin: false,
    });
    try {
      const heard = await once(thread, 'message', { signal: AbortSignal.timeout(SLOW_FACTS_MS) });
      return heard[0] as ToldByOthers;
    } finally {
      void thread.terminate();
    }
  });
  return { ...knownAtOnce(), ...told };
}

/** Starts programs and waits for them; called on a thread of its own. */
export async function askOthers(): Promise<ToldByOthers> {
  const { osInfo, system } = await import('systeminformation');
  const [{ distro, release: version }, machine] = await Promise.all([osInfo(), system()]);
  return {
    distribution: known([distro, version].filter((s) => s !== '').join(' ')),
    virtualMachine: machine.virtual ? (known(machine.virtualHost) ?? 'yes') : null,
    manufacturer: known(machine.manufacturer),
  };
}

function known(text: string | undefined): string | null {
  const trimmed = (text ?? '').trim();
  return trimmed === '' || trimmed === 'unknown' ? null : trimmed;
}

/** Null when it fails or takes too long; what is still running then is left to end by itself. */
async function withTimeout<T>(ask: () => Promise<T>): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), SLOW_FACTS_MS);
    timer.unref();
  });
  try {
    return await Promise.race([ask(), late]);
  } catch {
    // A slow fact that cannot be had is not known: null.
    return null;
  } finally {
    clearTimeout(timer);
  }
}
