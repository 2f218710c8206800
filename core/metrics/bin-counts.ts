/** Adds up sparse bins over many windows: memory only for the octaves that were ever hit. */
import type { Bins } from '../contract/metrics.js';
import { BINS_PER_OCTAVE, firstBinOf, octaveOf } from './bins.js';

export class BinCounts {
  readonly #octaves: (Float64Array | undefined)[] = [];

  add({ index, count }: Bins): void {
    for (let i = 0; i < index.length; i++) {
      const bin = index[i] as number;
      const octave = octaveOf(bin);
      const counts = (this.#octaves[octave] ??= new Float64Array(BINS_PER_OCTAVE));
      const at = bin - firstBinOf(octave);
      counts[at] = (counts[at] as number) + (count[i] as number);
    }
  }

  toBins(): Bins {
    const index: number[] = [];
    const count: number[] = [];
    this.#octaves.forEach((counts, octave) => {
      const first = firstBinOf(octave);
      counts?.forEach((n, i) => {
        if (n === 0) return;
        index.push(first + i);
        count.push(n);
      });
    });
    return { index: Uint16Array.from(index), count: Float64Array.from(count) };
  }
}
