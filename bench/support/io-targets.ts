/**
 * What the bench of I/O reads and writes: a block device in RAM and a file, both full of bytes that do not compress, both
 * gone again in every outcome. Root is needed for the device; without it there is none, and why is told.
 */
import { execFileSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { closeSync, constants, existsSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../core/base/errors.js';
import { keep, keepFolder, seqOf } from './leftovers.js';

const CHUNK_BYTES = 4 * 2 ** 20;
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
      return filled(make(bytes));
    } catch (error) {
      refusals.push(messageOf(error));
    }
  }
  return refusals.join('; ');
}

export function bigFile(bytes: number): IoTarget {
  const folder = keepFolder('io');
  const path = join(folder.path, 'data');
  writeFileSync(path, '');
  return filled({ path, bytes, what: 'file', remove: () => folder.remove() });
}

function filled(made: IoTarget): IoTarget {
  try {
    fill(made.path, made.bytes);
  } catch (error) {
    made.remove();
    throw error;
  }
  return made;
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
  const device = keep({ kind: 'zram', number, seq: seqOf(`zram${number}`) });
  const remove = (): void => device.remove();
  try {
    writeFileSync(`/sys/block/zram${number}/disksize`, String(bytes));
  } catch (error) {
    remove();
    throw error;
  }
  return { path: `/dev/zram${number}`, bytes, what: 'zram', remove };
}

function loopOnTmpfs(bytes: number): IoTarget {
  const folder = keepFolder('io', '/dev/shm');
  try {
    const file = join(folder.path, 'disk');
    execFileSync('truncate', ['-s', String(bytes), file]);
    const device = execFileSync('losetup', ['-f', '--show', file], { encoding: 'utf8' }).trim();
    const loop = keep({ kind: 'loop', device, seq: seqOf(device.replace('/dev/', '')) });
    const remove = (): void => {
      loop.remove();
      folder.remove();
    };
    return { path: device, bytes, what: 'loop on tmpfs', remove };
  } catch (error) {
    folder.remove();
    throw error;
  }
}
