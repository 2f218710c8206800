/**
 * Counts of bins, with memory only for the octaves that were ever hit, all of it in one array: adding a thousand sparse
 * distributions is bound by how many places of memory are touched. Owned by source states and accumulators.
 */
import { BINS_PER_OCTAVE, OCTAVES, firstBinOf, octaveOf } from './bins.js';

const NONE = -1;
/** A distribution that does not wander stays within three octaves: room for that to begin with. */
const OCTAVES_AT_FIRST = 4;

export class OctaveCounts {
  /** By octave, where its counts begin in `words`. */
  readonly #starts: number[] = new Array<number>(OCTAVES).fill(NONE);
  #used = 0;
  /** Replaced when an octave is opened. */
  words = new Float64Array(OCTAVES_AT_FIRST * BINS_PER_OCTAVE);

  /** What to add to a bin of this octave to have its place in `words`. */
  shiftOf(octave: number): number {
    const start = this.#starts[octave] as number;
    return (start === NONE ? this.#open(octave) : start) - firstBinOf(octave);
  }

  /** Calls back for every bin of every open octave, ascending, zeros too. */
  each(tell: (bin: number, count: number) => void): void {
    for (let octave = 0; octave < OCTAVES; octave++) {
      const start = this.#starts[octave] as number;
      if (start === NONE) continue;
      const first = firstBinOf(octave);
      const end = octave === 0 ? 1 : BINS_PER_OCTAVE;
      for (let i = 0; i < end; i++) tell(first + i, this.words[start + i] as number);
    }
  }

  #open(octave: number): number {
    const start = this.#used;
    this.#used += BINS_PER_OCTAVE;
    if (this.#used > this.words.length) {
      const words = new Float64Array(2 * this.words.length);
      words.set(this.words);
      this.words = words;
    }
    this.#starts[octave] = start;
    return start;
  }
}

/** One more than the last bin of the octave that `bin` is in. */
export function octaveEndOf(bin: number): number {
  return firstBinOf(octaveOf(bin)) + (bin === 0 ? 1 : BINS_PER_OCTAVE);
}
