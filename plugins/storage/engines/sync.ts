/**
 * The engine `sync`: each operation is a system call that the worker thread itself makes and waits in, one after the
 * other in the order of submission. What a program does that knows of no queue. See `engine.ts` for how it is used.
 */
import { must } from '../../../core/base/assert.js';
import { MS, nowNs } from '../../../core/base/clock.js';
import type { BlockDevices } from '../../../core/linux/block-device.js';
import { blockDevices } from '../../../core/linux/block-device.js';
import type { FileIo } from '../../../core/linux/file-io.js';
import { fileIo, RWF_DSYNC, RWF_SYNC, SYNC_FILE_RANGE_ALL } from '../../../core/linux/file-io.js';
import type { Engine, EngineName, EngineOptions, EngineReport } from './engine.js';
import { EngineUnavailable, OP, SEGMENTS_MAX, SLOT, Slots } from './engine.js';
import { fallocateMode } from './fallocate.js';
import { FileTable } from './file-table.js';
import type { EngineMemory } from './memory.js';
import { pagesFor, takeMemory } from './memory.js';
import { VectorTable } from './vectors.js';

const EBADF = 9;
const EINTR = 4;
const ECANCELED = 125;
/** Signals may end a call before it has done anything; it is made anew so often before that is told. */
const RETRIES_MAX = 100;
/** One reap does what is queued for about so long, so that its caller keeps looking at the time. */
const TURN_NS = 10 * MS;

export class SyncEngine implements Engine {
  readonly name: EngineName = 'sync';
  readonly depth: number;
  readonly slotBytes: number;
  readonly memory: Uint8Array;
  readonly slots: Slots;
  readonly ended: Uint32Array;
  readonly parallel = 1;
  readonly yields = false;
  protected readonly files = new FileTable();
  protected readonly io: FileIo;
  readonly #devices: BlockDevices;
  readonly #memory: EngineMemory;
  readonly #address: number;
  readonly #vectors: VectorTable;
  /** Submitted slots, in order, from #head on. */
  readonly #queue: Uint32Array;
  #head = 0;
  #count = 0;
  /** The slot before, linked to the next one, did not end well. */
  #isBroken = false;
  #isLinked = false;

  constructor(options: EngineOptions) {
    const [io, devices] = [fileIo(), blockDevices()];
    if (io === null || devices === null)
      throw new EngineUnavailable('no calls into libc: not 64-bit Linux, or koffi is not installed');
    this.io = io;
    this.#devices = devices;
    this.depth = options.depth;
    this.slotBytes = pagesFor(options.slotBytes);
    this.#memory = takeMemory(this.slotBytes * this.depth + pagesFor(options.extraBytes ?? 0));
    this.memory = this.#memory.bytes;
    this.#address = must(this.#memory.address ?? undefined, 'the address of mapped memory');
    this.#vectors = new VectorTable(this.depth);
    this.slots = new Slots(this.depth, this.slotBytes);
    this.ended = new Uint32Array(this.depth);
    this.#queue = new Uint32Array(this.depth);
  }

  get inFlight(): number {
    return this.#count;
  }

  attach(fd: number): number {
    return this.files.add(fd);
  }

  detach(file: number): void {
    this.files.remove(file);
  }

  submit(slot: number): void {
    this.#queue[(this.#head + this.#count++) % this.depth] = slot;
  }

  reap(): number {
    const { slots, ended } = this;
    let count = 0;
    for (let untilNs = 0; this.#count > 0;) {
      const slot = this.#queue[this.#head] as number;
      this.#head = (this.#head + 1) % this.depth;
      this.#count--;
      const startNs = nowNs();
      slots.startNs[slot] = startNs;
      slots.result[slot] = this.#inOrder(slot);
      const endNs = nowNs();
      slots.endNs[slot] = endNs;
      ended[count++] = slot;
      if (untilNs === 0) untilNs = startNs + TURN_NS;
      if (endNs >= untilNs) break;
    }
    return count;
  }

  report(): EngineReport {
    return { engine: this.name, uses: [this.#memory.kind], lacks: [] };
  }

  /** What is queued is not begun. */
  close(): number {
    const left = this.#count;
    this.#vectors.free();
    this.#memory.free();
    return left;
  }

  /** Does the slot, unless one that it is linked to did not end well and whole. */
  #inOrder(slot: number): number {
    const { slots } = this;
    const isDropped = this.#isLinked && this.#isBroken;
    let result = isDropped ? -ECANCELED : this.#again(slot);
    const op = slots.op[slot] as number;
    const isWhole = op === OP.read || op === OP.write ? result === slots.bytes[slot] : result >= 0;
    this.#isLinked = ((slots.flags[slot] as number) & SLOT.link) !== 0;
    this.#isBroken = !isWhole;
    return (result |= 0);
  }

  #again(slot: number): number {
    let result = -EINTR;
    for (let i = 0; i < RETRIES_MAX && result === -EINTR; i++) result = this.perform(slot);
    return result;
  }

  /** One attempt: bytes or minus the errno. */
  protected perform(slot: number): number {
    const { slots, io } = this;
    const op = slots.op[slot] as number;
    if (op === OP.nop) return 0;
    const file = slots.file[slot] as number;
    const fd = this.files.fd(file);
    if (fd < 0) return -EBADF;
    const offset = slots.offset[slot] as number;
    const bytes = slots.bytes[slot] as number;
    switch (op) {
      case OP.read:
      case OP.write:
        return this.transfer(slot, op, file, offset, bytes);
      case OP.fsync:
        return this.sync(file, false);
      case OP.fdatasync:
        return this.sync(file, true);
      case OP.syncFileRange:
        return io.syncFileRange(fd, offset, bytes, SYNC_FILE_RANGE_ALL);
      case OP.discard:
        return this.#devices.discard(fd, offset, bytes);
      default:
        return io.fallocate(fd, fallocateMode(op), offset, bytes);
    }
  }

  protected sync(file: number, isDataOnly: boolean): number {
    const fd = this.files.fd(file);
    return isDataOnly ? this.io.fdatasync(fd) : this.io.fsync(fd);
  }

  protected transfer(slot: number, op: number, file: number, offset: number, bytes: number): number {
    const { slots, io } = this;
    const fd = this.files.fd(file);
    const address = this.#address + (slots.at[slot] as number);
    const flags = slots.flags[slot] as number;
    const rwFlags = ((flags & SLOT.dsync) !== 0 ? RWF_DSYNC : 0) | ((flags & SLOT.sync) !== 0 ? RWF_SYNC : 0);
    const segments = Math.min(slots.segments[slot] as number, SEGMENTS_MAX);
    if (segments <= 1 && rwFlags === 0)
      return op === OP.read ? io.pread(fd, address, bytes, offset) : io.pwrite(fd, address, bytes, offset);
    const count = Math.max(1, segments);
    const table = this.#vectors.fill(slot, address, bytes, count);
    return op === OP.read
      ? io.preadv(fd, table, count, offset, rwFlags)
      : io.pwritev(fd, table, count, offset, rwFlags);
  }
}
