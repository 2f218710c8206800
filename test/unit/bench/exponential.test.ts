/** Gaps of a Poisson process pass, by a clock of whole ticks too; evenly spaced ones do not. */
import { expect } from 'chai';
import { distanceInTicks, testExponential } from '../../../bench/support/exponential.js';
import { randomFor } from '../../../core/base/random.js';

const SEED = 6;
const COUNT = 20_000;

/** At so many a tick; `gap` draws one, of mean 1. */
function distanceOf(rate: number, gap: () => number): number {
  let at = 0;
  const ticks = Array.from({ length: COUNT + 1 }, () => Math.floor((at += gap() / rate)));
  const gaps = Float64Array.from({ length: COUNT }, (_, i) => (ticks[i + 1] ?? 0) - (ticks[i] ?? 0));
  return distanceInTicks(gaps, rate);
}

describe(`distance from a Poisson process, seed ${SEED}`, () => {
  const random = randomFor(SEED, 'exponential');
  const exponential = (): number => -Math.log(1 - random());
  // Once in a thousand draws more.
  const CHANCE = 1.95 / Math.sqrt(COUNT);

  it('is no more than chance for one, however coarse the clock', () => {
    for (const rate of [0.001, 0.3, 3]) expect(distanceOf(rate, exponential), `${rate}`).to.be.below(CHANCE);
    expect(testExponential(Float64Array.from({ length: COUNT }, exponential), 1).p).to.be.above(0.001);
  });

  it('is much more for evenly spaced operations, and for one of another rate', () => {
    expect(distanceOf(0.01, () => 1)).to.be.within(0.6, 0.65);
    expect(distanceOf(0.3, () => exponential() / 1.22)).to.be.within(0.04, 0.1);
  });
});
