/** Adds up sparse bins over many windows: memory only for the octaves that were ever hit. */
import type { Bins } from '../contract/metrics.js';
import { octaveOf } from './bins.js';
import { OctaveCounts, octaveEndOf } from './octave-counts.js';

export class BinCounts {
  readonly #counts = new OctaveCounts();

  /** Indices ascend, so that the octave is looked up once for all its bins. */
  add({ index, count }: Bins): void {
    let [end, shift] = [0, 0];
    for (let i = 0; i < index.length; i++) {
      const bin = index[i] as number;
      if (bin >= end || i === 0) {
        shift = this.#counts.shiftOf(octaveOf(bin));
        end = octaveEndOf(bin);
      }
      const words = this.#counts.words;
      words[bin + shift] = (words[bin + shift] as number) + (count[i] as number);
    }
  }

  toBins(): Bins {
    let hit = 0;
    this.#counts.each((_, n) => {
      if (n !== 0) hit++;
    });
    const index = new Uint16Array(hit);
    const count = new Float64Array(hit);
    let at = 0;
    this.#counts.each((bin, n) => {
      if (n === 0) return;
      index[at] = bin;
      count[at++] = n;
    });
    return { index, count };
  }
}
