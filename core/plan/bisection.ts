/**
 * Which level a search tries next: what the tried ones did enters, the next level leaves, or what was found. Pure; the
 * plan asks how many levels that can be, `core/run/search-desk.ts` walks it.
 */
import type { PlannedSearch } from '../contract/plan.js';

export type BisectionInput = Pick<PlannedSearch, 'low' | 'high' | 'resolution' | 'quantum'>;

/** Levels are sums of halves: what is left of a difference is no level. */
const NEAR = 1e-9;

export class Bisection {
  readonly #input: BisectionInput;
  /** The highest that held and the lowest that broke. */
  #held: number | null = null;
  #broke: number | null = null;

  constructor(input: BisectionInput) {
    this.#input = input;
  }

  get held(): number | null {
    return this.#held;
  }

  get broke(): number | null {
    return this.#broke;
  }

  told(level: number, holds: boolean): void {
    if (holds) this.#held = Math.max(this.#held ?? 0, level);
    else this.#broke = Math.min(this.#broke ?? Infinity, level);
  }

  /** Null: it is over. */
  next(): number | null {
    const { low, high, resolution, quantum } = this.#input;
    if (this.#held === null) return this.#broke === null ? low : null;
    if (this.#broke === null) return this.#held >= high - NEAR ? null : Math.min(high, 2 * this.#held);
    if (this.#broke - this.#held <= Math.max(resolution, quantum) + NEAR) return null;
    return onto((this.#held + this.#broke) / 2, quantum);
  }

  /** Levels that may still come. */
  stepsLeft(): number {
    return this.next() === null ? 0 : worstFrom(this.#input, this.#held, this.#broke);
  }
}

/** How many levels are tried at most. */
export function stepsMax(input: BisectionInput): number {
  return worstFrom(input, null, null);
}

/** Wherever the raising ends, what then lies between is halved. */
function worstFrom(input: BisectionInput, held: number | null, broke: number | null): number {
  if (held !== null && broke !== null) return halvings(input, broke - held);
  let [steps, worst] = [0, 0];
  let at = held;
  while (at === null || at < input.high - NEAR) {
    const next = at === null ? input.low : Math.min(input.high, 2 * at);
    steps++;
    worst = Math.max(worst, steps + (at === null ? 0 : halvings(input, next - at)));
    at = next;
  }
  return worst;
}

/** With whole levels the larger half counts. */
function halvings({ resolution, quantum }: BisectionInput, gap: number): number {
  const enough = Math.max(resolution, quantum) + NEAR;
  let count = 0;
  for (let left = gap; left > enough; count++) {
    left = quantum > 0 ? Math.ceil(left / quantum / 2 - NEAR) * quantum : left / 2;
  }
  return count;
}

/** The nearest multiple. */
export function onto(level: number, quantum: number): number {
  return quantum > 0 ? Math.round(level / quantum) * quantum : level;
}
