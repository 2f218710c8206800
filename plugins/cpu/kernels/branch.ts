/** Kernel `branch`: branches that nobody can predict, in WebAssembly (`wasm/branch.ts`). Listed in `index.ts`. */
import type { KernelKind } from './kernel.js';
import { openWasm } from './wasm.js';

export interface BranchExports {
  wander(seed: number, steps: number): number;
}

export const SEED = 0x2545f491;
export const STEPS = 4096;
/** Where it gets to from SEED; a test works it out in another way. */
export const RESULT = 0x745587be;

export const branch: KernelKind = {
  help: 'Random jumps and random branches: the pipeline is thrown away at nearly every other step.',
  open() {
    const { exports } = openWasm<BranchExports>('branch');
    return {
      operate: () => exports.wander(SEED, STEPS) >>> 0 === RESULT,
    };
  },
};
