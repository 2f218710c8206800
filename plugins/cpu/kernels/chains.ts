/**
 * Kernels `float`, `double` and `vector-*`: twelve chains of multiplications and additions side by side, in
 * WebAssembly (`wasm/chains.ts`). Listed in `index.ts`.
 */
import type { Kernel, KernelKind } from './kernel.js';
import type { WasmName } from './wasm.js';
import { BASE, canRun, openWasm, RELAXED_HINT, SIMD_HINT } from './wasm.js';

interface Exports {
  single(at: number, rounds: number, c: number): void;
  double(at: number, rounds: number, c: number): void;
  integer(at: number, rounds: number, c: number): void;
}

export const CHAINS = 12;
export const ROUNDS = 32_768;
/** Of x² + c, where it is chaotic; and of x · c + c, where it visits all numbers of 32 bits before it repeats. */
export const CONSTANT = { single: -1.9, double: -1.9, integer: 0x9e3779b5 } as const;
const LANE_BYTES = { single: 4, double: 8, integer: 4 } as const;

interface Form {
  readonly module: WasmName;
  readonly step: keyof Exports;
  readonly lanes: number;
  /** What the bits of all chains fold to; a test works them out in another way. Several: fused or not. */
  readonly results: readonly number[];
}

/** Where lane k of all chains begins, counted through: spread over where the step is chaotic. */
export function startOf(step: keyof Exports, k: number): number {
  return step === 'integer' ? Math.imul(k + 1, 0x85ebca6b) : 0.1 + k / 64;
}

/** One word of all bits, each of which changes it. */
export function fold(words: Uint32Array): number {
  let word = 0x811c9dc5;
  for (let i = 0; i < words.length; i++) word = Math.imul(word ^ (words[i] as number), 0x01000193);
  return word >>> 0;
}

function kind(help: string, form: Form): KernelKind {
  return {
    help,
    absent: () => {
      if (form.module === 'chains' || canRun(form.module)) return null;
      return form.module === 'chains-relaxed' ? RELAXED_HINT : SIMD_HINT;
    },
    open: () => open(form),
  };
}

function open({ module, step, lanes, results }: Form): Kernel {
  const values = CHAINS * lanes;
  const bytes = values * LANE_BYTES[step];
  const { exports, buffer } = openWasm<Exports>(module, bytes);
  const started = startValues(step, values);
  const place = new Uint32Array(buffer, BASE, bytes / 4);
  return {
    operate() {
      place.set(started);
      exports[step](BASE, ROUNDS, CONSTANT[step]);
      return results.includes(fold(place));
    },
    memory: buffer,
    ...(step !== 'integer' && { flopsPerOperation: 2 * ROUNDS * values }),
  };
}

function startValues(step: keyof Exports, count: number): Uint32Array {
  const starts = Array.from({ length: count }, (_, k) => startOf(step, k));
  const Values = { single: Float32Array, double: Float64Array, integer: Int32Array }[step];
  return new Uint32Array(new Values(starts).buffer);
}

export const float = kind('Scalar arithmetic of single precision.', {
  module: 'chains',
  step: 'single',
  lanes: 1,
  results: [0xd645095b],
});
export const double = kind('Scalar arithmetic of double precision.', {
  module: 'chains',
  step: 'double',
  lanes: 1,
  results: [0x551bba3c],
});
export const vectorF32x4 = kind('Vectors of four numbers of single precision.', {
  module: 'chains-simd',
  step: 'single',
  lanes: 4,
  results: [0x90d398ba],
});
export const vectorF64x2 = kind('Vectors of two numbers of double precision.', {
  module: 'chains-simd',
  step: 'double',
  lanes: 2,
  results: [0x8d43cf2b],
});
export const vectorI32x4 = kind('Vectors of four whole numbers.', {
  module: 'chains-simd',
  step: 'integer',
  lanes: 4,
  results: [0x633c5405],
});
export const vectorFma = kind(
  'Vectors of four numbers, multiplied and added in one instruction (relaxed SIMD).',
  {
    module: 'chains-relaxed',
    step: 'single',
    lanes: 4,
    results: [0x7efce55b, 0x90d398ba],
  },
);
