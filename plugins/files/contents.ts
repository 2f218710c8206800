/**
 * What is in each file: it follows from the file's number, and is held against what is read. Used by `storm.ts` when it
 * writes and after it has read, and by `loop.ts` in the end.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import type { Payload } from '../storage/payload.js';
import type { Inode } from './model.js';

/** Looked at together. */
const PIECE_BYTES = 2 ** 20;

export class Contents {
  readonly #payload: Payload;
  readonly #onWrong: (path: string, how: string) => void;
  readonly #expected = Buffer.alloc(PIECE_BYTES);
  readonly #found = Buffer.alloc(PIECE_BYTES);

  constructor(payload: Payload, onWrong: (path: string, how: string) => void) {
    this.#payload = payload;
    this.#onWrong = onWrong;
  }

  /** So many bytes of the file, from a place of it on, to the start of the buffer. */
  fill(inode: Inode, from: number, buffer: Buffer, bytes: number): void {
    this.#payload.fillAs(inode.number, from, buffer, 0, bytes);
  }

  /** Whether these bytes of it, from a place on, are those that were written; tells where not. */
  check(path: string, inode: Inode, from: number, found: Buffer): boolean {
    const expected = this.#expected;
    for (let at = 0; at < found.length; at += PIECE_BYTES) {
      const bytes = Math.min(PIECE_BYTES, found.length - at);
      this.fill(inode, from + at, expected, bytes);
      const piece = found.subarray(at, at + bytes);
      if (piece.equals(expected.subarray(0, bytes))) continue;
      const first = piece.findIndex((byte, i) => byte !== expected[i]);
      this.#onWrong(path, `byte ${from + at + first} is not what was written there`);
      return false;
    }
    return true;
  }

  /** A whole file, piece by piece: bytes looked at. Throws what the system says. */
  *checkAll(path: string, inode: Inode): Generator<number> {
    const fd = openSync(path, 'r');
    try {
      for (let at = 0; at < inode.bytes;) {
        const moved = readSync(fd, this.#found, 0, Math.min(PIECE_BYTES, inode.bytes - at), at);
        // Where it ends too soon, its size has said so.
        if (moved === 0 || !this.check(path, inode, at, this.#found.subarray(0, moved))) return;
        at += moved;
        yield moved;
      }
    } finally {
      closeSync(fd);
    }
  }
}
