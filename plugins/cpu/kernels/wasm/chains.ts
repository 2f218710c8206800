/**
 * Twelve chains side by side, for the kernels of `chains.ts` in the folder above. AssemblyScript, which the build compiles
 * three times: scalar (float, double), with SIMD (vector-f32x4, -f64x2, -i32x4), and with relaxed SIMD (vector-fma).
 *
 * Each chain waits for itself in every step; twelve keep the units of a core busy meanwhile, and fit into sixteen
 * registers beside the constant. The floating-point step x² + c is chaotic at c = -1.9, and the integer step
 * x · c + c is a bijection: a bit that goes wrong anywhere is never lost again.
 */

/** One step of a chain of T: a scalar of type Lane, or a vector of four or two of them. */
function step<T, Lane>(x: T, c: T): T {
  if (isVector<T>()) {
    if (isInteger<Lane>()) return v128.add<Lane>(v128.mul<Lane>(x, c), c);
    if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_madd<Lane>(x, x, c);
    return v128.add<Lane>(v128.mul<Lane>(x, x), c);
  }
  if (isInteger<Lane>()) return (x * c + c) as T;
  return (x * x + c) as T;
}

/** At least one round. The chains begin with what lies at `at`, twelve values of T, and leave there what they come to. */
function chains<T, Lane>(at: usize, rounds: i32, c: T): void {
  let x0 = load<T>(at);
  let x1 = load<T>(at + 1 * sizeof<T>());
  let x2 = load<T>(at + 2 * sizeof<T>());
  let x3 = load<T>(at + 3 * sizeof<T>());
  let x4 = load<T>(at + 4 * sizeof<T>());
  let x5 = load<T>(at + 5 * sizeof<T>());
  let x6 = load<T>(at + 6 * sizeof<T>());
  let x7 = load<T>(at + 7 * sizeof<T>());
  let x8 = load<T>(at + 8 * sizeof<T>());
  let x9 = load<T>(at + 9 * sizeof<T>());
  let x10 = load<T>(at + 10 * sizeof<T>());
  let x11 = load<T>(at + 11 * sizeof<T>());
  // Two rounds in a turn, and a way out after each. Without the second round the loop itself would cost too much; without the
  // way out between them the engine would do both steps of one chain, then both of the next, and chains would wait in line.
  for (;;) {
    x0 = step<T, Lane>(x0, c);
    x1 = step<T, Lane>(x1, c);
    x2 = step<T, Lane>(x2, c);
    x3 = step<T, Lane>(x3, c);
    x4 = step<T, Lane>(x4, c);
    x5 = step<T, Lane>(x5, c);
    x6 = step<T, Lane>(x6, c);
    x7 = step<T, Lane>(x7, c);
    x8 = step<T, Lane>(x8, c);
    x9 = step<T, Lane>(x9, c);
    x10 = step<T, Lane>(x10, c);
    x11 = step<T, Lane>(x11, c);
    if (--rounds === 0) break;
    x0 = step<T, Lane>(x0, c);
    x1 = step<T, Lane>(x1, c);
    x2 = step<T, Lane>(x2, c);
    x3 = step<T, Lane>(x3, c);
    x4 = step<T, Lane>(x4, c);
    x5 = step<T, Lane>(x5, c);
    x6 = step<T, Lane>(x6, c);
    x7 = step<T, Lane>(x7, c);
    x8 = step<T, Lane>(x8, c);
    x9 = step<T, Lane>(x9, c);
    x10 = step<T, Lane>(x10, c);
    x11 = step<T, Lane>(x11, c);
    if (--rounds === 0) break;
  }
  store<T>(at, x0);
  store<T>(at + 1 * sizeof<T>(), x1);
  store<T>(at + 2 * sizeof<T>(), x2);
  store<T>(at + 3 * sizeof<T>(), x3);
  store<T>(at + 4 * sizeof<T>(), x4);
  store<T>(at + 5 * sizeof<T>(), x5);
  store<T>(at + 6 * sizeof<T>(), x6);
  store<T>(at + 7 * sizeof<T>(), x7);
  store<T>(at + 8 * sizeof<T>(), x8);
  store<T>(at + 9 * sizeof<T>(), x9);
  store<T>(at + 10 * sizeof<T>(), x10);
  store<T>(at + 11 * sizeof<T>(), x11);
}

// The constant comes from outside: as a literal it would be loaded anew in every step.

export function single(at: usize, rounds: i32, c: f32): void {
  if (ASC_FEATURE_SIMD) chains<v128, f32>(at, rounds, f32x4.splat(c));
  else chains<f32, f32>(at, rounds, c);
}

export function double(at: usize, rounds: i32, c: f64): void {
  if (ASC_FEATURE_SIMD) chains<v128, f64>(at, rounds, f64x2.splat(c));
  else chains<f64, f64>(at, rounds, c);
}

export function integer(at: usize, rounds: i32, c: i32): void {
  if (ASC_FEATURE_SIMD) chains<v128, i32>(at, rounds, i32x4.splat(c));
  else chains<i32, i32>(at, rounds, c);
}
