/**
 * Kernel `matrix`: a product of matrices, four rows an operation, in WebAssembly (`wasm/matrix.ts`). Listed in `index.ts`.
 * All entries are whole numbers, so that every sum is exact in whatever order it is made.
 */
import type { KernelKind } from './kernel.js';
import { BASE, canRun, openWasm, SIMD_HINT } from './wasm.js';

export interface MatrixExports {
  fourRows(c: number, a: number, b: number): void;
}

export const N = 256;
const ROWS = 4;
const PANEL = 8;
const MATRIX_BYTES = 4 * N * N;
/** A product of two is below 2^14, and a sum of 256 of them below 2^24: single precision holds it. */
const ENTRY_MAX = 127;

export const matrix: KernelKind = {
  help: `The product of two matrices of ${N} × ${N} numbers of single precision, in vectors.`,
  absent: () => (canRun('matrix-simd') ? null : SIMD_HINT),
  open({ random }) {
    const module = canRun('matrix-relaxed') ? 'matrix-relaxed' : 'matrix-simd';
    const { exports, buffer } = openWasm<MatrixExports>(module, 3 * MATRIX_BYTES);
    const at = { a: BASE, b: BASE + MATRIX_BYTES, c: BASE + 2 * MATRIX_BYTES };
    const entry = (): number => Math.floor(random() * (2 * ENTRY_MAX + 1)) - ENTRY_MAX;
    const a = new Float32Array(buffer, at.a, N * N).map(entry);
    const b = new Float32Array(N * N).map(entry);
    new Float32Array(buffer, at.a, N * N).set(a);
    new Float32Array(buffer, at.b, N * N).set(inPanels(b));
    const c = new Float32Array(buffer, at.c, N * N);
    const check = new Check(a, b, random);
    let row = 0;
    return {
      operate() {
        const offset = row * 4 * N;
        exports.fourRows(at.c + offset, at.a + offset, at.b);
        const isRight = check.holds(c, row, ROWS);
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
 * c can be wrong without the sum of its row being so.
 */
class Check {
  readonly #r: Float64Array;
  /** a · (b · r), by row: whole numbers, exact in double precision. */
  readonly #wanted: Float64Array;

  constructor(a: Float32Array, b: Float32Array, random: () => number) {
    this.#r = new Float64Array(N).map(() => (random() < 0.5 ? -1 : 1));
    this.#wanted = timesVector(a, timesVector(b, this.#r));
  }

  holds(c: Float32Array, first: number, rows: number): boolean {
    const r = this.#r;
    for (let row = first; row < first + rows; row++) {
      let sum = 0;
      for (let i = 0, at = row * N; i < N; i++, at++) sum += (c[at] as number) * (r[i] as number);
      if (sum !== this.#wanted[row]) return false;
    }
    return true;
  }
}

function timesVector(m: Float32Array, v: Float64Array): Float64Array {
  return v.map((_, row) =>
    m.subarray(row * N, (row + 1) * N).reduce((sum, x, i) => sum + x * (v[i] ?? NaN), 0),
  );
}
