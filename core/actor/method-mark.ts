/** Notes in the control block which method of the simulator is running, for messages about stuck and failed ones. */
import type { ControlBlock, Method } from '../contract/control-block.js';
import { METHODS, WORD } from '../contract/control-block.js';

export class MethodMark {
  readonly #words: Int32Array;

  constructor(block: ControlBlock) {
    this.#words = block.words;
  }

  set(method: Method): void {
    this.#words[WORD.method] = METHODS.indexOf(method);
  }

  /** The mark stays when the work throws: it names what failed. */
  async during<T>(method: Method, work: () => Promise<T> | T): Promise<T> {
    const before = this.#words[WORD.method] ?? 0;
    this.set(method);
    const result = await work();
    this.#words[WORD.method] = before;
    return result;
  }
}

export function methodIn(block: ControlBlock): Method {
  return METHODS[Atomics.load(block.words, WORD.method)] ?? 'none';
}
