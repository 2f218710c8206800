/**
 * What the bench of I/O reads and writes: a block device in RAM and a file, both full of bytes that do not compress, both
 * gone again in every outcome. Root is needed for the device; without it there is none, and why is told.
 */
import { execFileSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../../core/base/errors.js';

const CHUNK_BYTES = 4 * 2 ** 20;
const RETRIES = 50;
const RETRY_MS = 100;
const ZRAM_CONTROL = '/sys/class/zram-control';

export interface IoTarget {
  readonly path: string;
  readonly bytes: number;
  /** For tables. */
  readonly what: string;
  remove(): void;
}

/** A zram device of our own, else a loop device on tmpfs; in words why there is neither. */
export function ramDevice(bytes: number): IoTarget | string {
  const refusals: string[] = [];
  for (const make of [zram, loopOnTmpfs]) {
    try {
      return owned(make(bytes), bytes);
    } catch (error) {
      refusals.push(messageOf(error));
    }
  }
  return refusals.join('; ');
}

export function bigFile(bytes: number): IoTarget {
  const folder = mkdtempSync(join(tmpdir(), 'brunt-bench-io-'));
  const path = join(folder, 'data');
  writeFileSync(path, '');
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  return owned({ path, bytes, what: 'file', remove }, bytes);
}

/** Filled, and removed at the latest when this process ends. */
function owned(made: IoTarget, bytes: number): IoTarget {
  let isThere = true;
  const remove = (): void => {
    if (isThere) made.remove();
    isThere = false;
    process.removeListener('exit', remove);
  };
  process.on('exit', remove);
  try {
    fill(made.path, bytes);
  } catch (error) {
    remove();
    throw error;
  }
  return { ...made, remove };
}

function fill(path: string, bytes: number): void {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  const fd = openSync(path, constants.O_WRONLY);
  try {
    for (let at = 0; at < bytes; at += CHUNK_BYTES) writeSync(fd, randomFillSync(chunk), 0, CHUNK_BYTES, at);
    execFileSync('sync', [path]);
  } finally {
    closeSync(fd);
  }
}

function zram(bytes: number): IoTarget {
  if (!existsSync(`${ZRAM_CONTROL}/hot_add`)) throw new Error('no zram here');
  // Reading the file is what makes a device.
  const number = readFileSync(`${ZRAM_CONTROL}/hot_add`, 'utf8').trim();
  const remove = (): void => {
    insist(() => writeFileSync(`/sys/block/zram${number}/reset`, '1'));
    writeFileSync(`${ZRAM_CONTROL}/hot_remove`, number);
  };
  try {
    writeFileSync(`/sys/block/zram${number}/disksize`, String(bytes));
  } catch (error) {
    writeFileSync(`${ZRAM_CONTROL}/hot_remove`, number);
    throw error;
  }
  return { path: `/dev/zram${number}`, bytes, what: 'zram', remove };
}

/** Of a process that has ended the kernel closes what it had open, and ends what was in flight, a little later. */
function insist(remove: () => void): void {
  for (let left = RETRIES; ; left--) {
    try {
      remove();
      return;
    } catch (error) {
      if (left === 0) throw error;
      // Synchronous: the exit of this process waits for it too.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}

function loopOnTmpfs(bytes: number): IoTarget {
  const folder = mkdtempSync('/dev/shm/brunt-bench-io-');
  try {
    const file = join(folder, 'disk');
    execFileSync('truncate', ['-s', String(bytes), file]);
    const path = execFileSync('losetup', ['-f', '--show', file], { encoding: 'utf8' }).trim();
    const remove = (): void => {
      insist(() => execFileSync('losetup', ['-d', path]));
      rmSync(folder, { recursive: true, force: true });
    };
    return { path, bytes, what: 'loop on tmpfs', remove };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}
