/**
 * One page that two processes see: made in the one as a file in memory that has no name (memfd), found by the other
 * through the descriptor that the first keeps open. It goes with the last process that has it, however that ends. Made by
 * agents, opened by the guard; absent (null) where there is no `mapping.ts`.
 */
import { closeSync, fstatSync, ftruncateSync, openSync } from 'node:fs';
import type { Foreign } from './foreign.js';
import { foreign } from './foreign.js';
import type { Mapping } from './mapping.js';
import { MAP_SHARED, mapper } from './mapping.js';

const PAGE_BYTES = 4096;
const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
const F_ADD_SEALS = 1033;
const F_GET_SEALS = 1034;
const F_SEAL_SEAL = 1;
const F_SEAL_SHRINK = 2;
const F_SEAL_GROW = 4;

export interface MadePage {
  readonly words: Int32Array;
  /** Where it lies in this process: for `wordsAt` in other threads. */
  readonly address: number;
  /** By this the other process finds it: stays open as long as this process lives. */
  readonly fd: number;
}

export interface OpenedPage {
  readonly words: Int32Array;
  /** Nothing may look at the words any more. */
  close(): void;
}

/** Full of zeros, and never smaller: whoever maps it need not fear a signal. Null where it cannot be had. */
export function makeSharedPage(name: string): MadePage | null {
  const f = foreign();
  if (f === null) return null;
  const fd = memoryFile(f, name);
  if (fd === null) return null;
  const mapping = mapPage(fd);
  if (mapping === null) {
    closeSync(fd);
    return null;
  }
  return { words: wordsOf(mapping), address: mapping.address, fd };
}

/** The same words in another thread of the process that made the page. */
export function wordsAt(address: number): Int32Array | null {
  const f = foreign();
  return f === null ? null : new Int32Array(f.view(address, PAGE_BYTES));
}

/** The page that another process made; null when there is none under that number, or this one may not look. */
export function openSharedPage(pid: number, fd: number): OpenedPage | null {
  const f = foreign();
  if (f === null) return null;
  let own: number;
  try {
    own = openSync(`/proc/${pid}/fd/${fd}`, 'r+');
  } catch {
    // The process is gone, or of another user.
    return null;
  }
  try {
    const isPage = (seals(f)(own, F_GET_SEALS, 0) & F_SEAL_SHRINK) !== 0 && fstatSync(own).size >= PAGE_BYTES;
    const mapping = isPage ? mapPage(own) : null;
    return mapping === null ? null : { words: wordsOf(mapping), close: () => mapping.unmap() };
  } finally {
    closeSync(own);
  }
}

function memoryFile(f: Foreign, name: string): number | null {
  let fd: number;
  try {
    fd = f.declare('int memfd_create(const char *name, unsigned int flags)')(
      name,
      MFD_CLOEXEC | MFD_ALLOW_SEALING,
    );
  } catch {
    return null; // a libc from before 2018
  }
  if (fd < 0) return null;
  ftruncateSync(fd, PAGE_BYTES);
  if (seals(f)(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) === 0) return fd;
  closeSync(fd);
  return null;
}

function seals(f: Foreign): ReturnType<Foreign['declare']> {
  return f.declare('int fcntl(int fd, int command, int seals)');
}

function mapPage(fd: number): Mapping | null {
  const mapping = mapper()?.map(PAGE_BYTES, MAP_SHARED, fd) ?? 0;
  return typeof mapping === 'number' ? null : mapping;
}

function wordsOf(mapping: Mapping): Int32Array {
  return new Int32Array(mapping.buffer);
}
