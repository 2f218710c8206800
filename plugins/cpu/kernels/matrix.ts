/**
 * Kernel `matrix`: a product of matrices, four rows an operation, in WebAssembly (`wasm/matrix.ts`). Listed in `index.ts`.
 * All entries are whole numbers, so that every sum is exact in whatever order it is made.
 */
import type { KernelKind } from './kernel.js';
import { BASE, canRun, openWasm, SIMD_HINT } from './wasm.js';

export interface MatrixExports {
  fourRows(c: number, a: number, b: number): void;
  /** 0: not. */
  fourHold(c: number, r: number, wanted: number): number;
}

export const N = 256;
const ROWS = 4;
const PANEL = 8;
const MATRIX_BYTES = 4 * N * N;
const VECTOR_BYTES = 8 * N;
/** A product of two is below 2^14, and a sum of 256 of them below 2^24: single precision holds it. */
const ENTRY_MAX = 127;

export const matrix: KernelKind = {
  help: `The product of two matrices of ${N} × ${N} numbers of single precision, in vectors.`,
  absent: () => (canRun('matrix-simd') ? null : SIMD_HINT),
  open({ random }) {
    const module = canRun('matrix-relaxed') ? 'matrix-relaxed' : 'matrix-simd';
    const { exports, buffer } = openWasm<MatrixExports>(module, 3 * MATRIX_BYTES + 2 * VECTOR_BYTES);
    const [a, b, c] = [0, 1, 2].map((i) => BASE + i * MATRIX_BYTES) as [number, number, number];
    const [r, wanted] = [c + MATRIX_BYTES, c + MATRIX_BYTES + VECTOR_BYTES];
    const entry = (): number => Math.floor(random() * (2 * ENTRY_MAX + 1)) - ENTRY_MAX;
    const [valuesOfA, valuesOfB] = [new Float32Array(N * N).map(entry), new Float32Array(N * N).map(entry)];
    new Float32Array(buffer, a, N * N).set(valuesOfA);
    new Float32Array(buffer, b, N * N).set(inPanels(valuesOfB));
    const check = checkOf(valuesOfA, valuesOfB, random);
    new Float64Array(buffer, r, N).set(check.r);
    new Float64Array(buffer, wanted, N).set(check.wanted);
    let row = 0;
    return {
      operate() {
        const offset = row * 4 * N;
        exports.fourRows(c + offset, a + offset, b);
        const isRight = exports.fourHold(c + offset, r, wanted + row * 8) !== 0;
        row = (row + ROWS) % N;
        return isRight;
      },
      flopsPerOperation: 2 * ROWS * N * N,
      memory: buffer,
    };
  },
};

/** Eight columns after the other, each with all its rows. */
export function inPanels(b: Float32Array): Float32Array {
  return b.map((_, i) => {
    const panel = Math.floor(i / (N * PANEL));
    const row = Math.floor(i / PANEL) % N;
    return b[row * N + panel * PANEL + (i % PANEL)] ?? NaN;
  });
}

/**
 * Freivalds (1977): c = a · b when c · r = a · (b · r) for a random vector r. Of ones and minus ones, no single entry of
 * c can be wrong without the sum of its row being so. What is wanted is whole numbers, exact in double precision.
 */
function checkOf(
  a: Float32Array,
  b: Float32Array,
  random: () => number,
): { r: Float64Array; wanted: Float64Array } {
  const r = new Float64Array(N).map(() => (random() < 0.5 ? -1 : 1));
  return { r, wanted: timesVector(a, timesVector(b, r)) };
}

function timesVector(m: Float32Array, v: Float64Array): Float64Array {
  return v.map((_, row) =>
    m.subarray(row * N, (row + 1) * N).reduce((sum, x, i) => sum + x * (v[i] ?? NaN), 0),
  );
}
