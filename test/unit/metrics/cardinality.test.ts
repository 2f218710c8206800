/** The bound on series: what is turned away is kept together, and counted. */
import { expect } from 'chai';
import { SeriesLimiter } from '../../../core/metrics/cardinality.js';

describe('series limits', () => {
  it('hold for each actor, and give the same answer twice', () => {
    const limiter = new SeriesLimiter(1, 10);
    const [a, b] = [
      { actor: 'p', op: 'a' },
      { actor: 'p', op: 'b' },
    ];
    expect(limiter.place('x', a)).to.deep.equal({ tags: a, isOverflow: false });
    expect(limiter.place('x', b)).to.deep.equal({ tags: { actor: 'p', overflow: 'true' }, isOverflow: true });
    expect(limiter.place('x', a).isOverflow).to.equal(false);
    expect(limiter.place('x', { actor: 'q', op: 'a' }).isOverflow).to.equal(false);
    expect(limiter.overflowed).to.equal(1);
  });

  it('hold for the run, series without an actor too', () => {
    const limiter = new SeriesLimiter(10, 2);
    const placed = ['a', 'b', 'c'].map((metric) => limiter.place(metric, {}).isOverflow);
    expect(placed).to.deep.equal([false, false, true]);
  });
});
