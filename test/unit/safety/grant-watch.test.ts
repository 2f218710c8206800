import { expect } from 'chai';
import type { Resource } from '../../../core/contract/plugin.js';
import { GrantWatch, GROWING_NS } from '../../../core/safety/grant-watch.js';

describe('watch over grants', () => {
  it('holds whoever was granted something for growing, for a while from the last grant on', () => {
    const made: Partial<Record<Resource, number>> = {};
    const watch = new GrantWatch((resource) => made[resource] ?? 0);
    expect(watch.look(0)).to.equal(false);
    expect(watch.isGrowing('memory', 0)).to.equal(false);
    made.memory = 1;
    expect(watch.look(5)).to.equal(true);
    expect(watch.look(6)).to.equal(false);
    expect(watch.isGrowing('memory', 5 + GROWING_NS - 1)).to.equal(true);
    expect(watch.isGrowing('memory', 5 + GROWING_NS)).to.equal(false);
    expect([watch.isGrowing('disk', 6), watch.isGrowing(null, 6)]).to.deep.equal([false, false]);
    made.memory = 2;
    expect(watch.look(5 + GROWING_NS)).to.equal(true);
    expect(watch.isGrowing('memory', 5 + 2 * GROWING_NS - 1)).to.equal(true);
  });
});
