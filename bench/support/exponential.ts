/**
 * Are these the gaps of a Poisson process of a known rate? Kolmogorov and Smirnov's test against the exponential
 * distribution, with nothing fitted to the sample. Used by `pacing.ts`.
 */

export interface ExponentialFit {
  /** The largest distance between the two distribution functions. */
  readonly distance: number;
  /** How probable a distance of at least that is when they are equal. */
  readonly p: number;
}

export function testExponential(gaps: Float64Array, rate: number): ExponentialFit {
  const n = gaps.length;
  const sorted = Float64Array.from(gaps).sort();
  let distance = 0;
  for (let i = 0; i < n; i++) {
    const share = 1 - Math.exp(-rate * (sorted[i] ?? 0));
    distance = Math.max(distance, share - i / n, (i + 1) / n - share);
  }
  // Stephens' correction, with which the asymptotic distribution serves small samples too.
  const root = Math.sqrt(n);
  return { distance, p: kolmogorov((root + 0.12 + 0.11 / root) * distance) };
}

/** Probability that a variable of Kolmogorov's distribution is above x. */
function kolmogorov(x: number): number {
  if (x < 0.2) return 1;
  let sum = 0;
  for (let k = 1; k <= 100; k++) sum += (k % 2 === 1 ? 2 : -2) * Math.exp(-2 * k * k * x * x);
  return Math.min(1, Math.max(0, sum));
}
