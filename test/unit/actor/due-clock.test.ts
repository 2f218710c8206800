import { expect } from 'chai';
import fc from 'fast-check';
import { DueClock } from '../../../core/actor/due-clock.js';
import { TimelineReader } from '../../../core/actor/timeline-reader.js';
import { line, MS, START_NS, timelineOf } from './fixtures.js';

/** All due times in milliseconds since the start. */
function dues(clock: DueClock, scale = 1, most = 10_000): number[] {
  const all: number[] = [];
  for (let due = clock.nextNs(scale); due < Infinity && all.length < most; due = clock.nextNs(scale)) {
    all.push((due - START_NS) / MS);
    clock.take(due);
  }
  return all;
}

describe('the due clock', () => {
  const clockOf = (share: number, ...phases: Parameters<typeof timelineOf>): DueClock =>
    new DueClock(new TimelineReader(timelineOf(...phases)), share, START_NS);

  it('spaces operations evenly under a constant rate', () => {
    expect(dues(clockOf(100, [line(0, 55, 1)])).map(Math.round)).to.deep.equal([10, 20, 30, 40, 50]);
    expect(dues(clockOf(100, [line(0, 55, 1)]), 0.5).map(Math.round)).to.deep.equal([20, 40]);
  });

  it('follows a ramp: the n-th operation is due when the integral of the rate is n', () => {
    // 0 → 200/s in a second: n = 100 t².
    const all = dues(clockOf(200, [line(0, 1000, 0, 1)]));
    expect(all).to.have.length.within(99, 100);
    all.forEach((due, index) => expect(due).to.be.closeTo(1000 * Math.sqrt((index + 1) / 100), 1e-3));
  });

  it('counts all that fell due, done or not; an idle phase drops what is behind', () => {
    const clock = clockOf(100, [line(0, 1000, 1)], 500, [line(0, 1000, 1)]);
    expect(clock.dueBy(START_NS + 505 * MS, 1)).to.equal(50);
    clock.take(clock.nextNs(1));
    expect(clock.dueBy(START_NS + 505 * MS, 1)).to.equal(50);
    clock.drop(START_NS + 1200 * MS, 1);
    expect(clock.dueBy(START_NS + 1400 * MS, 1)).to.equal(100);
    expect((clock.nextNs(1) - START_NS) / MS).to.be.closeTo(1510, 1e-6);
  });

  it('makes as many operations as the area under the rate, whatever the pieces', () => {
    const level = fc.double({ min: 0, max: 1, noNaN: true });
    const piece = fc.record({ lengthMs: fc.integer({ min: 1, max: 400 }), from: level, to: level });
    fc.assert(
      fc.property(
        fc.array(piece, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 500 }),
        (pieces, share) => {
          let atMs = 0;
          const lines = pieces.map(({ lengthMs, from, to }) => line(atMs, (atMs += lengthMs), from, to));
          const area = lines.reduce(
            (sum, l) => sum + (((l.from + l.to) / 2) * (l.endMs - l.startMs) * share) / 1000,
            0,
          );
          const all = dues(clockOf(share, lines));
          expect(all.length).to.be.within(Math.floor(area - 1e-6), Math.floor(area + 1e-6));
          for (let i = 1; i < all.length; i++) expect(all[i]!).to.be.at.least(all[i - 1]!);
        },
      ),
      { numRuns: 200, verbose: true },
    );
  });
});
