/**
 * The work that burns: a chain of dependent integer operations whose result is known, so that a machine that computes
 * wrongly under load is found out. Called by `index.ts`.
 */

/** One operation takes some 50 µs: short against a period, long against a look at the clock. */
const STEPS = 16_384;
const SEED = 0x2545f491;
/** What the chain gives from SEED; worked out once, on a machine at rest. */
const RESULT = 0x86808df9;

/** One operation; false when the processor gave another result than it must. */
export function operate(): boolean {
  return chain(SEED) === RESULT;
}

/** Xorshift (Marsaglia, 2003) with a multiplication in each step: no step can begin before the one before it. */
export function chain(seed: number): number {
  let x = seed;
  for (let i = 0; i < STEPS; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    x = Math.imul(x, 0x9e3779b1) ^ i;
  }
  return x >>> 0;
}
