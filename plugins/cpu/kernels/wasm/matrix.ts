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
  const end = a + ROW;
  for (let column: usize = 0; column < ROW; column += 32) {
    let c00 = f32x4.splat(0);
    let c01 = f32x4.splat(0);
    let c10 = f32x4.splat(0);
    let c11 = f32x4.splat(0);
    let c20 = f32x4.splat(0);
    let c21 = f32x4.splat(0);
    let c30 = f32x4.splat(0);
    let c31 = f32x4.splat(0);
    let b0: v128;
    let b1: v128;
    let x: v128;
    let at = a;
    // The way out after each step is never taken but at the last: it keeps the engine from loading for all four steps first,
    // for which there are not enough registers.
    for (;;) {
      b0 = v128.load(b);
      b1 = v128.load(b, 16);
      x = v128.load_splat<f32>(at);
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
      at += 4;
      b += 32;
      if (at === end) break;
      b0 = v128.load(b);
      b1 = v128.load(b, 16);
      x = v128.load_splat<f32>(at);
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
      at += 4;
      b += 32;
      if (at === end) break;
      b0 = v128.load(b);
      b1 = v128.load(b, 16);
      x = v128.load_splat<f32>(at);
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
      at += 4;
      b += 32;
      if (at === end) break;
      b0 = v128.load(b);
      b1 = v128.load(b, 16);
      x = v128.load_splat<f32>(at);
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
      at += 4;
      b += 32;
      if (at === end) break;
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

/** acc + r · the two numbers of c, in double precision. */
function weigh(c: usize, r: v128, acc: v128): v128 {
  return f64x2.add(acc, f64x2.mul(r, f64x2.promote_low_f32x4(v128.load64_zero(c))));
}

function sumOf(x: v128): f64 {
  return f64x2.extract_lane(x, 0) + f64x2.extract_lane(x, 1);
}

/** Whether each of four rows of c, times the vector r of doubles, gives the number for it at `wanted`. */
export function fourHold(c: usize, r: usize, wanted: usize): bool {
  let s0 = f64x2.splat(0);
  let s1 = f64x2.splat(0);
  let s2 = f64x2.splat(0);
  let s3 = f64x2.splat(0);
  for (const end = c + ROW; c < end; c += 8, r += 16) {
    const both = v128.load(r);
    s0 = weigh(c, both, s0);
    s1 = weigh(c + ROW, both, s1);
    s2 = weigh(c + 2 * ROW, both, s2);
    s3 = weigh(c + 3 * ROW, both, s3);
  }
  return (
    sumOf(s0) === load<f64>(wanted) &&
    sumOf(s1) === load<f64>(wanted, 8) &&
    sumOf(s2) === load<f64>(wanted, 16) &&
    sumOf(s3) === load<f64>(wanted, 24)
  );
}
