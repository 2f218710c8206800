/**
 * The four loops of STREAM (McCalpin, 1995) over doubles, two at a time, for the kernels of `stream.ts` in the folder above.
 * AssemblyScript. All addresses and sizes are multiples of 64 bytes.
 */

export function copy(to: usize, a: usize, bytes: usize): void {
  for (const end = to + bytes; to < end; to += 64, a += 64) {
    const x0 = v128.load(a);
    const x1 = v128.load(a, 16);
    const x2 = v128.load(a, 32);
    const x3 = v128.load(a, 48);
    v128.store(to, x0);
    v128.store(to, x1, 16);
    v128.store(to, x2, 32);
    v128.store(to, x3, 48);
  }
}

export function scale(to: usize, a: usize, bytes: usize, factor: f64): void {
  const s = f64x2.splat(factor);
  for (const end = to + bytes; to < end; to += 64, a += 64) {
    v128.store(to, f64x2.mul(v128.load(a), s));
    v128.store(to, f64x2.mul(v128.load(a, 16), s), 16);
    v128.store(to, f64x2.mul(v128.load(a, 32), s), 32);
    v128.store(to, f64x2.mul(v128.load(a, 48), s), 48);
  }
}

export function add(to: usize, a: usize, b: usize, bytes: usize): void {
  for (const end = to + bytes; to < end; to += 64, a += 64, b += 64) {
    v128.store(to, f64x2.add(v128.load(a), v128.load(b)));
    v128.store(to, f64x2.add(v128.load(a, 16), v128.load(b, 16)), 16);
    v128.store(to, f64x2.add(v128.load(a, 32), v128.load(b, 32)), 32);
    v128.store(to, f64x2.add(v128.load(a, 48), v128.load(b, 48)), 48);
  }
}

export function triad(to: usize, a: usize, b: usize, bytes: usize, factor: f64): void {
  const s = f64x2.splat(factor);
  for (const end = to + bytes; to < end; to += 64, a += 64, b += 64) {
    v128.store(to, f64x2.add(v128.load(a), f64x2.mul(s, v128.load(b))));
    v128.store(to, f64x2.add(v128.load(a, 16), f64x2.mul(s, v128.load(b, 16))), 16);
    v128.store(to, f64x2.add(v128.load(a, 32), f64x2.mul(s, v128.load(b, 32))), 32);
    v128.store(to, f64x2.add(v128.load(a, 48), f64x2.mul(s, v128.load(b, 48))), 48);
  }
}

/** Writes slope · i for each element i, counted from `first`. */
export function fill(to: usize, bytes: usize, first: f64, slope: f64): void {
  let x = first * slope;
  for (const end = to + bytes; to < end; to += 8, x += slope) store<f64>(to, x);
}

/** How many elements are not slope · i, i counted from `first`. NaN is not, too. */
export function count(at: usize, bytes: usize, first: f64, slope: f64): i32 {
  // Side by side: one addition after the other would take longer than to read what it is compared with.
  let wanted0 = f64x2(first * slope, (first + 1) * slope);
  let wanted1 = f64x2((first + 2) * slope, (first + 3) * slope);
  let wanted2 = f64x2((first + 4) * slope, (first + 5) * slope);
  let wanted3 = f64x2((first + 6) * slope, (first + 7) * slope);
  const eight = f64x2.splat(8 * slope);
  let wrong0 = i64x2.splat(0);
  let wrong1 = i64x2.splat(0);
  for (const end = at + bytes; at < end; at += 64) {
    wrong0 = i64x2.sub(wrong0, f64x2.ne(v128.load(at), wanted0));
    wrong1 = i64x2.sub(wrong1, f64x2.ne(v128.load(at, 16), wanted1));
    wrong0 = i64x2.sub(wrong0, f64x2.ne(v128.load(at, 32), wanted2));
    wrong1 = i64x2.sub(wrong1, f64x2.ne(v128.load(at, 48), wanted3));
    wanted0 = f64x2.add(wanted0, eight);
    wanted1 = f64x2.add(wanted1, eight);
    wanted2 = f64x2.add(wanted2, eight);
    wanted3 = f64x2.add(wanted3, eight);
  }
  const wrong = i64x2.add(wrong0, wrong1);
  return <i32>(i64x2.extract_lane(wrong, 0) + i64x2.extract_lane(wrong, 1));
}
