/** What the kernel says of this thread and process: page faults, huge and locked pages. Looked at while the loop works. */
import { fieldOf, KeptFile, readText } from '../../core/linux/procfs.js';
import type { MemoryRecorders } from './metrics.js';

/** Fields of /proc/<pid>/stat after the name. */
const MINOR_FIELD = 7;
const MAJOR_FIELD = 9;

export class Readings {
  readonly #metrics: MemoryRecorders;
  /** Of this thread: an agent with several instances counts each fault once. */
  readonly #stat = KeptFile.open('/proc/thread-self/stat', 1024);
  #minor = 0;
  #major = 0;

  constructor(metrics: MemoryRecorders) {
    this.#metrics = metrics;
    [this.#minor, this.#major] = this.#faults() ?? [0, 0];
  }

  /** Cheap: with every round of work. */
  look(): void {
    const faults = this.#faults();
    if (faults === null) return;
    const [minor, major] = faults;
    this.#metrics.faults.with({ kind: 'minor' }).add(minor - this.#minor);
    this.#metrics.faults.with({ kind: 'major' }).add(major - this.#major);
    [this.#minor, this.#major] = faults;
  }

  /** The kernel walks the page tables for it: only when an amount was reached. */
  lookHuge(): void {
    const kib = fieldOf(readText('/proc/self/smaps_rollup') ?? '', 'AnonHugePages');
    if (kib !== null) this.#metrics.huge.set(kib * 1024);
  }

  lookLocked(): void {
    const kib = fieldOf(readText('/proc/self/status') ?? '', 'VmLck');
    if (kib !== null) this.#metrics.locked.set(kib * 1024);
  }

  close(): void {
    this.#stat?.close();
  }

  #faults(): readonly [number, number] | null {
    const text = this.#stat?.read() ?? null;
    if (text === null) return null;
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const [minor, major] = [Number(fields[MINOR_FIELD]), Number(fields[MAJOR_FIELD])];
    return Number.isFinite(minor) && Number.isFinite(major) ? [minor, major] : null;
  }
}
