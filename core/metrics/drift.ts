/**
 * How fast a value grows, with confidence: the samples of a gauge over time go in, a slope with its interval comes out.
 * Targets, thresholds (`drift`) and the soak bench ask it.
 *
 * The first half of the samples counts as start-up and is left out. The rest becomes six batches of equal length; the
 * slope is the least-squares line through their means, its interval Student's t with four degrees of freedom. Few long
 * batches make what follows one another (a saw of garbage collection, a cache that breathes) independent enough for that
 * (B. Schmeiser, "Batch size effects in the analysis of simulation output", Operations Research 30, 1982). Growth that
 * only slows down is no straight line through six batches: its interval is wide. Simulated with 60 and 240 samples of
 * white noise, an AR(1) process of 0.5, saws, and starts of up to 45 % of the time, a leak is seen where there is none in
 * 5 % or less; a wandering level (AR(1) of 0.9, 60 samples) does it in 11 %.
 */
import type { Sample } from './slope.js';

const BATCHES = 6;
/** Student's t, four degrees of freedom, 97.5 %. */
const T_975 = 2.776;
/** Two and a half for each batch, as many left out. */
export const DRIFT_SAMPLES_MIN = 30;

export interface Drift {
  /** In the unit of the value, per second. */
  readonly perSecond: number;
  /** Half the width of the 95 % interval around it. */
  readonly plusMinus: number;
  /** What was looked at: without the start-up. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly samples: number;
}

/** Null: not enough samples. */
export function driftOf(samples: readonly Sample[]): Drift | null {
  if (samples.length < DRIFT_SAMPLES_MIN) return null;
  const kept = samples.slice(Math.floor(samples.length / 2));
  const [first, last] = [kept[0], kept.at(-1)];
  if (first === undefined || last === undefined || last.atMs <= first.atMs) return null;
  const batches = Array.from({ length: BATCHES }, (_, i) =>
    meanOf(
      kept.slice(Math.floor((i * kept.length) / BATCHES), Math.floor(((i + 1) * kept.length) / BATCHES)),
    ),
  );
  const { atMs, value } = meanOf(batches);
  let [xx, xy] = [0, 0];
  for (const batch of batches) {
    xx += (batch.atMs - atMs) ** 2;
    xy += (batch.atMs - atMs) * (batch.value - value);
  }
  const slope = xy / xx;
  const squares = batches.reduce((sum, b) => sum + (b.value - value - slope * (b.atMs - atMs)) ** 2, 0);
  const error = Math.sqrt(squares / (BATCHES - 2) / xx);
  return {
    perSecond: slope * 1000,
    plusMinus: T_975 * error * 1000,
    fromMs: first.atMs,
    toMs: last.atMs,
    samples: kept.length,
  };
}

function meanOf(batch: readonly Pick<Sample, 'atMs' | 'value'>[]): Pick<Sample, 'atMs' | 'value'> {
  const n = batch.length;
  return {
    atMs: batch.reduce((sum, { atMs }) => sum + atMs, 0) / n,
    value: batch.reduce((sum, { value }) => sum + value, 0) / n,
  };
}
