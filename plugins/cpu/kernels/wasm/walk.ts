/**
 * Walks through memory line by line, for the kernels of `walk.ts` in the folder above. AssemblyScript. A line has 64 bytes, and
 * there are a power of two of them.
 */

/**
 * Writes into each of `lines` lines at `base` the address of the next one: line i is followed by line i · factor + term,
 * modulo `lines`. With a factor of 1 modulo 4 and an odd term (Hull and Dobell, 1962) that is one cycle through all.
 */
export function link(base: usize, lines: u32, factor: u32, term: u32): void {
  let next = term;
  for (let i: u32 = 0; i < lines; i++, next += factor) {
    store<u32>(base + ((<usize>i) << 6), <u32>base + ((next & (lines - 1)) << 6));
  }
}

/** Follows `steps` (a multiple of 8) pointers from `at`: none can be loaded before the one before it. */
export function chase(at: u32, steps: i32): u32 {
  for (; steps > 0; steps -= 8) {
    at = load<u32>(at);
    at = load<u32>(at);
    at = load<u32>(at);
    at = load<u32>(at);
    at = load<u32>(at);
    at = load<u32>(at);
    at = load<u32>(at);
    at = load<u32>(at);
  }
  return at;
}

/** Where the lines begin; as a constant it is a part of the instructions. */
const BASE: usize = 4096;

/**
 * Adds 1 to a word in each of `steps` lines (a multiple of 4), `stride` bytes from one to the next, from `first` on, round
 * and round in `bytes`; gives the sum of what was there.
 */
export function count(bytes: u32, first: u32, stride: u32, steps: i32): u32 {
  const mask = bytes - 1;
  let at = first;
  let sum: u32 = 0;
  for (; steps > 0; steps -= 4) {
    const v0 = load<u32>(at, BASE);
    store<u32>(at, v0 + 1, BASE);
    at = (at + stride) & mask;
    const v1 = load<u32>(at, BASE);
    store<u32>(at, v1 + 1, BASE);
    at = (at + stride) & mask;
    const v2 = load<u32>(at, BASE);
    store<u32>(at, v2 + 1, BASE);
    at = (at + stride) & mask;
    const v3 = load<u32>(at, BASE);
    store<u32>(at, v3 + 1, BASE);
    at = (at + stride) & mask;
    sum += v0 + v1 + v2 + v3;
  }
  return sum;
}
