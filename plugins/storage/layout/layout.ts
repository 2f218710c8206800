/**
 * The files that a storage workload is spread over: where each lies below a root, how large it is, and where it begins
 * in the one row that all of them make, end to end. That row is what verification knows: a place in it is a place in
 * one file, so that what was written to the wrong file is told as well as what went to the wrong offset.
 * Made by `tree.ts` and `manifest.ts`; used by `disk` and `files`.
 */
import { assert } from '../../../core/base/assert.js';

export interface Layout {
  readonly count: number;
  /** Below the root, with "/" between the parts. */
  readonly pathOf: (file: number) => string;
  /** All folders that files lie in, and those above them, each behind the one it lies in. Without the root. */
  readonly folders: readonly string[];
  readonly bytes: Float64Array;
  /** Where each begins in the row; one entry more, which is the end of all. */
  readonly starts: Float64Array;
}

/** `unitBytes`: each file begins at a multiple of it, so that no unit of verification belongs to two files. */
export function layoutOf(
  { pathOf, folders, bytes }: Pick<Layout, 'pathOf' | 'folders' | 'bytes'>,
  unitBytes: number,
): Layout {
  assert(unitBytes >= 1, 'a unit has bytes');
  const starts = new Float64Array(bytes.length + 1);
  for (let i = 0; i < bytes.length; i++)
    starts[i + 1] = (starts[i] as number) + Math.ceil((bytes[i] as number) / unitBytes) * unitBytes;
  return { count: bytes.length, pathOf, folders, bytes, starts };
}

export function totalBytes({ bytes }: Layout): number {
  return bytes.reduce((sum, one) => sum + one, 0);
}

/** Of the row: what the oracle has to know. */
export function rowBytes({ starts, count }: Layout): number {
  return starts[count] as number;
}

/** What so many bytes take on a filesystem of such blocks, files and folders with them; and how many names that is. */
export function roomOf(
  layout: Layout,
  blockBytes: number,
): { readonly bytes: number; readonly inodes: number } {
  let blocks = layout.folders.length + 1;
  for (const bytes of layout.bytes) blocks += Math.ceil(bytes / blockBytes);
  return { bytes: blocks * blockBytes, inodes: layout.count + layout.folders.length + 1 };
}

/** The files of one of several instances that share them out: every so-manieth, so that each has some of every folder. */
export function partOf(layout: Layout, index: number, count: number): Uint32Array {
  return Uint32Array.from(
    { length: Math.max(0, Math.ceil((layout.count - index) / count)) },
    (_, i) => index + i * count,
  );
}
