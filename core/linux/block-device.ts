/**
 * What a block device says of itself and takes as commands, by ioctl on an open descriptor. Called by storage engines
 * and by simulators of block devices; null where `foreign.ts` is.
 */
import type { ForeignCall } from './foreign.js';
import { foreign } from './foreign.js';

/** Numbers of requests, the same on x86-64 and arm64. */
const BLKROGET = 0x125e;
const BLKFLSBUF = 0x1261;
const BLKSSZGET = 0x1268;
const BLKGETSIZE64 = 0x8008_1272;
const BLKDISCARD = 0x1277;
const BLKIOMIN = 0x1278;
const BLKIOOPT = 0x1279;
const BLKPBSZGET = 0x127b;
const BLKROTATIONAL = 0x127e;
const BLKZEROOUT = 0x127f;
const BLKGETDISKSEQ = 0x8008_1280;

export interface DeviceFacts {
  readonly bytes: number;
  readonly isReadOnly: boolean;
  readonly logicalBytes: number;
  readonly physicalBytes: number;
  readonly minIoBytes: number;
  /** 0: the device does not say. */
  readonly optimalIoBytes: number;
  readonly isRotational: boolean;
  /** The kernel's number of this very device: another one that comes under the same name has another. Null before 5.15. */
  readonly diskSequence: number | null;
}

export interface BlockDevices {
  /** What the device says; minus the errno when it is none or is gone. */
  facts(fd: number): DeviceFacts | number;
  /** 0 or minus the errno. */
  discard(fd: number, offset: number, bytes: number): number;
  writeZeroes(fd: number, offset: number, bytes: number): number;
  /** Writes back and forgets what the page cache holds of it. */
  flushBuffers(fd: number): number;
}

let made: BlockDevices | null | undefined;

/** Made at the first call, once per thread. */
export function blockDevices(): BlockDevices | null {
  if (made === undefined) {
    const f = foreign();
    if (f === null) return (made = null);
    const ioctl = f.declare('int ioctl(int fd, unsigned long request, void *argument)');
    made = make(ioctl, () => f.errno());
  }
  return made;
}

function make(ioctl: ForeignCall, errno: () => number): BlockDevices {
  const told = (result: number): number => (result < 0 ? -errno() : 0);
  const words = new Uint32Array(2);
  /** The value, or minus the errno. */
  const ask = (fd: number, request: number): number => {
    words.fill(0);
    if (ioctl(fd, request, words) < 0) return -errno();
    return (words[0] as number) + (words[1] as number) * 2 ** 32;
  };
  const command = (fd: number, request: number, offset: number, bytes: number): number =>
    told(ioctl(fd, request, new BigUint64Array([BigInt(offset), BigInt(bytes)])));
  return {
    facts: (fd) => {
      const bytes = ask(fd, BLKGETSIZE64);
      if (bytes < 0) return bytes;
      const diskSequence = ask(fd, BLKGETDISKSEQ);
      return {
        bytes,
        isReadOnly: ask(fd, BLKROGET) === 1,
        logicalBytes: ask(fd, BLKSSZGET),
        physicalBytes: ask(fd, BLKPBSZGET),
        minIoBytes: ask(fd, BLKIOMIN),
        optimalIoBytes: ask(fd, BLKIOOPT),
        isRotational: (ask(fd, BLKROTATIONAL) & 0xffff) === 1,
        diskSequence: diskSequence < 0 ? null : diskSequence,
      };
    },
    discard: (fd, offset, bytes) => command(fd, BLKDISCARD, offset, bytes),
    writeZeroes: (fd, offset, bytes) => command(fd, BLKZEROOUT, offset, bytes),
    flushBuffers: (fd) => told(ioctl(fd, BLKFLSBUF, null)),
  };
}
