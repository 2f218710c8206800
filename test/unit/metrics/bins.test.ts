/** The scale: every value has a bin, near to it, in order. */
import { expect } from 'chai';
import fc from 'fast-check';
import { BINS, OCTAVES, binLow, binOf, binValue, firstBinOf, octaveOf } from '../../../core/metrics/bins.js';

const positive = fc.double({ min: 2 ** -20, max: 2 ** 47 * (1 - 2 ** -50), noNaN: true });

describe('bins', () => {
  it('stand for their values within 0.4 %', () => {
    fc.assert(
      fc.property(positive, (value) => Math.abs(binValue(binOf(value)) / value - 1) < 0.004),
      { verbose: true, numRuns: 2000 },
    );
  });

  it('keep the order of values', () => {
    fc.assert(
      fc.property(positive, positive, (a, b) => a > b || binOf(a) <= binOf(b)),
      { numRuns: 2000 },
    );
  });

  it('have the index of their own lower bound and of their middle', () => {
    for (let bin = 0; bin < BINS; bin++) {
      if (binOf(binLow(bin)) !== bin || binOf(binValue(bin)) !== bin) expect.fail(`bin ${bin}`);
    }
  });

  it('fit an unsigned 16-bit index', () => {
    expect(BINS).to.be.lessThan(65_536);
    expect(octaveOf(BINS - 1)).to.equal(OCTAVES - 1);
  });

  it('belong to the octave that begins with its first bin', () => {
    for (let octave = 0; octave < OCTAVES; octave++) {
      expect(octaveOf(firstBinOf(octave))).to.equal(octave);
      if (octave > 0) expect(octaveOf(firstBinOf(octave) - 1)).to.equal(octave - 1);
    }
  });

  it('take zero of either sign, and what is below a millionth, as zero', () => {
    for (const value of [0, -0, Number.MIN_VALUE, 1e-9]) expect(binValue(binOf(value))).to.equal(0);
  });

  it('keep what is beyond the top in the last bin', () => {
    for (const value of [2 ** 47, 1e18, Number.MAX_VALUE]) expect(binOf(value)).to.equal(BINS - 1);
  });
});
