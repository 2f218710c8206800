/** A memory control group of the test's own, v1 or v2, with a limit; it needs root, and a tree that may be written. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const V1 = '/sys/fs/cgroup/memory';
const V2 = '/sys/fs/cgroup';

export class MemoryGroup {
  readonly procs: string;
  readonly #folder: string;
  readonly #isV1: boolean;

  /** Null where no such group can be made. */
  static make(name: string, limitBytes: number): MemoryGroup | null {
    const isV1 = existsSync(`${V1}/memory.limit_in_bytes`);
    const folder = `${isV1 ? V1 : V2}/brunt-test-${name}-${process.pid}`;
    try {
      mkdirSync(folder);
      writeFileSync(`${folder}/${isV1 ? 'memory.limit_in_bytes' : 'memory.max'}`, String(limitBytes));
      return new MemoryGroup(folder, isV1);
    } catch {
      if (existsSync(folder)) rmdirSync(folder);
      return null; // not root, a tree that may not be written, or no such controller
    }
  }

  private constructor(folder: string, isV1: boolean) {
    this.#folder = folder;
    this.#isV1 = isV1;
    this.procs = `${folder}/cgroup.procs`;
  }

  get usedBytes(): number {
    return Number(this.#read(this.#isV1 ? 'memory.usage_in_bytes' : 'memory.current'));
  }

  get oomKills(): number {
    const text = this.#read(this.#isV1 ? 'memory.oom_control' : 'memory.events');
    return Number(/^oom_kill (\d+)$/m.exec(text)?.[1]);
  }

  get swappedBytes(): number {
    if (!this.#isV1) return Number(this.#read('memory.swap.current'));
    return Number(/^swap (\d+)$/m.exec(this.#read('memory.stat'))?.[1]);
  }

  /** Its processes have ended, or are about to. */
  async remove(): Promise<void> {
    for (let tries = 0; ; tries++) {
      try {
        rmdirSync(this.#folder);
        return;
      } catch (error) {
        if (tries === 100) throw error;
        await sleep(50);
      }
    }
  }

  #read(file: string): string {
    return readFileSync(`${this.#folder}/${file}`, 'latin1');
  }
}
