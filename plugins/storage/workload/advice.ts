/**
 * What the kernel is told of an open file: a descriptor, the advice and the part it is of enter; null, or why it was not
 * taken, leaves. Called where a target is opened (`session.ts`, `plugins/disk`).
 */
import { errnoName } from '../../../core/linux/errno.js';
import type { Advice } from '../../../core/linux/file-io.js';
import { FADVISE, fileIo } from '../../../core/linux/file-io.js';
import type { Engine } from '../engines/engine.js';

export interface Mapped {
  readonly engine: Pick<Engine, 'advise'>;
  /** As the engine numbered it. */
  readonly file: number;
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
