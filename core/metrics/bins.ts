/**
 * The scale of every distribution: log-linear bins, 128 an octave. A value goes in, the index of its bin comes
 * out, and back. Called by recorders for each sample, and by whoever turns bins into percentiles.
 */

/** Bins in each doubling of the value: half a bin is at most 1/256 = 0.39 % of the value. */
export const BINS_PER_OCTAVE = 128;
const LOG2_PER_OCTAVE = 7;
/**
 * The smallest value with a bin of its own is 2^-20 (a millionth: shares keep their precision); what is smaller,
 * 0 included, shares bin 0, which stands for 0.
 */
export const LOWEST_EXPONENT = -20;
/** The largest is just below 2^47: 39 hours in nanoseconds, 128 TiB in bytes. Beyond it, see `binOf`. */
export const HIGHEST_EXPONENT = 47;
/** One more than the octaves: octave 0 is bin 0 alone. */
export const OCTAVES = HIGHEST_EXPONENT - LOWEST_EXPONENT + 1;
export const BINS = (OCTAVES - 1) * BINS_PER_OCTAVE + 1;

const EXPONENT_BIAS = 1023;
/** Sign, exponent and the first seven bits of the fraction are what is left of the high word after this shift. */
const SHIFT = 20 - LOG2_PER_OCTAVE;
const OFFSET = (EXPONENT_BIAS + LOWEST_EXPONENT) * BINS_PER_OCTAVE - 1;
const double = new Float64Array(1);
/** Signed, so that the high word of -0 lies below that of every other value. */
const words = new Int32Array(double.buffer);
const HIGH_WORD = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 1 : 0;

/**
 * The bin of a finite value ≥ 0 (the caller has refused the others). Values beyond the top are counted in the
 * last bin: percentiles there say too little, while the exact maximum beside the bins keeps the truth.
 */
export function binOf(value: number): number {
  double[0] = value;
  const bin = ((words[HIGH_WORD] as number) >> SHIFT) - OFFSET;
  return bin < 1 ? 0 : bin < BINS ? bin : BINS - 1;
}

/** The octave that a bin belongs to: 0 for bin 0, then one for each doubling. */
export function octaveOf(bin: number): number {
  return (bin + BINS_PER_OCTAVE - 1) >> LOG2_PER_OCTAVE;
}

/** The first bin of an octave. */
export function firstBinOf(octave: number): number {
  return octave === 0 ? 0 : (octave - 1) * BINS_PER_OCTAVE + 1;
}

/** The smallest value that the bin holds. */
export function binLow(bin: number): number {
  if (bin === 0) return 0;
  const octave = (bin - 1) >> LOG2_PER_OCTAVE;
  const step = (bin - 1) & (BINS_PER_OCTAVE - 1);
  return 2 ** (octave + LOWEST_EXPONENT) * (1 + step / BINS_PER_OCTAVE);
}

let middles: Float64Array | null = null;

/** What stands for every value in the bin: its middle, at most 0.39 % away; 0 for bin 0. */
export function binValue(bin: number): number {
  // Worked out once where anybody asks: powers are dear, and the threads that only record never do.
  middles ??= Float64Array.from({ length: BINS }, (_, each) => middleOf(each));
  return middles[bin] as number;
}

function middleOf(bin: number): number {
  if (bin === 0) return 0;
  const width = 2 ** (((bin - 1) >> LOG2_PER_OCTAVE) + LOWEST_EXPONENT - LOG2_PER_OCTAVE);
  return binLow(bin) + width / 2;
}
