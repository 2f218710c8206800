/**
 * The kernel's OOM killer: how often it has struck, on the machine and in this process's control group, and what it
 * wrote of one process. Null where the kernel does not say. Called by the orchestrator, which outlives its agents.
 */
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { findGroups } from './cgroup.js';
import { fieldOf, KeptFile } from './procfs.js';

export interface OomKills {
  /** On the whole machine, since it was started. */
  readonly system: number | null;
  /** In the own control group, since it was made. */
  readonly cgroup: number | null;
}

const VMSTAT_BYTES = 32_768;
const KMSG = '/dev/kmsg';
/** One record of the kernel's log is never longer. */
const RECORD_BYTES = 8192;
/** Of the log so many records are looked through; its ring holds fewer. */
const RECORDS_MAX = 100_000;

/** On files that stay open, so that it also works when nothing more can be opened. */
export class OomCounter {
  readonly #vmstat = KeptFile.open('/proc/vmstat', VMSTAT_BYTES);
  readonly #group = openGroup();

  read(): OomKills {
    const count = (file: KeptFile | null): number | null => fieldOf(file?.read() ?? '', 'oom_kill');
    return { system: count(this.#vmstat), cgroup: count(this.#group) };
  }

  close(): void {
    this.#vmstat?.close();
    this.#group?.close();
  }
}

function openGroup(): KeptFile | null {
  const groups = findGroups('memory');
  const own = groups?.folders[0];
  if (groups === null || own === undefined) return null;
  return KeptFile.open(`${own}/${groups.version === 1 ? 'memory.oom_control' : 'memory.events'}`);
}

/** What the kernel wrote when it killed this process; null when it did not, or when its log may not be read. */
export function oomWords(pid: number): string | null {
  const killed = new RegExp(`Killed process ${pid} \\(`);
  let found: string | null = null;
  for (const line of kernelLog()) if (killed.test(line)) found = line;
  return found;
}

/** Texts of the log's records, oldest first; none where it may not be read (dmesg_restrict, containers). */
function* kernelLog(): Generator<string> {
  let fd: number;
  try {
    fd = openSync(KMSG, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return; // not allowed, or not there: the counters still tell
  }
  const buffer = Buffer.alloc(RECORD_BYTES);
  try {
    for (let i = 0; i < RECORDS_MAX; i++) {
      const length = readRecord(fd, buffer);
      if (length === 0) return;
      // "6,1234,567890,-;text", and below it lines of properties.
      if (length > 0)
        yield (
          buffer
            .toString('utf8', 0, length)
            .split('\n')[0]
            ?.replace(/^[^;]*;/, '') ?? ''
        );
    }
  } finally {
    closeSync(fd);
  }
}

/** 0 at the end, -1 when this record was overwritten while it was read. */
function readRecord(fd: number, buffer: Buffer): number {
  try {
    return readSync(fd, buffer, 0, buffer.length, null);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPIPE' ? -1 : 0;
  }
}
