/** The results of kernels, worked out in another way: slowly, in plain JavaScript, and exactly. */
import { CHAINS, CONSTANT, fold, ROUNDS, startOf } from '../../plugins/cpu/kernels/chains.js';

type Step = 'single' | 'double' | 'integer';

/** What all chains together fold to, `fused` with one rounding for a multiplication and an addition. */
export function chainsResult(step: Step, lanes: number, fused = false): number {
  const count = CHAINS * lanes;
  const ends = Array.from({ length: count }, (_, k) => run(step, startOf(step, k), fused));
  const Values = { single: Float32Array, double: Float64Array, integer: Int32Array }[step];
  return fold(new Uint32Array(new Values(ends).buffer));
}

function run(step: Step, start: number, fused: boolean): number {
  const c = step === 'single' ? Math.fround(CONSTANT.single) : CONSTANT[step];
  let x = step === 'single' ? Math.fround(start) : start;
  for (let i = 0; i < ROUNDS; i++) {
    if (step === 'integer') x = (Math.imul(x, c) + c) | 0;
    else if (step === 'double') x = x * x + c;
    // In double precision the square of a number of single precision is exact.
    else x = fused ? roundOnce(x * x, c) : Math.fround(Math.fround(x * x) + c);
  }
  return x;
}

/** The sum of two numbers, rounded to single precision as if it had been exact before. */
function roundOnce(a: number, b: number): number {
  const sum = a + b;
  const part = sum - a;
  const error = a - (sum - part) + (b - part);
  const rounded = Math.fround(sum);
  if (error === 0 || rounded === sum) return rounded;
  // Only a sum half-way between two numbers of single precision can be rounded to the wrong side of its error.
  const other = Math.fround(sum + (sum - rounded));
  const isHalfWay = Math.abs(sum - rounded) === Math.abs(other - sum) && other !== rounded;
  if (!isHalfWay) return rounded;
  return error > 0 === other > rounded ? other : rounded;
}

/** Where random branches lead, by a table of what each place does. */
export function wanderResult(seed: number, steps: number): number {
  const rotate = (word: number, by: number): number => (word << by) | (word >>> (32 - by));
  const places: readonly ((y: number, x: number) => number)[] = [
    (y, x) => Math.imul(y + x, 5),
    (y, x) => y ^ (x >>> 3),
    (y) => rotate(y, 7) + 1,
    (y, x) => y - x,
    (y, x) => Math.imul(y ^ x, 9),
    (y, x) => y + (x >>> 5),
    (y) => rotate(y, 21) ^ 3,
    (y) => ~y,
  ];
  let x = seed >>> 0;
  let y = 1;
  for (let i = 0; i < steps; i++) {
    x = (x ^ (x << 13)) >>> 0;
    x = (x ^ (x >>> 17)) >>> 0;
    x = (x ^ (x << 5)) >>> 0;
    y = places[x & 7]!(y, x) >>> 0;
    if ((x & 0x100) !== 0) y = (y ^ Math.floor(x / ((y & 15) + 3))) >>> 0;
  }
  return y;
}

/** By trial division. */
export function primesBelow(limit: number): number[] {
  const primes: number[] = [];
  for (let n = 2; n < limit; n++) {
    if (primes.every((prime) => prime * prime > n || n % prime !== 0)) primes.push(n);
  }
  return primes;
}

/** Xorshift and multiplication in whole numbers of any size. */
export function integerResult(seed: number, steps: number): number {
  const word = (x: bigint): bigint => BigInt.asUintN(32, x);
  let x = BigInt(seed);
  for (let i = 0n; i < BigInt(steps); i++) {
    x ^= word(x << 13n);
    x ^= x >> 17n;
    x ^= word(x << 5n);
    x = word(x * 0x9e3779b1n) ^ i;
  }
  return Number(x);
}
