/**
 * Some rows of a product of matrices of single precision, for the kernel of `matrix.ts` in the folder above. AssemblyScript;
 * compiled with SIMD, and again with relaxed SIMD, where a multiplication and an addition are one instruction.
 */

/** acc + a · b. The products and sums here are whole numbers below 2^24: fused or not, they are the same. */
function multiplyAdd(a: v128, b: v128, acc: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, acc);
  return f32x4.add(acc, f32x4.mul(a, b));
}

/** Of the matrices, which are square. As a constant it is a part of the instructions. */
const N: usize = 256;
const ROW: usize = N << 2;

/**
 * Four rows of a (one row after the other) times b, to four rows of c. b lies in panels of eight columns: all rows of the
 * first panel, then the next, so that the innermost loop reads it from end to end.
 */
export function fourRows(c: usize, a: usize, b: usize): void {
  for (let column: usize = 0; column < ROW; column += 32) {
    let c00 = f32x4.splat(0);
    let c01 = f32x4.splat(0);
    let c10 = f32x4.splat(0);
    let c11 = f32x4.splat(0);
    let c20 = f32x4.splat(0);
    let c21 = f32x4.splat(0);
    let c30 = f32x4.splat(0);
    let c31 = f32x4.splat(0);
    for (let at = a, end = a + ROW; at < end; at += 8, b += 64) {
      let b0 = v128.load(b);
      let b1 = v128.load(b, 16);
      let x = v128.load_splat<f32>(at);
      c00 = multiplyAdd(x, b0, c00);
      c01 = multiplyAdd(x, b1, c01);
      x = v128.load_splat<f32>(at, 1 * ROW);
      c10 = multiplyAdd(x, b0, c10);
      c11 = multiplyAdd(x, b1, c11);
      x = v128.load_splat<f32>(at, 2 * ROW);
      c20 = multiplyAdd(x, b0, c20);
      c21 = multiplyAdd(x, b1, c21);
      x = v128.load_splat<f32>(at, 3 * ROW);
      c30 = multiplyAdd(x, b0, c30);
      c31 = multiplyAdd(x, b1, c31);
      b0 = v128.load(b, 32);
      b1 = v128.load(b, 48);
      x = v128.load_splat<f32>(at, 4);
      c00 = multiplyAdd(x, b0, c00);
      c01 = multiplyAdd(x, b1, c01);
      x = v128.load_splat<f32>(at, 1 * ROW + 4);
      c10 = multiplyAdd(x, b0, c10);
      c11 = multiplyAdd(x, b1, c11);
      x = v128.load_splat<f32>(at, 2 * ROW + 4);
      c20 = multiplyAdd(x, b0, c20);
      c21 = multiplyAdd(x, b1, c21);
      x = v128.load_splat<f32>(at, 3 * ROW + 4);
      c30 = multiplyAdd(x, b0, c30);
      c31 = multiplyAdd(x, b1, c31);
    }
    const to = c + column;
    v128.store(to, c00);
    v128.store(to, c01, 16);
    v128.store(to, c10, ROW);
    v128.store(to, c11, ROW + 16);
    v128.store(to, c20, 2 * ROW);
    v128.store(to, c21, 2 * ROW + 16);
    v128.store(to, c30, 3 * ROW);
    v128.store(to, c31, 3 * ROW + 16);
  }
}
