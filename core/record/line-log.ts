/**
 * An append-only file of lines behind a bounded queue: lines come in at once, leave in order to the disk. What
 * does not fit or cannot be written is counted, never waited for. One for each .ndjson of a record.
 */
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { messageOf } from '../base/errors.js';

/** Characters or bytes that may wait for a stalled disk: minutes of windows of a large plan. */
const QUEUE_MAX_LENGTH = 16 * 2 ** 20;

/** So many go out in one write: thousands, joined in one go, would hold everybody up. */
const LINES_AT_ONCE = 64;
const LINE_END = Buffer.from('\n');

export class LineLog {
  readonly #file: FileHandle;
  #queue: (string | Uint8Array)[] = [];
  #queuedLength = 0;
  #pumping: Promise<void> | null = null;
  #lost = 0;
  #failure: string | null = null;
  /** The last write ended within a line: the next one starts a new line, so that the damage stays in one. */
  #isTorn = false;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  static async create(path: string): Promise<LineLog> {
    return new LineLog(await open(path, 'ax'));
  }

  /** Lines that are not in the file and never will be. */
  get lost(): number {
    return this.#lost;
  }

  /** Why the first of them was lost. */
  get failure(): string | null {
    return this.#failure;
  }

  /** A line without its end, as text or as its bytes, which the caller no longer touches. */
  push(line: string | Uint8Array): void {
    if (this.#queuedLength + line.length > QUEUE_MAX_LENGTH) {
      this.#lose(1, 'the disk is slower than the run: the queue is full');
      return;
    }
    this.#queue.push(line);
    this.#queuedLength += line.length;
    this.#pumping ??= this.#pump();
  }

  /** All that was pushed before is on the disk, or counted as lost, when this settles. */
  async sync(): Promise<void> {
    while (this.#pumping) await this.#pumping;
    try {
      await this.#file.datasync();
    } catch (error) {
      this.#failure ??= messageOf(error);
    }
  }

  async close(): Promise<void> {
    await this.sync();
    await this.#file.close();
  }

  async #pump(): Promise<void> {
    while (this.#queue.length > 0) {
      const lines = this.#queue.splice(0, LINES_AT_ONCE);
      await this.#write(lines);
      for (const line of lines) this.#queuedLength -= line.length;
    }
    this.#pumping = null;
  }

  async #write(lines: readonly (string | Uint8Array)[]): Promise<void> {
    const bytes = joined(this.#isTorn ? ['', ...lines] : lines);
    let written = 0;
    try {
      while (written < bytes.length) written += (await this.#file.write(bytes, written)).bytesWritten;
      this.#isTorn = false;
    } catch (error) {
      const ends = countLineEnds(bytes.subarray(0, written)) - (this.#isTorn && written > 0 ? 1 : 0);
      this.#lose(lines.length - ends, messageOf(error));
      if (written > 0) this.#isTorn = bytes[written - 1] !== 0x0a;
    }
  }

  #lose(lines: number, reason: string): void {
    this.#lost += lines;
    this.#failure ??= reason;
  }
}

function joined(lines: readonly (string | Uint8Array)[]): Buffer {
  return Buffer.concat(
    lines.flatMap((line) => [typeof line === 'string' ? Buffer.from(line) : line, LINE_END]),
  );
}

function countLineEnds(bytes: Uint8Array): number {
  return bytes.reduce((count, byte) => count + (byte === 0x0a ? 1 : 0), 0);
}
