/**
 * What the kernel is told of an open file: a descriptor, the advice and the part it is of enter; null, or why it was not
 * taken, leaves. Called where a target is opened (`session.ts`, `plugins/disk`).
 */
import { errnoName } from '../../../core/linux/errno.js';
import type { Advice } from '../../../core/linux/file-io.js';
import { FADVISE, fileIo, SYNC_FILE_RANGE_ALL } from '../../../core/linux/file-io.js';
import type { Engine } from '../engines/engine.js';

/** Written back at a time. */
const PIECE_BYTES = 64 * 2 ** 20;

export interface Mapped {
  readonly engine: Pick<Engine, 'advise'>;
  /** As the engine numbered it. */
  readonly file: number;
}

/**
 * Nothing of the part is in the page cache any more, unless others use it: what is still to be written, which the kernel
 * would keep, is written first, which may take a while (`onPiece`: a sign of life). Null, or why not.
 */
export function droppedFromCache(
  fd: number,
  from: number,
  bytes: number,
  onPiece: () => void,
): string | null {
  const io = fileIo();
  for (let at = from; io !== null && at < from + bytes; at += PIECE_BYTES) {
    const piece = Math.min(PIECE_BYTES, from + bytes - at);
    const told = io.syncFileRange(fd, at, piece, SYNC_FILE_RANGE_ALL);
    if (told < 0) return `what is cached of it cannot be written back (sync_file_range: ${errnoName(told)})`;
    onPiece();
  }
  return advised(fd, 'dontNeed', from, bytes);
}

/** By posix_fadvise and, where an engine has it mapped, madvise. `bytes` 0: to the end. */
export function advised(fd: number, advice: Advice, from = 0, bytes = 0, mapped?: Mapped): string | null {
  const io = fileIo();
  if (io === null) return `"${advice}" cannot be told: it needs the optional package koffi on 64-bit Linux`;
  const told = io.fadvise(fd, from, bytes, FADVISE[advice]);
  if (told < 0) return `the kernel does not take "${advice}" (posix_fadvise: ${errnoName(told)})`;
  const errno = mapped?.engine.advise?.(mapped.file, advice, from, bytes === 0 ? Infinity : bytes) ?? 0;
  return errno === 0 ? null : `the kernel does not take "${advice}" (madvise: ${errnoName(errno)})`;
}
