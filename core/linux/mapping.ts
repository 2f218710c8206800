/**
 * Memory straight from the kernel: page-aligned, outside the JavaScript heap, given back the instant it is unmapped.
 * Null where there is no `foreign.ts`. Called by simulators that hold memory and by I/O engines for their buffers.
 */
import type { Foreign, ForeignCall } from './foreign.js';
import { foreign } from './foreign.js';

/** x86-64 and arm64 alike. */
const PROT_READ = 1;
const PROT_WRITE = 2;
export const MAP_SHARED = 0x01;
export const MAP_PRIVATE = 0x02;
export const MAP_ANONYMOUS = 0x20;
export const MAP_NORESERVE = 0x4000;
export const MAP_POPULATE = 0x8000;
export const MAP_HUGETLB = 0x4_0000;

export const MADV_NORMAL = 0;
export const MADV_RANDOM = 1;
export const MADV_SEQUENTIAL = 2;
export const MADV_WILLNEED = 3;
export const MADV_DONTNEED = 4;
export const MADV_FREE = 8;
export const MADV_REMOVE = 9;
export const MADV_HUGEPAGE = 14;
export const MADV_NOHUGEPAGE = 15;
export const MADV_COLD = 20;
export const MADV_PAGEOUT = 21;
export const MADV_POPULATE_READ = 22;
export const MADV_POPULATE_WRITE = 23;
export const MADV_COLLAPSE = 25;

export interface Mapping {
  readonly address: number;
  readonly bytes: number;
  /** The mapped memory itself. Nothing may hold it, or a view of it, once it is unmapped. */
  readonly buffer: ArrayBuffer;
  /** madvise(2) on a part of it. 0, or the errno: which advice exists depends on the kernel. */
  advise(from: number, bytes: number, advice: number): number;
  /** Keeps a part of it in RAM (mlock). 0, or the errno. */
  lock(from: number, bytes: number): number;
  unlock(from: number, bytes: number): number;
  /** How much of it is in RAM now (mincore): of a file, what the page cache has of it. */
  residentBytes(): number;
  /** Gives all of it back. Once. */
  unmap(): void;
}

export interface Mapper {
  readonly pageBytes: number;
  /** Maps memory, readable and writable; `flags` as of mmap(2). The errno when the kernel refuses. */
  map(bytes: number, flags?: number, fd?: number, offset?: number): Mapping | number;
  /** The same, readable only: whoever writes into it is ended by SIGSEGV. For files that are open for reading. */
  mapForReading(bytes: number, flags: number, fd: number): Mapping | number;
}

interface Calls {
  readonly mmap: ForeignCall;
  readonly munmap: ForeignCall;
  readonly madvise: ForeignCall;
  readonly mlock: ForeignCall;
  readonly munlock: ForeignCall;
  readonly mincore: ForeignCall;
}

/** What mmap returns when it fails: (void *)-1, as a signed number. */
const MAP_FAILED = -1;
const SC_PAGESIZE = 30;

let made: Mapper | null | undefined;

/** Made at the first call, once per thread. */
export function mapper(): Mapper | null {
  if (made === undefined) {
    const f = foreign();
    made = f === null ? null : make(f);
  }
  return made;
}

function make(f: Foreign): Mapper {
  const calls = {
    mmap: f.declare(
      'intptr_t mmap(uintptr_t at, size_t bytes, int protection, int flags, int fd, int64_t offset)',
    ),
    munmap: f.declare('int munmap(uintptr_t at, size_t bytes)'),
    madvise: f.declare('int madvise(uintptr_t at, size_t bytes, int advice)'),
    mlock: f.declare('int mlock(uintptr_t at, size_t bytes)'),
    munlock: f.declare('int munlock(uintptr_t at, size_t bytes)'),
    mincore: f.declare('int mincore(uintptr_t at, size_t bytes, void *vector)'),
  };
  const pageBytes = f.declare('long sysconf(int name)')(SC_PAGESIZE);
  const map = (
    bytes: number,
    protection: number,
    flags: number,
    fd: number,
    offset: number,
  ): Mapping | number => {
    const address = calls.mmap(0, bytes, protection, flags, fd, offset);
    return address === MAP_FAILED ? f.errno() : new Mapped(f, calls, address, bytes, pageBytes);
  };
  return {
    pageBytes,
    map: (bytes, flags = MAP_PRIVATE | MAP_ANONYMOUS, fd = -1, offset = 0) =>
      map(bytes, PROT_READ | PROT_WRITE, flags, fd, offset),
    mapForReading: (bytes, flags, fd) => map(bytes, PROT_READ, flags, fd, 0),
  };
}

class Mapped implements Mapping {
  readonly address: number;
  readonly bytes: number;
  readonly buffer: ArrayBuffer;
  readonly #calls: Calls;
  readonly #f: Foreign;
  readonly #pageBytes: number;

  constructor(f: Foreign, calls: Calls, address: number, bytes: number, pageBytes: number) {
    this.#f = f;
    this.#pageBytes = pageBytes;
    this.#calls = calls;
    this.address = address;
    this.bytes = bytes;
    this.buffer = f.view(address, bytes);
  }

  advise(from: number, bytes: number, advice: number): number {
    return this.#outcome(this.#calls.madvise(this.address + from, bytes, advice));
  }

  lock(from: number, bytes: number): number {
    return this.#outcome(this.#calls.mlock(this.address + from, bytes));
  }

  unlock(from: number, bytes: number): number {
    return this.#outcome(this.#calls.munlock(this.address + from, bytes));
  }

  residentBytes(): number {
    const vector = new Uint8Array(Math.ceil(this.bytes / this.#pageBytes));
    if (this.#calls.mincore(this.address, this.bytes, vector) !== 0) return 0;
    return vector.reduce((sum, state) => sum + (state & 1), 0) * this.#pageBytes;
  }

  unmap(): void {
    this.#calls.munmap(this.address, this.bytes);
  }

  #outcome(result: number): number {
    return result === 0 ? 0 : this.#f.errno();
  }
}
