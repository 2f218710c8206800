import { expect } from 'chai';
import { NumberQueue } from '../../../core/base/number-queue.js';
import { randomFor } from '../../../core/base/random.js';

describe('number queue', () => {
  it('gives back what came in, in order, from both ends and however often it grows and wraps around', () => {
    const random = randomFor(20_261_127, 'number-queue');
    const queue = new NumberQueue();
    const model: number[] = [];
    for (let i = 0; i < 20_000; i++) {
      // In waves: it grows while it is wrapped around, and runs empty.
      const isGrowing = random() < (Math.floor(i / 2000) % 2 === 0 ? 0.6 : 0.4);
      if (isGrowing || model.length === 0) {
        queue.push(i);
        model.push(i);
      } else if (random() < 0.8) {
        expect(queue.at(0)).to.equal(model.shift());
        queue.shift();
      } else expect(queue.pop()).to.equal(model.pop());
      const at = Math.floor(random() * (model.length + 1));
      expect(queue.at(at)).to.deep.equal(model[at] ?? NaN);
      expect(queue.length).to.equal(model.length);
    }
  });
});
