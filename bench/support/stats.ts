/** Order statistics of a few repeats, as the tables quote them. Used by all benches. */

/** Of what was measured at least once. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/**
 * In 95 of 100 cases or more the median of what the values are drawn from lies between these two of them, whatever its
 * distribution (the sign test turned round). Undefined for fewer than six, which cannot say so much.
 */
export function medianInterval(values: readonly number[]): readonly [number, number] | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const count = sorted.length;
  // The share of cases in which no more than `below` of them are less than the median.
  let share = 0.5 ** count;
  let below = 0;
  if (share > 0.025) return undefined;
  for (let chance = share; ; below++) {
    chance *= (count - below) / (below + 1);
    if (share + chance > 0.025) break;
    share += chance;
  }
  return [sorted[below] as number, sorted[count - 1 - below] as number];
}

/** Linear between the order statistics (type 7 of Hyndman and Fan, 1996). NaN for nothing. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const below = sorted[Math.floor(at)] ?? NaN;
  const above = sorted[Math.ceil(at)] ?? NaN;
  return below + (above - below) * (at - Math.floor(at));
}
