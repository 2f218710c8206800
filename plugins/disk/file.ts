/**
 * The file that a disk actor works on: made and filled before the load where it is not there, opened as the options say.
 * Called by `index.ts`.
 */
import { closeSync, constants, fstatSync, openSync, statfsSync } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Random } from '../../core/base/random.js';
import { messageOf } from '../../core/base/errors.js';
import { FADVISE, fileIo } from '../../core/linux/file-io.js';
import { Payload } from '../storage/payload.js';
import type { WorkloadOptions } from '../storage/workload/options.js';
import { isWriting, unitOf } from '../storage/workload/options.js';

const MIB = 2 ** 20;
const PIECE_BYTES = 4 * MIB;
/** What is left free on a filesystem at the least, whatever the limits of the profile. */
const ROOM_LEFT_BYTES = 256 * MIB;
const ROOM_LEFT_SHARE = 0.02;

export interface FileSpec {
  readonly path: string;
  readonly bytes: number;
  /** fill: written in full. allocate: has its room, and reads as zeros. sparse: has not even that. empty: of no length. */
  readonly content: 'fill' | 'allocate' | 'sparse' | 'empty';
  readonly compressible: number;
}

export interface MakeContext {
  readonly signal: AbortSignal;
  readonly random: Random;
  unavailable(reason: string): never;
  /** Before the file is made; not called for one that is kept, or that is there. */
  claim(path: string): Promise<void>;
}

/** Makes the file where it is not there, and says whether it did. One that is there must be large enough. */
export async function makeFile(spec: FileSpec, ctx: MakeContext): Promise<boolean> {
  const { path, bytes, content } = spec;
  const there = await stat(path).catch(() => null);
  if (there !== null) {
    if (!there.isFile()) ctx.unavailable(`${path} is no file`);
    if (there.size < bytes && content !== 'empty')
      ctx.unavailable(
        `${path} is there and has ${there.size} bytes, not the ${bytes} asked for: remove it, or lower "size"`,
      );
    return false;
  }
  checkRoom(spec, ctx);
  await ctx.claim(path);
  const handle = await open(path, 'wx').catch((error: unknown) =>
    ctx.unavailable(`cannot make ${path}: ${messageOf(error)}`),
  );
  try {
    if (content === 'sparse') await handle.truncate(bytes);
    if (content === 'allocate') {
      const result = fileIo()?.fallocate(handle.fd, 0, 0, bytes) ?? -1;
      if (result < 0) ctx.unavailable(`${path} cannot be allocated here: use "prepare": "fill"`);
    }
    if (content === 'fill') {
      const payload = new Payload({ compressible: spec.compressible, duplicate: 0 }, ctx.random);
      const piece = Buffer.alloc(PIECE_BYTES);
      for (let at = 0; at < bytes && !ctx.signal.aborted; at += PIECE_BYTES) {
        const length = Math.min(PIECE_BYTES, bytes - at);
        payload.fill(piece, 0, Math.ceil(length / 8) * 8);
        await handle.write(piece, 0, length, at);
      }
    }
    await handle.datasync();
  } catch (error) {
    ctx.unavailable(`${path} cannot be filled: ${messageOf(error)}`);
  } finally {
    await handle.close();
  }
  return true;
}

function checkRoom({ path, bytes, content }: FileSpec, ctx: MakeContext): void {
  if (content === 'sparse') return;
  const { bavail, bsize, blocks } = statfsSync(dirname(path));
  const kept = Math.min(ROOM_LEFT_BYTES, ROOM_LEFT_SHARE * blocks * bsize);
  const room = bavail * bsize - kept;
  if (bytes > room)
    ctx.unavailable(
      `${dirname(path)} has room for ${Math.max(0, Math.floor(room))} bytes (${Math.ceil(kept)} stay free), and ${path} needs ${bytes}`,
    );
}

export interface OpenedFile {
  readonly fd: number;
  readonly bytes: number;
}

/** Throws nothing: what cannot be had is `unavailable`. */
export function openFile(
  path: string,
  options: WorkloadOptions & { readonly advise: keyof typeof FADVISE; readonly dropCache: boolean },
  ctx: Pick<MakeContext, 'unavailable'>,
): OpenedFile {
  const { O_RDONLY, O_RDWR, O_DIRECT } = constants;
  const flags = (isWriting(options) ? O_RDWR : O_RDONLY) | (options.direct ? O_DIRECT : 0);
  let fd: number;
  try {
    fd = openSync(path, flags);
  } catch (error) {
    const why =
      options.direct && (error as NodeJS.ErrnoException).code === 'EINVAL'
        ? ' (no direct I/O on this filesystem)'
        : '';
    return ctx.unavailable(`cannot open ${path}: ${messageOf(error)}${why}`);
  }
  const io = fileIo();
  const needs = options.direct ? io?.directAlignment(fd)?.offsetBytes : undefined;
  const unit = unitOf(options);
  if (needs !== undefined && unit % needs !== 0) {
    closeSync(fd);
    return ctx.unavailable(
      `direct I/O on ${path} is in multiples of ${needs} bytes, and these sizes and offsets are of ${unit}`,
    );
  }
  if (options.dropCache) io?.fadvise(fd, 0, 0, FADVISE.dontNeed);
  if (options.advise !== 'normal') io?.fadvise(fd, 0, 0, FADVISE[options.advise]);
  return { fd, bytes: fstatSync(fd).size };
}
