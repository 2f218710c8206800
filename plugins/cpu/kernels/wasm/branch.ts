/** Branches that nobody can predict, for the kernel of `branch.ts` in the folder above. AssemblyScript. */

/**
 * A random generator decides in each step where to go: to one of eight places by a table, and there one of two ways.
 * What each does depends on the order of all before it.
 */
export function wander(seed: u32, steps: i32): u32 {
  let x = seed;
  let y: u32 = 1;
  for (let i = 0; i < steps; i++) {
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    switch (x & 7) {
      case 0:
        y = (y + x) * 5;
        break;
      case 1:
        y ^= x >> 3;
        break;
      case 2:
        y = rotl<u32>(y, 7) + 1;
        break;
      case 3:
        y -= x;
        break;
      case 4:
        y = (y ^ x) * 9;
        break;
      case 5:
        y += x >> 5;
        break;
      case 6:
        y = rotr<u32>(y, 11) ^ 3;
        break;
      default:
        y = ~y;
    }
    if (x & 0x100) y = divide(y, x);
  }
  return y;
}

/** A call that may or may not come cannot be turned into a computation without a branch. */
function divide(y: u32, x: u32): u32 {
  return y ^ (x / ((y & 15) + 3));
}
