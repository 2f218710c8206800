/**
 * Pattern working-set: what is held is accessed, one cache line at a time, in a chosen order, at a rate or as fast as it
 * goes. The clock costs more than an access: the latency is the mean of a batch.
 */
import type { Region } from './holding.js';
import type { Pattern, PatternInput } from './pattern.js';
import { SLICE_NS } from './pattern.js';
import type { Pick } from './picks.js';
import { pickerOf } from './picks.js';
import { Pace } from './pace.js';

const LINE_BYTES = 64;
const LINE_WORDS = LINE_BYTES / 4;
const LINES_PER_PAGE = 64;
const BATCH = 4096;

export function workingSet({ ctx, region }: PatternInput): Pattern {
  const { access: order, stride, skew, writes } = ctx.options;
  const holding = region();
  const random = (): number => ctx.random();
  const pick = pickerOf({ order, random, stride: stride / LINE_BYTES, skew, together: LINES_PER_PAGE });
  const walk = new Walk(holding, pick, writes);
  const pace = new Pace(ctx);
  return {
    holding,
    work() {
      const lines = holding.heldBytes / LINE_BYTES;
      if (lines < 1) {
        pace.forget();
        return Infinity;
      }
      const beganNs = ctx.nowNs();
      for (let now = beganNs; now - beganNs < SLICE_NS;) {
        const count = Math.min(BATCH, pace.due(now));
        if (count === 0) return pace.restMs(now);
        walk.go(lines, count);
        const endNs = ctx.nowNs();
        ctx.metrics['access-latency'].record((endNs - now) / count);
        ctx.metrics.access.add(count);
        ctx.metrics.touched.add(count * LINE_BYTES);
        pace.done(count);
        now = endNs;
      }
      return 0;
    },
  };
}

class Walk {
  readonly #region: Region;
  readonly #pick: Pick;
  readonly #writes: number;
  #seen = 0;
  #owedWrites = 0;

  constructor(region: Region, pick: Pick, writes: number) {
    this.#region = region;
    this.#pick = pick;
    this.#writes = writes;
  }

  go(lines: number, count: number): void {
    const { spans, spanBytes } = this.#region;
    const linesPerSpan = spanBytes / LINE_BYTES;
    const pick = this.#pick;
    let [seen, owed] = [this.#seen, this.#owedWrites];
    for (let i = 0; i < count; i++) {
      const line = pick(lines, seen);
      const span = (line / linesPerSpan) | 0;
      const words = spans[span]?.words;
      if (words === undefined) break;
      const at = (line - span * linesPerSpan) * LINE_WORDS;
      seen = words[at] ?? 0;
      owed += this.#writes;
      if (owed >= 1) {
        owed -= 1;
        words[at] = seen; // dirty, and still what it was
      }
    }
    [this.#seen, this.#owedWrites] = [seen, owed];
  }
}
