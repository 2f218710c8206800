/**
 * The file in a run's record that says what was written where: one page of header, JSON and zeros, and then the memory of
 * an oracle. Made and read here; whoever has it open holds a lock on a byte of it, so that a run that is still going on is
 * told from one that was killed. Called by `kept-state.ts`, and when a plan is made.
 */
import {
  closeSync,
  fstatSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../../core/base/errors.js';
import { keptIn } from '../../../core/contract/index.js';
import type { OptionFault } from '../../../core/contract/index.js';
import { errnoName } from '../../../core/linux/errno.js';
import { fileIo } from '../../../core/linux/file-io.js';
import { fileLocks } from '../../../core/linux/file-lock.js';
import type { WorkloadOptions } from '../workload/options.js';
import { Oracle } from './oracle.js';
import type { StampKey } from './stamp.js';

const VERSION = 2;
export const HEADER_BYTES = 4096;
const EXTENSION = '.oracle';
const ZEROS = Buffer.alloc(2 ** 20);

/** Names of a target that cannot come to mean another one. */
export interface Identity {
  readonly lasting: readonly string[];
  /** Such as mean something in this boot only. */
  readonly ofBoot: readonly string[];
}

/** What is written where: two states are of the same place when these are equal. */
export interface Place {
  readonly name: string;
  /** Which of the actor's targets: the instance's number where each has one. */
  readonly index: number;
  /** Null where only its contents tell it from another. */
  readonly identity: Identity | null;
  readonly from: number;
  readonly bytes: number;
  readonly unitBytes: number;
}

export interface Header extends Place {
  readonly oracle: typeof VERSION;
  readonly key: StampKey;
  /** The kernel's name of the boot in which it was written; null where it does not say. */
  readonly boot: string | null;
}

export interface KeptFile {
  readonly file: string;
  readonly header: Header;
}

/** What stands in the way, in one sentence for ctx.unavailable. */
export class NoKeptState extends Error {
  override name = 'NoKeptState';
}

/** Of the file, and of the memory once all of it is in use. */
export function keptStateBytes(units: number): number {
  return HEADER_BYTES + Oracle.bytes(units, true);
}

export function unitsOf({ bytes, unitBytes }: Pick<Place, 'bytes' | 'unitBytes'>): number {
  return Math.ceil(bytes / unitBytes);
}

export function fileName({ name, from }: Pick<Place, 'name' | 'from'>): string {
  return `${encodeURIComponent(name).slice(-100)}-${from}${EXTENSION}`;
}

/** All that an actor kept, each whole, with something in it, and in nobody's hands any more. Throws NoKeptState. */
export function keptFiles(folder: string): readonly KeptFile[] {
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith(EXTENSION));
  } catch {
    names = [];
  }
  if (names.length === 0)
    throw new NoKeptState(
      `that run kept nothing in ${folder}: it needs "verifyLater", and an actor of the same name`,
    );
  return names.map((name) => ({ file: join(folder, name), header: usableHeader(join(folder, name)) }));
}

/** What is against verifying from that run, when the plan is made: before anything is touched. */
export function keptFaults({ verifyFrom }: WorkloadOptions, actor: string): OptionFault[] {
  if (verifyFrom === undefined) return [];
  try {
    keptFiles(keptIn(verifyFrom, actor));
    return [];
  } catch (error) {
    return [{ path: ['verifyFrom'], message: messageOf(error) }];
  }
}

/** With all of its room taken: a store into a mapped file on a full filesystem would end the process. */
export function makeKeptFile(file: string, header: Omit<Header, 'oracle'>): void {
  const bytes = keptStateBytes(unitsOf(header));
  const fd = openSync(file, 'wx', 0o600);
  try {
    const result = fileIo()?.fallocate(fd, 0, 0, bytes) ?? -1;
    if (result < 0)
      for (let at = 0; at < bytes; at += ZEROS.length)
        writeSync(fd, ZEROS, 0, Math.min(ZEROS.length, bytes - at), at);
  } finally {
    closeSync(fd);
  }
  writeHeader(file, header);
}

export function writeHeader(file: string, header: Omit<Header, 'oracle'>): void {
  const page = Buffer.alloc(HEADER_BYTES);
  const text = JSON.stringify({ oracle: VERSION, ...header });
  if (page.write(text) < Buffer.byteLength(text)) throw new Error('the name of the target is too long');
  const fd = openSync(file, 'r+');
  try {
    writeSync(fd, page, 0, page.length, 0);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

export function readHeader(fd: number, file: string): Header {
  const page = Buffer.alloc(HEADER_BYTES);
  readSync(fd, page, 0, page.length, 0);
  const end = page.indexOf(0);
  let header: Header;
  try {
    header = JSON.parse(page.toString('utf8', 0, end < 0 ? HEADER_BYTES : end)) as Header;
  } catch {
    throw new NoKeptState(`${file} does not say what it is of: it was never finished, or is damaged`);
  }
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- from a disk
  if (header.oracle !== VERSION) throw new NoKeptState(`${file} is of another version`);
  return header;
}

/** While this descriptor is open, the file is known to be in use. */
export function holdKept(fd: number, writer: number): void {
  // Where it fails, a forerunner of this instance has it, in this very process; or there are no locks on that filesystem.
  fileLocks()?.lock(fd, 'write', writer, 1);
}

export function bootId(): string | null {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return null;
  }
}

function usableHeader(file: string): Header {
  const fd = openSync(file, 'r');
  try {
    // Any number of those who only look have it at the same time.
    const lock = errnoName(fileLocks()?.lock(fd, 'read', 0, 0) ?? 0);
    if (lock === 'EAGAIN' || lock === 'EACCES')
      throw new NoKeptState(`that run is still going on: it has ${file} open, and writes`);
    const header = readHeader(fd, file);
    const wanted = keptStateBytes(unitsOf(header));
    const { size } = fstatSync(fd);
    if (size !== wanted)
      throw new NoKeptState(
        `${file} has ${size} bytes of ${wanted}: what was written where is not all there`,
      );
    if (isEmpty(fd))
      throw new NoKeptState(
        `that run wrote nothing to ${header.name}, or nothing of it came to be known: there is nothing to verify`,
      );
    return header;
  } finally {
    closeSync(fd);
  }
}

function isEmpty(fd: number): boolean {
  const head = Buffer.alloc(Oracle.bytes(0));
  readSync(fd, head, 0, head.length, HEADER_BYTES);
  return Oracle.writesIn(head) === 0;
}
