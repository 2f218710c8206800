/**
 * What is kept of a distribution when a phase or the run closes: a t-digest made from the accumulated bins, in the
 * package's discrete mode, which neither merges nor draws random numbers. Digests of other runs or hosts merge
 * into one; they are never subtracted. The only import of tdigest.
 */
import type { Centroid } from 'tdigest';
import { TDigest } from 'tdigest';
import type { Bins, Point, Tags } from '../contract/metrics.js';
import { binValue } from './bins.js';

/** One line of digests.ndjson. Count, sum and extremes are exact; centroids are bin middles with their counts. */
export interface DigestRecord {
  readonly scope: 'phase' | 'run';
  /** With scope `phase`. */
  readonly phase?: string;
  /** Of a repeated phase. */
  readonly round?: number;
  readonly metric: string;
  readonly tags: Tags;
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  readonly centroids: readonly (readonly [mean: number, count: number])[];
}

/** A mergeable distribution. */
export class Digest {
  readonly #digest = new TDigest(false);

  static of(centroids: DigestRecord['centroids']): Digest {
    const digest = new Digest();
    digest.merge(centroids);
    return digest;
  }

  merge(centroids: DigestRecord['centroids']): void {
    const pushed: Centroid[] = centroids.map(([mean, n]) => ({ mean, n }));
    if (pushed.length > 0) this.#digest.push_centroid(pushed);
  }

  centroids(): DigestRecord['centroids'] {
    return this.#digest.toArray().map(({ mean, n }) => [mean, n] as const);
  }

  /** Nearest rank, 0 ≤ p ≤ 1; null when empty. */
  quantile(p: number): number | null {
    return this.#digest.size() === 0 ? null : this.#digest.percentile(p);
  }
}

/**
 * What a discrete digest made of these bins holds, without building its tree: a centroid for each bin, which took a
 * millisecond a series and is the same list.
 */
function centroidsOf({ index, count }: Bins): DigestRecord['centroids'] {
  return Array.from(index, (bin, i) => [binValue(bin), count[i] as number] as const);
}

export function digestRecord(
  whose: Pick<DigestRecord, 'scope' | 'phase' | 'round' | 'metric' | 'tags'>,
  { bins, count, sum, min, max }: Point & { kind: 'trend' },
): DigestRecord {
  return { ...whose, count, sum, min, max, centroids: centroidsOf(bins) };
}

/** Of a record that was read back: nearest rank, kept between the exact extremes; null when empty. */
export function quantile(record: DigestRecord, p: number): number | null {
  const value = Digest.of(record.centroids).quantile(p);
  return value === null ? null : Math.min(record.max, Math.max(record.min, value));
}
