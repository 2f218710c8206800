/**
 * Some rows of a product of matrices of single precision, for the kernel of `matrix.ts` in the folder above. AssemblyScript;
 * compiled with SIMD, and again with relaxed SIMD, where a multiplication and an addition are one instruction.
 */

/** acc + a · b. The products and sums here are whole numbers below 2^24: fused or not, they are the same. */
function multiplyAdd(a: v128, b: v128, acc: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, acc);
  return f32x4.add(acc, f32x4.mul(a, b));
}

/**
 * Four rows of a (n numbers each, one row after the other) times b, to four rows of c. b lies in panels of eight columns:
 * all n rows of the first panel, then the next, so that the innermost loop reads it from end to end.
 */
export function fourRows(c: usize, a: usize, b: usize, n: usize): void {
  const row = n << 2;
  for (let column: usize = 0; column < row; column += 32) {
    let c00 = f32x4.splat(0);
    let c01 = f32x4.splat(0);
    let c10 = f32x4.splat(0);
    let c11 = f32x4.splat(0);
    let c20 = f32x4.splat(0);
    let c21 = f32x4.splat(0);
    let c30 = f32x4.splat(0);
    let c31 = f32x4.splat(0);
    let a0 = a;
    let a1 = a + row;
    let a2 = a1 + row;
    let a3 = a2 + row;
    for (const end = a + row; a0 < end; a0 += 4, a1 += 4, a2 += 4, a3 += 4, b += 32) {
      const b0 = v128.load(b);
      const b1 = v128.load(b, 16);
      const x0 = v128.load_splat<f32>(a0);
      c00 = multiplyAdd(x0, b0, c00);
      c01 = multiplyAdd(x0, b1, c01);
      const x1 = v128.load_splat<f32>(a1);
      c10 = multiplyAdd(x1, b0, c10);
      c11 = multiplyAdd(x1, b1, c11);
      const x2 = v128.load_splat<f32>(a2);
      c20 = multiplyAdd(x2, b0, c20);
      c21 = multiplyAdd(x2, b1, c21);
      const x3 = v128.load_splat<f32>(a3);
      c30 = multiplyAdd(x3, b0, c30);
      c31 = multiplyAdd(x3, b1, c31);
    }
    let to = c + column;
    v128.store(to, c00);
    v128.store(to, c01, 16);
    to += row;
    v128.store(to, c10);
    v128.store(to, c11, 16);
    to += row;
    v128.store(to, c20);
    v128.store(to, c21, 16);
    to += row;
    v128.store(to, c30);
    v128.store(to, c31, 16);
  }
}
