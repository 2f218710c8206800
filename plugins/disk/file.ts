/**
 * The one file that a disk actor works on: made and filled before the load where it is not there; and the opening of
 * any file as the options say. Called by `index.ts`.
 */
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { messageOf } from '../../core/base/errors.js';
import { fileIo } from '../../core/linux/file-io.js';
import { layoutOf } from '../storage/layout/layout.js';
import type { Content, MakeContext } from '../storage/layout/make.js';
import { attempt, lackOfRoom, makeFiles } from '../storage/layout/make.js';
import { isWriting, unitOf } from '../storage/workload/options.js';
import type { DiskOptions } from './options.js';

export interface FileSpec {
  readonly path: string;
  readonly bytes: number;
  readonly content: Content | 'empty';
  readonly compressible: number;
}

/** Makes the file where it is not there, and says whether it did. One that is there must be large enough. */
export async function makeFile(spec: FileSpec, ctx: MakeContext): Promise<boolean> {
  const { path, content } = spec;
  const there = await stat(path).catch(() => null);
  if (there !== null) {
    const why = unfit(spec, { isFile: there.isFile(), bytes: there.size });
    if (why !== null) ctx.unavailable(why);
    return false;
  }
  const bytes = content === 'empty' ? 0 : spec.bytes;
  const lack = roomFault(spec);
  if (lack !== null) ctx.unavailable(lack);
  await ctx.claim(path);
  const layout = layoutOf({ pathOf: () => basename(path), folders: [], bytes: Float64Array.of(bytes) }, 1);
  const input = { root: dirname(path), layout, compressible: spec.compressible };
  await attempt(`make ${path}`, ctx, () =>
    makeFiles({ ...input, content: content === 'empty' ? 'sparse' : content }, [0], ctx),
  );
  return true;
}

/** Why a file that is there will not do. */
export function unfit(
  { path, bytes, content }: Pick<FileSpec, 'path' | 'bytes' | 'content'>,
  there: { readonly isFile: boolean; readonly bytes: number },
): string | null {
  if (!there.isFile) return `${path} is no file`;
  if (content === 'empty' || there.bytes >= bytes) return null;
  return `${path} is there and has ${there.bytes} bytes, not the ${bytes} asked for: remove it, or lower "size"`;
}

/** Throws where there is no folder. */
export function roomFault({
  path,
  bytes,
  content,
}: Pick<FileSpec, 'path' | 'bytes' | 'content'>): string | null {
  if (content === 'sparse' || content === 'empty') return null;
  const why = lackOfRoom(dirname(path), () => ({ bytes, inodes: 1 }));
  return why === null ? null : `${why}, and ${path} needs it`;
}

export type OpenOptions = DiskOptions;

/** Throws what the system says. */
export function openAsAsked(path: string, options: OpenOptions): number {
  const { O_RDONLY, O_RDWR, O_DIRECT } = constants;
  return openSync(path, (isWriting(options) ? O_RDWR : O_RDONLY) | (options.direct ? O_DIRECT : 0));
}

export interface OpenedFile {
  readonly fd: number;
  readonly bytes: number;
}

/** Throws nothing: what cannot be had is `unavailable`. */
export function openFile(
  path: string,
  options: OpenOptions,
  ctx: Pick<MakeContext, 'unavailable'>,
): OpenedFile {
  let fd: number;
  try {
    fd = openAsAsked(path, options);
  } catch (error) {
    const why =
      options.direct && (error as NodeJS.ErrnoException).code === 'EINVAL'
        ? ' (no direct I/O on this filesystem)'
        : '';
    return ctx.unavailable(`cannot open ${path}: ${messageOf(error)}${why}`);
  }
  const needs = options.direct ? fileIo()?.directAlignment(fd)?.offsetBytes : undefined;
  const unit = unitOf(options);
  if (needs !== undefined && unit % needs !== 0) {
    closeSync(fd);
    return ctx.unavailable(
      `direct I/O on ${path} is in multiples of ${needs} bytes, and these sizes and offsets are of ${unit}`,
    );
  }
  return { fd, bytes: fstatSync(fd).size };
}
