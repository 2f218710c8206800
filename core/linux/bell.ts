/**
 * Sleep that any thread of this process can end, on a descriptor of the kernel's (eventfd). Unlike Atomics.wait it takes no
 * lock that the engine's threads share: a thread of low priority that loses its core while it has that lock keeps the
 * others waiting, whatever their priority. Made by the guard's thread; absent (null) where there is no `foreign.ts`.
 */
import { readSync, writeSync } from 'node:fs';
import { nowNs } from '../base/clock.js';
import { foreign } from './foreign.js';

const EFD_CLOEXEC = 0o2000000;
const EFD_NONBLOCK = 0o4000;
const POLLIN = 1;
const EINTR = 4;
const SECOND_NS = 1e9;

export interface Bell {
  /** By this `ring` finds it. Whoever rings must be done before it is closed. */
  readonly fd: number;
  /** Blocks the thread until somebody rings, or has rung since the last time, or for so long, whatever signals come. */
  sleep(maxNs: number): void;
}

export function makeBell(): Bell | null {
  const f = foreign();
  if (f === null) return null;
  const fd = f.declare('int eventfd(unsigned int count, int flags)')(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) return null;
  const ppoll = f.declare('int ppoll(void *fds, unsigned long count, void *timeout, void *mask)');
  // struct pollfd: the descriptor, what is waited for, and what has come.
  const polled = new Int32Array([fd, POLLIN]);
  const timeout = new BigInt64Array(2);
  const rung = new Uint8Array(8);
  return {
    fd,
    sleep(maxNs) {
      const untilNs = nowNs() + maxNs;
      let ready: number;
      do {
        const leftNs = Math.max(0, untilNs - nowNs());
        timeout[0] = BigInt(Math.floor(leftNs / SECOND_NS));
        timeout[1] = BigInt(Math.floor(leftNs % SECOND_NS));
        ready = ppoll(polled, 1, timeout, null);
      } while (ready < 0 && f.errno() === EINTR);
      if (ready > 0) readSync(fd, rung);
    },
  };
}

const ONE = new Uint8Array(new BigUint64Array([1n]).buffer);

/** Ends the sleep, or the next one. */
export function ring(fd: number): void {
  writeSync(fd, ONE);
}
