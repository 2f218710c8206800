/**
 * The lock of an operation: taken before it is handed over, given back when it has ended. An instance has one at a time and
 * waits for it holding none, so that no two can wait for each other. Called by `work.ts`.
 */
import { MS, nowNs, SECOND } from '../../../core/base/clock.js';
import { errnoName } from '../../../core/linux/errno.js';
import type { FileLocks } from '../../../core/linux/file-lock.js';

export type LockKind = 'none' | 'range' | 'file';

export interface LockerInput {
  readonly locks: FileLocks;
  readonly isRange: boolean;
  readonly stopped: () => boolean;
  /** Waiting is no sign of death. */
  readonly beat: () => void;
  /** It was taken, after so long; another had it at first. */
  readonly onTaken: (waitNs: number, wasHeld: boolean) => void;
}

/** Looks before it sleeps between two: most locks are held for the time of one operation. */
const SPINS = 20;
const SLEEP_MIN_MS = 0.05;
const SLEEP_MAX_MS = 1;
/** Who holds one longer has the operation fail with EAGAIN; after a stop was asked, sooner. */
const WAIT_MAX_NS = 30 * SECOND;
const STOP_WAIT_NS = 500 * MS;
const EAGAIN = 11;
const EACCES = 13;

export class Locker {
  readonly #input: LockerInput;
  readonly #sleeper = new Int32Array(new SharedArrayBuffer(4));
  #held: { readonly fd: number; readonly from: number; readonly bytes: number } | null = null;

  constructor(input: LockerInput) {
    this.#input = input;
  }

  /** Null when it has it, else the code that the operation fails with. */
  take(fd: number, kind: 'read' | 'write', offset: number, length: number): string | null {
    const { locks, isRange, onTaken } = this.#input;
    const [from, bytes] = isRange ? [offset, length] : [0, 0];
    const startNs = nowNs();
    let result = locks.lock(fd, kind, from, bytes);
    const wasHeld = isHeld(result);
    if (wasHeld) result = this.#wait(startNs, () => locks.lock(fd, kind, from, bytes));
    if (result < 0) return errnoName(result);
    this.#held = { fd, from, bytes };
    onTaken(nowNs() - startNs, wasHeld);
    return null;
  }

  /** Does nothing where none is held. */
  give(): void {
    if (this.#held === null) return;
    const { fd, from, bytes } = this.#held;
    this.#held = null;
    this.#input.locks.unlock(fd, from, bytes);
  }

  #wait(startNs: number, look: () => number): number {
    const { stopped, beat } = this.#input;
    let untilNs = startNs + WAIT_MAX_NS;
    let isStopping = false;
    let sleepMs = SLEEP_MIN_MS;
    for (let tries = 1; ; tries++) {
      const result = look();
      if (!isHeld(result)) return result;
      if (tries < SPINS) continue;
      const now = nowNs();
      if (!isStopping && stopped()) [isStopping, untilNs] = [true, Math.min(untilNs, now + STOP_WAIT_NS)];
      if (now > untilNs) return -EAGAIN;
      beat();
      Atomics.wait(this.#sleeper, 0, 0, sleepMs);
      sleepMs = Math.min(SLEEP_MAX_MS, sleepMs * 2);
    }
  }
}

function isHeld(result: number): boolean {
  return result === -EAGAIN || result === -EACCES;
}
