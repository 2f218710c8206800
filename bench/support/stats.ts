/** Order statistics of a few repeats, as the tables quote them. Used by all benches. */

/** Of what was measured at least once. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Linear between the order statistics (type 7 of Hyndman and Fan, 1996). NaN for nothing. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const below = sorted[Math.floor(at)] ?? NaN;
  const above = sorted[Math.ceil(at)] ?? NaN;
  return below + (above - below) * (at - Math.floor(at));
}
