/**
 * System calls on open files that Node lacks or makes slowly: reads and writes by address, durability, room and holes,
 * advice, alignment of direct I/O. Each returns what the call returned, or minus the errno. Called by storage engines;
 * null where `foreign.ts` is.
 */
import type { Foreign, ForeignCall } from './foreign.js';
import { foreign } from './foreign.js';

export const RWF_DSYNC = 2;
export const RWF_SYNC = 4;
export const RWF_NOWAIT = 8;

/** fallocate(2); on block devices punching and zeroing work too. */
export const FALLOC = {
  keepSize: 1,
  punchHole: 2,
  collapseRange: 8,
  zeroRange: 16,
  insertRange: 32,
} as const;

/** Waits for what is being written, starts the rest, waits for it: the whole range has been written back at the end. */
export const SYNC_FILE_RANGE_ALL = 1 | 2 | 4;

export const FADVISE = { normal: 0, random: 1, sequential: 2, willNeed: 3, dontNeed: 4, noReuse: 5 } as const;

export type Advice = keyof typeof FADVISE;

export const MS_ASYNC = 1;
export const MS_SYNC = 4;

export interface FileIo {
  pread(fd: number, address: number, bytes: number, offset: number): number;
  pwrite(fd: number, address: number, bytes: number, offset: number): number;
  /** `table`: address of an iovec array. `flags`: RWF_*; -ENOSYS where the libc has no calls with flags. */
  preadv(fd: number, table: number, count: number, offset: number, flags: number): number;
  pwritev(fd: number, table: number, count: number, offset: number, flags: number): number;
  fsync(fd: number): number;
  fdatasync(fd: number): number;
  syncFileRange(fd: number, offset: number, bytes: number, flags: number): number;
  fallocate(fd: number, mode: number, offset: number, bytes: number): number;
  /** bytes 0: to the end. */
  fadvise(fd: number, offset: number, bytes: number, advice: number): number;
  msync(address: number, bytes: number, flags: number): number;
  /** What direct I/O on this file must be aligned to, or null where the kernel does not tell (before 6.1, tmpfs). */
  directAlignment(fd: number): DirectAlignment | null;
  /** Another descriptor of what is open: the process's, while those of fs.open are closed when their thread ends. */
  keepOpen(fd: number): number;
}

export interface DirectAlignment {
  readonly memoryBytes: number;
  readonly offsetBytes: number;
}

const ENOSYS = 38;
const F_DUPFD_CLOEXEC = 1030;
const AT_EMPTY_PATH = 0x1000;
const STATX_DIOALIGN = 0x2000;
/** Byte offsets in struct statx (256 bytes). */
const STATX = { bytes: 256, mask: 0, memoryAlign: 152, offsetAlign: 156 } as const;

let made: FileIo | null | undefined;

/** Made at the first call, once per thread. */
export function fileIo(): FileIo | null {
  if (made === undefined) {
    const f = foreign();
    made = f === null ? null : make(f);
  }
  return made;
}

/** A libc that is too old (or musl) lacks some of these calls. */
function declareOr(f: Foreign, prototype: string): ForeignCall | null {
  try {
    return f.declare(prototype);
  } catch {
    return null; // told by -ENOSYS when it is called
  }
}

function make(f: Foreign): FileIo {
  const pread = f.declare('intptr_t pread(int fd, uintptr_t at, size_t bytes, int64_t offset)');
  const pwrite = f.declare('intptr_t pwrite(int fd, uintptr_t at, size_t bytes, int64_t offset)');
  const preadv = f.declare('intptr_t preadv(int fd, uintptr_t table, int count, int64_t offset)');
  const pwritev = f.declare('intptr_t pwritev(int fd, uintptr_t table, int count, int64_t offset)');
  const preadv2 = declareOr(
    f,
    'intptr_t preadv2(int fd, uintptr_t table, int count, int64_t offset, int flags)',
  );
  const pwritev2 = declareOr(
    f,
    'intptr_t pwritev2(int fd, uintptr_t table, int count, int64_t offset, int flags)',
  );
  const fsync = f.declare('int fsync(int fd)');
  const fdatasync = f.declare('int fdatasync(int fd)');
  const range = declareOr(
    f,
    'int sync_file_range(int fd, int64_t offset, int64_t bytes, unsigned int flags)',
  );
  const fallocate = f.declare('int fallocate(int fd, int mode, int64_t offset, int64_t bytes)');
  const fadvise = f.declare('int posix_fadvise(int fd, int64_t offset, int64_t bytes, int advice)');
  const msync = f.declare('int msync(uintptr_t at, size_t bytes, int flags)');
  const statx = declareOr(
    f,
    'int statx(int fd, const char *path, int flags, unsigned int mask, void *facts)',
  );
  const fcntl = f.declare('int fcntl(int fd, int command, intptr_t least)');
  const told = (result: number): number => (result < 0 ? -f.errno() : result);
  return {
    pread: (fd, address, bytes, offset) => told(pread(fd, address, bytes, offset)),
    pwrite: (fd, address, bytes, offset) => told(pwrite(fd, address, bytes, offset)),
    preadv: (fd, table, count, offset, flags) => {
      if (flags === 0) return told(preadv(fd, table, count, offset));
      return preadv2 === null ? -ENOSYS : told(preadv2(fd, table, count, offset, flags));
    },
    pwritev: (fd, table, count, offset, flags) => {
      if (flags === 0) return told(pwritev(fd, table, count, offset));
      return pwritev2 === null ? -ENOSYS : told(pwritev2(fd, table, count, offset, flags));
    },
    keepOpen: (fd) => told(fcntl(fd, F_DUPFD_CLOEXEC, 0)),
    fsync: (fd) => told(fsync(fd)),
    fdatasync: (fd) => told(fdatasync(fd)),
    syncFileRange: (fd, offset, bytes, flags) =>
      range === null ? -ENOSYS : told(range(fd, offset, bytes, flags)),
    fallocate: (fd, mode, offset, bytes) => told(fallocate(fd, mode, offset, bytes)),
    // The one call that returns its errno instead of setting it.
    fadvise: (fd, offset, bytes, advice) => {
      const errno = fadvise(fd, offset, bytes, advice);
      return errno === 0 ? 0 : -errno;
    },
    msync: (address, bytes, flags) => told(msync(address, bytes, flags)),
    directAlignment: (fd) => {
      const facts = new DataView(new ArrayBuffer(STATX.bytes));
      if (statx === null || statx(fd, '', AT_EMPTY_PATH, STATX_DIOALIGN, facts) < 0) return null;
      if ((facts.getUint32(STATX.mask, true) & STATX_DIOALIGN) === 0) return null;
      const offsetBytes = facts.getUint32(STATX.offsetAlign, true);
      // Told, and told to be 0: direct I/O does not work on this file.
      return offsetBytes === 0
        ? null
        : { memoryBytes: facts.getUint32(STATX.memoryAlign, true), offsetBytes };
    },
  };
}
