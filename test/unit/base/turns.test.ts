/** Long work in short turns: same result, and the event loop turns meanwhile. */
import { expect } from 'chai';
import { TURN_MS, atOnce, inTurns } from '../../../core/base/turns.js';

function* sumOf(values: number, pieceMs: number): Generator<void, number> {
  let sum = 0;
  for (let value = 1; value <= values; value++) {
    for (const untilMs = performance.now() + pieceMs; performance.now() < untilMs;);
    sum += value;
    yield;
  }
  return sum;
}

describe('work in turns', () => {
  it('gives the event loop its turn when the time of one is over', async () => {
    let turns = 0;
    let isOver = false;
    const count = (): void => {
      turns++;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    expect(await inTurns(sumOf(20, TURN_MS / 2))).to.equal(210);
    isOver = true;
    expect(turns).to.be.at.least(5);
  });

  it('does not wait where the work is short, nor where it is done at once', async () => {
    let hasTurned = false;
    setImmediate(() => (hasTurned = true));
    expect(await inTurns(sumOf(3, 0))).to.equal(6);
    expect(atOnce(sumOf(4, 0))).to.equal(10);
    expect(hasTurned).to.equal(false);
  });
});
