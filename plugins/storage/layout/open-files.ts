/**
 * The files of a layout that are open at one time: no more than the instance may have, the one that was longest unused
 * is closed for the next. Each is known to the engine while it is open. Used by the workload around each operation.
 */
import { closeSync } from 'node:fs';
import { must } from '../../../core/base/assert.js';
import type { Engine } from '../engines/engine.js';

interface OpenFile {
  readonly fd: number;
  /** As the engine numbered it. */
  readonly attached: number;
  /** Operations in flight on it: until they have ended it stays open. */
  users: number;
}

export interface OpenFilesInput {
  readonly engine: Pick<Engine, 'attach' | 'detach'>;
  /** At least as many as there are operations in flight. */
  readonly most: number;
  /** Throws what the system says. */
  readonly open: (file: number) => number;
  /** So long it took. */
  readonly onOpen?: (ns: number) => void;
  readonly nowNs: () => number;
}

export class OpenFiles {
  readonly #input: OpenFilesInput;
  /** The longest unused first. */
  readonly #files = new Map<number, OpenFile>();
  /** Open ones that were closed for others: above 0 the limit was reached. */
  closed = 0;
  /** Closes that failed, by what the system said. The file is closed none the less; what was written may be lost. */
  readonly failedCloses = new Map<string, number>();

  constructor(input: OpenFilesInput) {
    this.#input = input;
  }

  /** Opens it where it is not; it stays so until as many calls of `done`. Throws what open throws. */
  use(file: number): Readonly<Pick<OpenFile, 'fd' | 'attached'>> {
    const one = this.#files.get(file);
    if (one !== undefined) this.#files.delete(file);
    const used = one ?? this.#open(file);
    used.users++;
    this.#files.set(file, used);
    return used;
  }

  done(file: number): void {
    must(this.#files.get(file), `file ${file} is open`).users--;
  }

  /** The engine is closed. */
  closeAll(): void {
    for (const { fd } of this.#files.values()) this.#close(fd);
    this.#files.clear();
  }

  #open(file: number): OpenFile {
    const { open, engine, most, onOpen, nowNs } = this.#input;
    if (this.#files.size >= most) this.#closeOne();
    const startNs = nowNs();
    const fd = open(file);
    try {
      const opened = { fd, attached: engine.attach(fd), users: 0 };
      onOpen?.(nowNs() - startNs);
      return opened;
    } catch (error) {
      this.#close(fd);
      throw error;
    }
  }

  /** A filesystem that is gone, or could not write, says so here (ESTALE, EIO): no reason to end what goes on elsewhere. */
  #close(fd: number): void {
    try {
      closeSync(fd);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === undefined) throw error;
      this.failedCloses.set(code, (this.failedCloses.get(code) ?? 0) + 1);
    }
  }

  #closeOne(): void {
    for (const [file, { fd, attached, users }] of this.#files) {
      if (users > 0) continue;
      this.#input.engine.detach(attached);
      this.#close(fd);
      this.#files.delete(file);
      this.closed++;
      return;
    }
    throw new Error(
      'every open file is in use, and one more is needed: there are more operations than open files',
    );
  }
}
