/**
 * How much memory can be had now, of the tighter of machine and control groups, on files that stay open. Read by the
 * guard's sensors each tick and by the ledger on the main thread before each grant.
 */
import { freemem, totalmem } from 'node:os';
import { findGroups, groupAvailable, memoryGroups } from '../linux/cgroup.js';
import type { MemoryGroup } from '../linux/cgroup.js';
import type { MemInfo } from '../linux/procfs.js';
import { KeptFile, parseMeminfo } from '../linux/procfs.js';

export interface MemoryReading {
  /** The machine's, or the tightest group's limit where that is smaller. */
  readonly totalBytes: number;
  readonly availableBytes: number;
  readonly boundBy: 'host' | 'cgroup';
  /** The machine's own figures; null where /proc does not give them. */
  readonly info: MemInfo | null;
}

interface OpenGroup {
  readonly group: MemoryGroup;
  readonly usage: KeptFile;
  readonly stat: KeptFile;
}

/** memory.stat has some sixty lines; the one that is read stands within the first of these bytes. */
const STAT_BYTES = 8192;

export class MemorySource {
  readonly #meminfo = KeptFile.open('/proc/meminfo');
  readonly #groups: readonly OpenGroup[] = openGroups();

  /** False where the platform has no honest figure for "available": then there is no memory sensor. */
  get isPresent(): boolean {
    return process.platform === 'win32' || this.#readInfo()?.availableBytes != null;
  }

  /** Fresh from the kernel, a few microseconds. */
  read(): MemoryReading {
    const info = this.#readInfo();
    const host = {
      totalBytes: info?.totalBytes ?? totalmem(),
      availableBytes: info?.availableBytes ?? freemem(),
    };
    let reading: MemoryReading = { ...host, boundBy: 'host', info };
    for (const { group, usage, stat } of this.#groups) {
      const available = groupAvailable(
        group.limitBytes,
        usage.read() ?? '',
        stat.read() ?? '',
        group.version,
      );
      // Each ancestor may be the tightest: a wide group can be filled by its other children.
      if (available === null || available >= reading.availableBytes) continue;
      reading = { ...reading, availableBytes: available, boundBy: 'cgroup' };
    }
    return {
      ...reading,
      totalBytes: Math.min(host.totalBytes, ...this.#groups.map((g) => g.group.limitBytes)),
    };
  }

  #readInfo(): MemInfo | null {
    return parseMeminfo(this.#meminfo?.read() ?? '');
  }

  close(): void {
    this.#meminfo?.close();
    for (const { usage, stat } of this.#groups) {
      usage.close();
      stat.close();
    }
  }
}

function openGroups(): OpenGroup[] {
  return memoryGroups(findGroups('memory')).flatMap((group) => {
    const usage = KeptFile.open(group.usageFile);
    const stat = KeptFile.open(group.statFile, STAT_BYTES);
    if (usage !== null && stat !== null) return [{ group, usage, stat }];
    usage?.close();
    stat?.close();
    return [];
  });
}
