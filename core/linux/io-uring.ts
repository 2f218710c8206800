/**
 * One io_uring, driven from the thread that opened it: its queues are memory that both this thread and the kernel
 * read and write, so that a submission is sixteen words written and a completion four words read. Called by storage
 * engines. What the kernel lacks is tried for and told (`used`), never assumed.
 *
 *   const ring = openRing({ entries: 128 });        // or why not
 *   const at = ring.next();                         // words of one submission, all zero: fill ring.sqes[at + …]
 *   ring.enter(1, 100 * MS);                        // hands over what was filled, waits for one completion
 *   for (let n = ring.ready(); n > 0; n--) { ring.cqes[ring.peek()] …; ring.seen(); }
 */
import { errnoName } from './errno.js';
import type { Foreign, ForeignCall } from './foreign.js';
import { foreign } from './foreign.js';
import {
  CQE_WORDS,
  ENTER,
  FEATURE,
  MMAP_RINGS,
  MMAP_SQES,
  PARAMS,
  REGISTER,
  SETUP,
  SETUP_NAMES,
  SQE_WORDS,
  SQ_FLAG,
  SYS_ENTER,
  SYS_REGISTER,
  SYS_SETUP,
} from './io-uring-abi.js';
import type { Mapper, Mapping } from './mapping.js';
import { MAP_POPULATE, MAP_SHARED, mapper } from './mapping.js';
import { readText } from './procfs.js';

export interface RingWish {
  /** How many submissions may stand in the queue; rounded up to a power of two. */
  readonly entries: number;
  /** A kernel thread takes submissions without a system call; it sleeps after so long without any. Needs a spare core. */
  readonly sqPollIdleMs?: number;
  /** The core of that thread. */
  readonly sqPollCpu?: number;
  /** Completions are polled for, not signalled: for direct reads and writes on devices with poll queues only. */
  readonly ioPoll?: boolean;
}

export const ENTRIES_MAX = 32_768;
/** No single wait in the kernel is longer: a thread that waits can be told to stop. */
export const WAIT_MAX_NS = 100e6;

/** Size of the argument of a wait. */
const WAIT_BYTES = 24;

const EINTR = 4;
const EAGAIN = 11;
const EBUSY = 16;
const EINVAL = 22;
const ENOSYS = 38;
const ETIME = 62;

/** Best first; a kernel that does not know one of a row's flags refuses the row. */
const STEPS: readonly number[] = [
  SETUP.submitAll | SETUP.singleIssuer | SETUP.deferTaskrun | SETUP.taskrunFlag | SETUP.noSqArray, // 6.6
  SETUP.submitAll | SETUP.singleIssuer | SETUP.deferTaskrun | SETUP.taskrunFlag, // 6.1
  SETUP.submitAll | SETUP.coopTaskrun | SETUP.taskrunFlag, // 5.19
  SETUP.submitAll, // 5.18
  0,
];
/** With a thread of the kernel that submits, nothing is left to be run by this one. */
const STEPS_SQPOLL: readonly number[] = [
  SETUP.submitAll | SETUP.singleIssuer | SETUP.noSqArray,
  SETUP.submitAll | SETUP.singleIssuer,
  SETUP.submitAll,
  0,
];
const NEEDED = FEATURE.singleMmap | FEATURE.noDrop | FEATURE.submitStable | FEATURE.extArg;

interface Calls {
  readonly setup: ForeignCall;
  readonly enter: ForeignCall;
  readonly register: ForeignCall;
  /** Not Node's: in a worker it warns of descriptors that it has not opened itself. */
  readonly close: ForeignCall;
}

let declared: Calls | undefined;

function callsOf(f: Foreign): Calls {
  return (declared ??= {
    setup: f.declare('long syscall(long number, long entries, void *params)'),
    enter: f.declare(
      'long syscall(long number, long fd, long count, long least, long flags, long argument, long bytes)',
    ),
    register: f.declare('long syscall(long number, long fd, long what, void *argument, long count)'),
    close: f.declare('int close(int fd)'),
  });
}

/** A ring, or in one sentence why there is none. */
export function openRing(wish: RingWish): Ring | string {
  const [f, m] = [foreign(), mapper()];
  if (f === null || m === null) return 'no calls into libc: not 64-bit Linux, or koffi is not installed';
  if (wish.entries < 1 || wish.entries > ENTRIES_MAX) return `a ring has 1 to ${ENTRIES_MAX} entries`;
  const calls = callsOf(f);
  const wanted =
    (wish.ioPoll === true ? SETUP.ioPoll : 0) |
    (wish.sqPollIdleMs === undefined ? 0 : SETUP.sqPoll) |
    (wish.sqPollCpu === undefined ? 0 : SETUP.sqAffinity);
  const params = new DataView(new ArrayBuffer(PARAMS.bytes));
  let errno = EINVAL;
  for (const step of wish.sqPollIdleMs === undefined ? STEPS : STEPS_SQPOLL) {
    for (let i = 0; i < PARAMS.bytes; i++) params.setUint8(i, 0);
    params.setUint32(PARAMS.flags, step | wanted, true);
    params.setUint32(PARAMS.sqThreadIdle, wish.sqPollIdleMs ?? 0, true);
    params.setUint32(PARAMS.sqThreadCpu, wish.sqPollCpu ?? 0, true);
    const fd = calls.setup(SYS_SETUP, wish.entries, params);
    if (fd >= 0) return mapRing(f, m, calls, fd, step | wanted, params);
    errno = f.errno();
    if (errno !== EINVAL) break;
  }
  return whyNoRing(errno, readText('/proc/sys/kernel/io_uring_disabled'));
}

/** What the errno of io_uring_setup means, with the host's switch for it (null where there is none). */
export function whyNoRing(errno: number, disabled: string | null): string {
  const name = errnoName(errno);
  if (errno === ENOSYS) return 'this kernel has no io_uring (or a filter of system calls hides it)';
  if (name === 'EPERM') {
    const value = disabled?.trim() ?? '0';
    if (value === '2') return 'io_uring is switched off: kernel.io_uring_disabled = 2';
    if (value === '1')
      return 'io_uring is for privileged processes only: kernel.io_uring_disabled = 1, and this one is neither in kernel.io_uring_group nor has CAP_SYS_ADMIN';
    return 'io_uring is not permitted (a filter of system calls, or a security module)';
  }
  if (name === 'ENOMEM') return 'no memory for a ring (ENOMEM: RLIMIT_MEMLOCK or the control group)';
  return `io_uring_setup failed: ${name}`;
}

function mapRing(
  f: Foreign,
  m: Mapper,
  calls: Calls,
  fd: number,
  flags: number,
  params: DataView,
): Ring | string {
  const features = params.getUint32(PARAMS.features, true);
  const mappings: Mapping[] = [];
  const refuse = (why: string): string => {
    for (const mapping of mappings) mapping.unmap();
    calls.close(fd);
    return why;
  };
  if ((features & NEEDED) !== NEEDED)
    return refuse(`this kernel's io_uring is older than 5.11 (features 0x${features.toString(16)})`);
  const sqEntries = params.getUint32(PARAMS.sqEntries, true);
  const cqEntries = params.getUint32(PARAMS.cqEntries, true);
  const ringBytes = Math.max(
    params.getUint32(PARAMS.sqArray, true) + sqEntries * 4,
    params.getUint32(PARAMS.cqCqes, true) + cqEntries * CQE_WORDS * 4,
  );
  const asked = [
    [ringBytes, MAP_SHARED | MAP_POPULATE, fd, MMAP_RINGS],
    [sqEntries * SQE_WORDS * 4, MAP_SHARED | MAP_POPULATE, fd, MMAP_SQES],
    [m.pageBytes],
  ] as const;
  for (const [bytes, ...rest] of asked) {
    const mapping = m.map(bytes, ...rest);
    if (typeof mapping === 'number') return refuse(`mapping the ring failed: ${errnoName(mapping)}`);
    mappings.push(mapping);
  }
  const [rings, sqes, wait] = mappings as [Mapping, Mapping, Mapping];
  return new Ring({ f, calls, fd, flags, features, params, rings, sqes, wait });
}

interface Parts {
  readonly f: Foreign;
  readonly calls: Calls;
  readonly fd: number;
  readonly flags: number;
  readonly features: number;
  readonly params: DataView;
  readonly rings: Mapping;
  readonly sqes: Mapping;
  readonly wait: Mapping;
}

export class Ring {
  readonly entries: number;
  readonly features: number;
  /** Setup flags that the kernel took (SETUP). */
  readonly flags: number;
  /** Submissions and completions, as 32-bit words. */
  readonly sqes: Int32Array;
  readonly cqes: Int32Array;
  /** System calls made to submit and wait, for reports. */
  enters = 0;
  /** Completions that found no room in the queue: the kernel kept them back and delivered them later. */
  overflows = 0;
  readonly #parts: Parts;
  readonly #enter: ForeignCall;
  /** The ring's own file, or its number in the thread's table of registered rings. */
  #enterFd: number;
  #enterFlags: number = ENTER.extArg;
  readonly #words: Int32Array;
  readonly #sqHeadAt: number;
  readonly #sqTailAt: number;
  readonly #sqFlagsAt: number;
  readonly #sqMask: number;
  readonly #cqHeadAt: number;
  readonly #cqTailAt: number;
  readonly #cqMask: number;
  readonly #cqesAt: number;
  readonly #isSqPoll: boolean;
  readonly #isDeferred: boolean;
  readonly #time: Int32Array;
  #timeNs = -1;
  readonly #waitAt: number;
  /** This side's counters, as the kernel has them: wrapping 32-bit. */
  #sqTail: number;
  #cqHead: number;
  /** Filled, and not yet taken by the kernel. */
  #pending = 0;

  constructor(parts: Parts) {
    const { params, rings, sqes, wait, flags } = (this.#parts = parts);
    const at = (offset: number): number => params.getUint32(offset, true) / 4;
    this.#enter = parts.calls.enter;
    this.#enterFd = parts.fd;
    this.features = parts.features;
    this.flags = flags;
    this.entries = params.getUint32(PARAMS.sqEntries, true);
    this.sqes = new Int32Array(sqes.buffer);
    this.#words = new Int32Array(rings.buffer);
    this.cqes = this.#words;
    this.#sqHeadAt = at(PARAMS.sqHead);
    this.#sqTailAt = at(PARAMS.sqTail);
    this.#sqFlagsAt = at(PARAMS.sqFlags);
    this.#cqHeadAt = at(PARAMS.cqHead);
    this.#cqTailAt = at(PARAMS.cqTail);
    this.#cqesAt = at(PARAMS.cqCqes);
    this.#sqMask = this.#words[at(PARAMS.sqMask)] as number;
    this.#cqMask = this.#words[at(PARAMS.cqMask)] as number;
    this.#isSqPoll = (flags & SETUP.sqPoll) !== 0;
    this.#isDeferred = (flags & (SETUP.taskrunFlag | SETUP.ioPoll)) !== 0;
    if ((flags & SETUP.noSqArray) === 0) {
      // Slot i of the index array names submission i, for good.
      const array = at(PARAMS.sqArray);
      for (let i = 0; i < this.entries; i++) this.#words[array + i] = i;
    }
    // One page: the argument of a wait (no signal mask, the address of the time), then the time.
    const page = new Int32Array(wait.buffer);
    const timeAt = wait.address + 64;
    this.#waitAt = wait.address;
    page[4] = timeAt | 0;
    page[5] = Math.floor(timeAt / 2 ** 32);
    this.#time = page.subarray(16, 20);
    this.#sqTail = Atomics.load(this.#words, this.#sqTailAt);
    this.#cqHead = Atomics.load(this.#words, this.#cqHeadAt);
    this.#registerSelf();
  }

  /** Setup flags in use, by the names that the kernel's documentation gives them. */
  get used(): string[] {
    const keys = Object.keys(SETUP) as (keyof typeof SETUP)[];
    return keys.filter((key) => (this.flags & SETUP[key]) !== 0).map((key) => SETUP_NAMES[key]);
  }

  /**
   * Where the next submission is to be written: index of its first word in `sqes`. All sixteen words must be written.
   * -1 when the queue is full: enter first.
   */
  next(): number {
    const tail = this.#sqTail;
    if (this.#pending >= this.entries) return -1;
    if (this.#isSqPoll && ((tail - Atomics.load(this.#words, this.#sqHeadAt)) | 0) >= this.entries) return -1;
    this.#sqTail = (tail + 1) | 0;
    this.#pending++;
    return (tail & this.#sqMask) * SQE_WORDS;
  }

  /** Submissions that the kernel has not taken yet. */
  get pending(): number {
    return this.#pending;
  }

  /**
   * Hands over what was filled and waits until `least` completions are there, at most waitNs (which is cut at
   * WAIT_MAX_NS). 0; or the errno when the kernel took nothing: EAGAIN or EBUSY mean that completions must be seen
   * first, what was filled stays. A wait that a signal ends counts as over.
   */
  enter(least: number, waitNs: number): number {
    Atomics.store(this.#words, this.#sqTailAt, this.#sqTail);
    let flags = this.#enterFlags;
    const count = this.#pending;
    if (this.#isSqPoll) {
      this.#pending = 0;
      const state = Atomics.load(this.#words, this.#sqFlagsAt);
      if ((state & SQ_FLAG.needWakeup) !== 0) flags |= ENTER.sqWakeup;
      else if (least === 0 && (state & SQ_FLAG.cqOverflow) === 0) return 0;
    }
    if (this.#hasOverflow() || least > 0 || this.#isDeferred) flags |= ENTER.getEvents;
    this.#limit(waitNs);
    this.enters++;
    const taken = this.#enter(SYS_ENTER, this.#enterFd, count, least, flags, this.#waitAt, WAIT_BYTES);
    if (taken >= 0) {
      if (!this.#isSqPoll) this.#pending -= taken;
      return 0;
    }
    const errno = this.#parts.f.errno();
    return errno === ETIME || errno === EINTR ? 0 : errno;
  }

  /** Whether a look with `enter(0, 0)` may bring completions that `ready` does not see yet. */
  get mustEnter(): boolean {
    if (this.#pending > 0 || (this.flags & SETUP.ioPoll) !== 0) return true;
    return (Atomics.load(this.#words, this.#sqFlagsAt) & (SQ_FLAG.taskrun | SQ_FLAG.cqOverflow)) !== 0;
  }

  /** Completions that are there. */
  ready(): number {
    return (Atomics.load(this.#words, this.#cqTailAt) - this.#cqHead) | 0;
  }

  /** The nth of them, counted from 0: index of its first word in `cqes` (user data low and high, result, flags). */
  peek(nth: number): number {
    return this.#cqesAt + ((this.#cqHead + nth) & this.#cqMask) * CQE_WORDS;
  }

  /** So many of them have been read: their room is the kernel's again. */
  seen(count: number): void {
    this.#cqHead = (this.#cqHead + count) | 0;
    Atomics.store(this.#words, this.#cqHeadAt, this.#cqHead);
  }

  /** io_uring_register. 0 or more; or minus the errno. `argument` must hold addresses of memory that stays. */
  register(what: number, argument: ArrayBufferView | null, count: number): number {
    const done = this.#parts.calls.register(SYS_REGISTER, this.#parts.fd, what, argument, count);
    return done >= 0 ? done : -this.#parts.f.errno();
  }

  /** What is in flight goes on in the kernel: buffers that are not registered must stay until it has ended. */
  close(): void {
    this.#parts.calls.close(this.#parts.fd);
    for (const mapping of [this.#parts.rings, this.#parts.sqes, this.#parts.wait]) mapping.unmap();
  }

  #hasOverflow(): boolean {
    if ((Atomics.load(this.#words, this.#sqFlagsAt) & SQ_FLAG.cqOverflow) === 0) return false;
    this.overflows++;
    return true;
  }

  #limit(waitNs: number): void {
    const ns = Math.max(0, Math.min(WAIT_MAX_NS, Math.round(waitNs)));
    if (ns === this.#timeNs) return;
    this.#timeNs = ns;
    this.#time[2] = ns;
  }

  /** The ring's number in this thread's own table spares the kernel a look at the process's at every call (5.18). */
  #registerSelf(): void {
    const update = new DataView(new ArrayBuffer(16));
    update.setInt32(0, -1, true);
    update.setUint32(8, this.#parts.fd, true);
    if (this.register(REGISTER.ringFds, update, 1) !== 1) return;
    this.#enterFd = update.getUint32(0, true);
    this.#enterFlags |= ENTER.registeredRing;
  }
}

/** True for an errno of `enter` after which the same call may succeed once completions have been seen. */
export function isBusy(errno: number): boolean {
  return errno === EAGAIN || errno === EBUSY;
}

/** Opcodes that this ring's kernel knows, told by itself; null where it cannot be asked (before 5.6). */
export function opcodesOf(ring: Ring): ReadonlySet<number> | null {
  const most = 256;
  const probe = new Uint8Array(16 + most * 8);
  if (ring.register(REGISTER.probe, probe, most) < 0) return null;
  const known = new Set<number>();
  const count = probe[1] as number;
  for (let i = 0; i < count; i++) {
    const at = 16 + i * 8;
    if (((probe[at + 2] as number) & 1) !== 0) known.add(probe[at] as number);
  }
  return known;
}

/** -1 for every place of a table of registered files that has none. */
export const NO_FILE = -1;

/** An iovec table for REGISTER.buffers. */
export function bufferTable(
  parts: readonly { readonly address: number; readonly bytes: number }[],
): Uint32Array {
  const table = new Uint32Array(parts.length * 4);
  parts.forEach(({ address, bytes }, i) => {
    table.set(
      [address >>> 0, Math.floor(address / 2 ** 32), bytes >>> 0, Math.floor(bytes / 2 ** 32)],
      i * 4,
    );
  });
  return table;
}
