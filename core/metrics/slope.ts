/**
 * Drift: the values of a gauge's windows over time, in bounded memory, and the Theil–Sen slope through them (the
 * median of the slopes of all pairs: P. K. Sen, 1968). One outlier among four does not move it.
 */

/** Beyond so many values the resolution is halved: neighbours become their average. Bounds the pairs at 131,000. */
export const HISTORY_MAX = 512;

export interface Sample {
  readonly atMs: number;
  readonly value: number;
  readonly weight: number;
}

export class History {
  #samples: Sample[] = [];

  get samples(): readonly Sample[] {
    return this.#samples;
  }

  add(sample: Sample): void {
    this.#samples.push(sample);
    if (this.#samples.length > HISTORY_MAX) this.#samples = halved(this.#samples);
  }
}

function halved(samples: readonly Sample[]): Sample[] {
  const half: Sample[] = [];
  for (let i = 0; i < samples.length; i += 2) {
    const [a, b] = [samples[i], samples[i + 1]];
    if (a === undefined) break;
    if (b === undefined) {
      half.push(a);
      continue;
    }
    const weight = a.weight + b.weight;
    const mean = (x: number, y: number): number =>
      weight > 0 ? (x * a.weight + y * b.weight) / weight : (x + y) / 2;
    half.push({ atMs: mean(a.atMs, b.atMs), value: mean(a.value, b.value), weight });
  }
  return half;
}

/** Units of the value per second; null with fewer than two moments. */
export function theilSen(samples: readonly Sample[]): number | null {
  let kept = [...samples];
  while (kept.length > HISTORY_MAX) kept = halved(kept);
  const slopes: number[] = [];
  for (let i = 0; i < kept.length; i++) {
    const a = kept[i] as Sample;
    for (let j = i + 1; j < kept.length; j++) {
      const b = kept[j] as Sample;
      if (b.atMs !== a.atMs) slopes.push(((b.value - a.value) / (b.atMs - a.atMs)) * 1000);
    }
  }
  if (slopes.length === 0) return null;
  const sorted = Float64Array.from(slopes).sort();
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] as number)) / 2;
}
