/**
 * Are these the gaps of a Poisson process of a known rate? Kolmogorov and Smirnov's test against the exponential
 * distribution, with nothing fitted to the sample. Used by `pacing.ts`, and by `io-rate.ts` for a clock of whole ticks.
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

/**
 * The distance for gaps between instants of which only whole ticks are known, rounded down: against what such a clock sees
 * of a Poisson process. Within its tick an instant lies anywhere, so that a gap is at most k ticks with the probability
 * ∫ 1 − e^(−rate·(k + 1 − u)) du over u from 0 to 1. Against the exponential itself the rounding alone would be a distance
 * of rate ÷ 2, which says nothing of either tool.
 */
export function distanceInTicks(gaps: Float64Array, rate: number): number {
  const n = gaps.length;
  const sorted = Float64Array.from(gaps).sort();
  const atMost = (k: number): number => 1 + (Math.exp(-rate * k) * Math.expm1(-rate)) / rate;
  let distance = 0;
  // Between two gaps that differ only the expected share grows: what counts is where the sample steps, and just before.
  for (let i = 0; i < n; i++) {
    const gap = sorted[i] ?? 0;
    if (sorted[i - 1] !== gap) distance = Math.max(distance, gap > 0 ? atMost(gap - 1) - i / n : 0);
    if (sorted[i + 1] !== gap) distance = Math.max(distance, Math.abs((i + 1) / n - atMost(gap)));
  }
  return distance;
}
