/** Levels of a search: what is found lies within the resolution of what there is, in no more steps than were planned. */
import { expect } from 'chai';
import fc from 'fast-check';
import type { BisectionInput } from '../../../core/plan/bisection.js';
import { Bisection, stepsMax } from '../../../core/plan/bisection.js';

/** Whatever is above the limit breaks. */
function searched(input: BisectionInput, limit: number): { bisection: Bisection; levels: number[] } {
  const bisection = new Bisection(input);
  const levels: number[] = [];
  for (let level = bisection.next(); level !== null && levels.length < 200; level = bisection.next()) {
    expect(bisection.stepsLeft()).to.be.at.least(1);
    levels.push(level);
    bisection.told(level, level <= limit);
  }
  return { bisection, levels };
}

describe('the levels of a search', () => {
  it('double from the lowest until one breaks, and halve what is left', () => {
    const { bisection, levels } = searched({ low: 0.1, high: 1, resolution: 0.05, quantum: 0 }, 0.67);
    const rounded = levels.map((level) => Number(level.toFixed(3)));
    expect(rounded).to.deep.equal([0.1, 0.2, 0.4, 0.8, 0.6, 0.7, 0.65]);
    expect([bisection.held, bisection.broke]).to.deep.equal([levels[6], levels[5]]);
  });

  it('are whole where there is nothing between', () => {
    const eighth = { low: 0.125, high: 1, resolution: 0, quantum: 0.125 };
    expect(searched(eighth, 0.66).levels).to.deep.equal([0.125, 0.25, 0.5, 1, 0.75, 0.625]);
  });

  it('end at the highest that may be tried, and at the lowest', () => {
    const input = { low: 0.25, high: 0.8, resolution: 0.1, quantum: 0 };
    const all = searched(input, 1);
    expect(all.levels).to.deep.equal([0.25, 0.5, 0.8]);
    expect([all.bisection.held, all.bisection.broke]).to.deep.equal([0.8, null]);
    const none = searched(input, 0);
    expect([none.levels, none.bisection.held, none.bisection.broke]).to.deep.equal([[0.25], null, 0.25]);
  });

  it('find any limit to within the resolution, in the steps that the plan counts', () => {
    const share = fc.double({ min: 0.001, max: 1, noNaN: true });
    fc.assert(
      fc.property(share, share, share, fc.integer({ min: 0, max: 1000 }), (a, b, limit, places) => {
        const quantum = places === 0 ? 0 : 1 / places;
        const onto = (level: number): number =>
          quantum === 0 ? level : Math.max(1, Math.round(level / quantum)) * quantum;
        const [low, high] = [onto(Math.min(a, b) / 2), onto(Math.max(a, b))];
        fc.pre(low < high - 1e-6);
        const input = { low, high, resolution: onto(0.01), quantum };
        const { bisection, levels } = searched(input, limit);
        expect(levels.length).to.be.at.most(stepsMax(input));
        if (bisection.held === null) expect(limit).to.be.below(low);
        else if (bisection.broke === null) expect(limit).to.be.at.least(high - 1e-8);
        else {
          expect(bisection.held).to.be.at.most(limit);
          expect(bisection.broke).to.be.above(limit);
          expect(bisection.broke - bisection.held).to.be.at.most(input.resolution + 1e-8);
        }
        if (quantum > 0) {
          for (const level of levels)
            expect(Math.abs(Math.round(level / quantum) - level / quantum)).to.be.below(1e-6);
        }
      }),
    );
  });
});
