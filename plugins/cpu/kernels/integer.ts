/**
 * Kernel `integer`: a chain of dependent integer operations, no step of which can begin before the one before it.
 * Listed in `index.ts`.
 */
import type { KernelKind } from './kernel.js';

/** One operation takes some 50 µs: short against a period, long against a look at the clock. */
const STEPS = 16_384;
const SEED = 0x2545f491;
/** What the chain gives from SEED; a test works it out in another way. */
const RESULT = 0x86808df9;

export const integer: KernelKind = {
  help: 'A chain of dependent shifts, exclusive ors and multiplications of 32 bits.',
  open: () => ({
    operate: () => chain(SEED) === RESULT,
  }),
};

/** Xorshift (Marsaglia, 2003) with a multiplication in each step. */
export function chain(seed: number, steps = STEPS): number {
  let x = seed;
  for (let i = 0; i < steps; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    x = Math.imul(x, 0x9e3779b1) ^ i;
  }
  return x >>> 0;
}
