/**
 * Locks on ranges of open files that belong to the open file itself, not to the process (F_OFD_SETLK, Linux 3.15):
 * threads of one process that opened a file each for themselves keep each other out, as processes do. Null where
 * `foreign.ts` is. Called by storage workloads.
 */
import { foreign } from './foreign.js';

export interface FileLocks {
  /** Does not wait. bytes 0: to the end. 0, or minus the errno: -EAGAIN where another open file has it. */
  lock(fd: number, kind: 'read' | 'write', from: number, bytes: number): number;
  unlock(fd: number, from: number, bytes: number): number;
}

const F_OFD_SETLK = 37;
const KIND = { read: 0, write: 1, none: 2 } as const;
/** Byte offsets in struct flock (32 bytes). Whence 0: from the start of the file; the process must be 0. */
const FLOCK = { bytes: 32, kind: 0, from: 8, length: 16 } as const;

let made: FileLocks | null | undefined;

/** Made at the first call, once per thread. */
export function fileLocks(): FileLocks | null {
  if (made === undefined) made = make();
  return made;
}

function make(): FileLocks | null {
  const f = foreign();
  if (f === null) return null;
  const fcntl = f.declare('int fcntl(int fd, int command, void *lock)');
  const flock = new DataView(new ArrayBuffer(FLOCK.bytes));
  const set = (fd: number, kind: number, from: number, bytes: number): number => {
    flock.setInt16(FLOCK.kind, kind, true);
    flock.setBigInt64(FLOCK.from, BigInt(from), true);
    flock.setBigInt64(FLOCK.length, BigInt(bytes), true);
    return fcntl(fd, F_OFD_SETLK, flock) < 0 ? -f.errno() : 0;
  };
  return {
    lock: (fd, kind, from, bytes) => set(fd, KIND[kind], from, bytes),
    unlock: (fd, from, bytes) => set(fd, KIND.none, from, bytes),
  };
}
