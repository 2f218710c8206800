/**
 * Follows the changes of the gate's scale, each with the instant from which it holds: what fell due before keeps its
 * due time, however late this thread looks. The agent's main thread writes them; the open model reads.
 */
import type { ControlBlock } from '../contract/control-block.js';
import { SCALE_CHANGES, WORD } from '../contract/control-block.js';

export class ScaleLog {
  readonly #block: ControlBlock;
  #read = 0;

  constructor(block: ControlBlock) {
    this.#block = block;
  }

  /**
   * Tells the changes since the last call, oldest first. Of more than SCALE_CHANGES - 1 the newest: those before count
   * as one, at the oldest that is kept.
   */
  follow(onChange: (scale: number, atNs: number) => void): void {
    const { words, changes } = this.#block;
    for (;;) {
      const count = Atomics.load(words, WORD.scaleChanges);
      if (count === this.#read) return;
      // The slot before the oldest kept may be written while this reads.
      const first = Math.max(this.#read, count - SCALE_CHANGES + 1);
      const told: [number, number][] = [];
      for (let i = first; i < count; i++) {
        const at = 2 * (i % SCALE_CHANGES);
        told.push([changes[at] ?? 0, changes[at + 1] ?? 0]);
      }
      if (Atomics.load(words, WORD.scaleChanges) - first >= SCALE_CHANGES) continue;
      this.#read = count;
      for (const [scale, atNs] of told) onChange(scale, atNs);
      return;
    }
  }
}
