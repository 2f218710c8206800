/**
 * The engine `io_uring`: one ring of the thread that opened it, one system call for a few submissions, or for the last of
 * them and the wait for their ends. Files and memory are registered where the kernel lets it, so that it need not look them up
 * at each operation. See `engine.ts` for how it is used.
 */
import { constants, fstatSync } from 'node:fs';
import { must } from '../../../core/base/assert.js';
import { nowNs, SECOND } from '../../../core/base/clock.js';
import { blockDevices } from '../../../core/linux/block-device.js';
import { errnoName } from '../../../core/linux/errno.js';
import { fileIo, RWF_DSYNC, RWF_NOWAIT, RWF_SYNC, SYNC_FILE_RANGE_ALL } from '../../../core/linux/file-io.js';
import {
  BLOCK_URING_CMD_DISCARD,
  CANCEL_ALL,
  CANCEL_ANY,
  FSYNC_DATASYNC,
  OPCODE,
  REGISTER,
  SETUP,
  SQE_FLAG,
} from '../../../core/linux/io-uring-abi.js';
import type { Ring } from '../../../core/linux/io-uring.js';
import { bufferTable, isBusy, opcodesOf, openRing, WAIT_MAX_NS } from '../../../core/linux/io-uring.js';
import { readText } from '../../../core/linux/procfs.js';
import type { Engine, EngineOptions, EngineReport, OpName } from './engine.js';
import { EngineUnavailable, FILES_MAX, OP, SEGMENTS_MAX, SLOT, Slots } from './engine.js';
import { fallocateMode } from './fallocate.js';
import { FileTable } from './file-table.js';
import type { EngineMemory } from './memory.js';
import { pagesFor, takeMemory } from './memory.js';
import { VectorTable } from './vectors.js';

const EINVAL = 22;
const EOPNOTSUPP = 95;
/** In user data: what asks others to end. No slot has this number. */
const CANCEL_TAG = 0x7fff_ffff;

const NO_NOWAIT = 'reads that do not wait, on this file: workers of the kernel do each operation';

/**
 * So many are handed over at once, so that a device has begun with the first when the last are being filled: one that is
 * given all it may have in one go answers in one go too, and waits in between.
 */
const HAND_OVER = 4;

/** What each operation needs of the kernel. */
const OPCODES: Readonly<Record<OpName, readonly number[]>> = {
  read: [OPCODE.read, OPCODE.readv],
  write: [OPCODE.write, OPCODE.writev],
  fsync: [OPCODE.fsync],
  fdatasync: [OPCODE.fsync],
  syncFileRange: [OPCODE.syncFileRange],
  punch: [OPCODE.fallocate],
  zero: [OPCODE.fallocate],
  collapse: [OPCODE.fallocate],
  allocate: [OPCODE.fallocate],
  discard: [],
  writeZeroes: [OPCODE.fallocate],
  nop: [OPCODE.nop],
};
/** With IOPOLL the kernel takes nothing else. */
const POLLABLE: readonly OpName[] = ['read', 'write', 'nop'];

export function openUring(options: EngineOptions): UringEngine {
  if (options.ioPoll === true) {
    const unfit = options.operations.filter((name) => !POLLABLE.includes(name));
    if (unfit.length > 0) throw new EngineUnavailable(`io_uring with ioPoll cannot do ${unfit.join(', ')}`);
  }
  const { sqPollIdleMs, sqPollCpu, ioPoll } = options;
  const ring = openRing({
    entries: options.depth,
    ...(sqPollIdleMs !== undefined && { sqPollIdleMs }),
    ...(sqPollCpu !== undefined && { sqPollCpu }),
    ...(ioPoll !== undefined && { ioPoll }),
  });
  if (typeof ring === 'string') throw new EngineUnavailable(ring);
  let memory: EngineMemory | null = null;
  try {
    const known = opcodesOf(ring);
    const missing = options.operations.filter((name) => !OPCODES[name].every((code) => known?.has(code)));
    if (missing.length > 0)
      throw new EngineUnavailable(`this kernel's io_uring does not know ${missing.join(', ')}`);
    const slotBytes = pagesFor(options.slotBytes);
    memory = takeMemory(slotBytes * options.depth + pagesFor(options.extraBytes ?? 0));
    return new UringEngine(options, ring, memory, slotBytes, known?.has(OPCODE.uringCmd) === true);
  } catch (error) {
    ring.close();
    memory?.free();
    throw error;
  }
}

/** False where the kernel says so of the device, or of the one that the file lies on; true where it says nothing. */
function mayBePolled(fd: number): boolean {
  const { dev, rdev, mode } = fstatSync(fd);
  const device = (mode & constants.S_IFMT) === constants.S_IFBLK ? rdev : dev;
  // As makedev(3) packs them, of which the upper halves are not in use.
  const folder = `/sys/dev/block/${(device >>> 8) & 0xfff}:${(device & 0xff) | ((device >>> 12) & 0xfff00)}`;
  // A partition has the queue of its whole.
  const told = readText(`${folder}/queue/io_poll`) ?? readText(`${folder}/../queue/io_poll`);
  return told?.trim() !== '0';
}

export class UringEngine implements Engine {
  readonly name = 'io_uring';
  readonly depth: number;
  readonly slotBytes: number;
  readonly memory: Uint8Array;
  readonly slots: Slots;
  readonly ended: Uint32Array;
  readonly parallel: number;
  readonly yields = false;
  readonly #ring: Ring;
  readonly #memory: EngineMemory;
  readonly #address: number;
  readonly #files = new FileTable();
  /** Files numbered below this are registered with the ring. */
  readonly #fixedFiles: number;
  readonly #hasFixedMemory: boolean;
  readonly #vectors: VectorTable;
  readonly #lacks: string[] = [];
  /** Submitted since the last hand-over: these get their start time by it. */
  readonly #fresh: Uint32Array;
  #freshCount = 0;
  #inFlight = 0;
  #discardsByCommand: boolean;
  /** Discards that the ring cannot do: done at the next reap. */
  #aside: number[] = [];

  constructor(
    options: EngineOptions,
    ring: Ring,
    memory: EngineMemory,
    slotBytes: number,
    hasCommands: boolean,
  ) {
    this.#ring = ring;
    this.#memory = memory;
    this.depth = this.parallel = options.depth;
    this.slotBytes = slotBytes;
    this.memory = memory.bytes;
    this.slots = new Slots(options.depth, slotBytes);
    this.ended = new Uint32Array(options.depth);
    this.#fresh = new Uint32Array(options.depth);
    this.#address = must(memory.address ?? undefined, 'the address of the memory, where there is a ring');
    this.#vectors = new VectorTable(options.depth);
    this.#discardsByCommand = hasCommands;
    this.#fixedFiles = this.#registerFiles();
    this.#hasFixedMemory = this.#registerMemory();
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  attach(fd: number): number {
    if ((this.#ring.flags & SETUP.ioPoll) !== 0 && !mayBePolled(fd))
      throw new EngineUnavailable(
        'io_uring cannot poll for completions here: the device has no queues for it (io_poll in sysfs is 0)',
      );
    const file = this.#files.add(fd);
    this.#lookForWaits(fd);
    if (file < this.#fixedFiles) {
      const errno = this.#setFile(file, fd);
      if (errno !== 0) {
        this.#files.remove(file);
        throw new EngineUnavailable(`io_uring cannot register the file: ${errnoName(errno)}`);
      }
    }
    return file;
  }

  detach(file: number): void {
    if (file < this.#fixedFiles) this.#setFile(file, -1);
    this.#files.remove(file);
  }

  submit(slot: number): void {
    const { slots } = this;
    this.#inFlight++;
    const op = slots.op[slot] as number;
    if (op === OP.discard && !this.#discardsByCommand) {
      this.#aside.push(slot);
      return;
    }
    let at = this.#ring.next();
    // A queue that is full though there is room for every slot: the kernel's thread has not got to it yet.
    while (at < 0) {
      this.#handOver(0, 0);
      at = this.#ring.next();
    }
    this.#fresh[this.#freshCount++] = slot;
    if (op === OP.read || op === OP.write) this.#fillTransfer(at, slot, op);
    else this.#fillOther(at, slot, op);
    // What is linked is handed over together.
    if (this.#freshCount < HAND_OVER || ((slots.flags[slot] as number) & SLOT.link) !== 0) return;
    this.#start();
    this.#handOver(0, 0);
  }

  reap(least: number, waitNs: number): number {
    const ring = this.#ring;
    const fresh = this.#freshCount;
    if (this.#aside.length > 0) return this.#reapAside();
    if (fresh > 0) this.#start();
    let ready = ring.ready();
    // Nothing to wait for is not waited for.
    const wanted = Math.min(least, this.#inFlight);
    if (fresh > 0 || ready < wanted || (ready === 0 && ring.mustEnter)) {
      this.#handOver(wanted, waitNs);
      ready = ring.ready();
    }
    return ready === 0 ? 0 : this.#collect(ready);
  }

  report(): EngineReport {
    const uses = [...this.#ring.used];
    if (this.#fixedFiles > 0) uses.push('registered files');
    if (this.#hasFixedMemory) uses.push('registered buffers');
    uses.push(this.#memory.kind);
    const lacks = [...this.#lacks];
    if (this.#ring.overflows > 0)
      lacks.push(`room for completions: the kernel held some back ${this.#ring.overflows} times`);
    return { engine: this.name, uses, lacks };
  }

  close(): number {
    const untilNs = nowNs() + SECOND;
    this.#cancelAll();
    while (this.#inFlight > 0 && nowNs() < untilNs) this.reap(1, WAIT_MAX_NS);
    this.#ring.close();
    this.#vectors.free();
    // What never ended may still write into it: then it is kept until the process ends.
    if (this.#inFlight === 0 || this.#hasFixedMemory) this.#memory.free();
    return this.#inFlight;
  }

  #start(): void {
    const startNs = nowNs();
    for (let i = 0; i < this.#freshCount; i++) this.slots.startNs[this.#fresh[i] as number] = startNs;
    this.#freshCount = 0;
  }

  #collect(ready: number): number {
    const { slots, ended } = this;
    const ring = this.#ring;
    const { cqes } = ring;
    const endNs = nowNs();
    let count = 0;
    for (let i = 0; i < ready; i++) {
      const at = ring.peek(i);
      const slot = cqes[at] as number;
      if (slot === CANCEL_TAG) continue;
      const result = cqes[at + 2] as number;
      if (result === -EOPNOTSUPP && slots.op[slot] === OP.discard && this.#turnAside(slot)) continue;
      slots.result[slot] = result;
      slots.endNs[slot] = endNs;
      ended[count++] = slot;
    }
    ring.seen(ready);
    this.#inFlight -= count;
    return count;
  }

  /** Where only EAGAIN stands between the queue and the kernel, the ends that are there make room. */
  #handOver(least: number, waitNs: number): void {
    const errno = this.#ring.enter(least, waitNs);
    if (errno === 0 || isBusy(errno)) return;
    throw new Error(`io_uring_enter failed: ${errnoName(errno)}`);
  }

  #fillTransfer(at: number, slot: number, op: number): void {
    const { slots } = this;
    const w = this.#ring.sqes;
    const segments = slots.segments[slot] as number;
    const bytes = slots.bytes[slot] as number;
    const from = slots.at[slot] as number;
    let opcode: number;
    let address = this.#address + from;
    let length = bytes;
    if (segments > 1) {
      opcode = op === OP.read ? OPCODE.readv : OPCODE.writev;
      length = Math.min(segments, SEGMENTS_MAX);
      address = this.#vectors.fill(slot, address, bytes, length);
    } else if (this.#hasFixedMemory) opcode = op === OP.read ? OPCODE.readFixed : OPCODE.writeFixed;
    else opcode = op === OP.read ? OPCODE.read : OPCODE.write;
    const flags = slots.flags[slot] as number;
    this.#fillHead(at, opcode, flags, slots.file[slot] as number);
    this.#fillPlace(at, slots.offset[slot] as number, address, length);
    w[at + 7] =
      flags === 0
        ? 0
        : ((flags & SLOT.dsync) !== 0 ? RWF_DSYNC : 0) | ((flags & SLOT.sync) !== 0 ? RWF_SYNC : 0);
    this.#fillTail(at, slot);
  }

  #fillOther(at: number, slot: number, op: number): void {
    const { slots } = this;
    const w = this.#ring.sqes;
    const flags = slots.flags[slot] as number;
    const file = slots.file[slot] as number;
    const offset = slots.offset[slot] as number;
    const bytes = slots.bytes[slot] as number;
    w[at + 7] = 0;
    this.#fillTail(at, slot);
    switch (op) {
      case OP.fsync:
      case OP.fdatasync:
        this.#fillHead(at, OPCODE.fsync, flags, file);
        this.#fillPlace(at, 0, 0, 0);
        w[at + 7] = op === OP.fdatasync ? FSYNC_DATASYNC : 0;
        return;
      case OP.syncFileRange:
        this.#fillHead(at, OPCODE.syncFileRange, flags, file);
        this.#fillPlace(at, offset, 0, bytes);
        w[at + 7] = SYNC_FILE_RANGE_ALL;
        return;
      case OP.discard:
        this.#fillHead(at, OPCODE.uringCmd, flags, file);
        this.#fillPlace(at, BLOCK_URING_CMD_DISCARD, offset, 0);
        w[at + 12] = bytes | 0;
        w[at + 13] = Math.floor(bytes / 2 ** 32);
        return;
      case OP.nop:
        this.#fillHead(at, OPCODE.nop, flags & SLOT.link, -1);
        this.#fillPlace(at, 0, 0, 0);
        return;
      default:
        // fallocate: the length stands where others have their address, the mode where they have their length.
        this.#fillHead(at, OPCODE.fallocate, flags, file);
        this.#fillPlace(at, offset, bytes, fallocateMode(op));
    }
  }

  #fillHead(at: number, opcode: number, flags: number, file: number): void {
    const w = this.#ring.sqes;
    const isFixed = file >= 0 && file < this.#fixedFiles;
    let sqeFlags = isFixed ? SQE_FLAG.fixedFile : 0;
    if ((flags & SLOT.link) !== 0) sqeFlags |= SQE_FLAG.link;
    w[at] = opcode | (sqeFlags << 8);
    w[at + 1] = isFixed || file < 0 ? file : this.#files.fd(file);
  }

  #fillPlace(at: number, offset: number, address: number, length: number): void {
    const w = this.#ring.sqes;
    w[at + 2] = offset | 0;
    w[at + 3] = Math.floor(offset / 2 ** 32);
    w[at + 4] = address | 0;
    w[at + 5] = Math.floor(address / 2 ** 32);
    w[at + 6] = length;
  }

  #fillTail(at: number, slot: number): void {
    const w = this.#ring.sqes;
    w[at + 8] = slot;
    w[at + 9] = 0;
    w[at + 10] = 0;
    w[at + 11] = 0;
    w[at + 12] = 0;
    w[at + 13] = 0;
    w[at + 14] = 0;
    w[at + 15] = 0;
  }

  /** The ring's kernel, or the device through it, knows no such command: from now on by ioctl, which then says more. */
  #turnAside(slot: number): boolean {
    if (this.#discardsByCommand) {
      this.#discardsByCommand = false;
      this.#lacks.push(
        'discard as a command of the ring (Linux 6.12): by BLKDISCARD instead, which blocks the thread',
      );
    }
    this.#aside.push(slot);
    return true;
  }

  #reapAside(): number {
    const { slots, ended } = this;
    let count = 0;
    for (const slot of this.#aside) {
      slots.startNs[slot] = nowNs();
      const fd = this.#files.fd(slots.file[slot] as number);
      slots.result[slot] =
        blockDevices()?.discard(fd, slots.offset[slot] as number, slots.bytes[slot] as number) ?? -EOPNOTSUPP;
      slots.endNs[slot] = nowNs();
      ended[count++] = slot;
    }
    this.#aside = [];
    this.#inFlight -= count;
    return count;
  }

  #cancelAll(): void {
    if (this.#inFlight === 0) return;
    const at = this.#ring.next();
    if (at < 0) return;
    this.#ring.sqes.fill(0, at, at + 16);
    this.#ring.sqes[at] = OPCODE.asyncCancel;
    this.#ring.sqes[at + 7] = CANCEL_ALL | CANCEL_ANY;
    this.#ring.sqes[at + 8] = CANCEL_TAG;
    this.#ring.enter(0, 0);
  }

  /** As many places as the limit of open files allows (RLIMIT_NOFILE): the kernel takes no larger table. */
  #registerFiles(): number {
    let done = 0;
    for (const places of [FILES_MAX, 512, 64]) {
      done = this.#ring.register(REGISTER.files, new Int32Array(places).fill(-1), places);
      if (done >= 0) return places;
    }
    this.#lacks.push(`registered files: ${errnoName(done)}`);
    return 0;
  }

  #registerMemory(): boolean {
    const table = bufferTable([{ address: this.#address, bytes: this.memory.byteLength }]);
    const done = this.#ring.register(REGISTER.buffers, table, 1);
    if (done < 0) this.#lacks.push(`registered buffers: ${errnoName(done)} (RLIMIT_MEMLOCK)`);
    return done >= 0;
  }

  /**
   * Tells when this file has no reads that do not wait (RWF_NOWAIT): the kernel then hands each operation to its workers
   * by itself, and takes another worker only when those that run wait. Asking for workers at once (IOSQE_ASYNC) would spare
   * a vain attempt, but the kernel then wakes as many workers as it may, which on devices that never wait cost far more
   * than they do. One byte is asked for, which direct I/O refuses for its size, but only after the file has been asked
   * whether it could.
   */
  #lookForWaits(fd: number): void {
    const io = fileIo();
    if (io === null || this.#lacks.includes(NO_NOWAIT)) return;
    const table = this.#vectors.fill(0, this.#vectors.scratchAddress, 1, 1);
    if (io.preadv(fd, table, 1, 0, RWF_NOWAIT) !== -EOPNOTSUPP) return;
    this.#lacks.push(NO_NOWAIT);
  }

  /** 0 or the errno. */
  #setFile(file: number, fd: number): number {
    const update = new DataView(new ArrayBuffer(16));
    this.#vectors.scratch[0] = fd;
    update.setUint32(0, file, true);
    update.setBigUint64(8, BigInt(this.#vectors.scratchAddress), true);
    const done = this.#ring.register(REGISTER.filesUpdate, update, 1);
    return done < 0 ? -done : done === 1 ? 0 : EINVAL;
  }
}
