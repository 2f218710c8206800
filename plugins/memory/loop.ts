/**
 * The loop of one instance: moves what is held towards what is asked, lets the pattern work, reads back in the
 * background where that is wanted, and parks whenever there is nothing to do.
 */
import type { ActorInstance } from '../../core/contract/index.js';
import { Level } from './level.js';
import type { MemoryContext, Pattern } from './pattern.js';
import { Readings } from './readings.js';
import { Verifier } from './verifier.js';

export class Loop implements ActorInstance {
  readonly #ctx: MemoryContext;
  readonly #pattern: Pattern;
  readonly #level: Level;
  readonly #readings: Readings;
  readonly #verifier: Verifier | null;
  #settledBytes = 0;

  constructor(ctx: MemoryContext, pattern: Pattern) {
    this.#ctx = ctx;
    this.#pattern = pattern;
    this.#level = new Level(ctx, pattern.holding);
    this.#readings = new Readings(ctx.metrics);
    this.#verifier = Verifier.of(ctx, pattern.holding);
  }

  async run(): Promise<void> {
    const ctx = this.#ctx;
    while (!ctx.stopped()) {
      const restMs = Math.min(
        this.#level.moveTo(ctx.asked()),
        this.#work(),
        this.#verifier?.work() ?? Infinity,
      );
      this.#readings.look();
      if (restMs > 0) {
        this.#settle();
        ctx.park(restMs);
      }
      // A turn of the event loop: what the collector has to tell, among others.
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }

  /** All is read back, as before every release. */
  dispose(): void {
    this.#level.moveAllBack();
    this.#readings.look();
    this.#readings.close();
    this.#pattern.holding.dispose();
  }

  #work(): number {
    return this.#pattern.work?.() ?? Infinity;
  }

  #settle(): void {
    const { heldBytes } = this.#pattern.holding;
    if (heldBytes === this.#settledBytes) return;
    this.#settledBytes = heldBytes;
    const { pattern } = this.#ctx.options;
    if (this.#isHuge) this.#readings.lookHuge();
    if (pattern === 'lock') this.#readings.lookLocked();
    this.#pattern.settled?.();
  }

  get #isHuge(): boolean {
    const { holding } = this.#pattern;
    return 'means' in holding && holding.means === 'huge pages';
  }
}
