/**
 * Makes the files of a layout below a root, folders first, with as few waits as durability leaves: what was filled is
 * on the device before the load begins. Room for all is looked at before anything is made. Called by `disk` and `files`.
 */
import {
  closeSync,
  fdatasync,
  fsync,
  ftruncateSync,
  mkdirSync,
  openSync,
  statfsSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { messageOf } from '../../../core/base/errors.js';
import { formatQuantity } from '../../../core/base/units.js';
import type { Random } from '../../../core/base/random.js';
import type { PrepareContext } from '../../../core/contract/index.js';
import { errnoName } from '../../../core/linux/errno.js';
import type { FileIo } from '../../../core/linux/file-io.js';
import { fileIo } from '../../../core/linux/file-io.js';
import { Payload } from '../payload.js';
import type { Layout } from './layout.js';
import { roomOf } from './layout.js';

/** fill: written in full. allocate: has its room, and reads as zeros. sparse: has not even that. */
export type Content = 'fill' | 'allocate' | 'sparse';

export interface MakeContext {
  readonly signal: AbortSignal;
  readonly random: Random;
  unavailable(reason: string): never;
  /** Before it is made; does nothing for what is to be kept. */
  claim(path: string): Promise<void>;
  /** Between slices, as of the contract: false gives up. */
  pace(): Promise<boolean>;
  log(level: 'info', message: string): void;
}

/** By what the contract gives. `isLeft`: it is to be kept, or goes with a scratch folder, and is not claimed. */
export function makingBy(
  ctx: Pick<PrepareContext<unknown>, 'signal' | 'unavailable' | 'claim' | 'pace' | 'log'>,
  isLeft: boolean,
): Omit<MakeContext, 'random'> {
  return {
    signal: ctx.signal,
    unavailable: (reason) => ctx.unavailable(reason),
    claim: (path) => (isLeft ? Promise.resolve() : ctx.claim(path)),
    pace: () => ctx.pace(),
    log: (level, message) => ctx.log(level, message),
  };
}

export interface MakeInput {
  readonly root: string;
  readonly layout: Layout;
  readonly content: Content;
  readonly compressible: number;
  /** fill: what a file has from a place of it on. Default: random bytes. */
  readonly fill?: (file: number, from: number, piece: Uint8Array, bytes: number) => void;
}

const MIB = 2 ** 20;
const PIECE_BYTES = 4 * MIB;
/** What is left free on a filesystem at the least, whatever the limits of the profile. */
const ROOM_LEFT_BYTES = 256 * MIB;
const ROOM_LEFT_SHARE = 0.02;
/** The event loop has a turn this often. */
const TURN_MS = 20;
/** So much of one file is made durable at a time: no more waits in the page cache. */
const SYNC_BYTES = 64 * MIB;
/** A fill that takes long says how far it is. */
const TELL_MS = 10_000;
/** Files that are made durable together. */
const SYNCED_TOGETHER = 64;
const [START_WRITING, WAIT_WRITTEN] = [2, 1];

const datasync = promisify(fdatasync);
const sync = promisify(fsync);

/** All of it, where nothing is now. The root is claimed first. */
export async function makeAll(input: MakeInput, ctx: MakeContext): Promise<void> {
  const { root, layout } = input;
  const why = lackOfRoom(dirname(root), (block) => roomOf(layout, block));
  if (why !== null) ctx.unavailable(`${why}, and ${root} needs more`);
  await ctx.claim(root);
  await attempt(`make ${root}`, ctx, async () => {
    mkdirSync(root);
    await inTurns(layout.folders, ctx, (folder) => {
      mkdirSync(join(root, folder));
    });
    await makeFiles(
      input,
      Array.from({ length: layout.count }, (_, i) => i),
      ctx,
    );
  });
}

/** These files of it; their folders are there. */
export async function makeFiles(input: MakeInput, files: readonly number[], ctx: MakeContext): Promise<void> {
  const { root, layout, content } = input;
  const filler = { fill: input.fill ?? randomly(input, ctx), piece: Buffer.alloc(PIECE_BYTES) };
  const open: number[] = [];
  // A journal commit for each of many files would take most of the time: their data is written first, and one commit at
  // the end has what the filesystem noted of them all.
  const io = files.length > SYNCED_TOGETHER ? fileIo() : null;
  const closeAll = async (): Promise<void> => {
    const done = open.splice(0);
    try {
      if (content === 'sparse') return;
      if (io === null) await Promise.all(done.map((fd) => datasync(fd)));
      else for (const fd of done) mustWrite(io, fd, WAIT_WRITTEN);
    } finally {
      for (const fd of done) closeSync(fd);
    }
  };
  try {
    await inTurns(files, ctx, async (file) => {
      const path = join(root, layout.pathOf(file));
      const bytes = layout.bytes[file] as number;
      const fd = openSync(path, 'wx');
      open.push(fd);
      if (content === 'sparse') ftruncateSync(fd, bytes);
      else if (content === 'allocate') allocate(fd, bytes);
      else if (bytes > 0) {
        const opened = { fd, file, path, bytes };
        const at = fillPiece(opened, 0, filler);
        if (at < bytes) await fillRest(opened, at, filler, ctx);
        if (io !== null) mustWrite(io, fd, START_WRITING);
      }
      if (open.length >= SYNCED_TOGETHER || bytes >= PIECE_BYTES) await closeAll();
    });
  } finally {
    await closeAll();
  }
  if (io !== null && content !== 'sparse') await syncFolder(root);
}

function mustWrite(io: FileIo, fd: number, flags: number): void {
  const result = io.syncFileRange(fd, 0, 0, flags);
  if (result < 0) throw new Error(`it cannot be written back: ${errnoName(result)}`);
}

async function syncFolder(root: string): Promise<void> {
  const fd = openSync(root, 'r');
  try {
    await sync(fd);
  } finally {
    closeSync(fd);
  }
}

function allocate(fd: number, bytes: number): void {
  if (bytes === 0) return;
  const result = fileIo()?.fallocate(fd, 0, 0, bytes);
  if (result === undefined || result < 0)
    throw new Error(
      `no room can be allocated here (${result === undefined ? 'no calls into libc' : errnoName(result)}): use "prepare": "fill"`,
    );
}

interface Filling {
  readonly fd: number;
  readonly file: number;
  readonly path: string;
  readonly bytes: number;
}

interface Filler {
  readonly piece: Buffer;
  readonly fill: NonNullable<MakeInput['fill']>;
}

function randomly({ compressible }: MakeInput, { random }: MakeContext): Filler['fill'] {
  const payload = new Payload({ compressible, duplicate: 0 }, random);
  return (_file, _from, piece, bytes) => payload.fill(piece, 0, Math.ceil(bytes / 8) * 8);
}

/** From `at` on, one piece. It may be short: then there is no room for the rest, which the next one says. */
function fillPiece({ fd, file, bytes }: Filling, at: number, { piece, fill }: Filler): number {
  const length = Math.min(PIECE_BYTES, bytes - at);
  fill(file, at, piece, length);
  return at + writeSync(fd, piece, 0, length, at);
}

/** The rest of a large file, as fast as it may go. */
async function fillRest(filling: Filling, from: number, filler: Filler, ctx: MakeContext): Promise<void> {
  const { fd, path, bytes } = filling;
  let toldMs = performance.now();
  let synced = 0;
  for (let at = from; at < bytes && (await ctx.pace());) {
    await turn();
    at = fillPiece(filling, at, filler);
    if (at - synced >= SYNC_BYTES) {
      await datasync(fd);
      synced = at;
    }
    if (performance.now() - toldMs < TELL_MS) continue;
    toldMs = performance.now();
    ctx.log(
      'info',
      `filling ${path}: ${Math.floor((100 * at) / bytes)} % of ${formatQuantity(bytes, 'bytes')}`,
    );
  }
}

/** One after the other, with a turn of the event loop now and then; ends early when asked to. */
async function inTurns<T>(
  list: readonly T[],
  ctx: MakeContext,
  each: (one: T) => Promise<void> | undefined | void,
): Promise<void> {
  let untilMs = performance.now() + TURN_MS;
  for (const one of list) {
    if (ctx.signal.aborted) return;
    await each(one);
    if (performance.now() < untilMs) continue;
    if (!(await ctx.pace())) return;
    await turn();
    untilMs = performance.now() + TURN_MS;
  }
}

/** What cannot be made is no fault of the plugin's. */
export async function attempt<T>(
  what: string,
  ctx: Pick<MakeContext, 'unavailable'>,
  work: () => Promise<T> | T,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    return ctx.unavailable(`cannot ${what}: ${messageOf(error)}`);
  }
}

/** Null where there is room for what `needs` says of a filesystem with such blocks; else what there is. */
export function lackOfRoom(
  folder: string,
  needs: (blockBytes: number) => { readonly bytes: number; readonly inodes: number },
): string | null {
  const { bavail, bsize, blocks, files, ffree } = statfsSync(folder);
  const { bytes, inodes } = needs(bsize);
  const kept = Math.min(ROOM_LEFT_BYTES, ROOM_LEFT_SHARE * blocks * bsize);
  const room = Math.max(0, Math.floor(bavail * bsize - kept));
  if (bytes > room)
    return `${folder} has room for ${room} bytes (${Math.ceil(kept)} stay free), which is less than ${bytes}`;
  // Some filesystems make inodes as they are needed, and say that they have none.
  if (files > 0 && inodes > ffree)
    return `${folder} has room for ${ffree} more files, which is less than ${inodes}`;
  return null;
}
