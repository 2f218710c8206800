import { expect } from 'chai';
import { MS, nowNs } from '../../../core/base/clock.js';
import { makeControlBlock, setScale, wake, WORD } from '../../../core/contract/control-block.js';
import { Pace } from '../../../core/actor/pace.js';
import { Waiter } from '../../../core/actor/waiter.js';

describe('pace', () => {
  it('is a sign of life, holds while the gate holds, slows down with the scale, and says when a stop is asked', async () => {
    const block = makeControlBlock();
    const pace = new Pace(new Waiter(block));
    const beats = (): number => block.words[WORD.beat]!;
    const before = beats();
    expect(await pace.next()).to.equal(true);
    expect(beats()).to.be.greaterThan(before);

    setScale(block, 0, nowNs());
    let isOver = false;
    const held = pace.next().then((goesOn) => {
      isOver = true;
      return goesOn;
    });
    for (let i = 0; i < 5; i++) await new Promise(setImmediate);
    expect(isOver, 'nothing moves at scale 0').to.equal(false);
    setScale(block, 0.5, nowNs());
    wake(block);
    expect(await held).to.equal(true);

    // A slice of 20 ms at half the scale is followed by a rest as long.
    const fromNs = nowNs();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await pace.next()).to.equal(true);
    expect(nowNs() - fromNs).to.be.greaterThan(39 * MS);

    setScale(block, 0, nowNs());
    const stopped = pace.next();
    Atomics.store(block.words, WORD.stop, 1);
    wake(block);
    expect(await stopped).to.equal(false);
  });
});
