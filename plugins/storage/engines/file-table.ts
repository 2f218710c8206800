/** The open files that an engine knows, by number: what `attach` gives out and slots name. Called by engines. */
import { assert } from '../../../core/base/assert.js';
import { EngineUnavailable, FILES_MAX } from './engine.js';

export class FileTable {
  readonly #fds: number[] = [];
  readonly #free: number[] = [];

  add(fd: number): number {
    const file = this.#free.pop() ?? this.#fds.length;
    if (file >= FILES_MAX) throw new EngineUnavailable(`an engine knows at most ${FILES_MAX} open files`);
    this.#fds[file] = fd;
    return file;
  }

  remove(file: number): void {
    assert(this.fd(file) >= 0, `file ${file} is attached`);
    this.#fds[file] = -1;
    this.#free.push(file);
  }

  /** -1 of what is not attached: an operation on it ends with EBADF. */
  fd(file: number): number {
    return this.#fds[file] ?? -1;
  }
}
