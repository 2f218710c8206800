import { expect } from 'chai';
import { isHeld } from '../../../bench/bench.js';
import { median, medianInterval } from '../../../bench/support/stats.js';
import { randomFor } from '../../../core/base/random.js';

describe('statistics of a bench', () => {
  it('say between which repeats the median lies, and nothing of too few', () => {
    expect(medianInterval([5, 1, 4, 2, 3])).to.equal(undefined);
    expect(medianInterval([6, 5, 1, 4, 2, 3])).to.deep.equal([1, 6]);
    expect(medianInterval([9, 8, 7, 6, 5, 4, 3, 2, 1])).to.deep.equal([2, 8]);
  });

  it('are right about it in 95 of 100 cases', () => {
    const random = randomFor(20_261_127, 'median');
    const trials = 4000;
    let right = 0;
    for (let i = 0; i < trials; i++) {
      const [low, high] = medianInterval(Array.from({ length: 9 }, () => random() ** 3)) ?? [NaN, NaN];
      if (low <= 0.5 ** 3 && high >= 0.5 ** 3) right++;
    }
    expect(right / trials).to.be.within(0.95, 0.975);
    expect(median([3, 1, 2])).to.equal(2);
  });

  it('do not call an aim missed that the repeats scatter over', () => {
    const aim = { what: 'ratio', is: '>=', limit: 1, unit: '', value: 0.97 } as const;
    expect(isHeld(aim)).to.equal(false);
    expect(isHeld({ ...aim, interval: [0.9, 1.02] })).to.equal('open');
    expect(isHeld({ ...aim, interval: [0.9, 0.99] })).to.equal(false);
    expect(isHeld({ ...aim, value: 1 })).to.equal(true);
    expect(isHeld({ ...aim, value: null })).to.equal(null);
  });
});
