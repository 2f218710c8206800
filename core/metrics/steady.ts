/**
 * Steady state as storage people define it: SNIA Solid State Storage Performance Test Specification 2.0.2, definition
 * 2.1.24. Over a measurement window of five rounds both must hold for the tracked figure y:
 * - excursion: max(y) − min(y) is at most 20 % of the average of y;
 * - slope: the best straight line through the rounds rises or falls by at most 10 % of the average from end to end.
 * A round here is one full window of the phase, so a scenario that wants the rounds of the specification, one minute
 * each, says "window": "1m".
 */
export const ROUNDS = 5;
const EXCURSION_MAX = 0.2;
const DRIFT_MAX = 0.1;

export interface Steadiness {
  readonly isSteady: boolean;
  readonly mean: number;
  /** Range and rise of the fitted line, as shares of the mean. */
  readonly excursion: number;
  readonly drift: number;
}

/** Null with another number of rounds than five, and for a mean of 0: what never happened is not steady. */
export function steadiness(rounds: readonly number[]): Steadiness | null {
  if (rounds.length !== ROUNDS) return null;
  const mean = rounds.reduce((sum, y) => sum + y, 0) / ROUNDS;
  if (mean === 0) return null;
  const excursion = (Math.max(...rounds) - Math.min(...rounds)) / Math.abs(mean);
  // Least squares; the middle of five rounds is round 2, and Σ (x − 2)² is 10.
  const slope = rounds.reduce((sum, y, x) => sum + (x - 2) * (y - mean), 0) / 10;
  const drift = (Math.abs(slope) * (ROUNDS - 1)) / Math.abs(mean);
  return { isSteady: excursion <= EXCURSION_MAX && drift <= DRIFT_MAX, mean, excursion, drift };
}
