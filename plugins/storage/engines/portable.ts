/**
 * The engine `portable`: Node's own file calls on any platform, as many at a time as its pool has threads
 * (UV_THREADPOOL_SIZE, else 4); others wait their turn in that pool. `reap` returns a promise. See `engine.ts`.
 */
import { fdatasync, fsync, read, readv, write, writev } from 'node:fs';
import { MS, nowNs, SECOND } from '../../../core/base/clock.js';
import type { Engine, EngineOptions, EngineReport, OpName } from './engine.js';
import { EngineUnavailable, OP, SEGMENTS_MAX, SLOT, Slots } from './engine.js';
import { FileTable } from './file-table.js';
import type { EngineMemory } from './memory.js';
import { pagesFor, takeMemory } from './memory.js';

const EIO = 5;
const EBADF = 9;
const EINVAL = 22;
const ECANCELED = 125;
const CAN: readonly OpName[] = ['read', 'write', 'fsync', 'fdatasync', 'nop'];
const POOL_DEFAULT = 4;
/** How many threads Node makes for such calls at most, whatever is asked. */
const POOL_MAX = 1024;

type Ended = (error: NodeJS.ErrnoException | null, bytes?: number) => void;

export class PortableEngine implements Engine {
  readonly name = 'portable';
  readonly depth: number;
  readonly slotBytes: number;
  readonly memory: Uint8Array;
  readonly slots: Slots;
  readonly ended: Uint32Array;
  readonly parallel: number;
  readonly yields = true;
  readonly #files = new FileTable();
  readonly #memory: EngineMemory;
  /** Submitted, in order, and not begun. */
  #queue: number[] = [];
  /** Behind a linked slot: begun when that one has ended. */
  readonly #next = new Map<number, number>();
  #inFlight = 0;
  /** In Node's hands. */
  #busy = 0;
  #endedCount = 0;
  /** Ends a wait when so many have ended. */
  #wake: { readonly least: number; readonly go: () => void } | null = null;

  constructor(options: EngineOptions) {
    const unfit = options.operations.filter((name) => !CAN.includes(name));
    if (unfit.length > 0) throw new EngineUnavailable(`Node's own file calls cannot do ${unfit.join(', ')}`);
    this.depth = options.depth;
    this.slotBytes = pagesFor(options.slotBytes);
    this.#memory = takeMemory(this.slotBytes * this.depth + pagesFor(options.extraBytes ?? 0));
    this.memory = this.#memory.bytes;
    this.slots = new Slots(this.depth, this.slotBytes);
    this.ended = new Uint32Array(this.depth);
    const pool = Number(process.env['UV_THREADPOOL_SIZE'] ?? POOL_DEFAULT);
    this.parallel = Math.min(this.depth, POOL_MAX, pool >= 1 ? Math.floor(pool) : POOL_DEFAULT);
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  attach(fd: number): number {
    return this.#files.add(fd);
  }

  detach(file: number): void {
    this.#files.remove(file);
  }

  submit(slot: number): void {
    this.#inFlight++;
    this.#queue.push(slot);
  }

  async reap(least: number, waitNs: number): Promise<number> {
    this.#handOver();
    const wanted = Math.min(least, this.#inFlight);
    if (this.#endedCount < wanted || least === 0) await this.#wait(wanted, least === 0 ? 0 : waitNs);
    const count = this.#endedCount;
    this.#endedCount = 0;
    this.#inFlight -= count;
    return count;
  }

  report(): EngineReport {
    const lacks = ['flags of a single write: durable ones are a write and a sync behind it'];
    if (this.parallel < this.depth)
      lacks.push(`threads: ${this.parallel} operations at a time (UV_THREADPOOL_SIZE), not ${this.depth}`);
    return { engine: this.name, uses: ["Node's pool of threads", this.#memory.kind], lacks };
  }

  async close(): Promise<number> {
    this.#queue = [];
    const untilNs = nowNs() + SECOND;
    while (this.#busy > 0 && nowNs() < untilNs) await this.reap(1, 100 * MS);
    // A thread of the pool may still write into what has not ended.
    if (this.#busy === 0) this.#memory.free();
    return this.#busy;
  }

  #handOver(): void {
    const { slots } = this;
    const queue = this.#queue;
    if (queue.length === 0) return;
    this.#queue = [];
    let isLinked = false;
    queue.forEach((slot, i) => {
      if (isLinked) this.#next.set(queue[i - 1] as number, slot);
      else this.#begin(slot);
      isLinked = ((slots.flags[slot] as number) & SLOT.link) !== 0;
    });
  }

  #begin(slot: number): void {
    const { slots } = this;
    slots.startNs[slot] = nowNs();
    this.#busy++;
    const done: Ended = (error, bytes) => {
      this.#busy--;
      this.#end(slot, error === null ? (bytes ?? 0) : -Math.abs(error.errno ?? EIO));
    };
    const op = slots.op[slot] as number;
    const fd = this.#files.fd(slots.file[slot] as number);
    try {
      if (op === OP.nop) setImmediate(done, null);
      else if (fd < 0) setImmediate(() => this.#refuse(slot, EBADF));
      else if (op === OP.fsync) fsync(fd, done);
      else if (op === OP.fdatasync) fdatasync(fd, done);
      else this.#transfer(slot, op, fd, done);
    } catch {
      // Node itself refuses arguments (a negative offset) that the kernel would answer with EINVAL.
      setImmediate(() => this.#refuse(slot, EINVAL));
    }
  }

  #refuse(slot: number, errno: number): void {
    this.#busy--;
    this.#end(slot, -errno);
  }

  #transfer(slot: number, op: number, fd: number, done: Ended): void {
    const { slots, memory } = this;
    const [at, bytes, offset] = [slots.at[slot], slots.bytes[slot], slots.offset[slot]] as [
      number,
      number,
      number,
    ];
    const flags = slots.flags[slot] as number;
    const isDurable = op === OP.write && (flags & (SLOT.dsync | SLOT.sync)) !== 0;
    const sync = (flags & SLOT.sync) !== 0 ? fsync : fdatasync;
    const after: Ended = isDurable
      ? (error, written) => (error === null ? sync(fd, (failed) => done(failed, written)) : done(error))
      : done;
    const count = Math.min(slots.segments[slot] as number, SEGMENTS_MAX);
    if (count <= 1) {
      if (op === OP.read) read(fd, memory, at, bytes, offset, after);
      else write(fd, memory, at, bytes, offset, after);
      return;
    }
    const piece = Math.floor(bytes / count);
    const pieces = Array.from({ length: count }, (_, i) =>
      memory.subarray(at + i * piece, i === count - 1 ? at + bytes : at + (i + 1) * piece),
    );
    if (op === OP.read) readv(fd, pieces, offset, after);
    else writev(fd, pieces, offset, after);
  }

  #end(slot: number, result: number): void {
    const { slots } = this;
    slots.result[slot] = result;
    slots.endNs[slot] = nowNs();
    this.ended[this.#endedCount++] = slot;
    const op = slots.op[slot] as number;
    const isWhole = op === OP.read || op === OP.write ? result === slots.bytes[slot] : result >= 0;
    const next = this.#next.get(slot);
    this.#next.delete(slot);
    if (next !== undefined) {
      if (isWhole) this.#begin(next);
      else {
        slots.startNs[next] = nowNs();
        this.#end(next, -ECANCELED);
      }
    }
    if (this.#wake !== null && this.#endedCount >= this.#wake.least) this.#wake.go();
  }

  /** Gives the event loop its turn at least once. */
  #wait(least: number, waitNs: number): Promise<void> {
    return new Promise((resolve) => {
      const go = (): void => {
        clearTimeout(timer);
        this.#wake = null;
        resolve();
      };
      const timer = waitNs > 0 ? setTimeout(go, Math.min(waitNs / MS, 100)) : undefined;
      if (timer === undefined) setImmediate(go);
      else this.#wake = { least, go };
    });
  }
}
