/**
 * The engine `mmap`: files are mapped, a read loads from the mapping, a write stores into it, a sync is msync. What
 * databases do that leave caching to the kernel. See `engine.ts` for how it is used.
 *
 * A mapping ends at the size that the file had when it was attached: it neither grows nor takes part in O_DIRECT. Where
 * a program would be killed by SIGBUS (the device gave an error, the file has been cut short, no room for a hole), the
 * pages are asked for beforehand (MADV_POPULATE, Linux 5.14), which says so: the operation ends with EIO.
 */
import { fstatSync } from 'node:fs';
import { blockDevices } from '../../../core/linux/block-device.js';
import { errnoName } from '../../../core/linux/errno.js';
import type { Advice } from '../../../core/linux/file-io.js';
import { MS_SYNC } from '../../../core/linux/file-io.js';
import type { Mapping } from '../../../core/linux/mapping.js';
import {
  MADV_DONTNEED,
  MADV_NORMAL,
  MADV_POPULATE_READ,
  MADV_POPULATE_WRITE,
  MADV_RANDOM,
  MADV_SEQUENTIAL,
  MADV_WILLNEED,
  MAP_SHARED,
  mapper,
} from '../../../core/linux/mapping.js';
import type { EngineName, EngineOptions, EngineReport } from './engine.js';
import { EngineUnavailable, OP, SLOT } from './engine.js';
import { SyncEngine } from './sync.js';

const EIO = 5;
const EBADF = 9;
const EFAULT = 14;
const EINVAL = 22;
const ENOSPC = 28;

/** For what is mapped there is no "noReuse". */
const MADVICE: Readonly<Partial<Record<Advice, number>>> = {
  normal: MADV_NORMAL,
  random: MADV_RANDOM,
  sequential: MADV_SEQUENTIAL,
  willNeed: MADV_WILLNEED,
  dontNeed: MADV_DONTNEED,
};

interface MappedFile {
  readonly mapping: Mapping;
  readonly bytes: Uint8Array;
  readonly isWritable: boolean;
}

export class MmapEngine extends SyncEngine {
  override readonly name: EngineName = 'mmap';
  readonly #mapped = new Map<number, MappedFile>();
  readonly #pageBytes: number;
  #canPopulate = true;

  constructor(options: EngineOptions) {
    super(options);
    this.#pageBytes = mapper()?.pageBytes ?? 4096;
  }

  override attach(fd: number): number {
    const facts = fstatSync(fd);
    const bytes = facts.isBlockDevice() ? (blockDevices()?.facts(fd) ?? 0) : facts.size;
    const size = typeof bytes === 'number' ? bytes : bytes.bytes;
    if (size <= 0)
      throw new EngineUnavailable('an empty file cannot be mapped: mmap needs its size beforehand');
    // Memory that may be written wants a descriptor that may; a descriptor for reading alone gets one for reading.
    let mapping = mapper()?.map(size, MAP_SHARED, fd) ?? EINVAL;
    const isWritable = typeof mapping !== 'number';
    if (typeof mapping === 'number') mapping = mapper()?.mapForReading(size, MAP_SHARED, fd) ?? EINVAL;
    if (typeof mapping === 'number')
      throw new EngineUnavailable(`the file cannot be mapped: ${errnoName(mapping)}`);
    const file = super.attach(fd);
    this.#mapped.set(file, { mapping, bytes: new Uint8Array(mapping.buffer), isWritable });
    return file;
  }

  override detach(file: number): void {
    this.#mapped.get(file)?.mapping.unmap();
    this.#mapped.delete(file);
    super.detach(file);
  }

  advise(file: number, advice: Advice, from: number, bytes: number): number {
    const mapped = this.#mapped.get(file);
    const told = MADVICE[advice];
    if (mapped === undefined || told === undefined) return EINVAL;
    const start = from - (from % this.#pageBytes);
    return mapped.mapping.advise(start, Math.min(mapped.mapping.bytes, from + bytes) - start, told);
  }

  override report(): EngineReport {
    const { uses, lacks } = super.report();
    const populated = 'pages asked for before each operation (MADV_POPULATE)';
    return {
      engine: this.name,
      uses: this.#canPopulate ? [...uses, populated] : uses,
      lacks: this.#canPopulate
        ? lacks
        : [...lacks, 'MADV_POPULATE (Linux 5.14): an error of the device ends the agent by SIGBUS'],
    };
  }

  override close(): number {
    for (const { mapping } of this.#mapped.values()) mapping.unmap();
    this.#mapped.clear();
    return super.close();
  }

  protected override transfer(slot: number, op: number, file: number, offset: number, bytes: number): number {
    const mapped = this.#mapped.get(file);
    if (mapped === undefined || offset < 0) return -EINVAL;
    const room = mapped.bytes.byteLength - offset;
    if (op === OP.write && room <= 0) return -ENOSPC;
    const count = Math.max(0, Math.min(bytes, room));
    if (count === 0) return 0;
    if (op === OP.write && !mapped.isWritable) return -EBADF;
    const errno = this.#populate(mapped, offset, count, op === OP.write);
    if (errno !== 0) return -errno;
    const at = this.slots.at[slot] as number;
    if (op === OP.read) {
      this.memory.set(mapped.bytes.subarray(offset, offset + count), at);
      return count;
    }
    mapped.bytes.set(this.memory.subarray(at, at + count), offset);
    const isDurable = ((this.slots.flags[slot] as number) & (SLOT.dsync | SLOT.sync)) !== 0;
    const failed = isDurable ? this.#flush(mapped, offset, count) : 0;
    return failed < 0 ? failed : count;
  }

  protected override sync(file: number): number {
    const mapped = this.#mapped.get(file);
    return mapped === undefined ? -EINVAL : this.#flush(mapped, 0, mapped.mapping.bytes);
  }

  #flush(mapped: MappedFile, offset: number, bytes: number): number {
    const from = offset - (offset % this.#pageBytes);
    return this.io.msync(mapped.mapping.address + from, offset + bytes - from, MS_SYNC);
  }

  #populate(mapped: MappedFile, offset: number, bytes: number, isWrite: boolean): number {
    if (!this.#canPopulate) return 0;
    const from = offset - (offset % this.#pageBytes);
    const advice = isWrite ? MADV_POPULATE_WRITE : MADV_POPULATE_READ;
    const errno = mapped.mapping.advise(from, offset + bytes - from, advice);
    if (errno === EFAULT) return EIO;
    if (errno === EINVAL) this.#canPopulate = false;
    return errno === EINVAL ? 0 : errno;
  }
}
