/**
 * The one interface of what does the I/O: `io_uring`, `sync`, `mmap` and `portable` do the same operations with the
 * same results. A workload fills slots, an engine does them and says which have ended. Called from the loop of an actor
 * (`../drive.ts`), or of a bench, always from the one thread that opened it.
 *
 *   const { engine } = openEngine({ engine: 'auto', depth: 32, slotBytes: 4096, operations: ['read', 'write'] });
 *   const file = engine.attach(fd);                    // a descriptor of fs.openSync or core/linux/file-io
 *   const { slots } = engine;
 *   slots.op[s] = OP.write;                            // 1. fill a slot that is not in flight, 0 ≤ s < depth
 *   slots.file[s] = file;
 *   slots.offset[s] = 8192; slots.bytes[s] = 4096;
 *   engine.memory.set(payload, slots.at[s]);           //    its data: memory[at, at + bytes); at = s × slotBytes unless changed
 *   engine.submit(s);                                  // 2. queued; handed to the kernel by the next reap at the latest
 *   const n = await engine.reap(1, 100 * MS);          // 3. hands over, waits for one end, at most so long
 *   for (let i = 0; i < n; i++) {                      // 4. what has ended, and how
 *     const s = engine.ended[i];
 *     slots.result[s];                                 //    bytes done (short ones are short), or -errno: errnoName(-5) = "EIO"
 *     slots.startNs[s]; slots.endNs[s];                //    CLOCK_MONOTONIC, see below
 *   }
 *
 * A slot belongs to the engine from submit until reap names it in `ended`; then to the workload again. What is in a
 * slot stays there: only what differs from its last operation has to be written. Nothing is allocated in the loop by
 * io_uring, sync and mmap. `reap` of `portable` returns a promise (`yields`): `typeof n === 'number' ? n : await n`.
 *
 * Times are read once a batch: startNs just before the batch is handed over, endNs just after its ends are seen. Each
 * is off by at most the time of that one call and, where several have ended, of the workload's work between two reaps:
 * latencies come out too long by so much, never too short. sync and mmap read the clock for every operation.
 */
import type { Advice } from '../../../core/linux/file-io.js';

/** What an operation does; the same numbers in every engine. */
export const OP = {
  read: 0,
  write: 1,
  fsync: 2,
  fdatasync: 3,
  /** Starts writing back [offset, offset + bytes) and waits for it (sync_file_range); says nothing of metadata. */
  syncFileRange: 4,
  /** Files: a hole in [offset, offset + bytes); the size stays. */
  punch: 5,
  /** Files: zeroes in [offset, offset + bytes) without writing them. The size stays. */
  zero: 6,
  /** Files: takes [offset, offset + bytes) out; what lies behind moves up. Whole blocks of the filesystem only. */
  collapse: 7,
  /** Files: room for [offset, offset + bytes); the size grows. */
  allocate: 8,
  /** Block devices: what is in [offset, offset + bytes) is no longer needed. */
  discard: 9,
  /** Block devices: zeroes in [offset, offset + bytes), by the device's own means where it has any. */
  writeZeroes: 10,
  /** Nothing: what the engine itself can do at most. */
  nop: 11,
} as const;
export type OpName = keyof typeof OP;
export const OP_NAMES = Object.keys(OP) as readonly OpName[];

/** Bits of `slots.flags`. */
export const SLOT = {
  /** write: durable when it has ended, as with O_DSYNC (FUA on a device that has it). */
  dsync: 1,
  /** write: the same with all metadata, as with O_SYNC. */
  sync: 2,
  /**
   * The next submitted slot begins only when this one has ended well and whole; otherwise it ends with -ECANCELED.
   * A write linked to an fsync asks for durability in one go. The last slot before a reap must not have it.
   */
  link: 4,
} as const;

/** What an operation is and what came of it, each field an array over the slots. */
export class Slots {
  readonly op: Uint8Array;
  readonly flags: Uint8Array;
  /** read and write: in so many equal parts (readv, writev), at most SEGMENTS_MAX. 0 and 1 are one. */
  readonly segments: Uint8Array;
  /** As `attach` numbered it. */
  readonly file: Int32Array;
  readonly offset: Float64Array;
  /** Of read and write at most what lies behind `at` in the memory, and below 2 GiB. */
  readonly bytes: Float64Array;
  /** Where in the engine's memory the data lies. */
  readonly at: Float64Array;
  /** Bytes done (0 for what moves none), or minus the errno. */
  readonly result: Int32Array;
  readonly startNs: Float64Array;
  readonly endNs: Float64Array;
  /** The workload's, no engine looks at them: when it was due, and as which of the simulator's `operations` it counts. */
  readonly dueNs: Float64Array;
  readonly kind: Uint8Array;

  constructor(depth: number, slotBytes: number) {
    this.op = new Uint8Array(depth);
    this.flags = new Uint8Array(depth);
    this.segments = new Uint8Array(depth);
    this.file = new Int32Array(depth);
    this.offset = new Float64Array(depth);
    this.bytes = new Float64Array(depth).fill(slotBytes);
    this.at = Float64Array.from({ length: depth }, (_, slot) => slot * slotBytes);
    this.result = new Int32Array(depth);
    this.startNs = new Float64Array(depth);
    this.endNs = new Float64Array(depth);
    this.dueNs = new Float64Array(depth);
    this.kind = new Uint8Array(depth);
  }
}

export const SEGMENTS_MAX = 8;
export const DEPTH_MAX = 16_384;
/** The kernel takes no larger registered buffer, and no plan should need one. */
export const MEMORY_MAX = 2 ** 30;

export type EngineName = 'io_uring' | 'sync' | 'mmap' | 'portable';

export interface EngineOptions {
  /** Operations in flight at most: the number of slots. Linked operations take one each. */
  readonly depth: number;
  /** Memory of each slot: the largest read or write. Rounded up to whole pages; every slot begins at a page. */
  readonly slotBytes: number;
  /** What the workload will do: an engine that cannot do one of them is not opened. */
  readonly operations: readonly OpName[];
  /** Memory beyond that of the slots, for payloads that several operations share: at memory[depth × slotBytes, …). */
  readonly extraBytes?: number;
  /** io_uring: a thread of the kernel submits. It needs a core of its own. */
  readonly sqPollIdleMs?: number;
  readonly sqPollCpu?: number;
  /** io_uring: polls for completions; direct reads and writes only. */
  readonly ioPoll?: boolean;
}

/** What stands in the record about the engine that did the work. */
export interface EngineReport {
  readonly engine: EngineName;
  /** What it makes use of: "registered buffers", "DEFER_TASKRUN", "huge pages". */
  readonly uses: readonly string[];
  /** What it would have used and could not, or does in another way, each with the reason. */
  readonly lacks: readonly string[];
}

export interface Engine {
  readonly name: EngineName;
  readonly depth: number;
  /** As asked, in whole pages. */
  readonly slotBytes: number;
  /** Page-aligned. Not to be touched once the engine is closed. */
  readonly memory: Uint8Array;
  readonly slots: Slots;
  /** The first so many as `reap` told are the slots that have ended, in no particular order. */
  readonly ended: Uint32Array;
  /** Operations that the kernel works on at the same time at most: sync and mmap do one after the other. */
  readonly parallel: number;
  /** True where `reap` returns a promise. */
  readonly yields: boolean;
  /** Submitted and not told as ended. */
  readonly inFlight: number;
  /**
   * Makes an open descriptor known; what comes back goes into `slots.file`. The engine neither opens nor closes it.
   * Throws EngineUnavailable when this engine cannot work on such a file. At most FILES_MAX at a time.
   */
  attach(fd: number): number;
  /** Nothing may be in flight on it. Before the descriptor is closed. */
  detach(file: number): void;
  /**
   * Engines that map files: madvise on what is mapped of [from, from + bytes), in whole pages. 0 or the errno. The others
   * have nothing to advise on but the descriptor, which is the opener's.
   */
  advise?(file: number, advice: Advice, from: number, bytes: number): number;
  submit(slot: number): void;
  /**
   * Hands over what was submitted; waits until `least` have ended (0: does not wait), at most waitNs. How many have,
   * which may be fewer or more than `least`: a wait in the kernel is cut at 100 ms, and a signal ends it.
   */
  reap(least: number, waitNs: number): number | Promise<number>;
  /** For the record: after the first operations it knows the most. */
  report(): EngineReport;
  /** Asks what is in flight to end, waits for it for at most a second and gives everything back. How many never ended. */
  close(): number | Promise<number>;
}

export const FILES_MAX = 4096;

/** This host, kernel or file has not what the engine needs. The reason is one sentence, for ctx.unavailable. */
export class EngineUnavailable extends Error {
  override name = 'EngineUnavailable';
}
