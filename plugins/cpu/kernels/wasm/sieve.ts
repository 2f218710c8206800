/** The sieve of Eratosthenes with a bit for each number, for the kernel of `sieve.ts` in the folder above. AssemblyScript. */

/** Clears in `words` (limit / 32 words of bits that are all set) every bit of a number that is no prime. */
function strike(words: usize, limit: u32): void {
  for (let i: u32 = 2; i * i < limit; i++) {
    if ((load<u32>(words + ((i >> 5) << 2)) & (1 << (i & 31))) === 0) continue;
    for (let j = i * i; j < limit; j += i) {
      const at = words + ((j >> 5) << 2);
      store<u32>(at, load<u32>(at) & ~(1 << (j & 31)));
    }
  }
}

/** The primes below `limit`: how many in the high word, their sum (modulo 2^32) in the low one. */
export function primes(words: usize, limit: u32): u64 {
  memory.fill(words, 0xff, (limit + 31) >> 3);
  strike(words, limit);
  let count: u64 = 0;
  let sum: u32 = 0;
  for (let i: u32 = 2; i < limit; i++) {
    if (load<u32>(words + ((i >> 5) << 2)) & (1 << (i & 31))) {
      count++;
      sum += i;
    }
  }
  return (count << 32) | sum;
}
