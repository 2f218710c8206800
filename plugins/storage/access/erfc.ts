/** Chebyshev fit of erfc; the constants are facts. */
const FIT = [
  -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587,
  -0.82215223, 0.17087277,
];

/** Complementary error function, to 1.2e-7 relative (Press et al., Numerical Recipes, 1992). */
export function erfc(x: number): number {
  const t = 1 / (1 + 0.5 * Math.abs(x));
  const tail = t * Math.exp(-x * x + FIT.reduceRight((sum, factor) => sum * t + factor, 0));
  return x >= 0 ? tail : 2 - tail;
}
