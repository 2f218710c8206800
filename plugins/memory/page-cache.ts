/**
 * Pattern page-cache: a file in scratch as large as what is held, written and read so that it fills the cache of the
 * kernel. Cut shorter, its pages leave the cache at once. What of it is really cached is asked of the kernel.
 */
import { closeSync, ftruncateSync, openSync, readSync, statfsSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../core/base/errors.js';
import { MAP_SHARED, mapper } from '../../core/linux/mapping.js';
import type { Contents, Span } from './contents.js';
import { PAGE_BYTES } from './contents.js';
import type { Holding } from './holding.js';
import { Pace } from './pace.js';
import type { MemoryContext, Pattern, PatternInput } from './pattern.js';
import { SLICE_NS } from './pattern.js';
import { pickerOf } from './picks.js';

const MIB = 2 ** 20;
/** Files there are memory already, and no cache of anything. */
const RAM_FILESYSTEMS = [0x0102_1994, 0x8584_58f6];
/** How often the kernel is asked what is cached, while there is work. */
const LOOK_NS = 1e9;
/** Asked for in mappings of this at most. */
const LOOK_BYTES = 2 ** 30;
/** Of the space that is free on the filesystem so much may be used. */
const DISK_SHARE = 0.9;

export async function pageCache({ ctx, contents }: PatternInput): Promise<Pattern> {
  const { block, access: order, skew, writes } = ctx.options;
  const holding = openCached(await ctx.scratch(), ctx, contents);
  const random = (): number => ctx.random();
  const pick = pickerOf({ order, random, stride: 1, skew, together: 1 });
  const pace = new Pace(ctx);
  let [lookedNs, owedWrites] = [0, 0];

  const access = (blocks: number): void => {
    const fromNs = ctx.nowNs();
    owedWrites += writes;
    const offset = pick(blocks, 0) * block;
    if (owedWrites >= 1) {
      owedWrites -= 1;
      holding.write(offset, block);
    } else holding.read(offset, block);
    ctx.metrics['access-latency'].record(ctx.nowNs() - fromNs);
    ctx.metrics.access.add(1);
    ctx.metrics.touched.add(block);
    pace.done(1);
  };

  const look = (): void => {
    const cached = holding.cachedBytes();
    if (cached !== null) ctx.metrics.cached.set(cached);
    lookedNs = ctx.nowNs();
  };

  return {
    holding,
    settled: look,
    work() {
      const blocks = Math.floor(holding.heldBytes / block);
      if (blocks === 0) {
        pace.forget();
        return Infinity;
      }
      const fromNs = ctx.nowNs();
      if (fromNs - lookedNs > LOOK_NS) look();
      for (let now = fromNs; now - fromNs < SLICE_NS; now = ctx.nowNs()) {
        if (pace.due(now) < 1) return pace.restMs(now);
        access(blocks);
      }
      return 0;
    },
  };
}

function openCached(folder: string, ctx: MemoryContext, contents: Contents): CachedFile {
  const { type, bavail, bsize } = statfsSync(folder);
  if (RAM_FILESYSTEMS.includes(type))
    ctx.unavailable(
      `${folder} lies in memory: there is no page cache of it. Set TMPDIR to a folder on a disk`,
    );
  const free = bavail * bsize * DISK_SHARE;
  if (ctx.control === 'amount' && ctx.peak > free)
    ctx.unavailable(
      `${ctx.peak} bytes are to be cached, and ${folder} has room for a file of ${Math.floor(free)}`,
    );
  return new CachedFile(folder, contents);
}

class CachedFile implements Holding {
  readonly grainBytes = PAGE_BYTES;
  readonly isVerified = true;
  readonly roomBytes = 2 ** 30;
  heldBytes = 0;
  refusal: string | null = null;
  readonly #fd: number;
  readonly #contents: Contents;
  readonly #buffer = new ArrayBuffer(MIB);
  readonly #bytes = new Uint8Array(this.#buffer);
  readonly #words = new Uint32Array(this.#buffer);

  constructor(folder: string, contents: Contents) {
    const path = join(folder, 'cached');
    this.#fd = openSync(path, 'w+', 0o600);
    unlinkSync(path); // gone with the process, whatever happens
    this.#contents = contents;
  }

  grow(bytes: number): void {
    this.refusal = null;
    try {
      for (let left = bytes; left > 0;) {
        const length = Math.min(left, MIB);
        this.write(this.heldBytes, length);
        this.heldBytes += length;
        left -= length;
      }
    } catch (error) {
      ftruncateSync(this.#fd, this.heldBytes);
      this.refusal = `the file cannot grow (${messageOf(error)})`;
    }
  }

  shrink(bytes: number): void {
    const left = Math.max(0, this.heldBytes - bytes);
    for (let at = left; at < this.heldBytes; at += MIB) this.read(at, Math.min(MIB, this.heldBytes - at));
    ftruncateSync(this.#fd, left);
    this.heldBytes = left;
  }

  write(offset: number, bytes: number): void {
    this.#contents.write(this.#at(offset), 0, bytes);
    for (let done = 0; done < bytes;)
      done += writeSync(this.#fd, this.#bytes, done, bytes - done, offset + done);
  }

  read(offset: number, bytes: number): void {
    for (let done = 0; done < bytes;) {
      const got = readSync(this.#fd, this.#bytes, done, bytes - done, offset + done);
      if (got === 0)
        throw new Error(`the file ends at ${offset + done}, and ${this.heldBytes} bytes were written`);
      done += got;
    }
    this.#contents.check(this.#at(offset), 0, bytes);
  }

  /** Null where the kernel cannot be asked. */
  cachedBytes(): number | null {
    const kernel = mapper();
    if (kernel === null) return null;
    let cached = 0;
    for (let at = 0; at < this.heldBytes; at += LOOK_BYTES) {
      const mapping = kernel.map(Math.min(LOOK_BYTES, this.heldBytes - at), MAP_SHARED, this.#fd, at);
      if (typeof mapping === 'number') return null;
      cached += mapping.residentBytes();
      mapping.unmap();
    }
    return cached;
  }

  dispose(): void {
    closeSync(this.#fd);
  }

  #at(offset: number): Span {
    return { bytes: this.#bytes, words: this.#words, firstPage: offset / PAGE_BYTES };
  }
}
