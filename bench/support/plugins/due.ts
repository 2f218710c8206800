/**
 * Operations of nothing at all, in each of the ways to work, that note when they were due and when they began: what
 * `pacing.ts` measures is then the core alone. Written to a file when the instance ends.
 */
import { writeFileSync } from 'node:fs';
import { definePlugin, defineSimulator } from '../../../core/contract/index.js';
import type { ActorContext, ActorInstance, MetricSpecs } from '../../../core/contract/index.js';

/** Operations that are noted: more than any run of the bench has. */
const NOTES_MAX = 2 ** 20;

type Context = ActorContext<object, MetricSpecs>;

class Notes {
  readonly #pairs = new Float64Array(2 * NOTES_MAX);
  #count = 0;

  add(dueNs: number, startNs: number): void {
    if (this.#count >= NOTES_MAX) throw new Error(`more than ${NOTES_MAX} operations`);
    this.#pairs[2 * this.#count] = dueNs;
    this.#pairs[2 * this.#count + 1] = startNs;
    this.#count++;
  }

  write(file: string): void {
    writeFileSync(file, new Uint8Array(this.#pairs.buffer, 0, 16 * this.#count));
  }
}

/** An engine's own loop, as the contract says it: start what is due, else park until it is. */
function engine(ctx: Context, notes: Notes): () => void {
  const { operations } = ctx;
  return () => {
    while (!ctx.stopped()) {
      const dueNs = operations.nextDueNs();
      const now = ctx.nowNs();
      if (dueNs <= now) {
        operations.start(dueNs, now);
        notes.add(dueNs, now);
        operations.record({ dueNs, startNs: now, endNs: ctx.nowNs() });
      } else ctx.park((dueNs - now) / 1e6);
    }
  };
}

const due = defineSimulator({
  name: 'due',
  description: 'Does nothing, when due, and notes when that was.',
  controls: [{ kind: 'rate', unit: 'ops/s' }],
  operations: ['nothing'],
  options: {
    type: 'object',
    properties: {
      way: { type: 'string', enum: ['step', 'stepAsync', 'run'] },
      file: { type: 'string' },
    },
    required: ['way', 'file'],
  },
  metrics: {},
  start(ctx): ActorInstance {
    const notes = new Notes();
    const { way, file } = ctx.options;
    const dispose = (): void => notes.write(file);
    if (way === 'step') return { step: (op) => notes.add(op.dueNs, ctx.nowNs()), dispose };
    if (way !== 'stepAsync') return { run: engine(ctx, notes), dispose };
    return {
      stepAsync(op) {
        notes.add(op.dueNs, ctx.nowNs());
        return Promise.resolve();
      },
      dispose,
    };
  },
});

export default definePlugin({ name: 'due', simulators: [due] });
