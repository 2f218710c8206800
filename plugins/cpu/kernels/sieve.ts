/** Kernel `sieve`: the primes below a limit, in WebAssembly (`wasm/sieve.ts`). Listed in `index.ts`. */
import type { KernelKind } from './kernel.js';
import { BASE, openWasm } from './wasm.js';

export interface SieveExports {
  primes(words: number, limit: number): bigint;
}

const LIMIT = 16_384;
/** There are 1900 primes below it, and this is their sum; a test works them out in another way. */
const RESULT = { count: 1900, sum: 14_584_641 };

export const sieve: KernelKind = {
  help: `The primes below ${LIMIT}: writes with every stride, and branches.`,
  open() {
    const { exports } = openWasm<SieveExports>('sieve', LIMIT / 8);
    const wanted = (BigInt(RESULT.count) << 32n) | BigInt(RESULT.sum);
    return {
      // The engine hands 64 bits over as a signed number.
      operate: () => exports.primes(BASE, LIMIT) === wanted,
    };
  },
};
