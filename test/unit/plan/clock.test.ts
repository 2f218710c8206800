/** The clock of phases: the plan's own cuts until something moves, and no others than before after that. */
import { expect } from 'chai';
import fc from 'fast-check';
import { MS } from '../../../core/base/clock.js';
import type { PlannedPhase } from '../../../core/contract/plan.js';
import { PhaseClock } from '../../../core/plan/clock.js';
import { windowCount, windowCut } from '../../../core/plan/cuts.js';
import { phases } from '../metrics/make.js';

const durations = fc.array(fc.integer({ min: 100, max: 9000 }), { minLength: 1, maxLength: 6 });
const planned = (lengths: readonly number[]): PlannedPhase[] =>
  phases(...lengths.map((ms, i) => [`p${i}`, ms] as const));

/** Every window that exists, in order. */
function walk(clock: PhaseClock): number[] {
  const indices: number[] = [];
  for (let i = clock.from(0); i !== null; i = clock.from(i + 1)) indices.push(i);
  return indices;
}

describe('phase clock', () => {
  it('has the plan’s own windows while nothing moves', () => {
    fc.assert(
      fc.property(durations, fc.integer({ min: 100, max: 2000 }), (lengths, windowMs) => {
        const list = planned(lengths);
        const clock = new PhaseClock(list, windowMs);
        const count = windowCount(list, windowMs);
        expect(walk(clock)).to.deep.equal(Array.from({ length: count }, (_, i) => i));
        for (let i = 0; i <= count; i++)
          expect(clock.windowAt(i)).to.deep.equal(windowCut(list, windowMs, i));
        expect(clock.lastIndex).to.equal(count - 1);
      }),
    );
  });

  it('covers the time without gaps or overlaps, whatever was ended early', () => {
    const ends = fc.array(fc.double({ min: 0.01, max: 0.99, noNaN: true }), { minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(durations, fc.integer({ min: 100, max: 2000 }), ends, (lengths, windowMs, shares) => {
        const clock = new PhaseClock(planned(lengths), windowMs);
        const before = walk(clock);
        lengths.forEach((_, phase) => {
          const [from = 0, to = 0] = [clock.startsMs[phase], clock.startsMs[phase + 1]];
          // Every other one takes those behind it along.
          const last = Math.min(phase + (phase % 2), lengths.length - 1);
          if (!clock.isSkipped(phase))
            clock.endThrough(phase, last, from + (to - from) * (shares[phase] ?? 0.5));
        });
        const indices = walk(clock);
        expect(before).to.include.members(indices);
        let atMs = 0;
        for (const index of indices) {
          const cut = clock.windowAt(index);
          expect(cut?.startMs).to.be.closeTo(atMs, 1e-6);
          expect(cut?.endMs).to.be.greaterThan(atMs);
          expect(clock.indexAt((cut?.startMs ?? 0) + 1e-4)).to.equal(index);
          atMs = cut?.endMs ?? NaN;
        }
        expect(atMs).to.be.closeTo(clock.endMs, 1e-6);
        expect(indices.at(-1)).to.equal(clock.lastIndex);
      }),
    );
  });

  it('moves all that comes later up, and tells it to another clock', () => {
    const list = planned([5000, 2000, 1000]);
    const clock = new PhaseClock(list, 1000);
    expect(clock.endPhase(0, 5000), 'it ends then anyway').to.equal(false);
    expect(clock.endPhase(0, 1400)).to.equal(true);
    expect(clock.startsMs).to.deep.equal([0, 1400, 3400, 4400]);
    const other = new PhaseClock(list, 1000);
    other.setStartsNs(clock.startsNs(7e15), 7e15);
    expect(other.startsMs).to.deep.equal(clock.startsMs);
    expect(other.windowAt(1)).to.deep.equal({ phaseIndex: 0, startMs: 1000, endMs: 1400 });
    expect([2, 3, 4].map((i) => other.windowAt(i))).to.deep.equal([null, null, null]);
    expect([other.from(2), other.indexAt(1401), other.phaseAt(-1), other.phaseAt(4400)]).to.deep.equal([
      5,
      5,
      null,
      null,
    ]);
    expect(clock.startsNs(0)[3]).to.equal(4400 * MS);
  });

  it('skips phases: no window, no instant is theirs, be they in between or the last', () => {
    const clock = new PhaseClock(planned([1000, 2000, 2000, 3000, 1000]), 1000);
    expect(clock.endThrough(1, 2, 1500)).to.equal(true);
    expect(clock.startsMs).to.deep.equal([0, 1000, 1500, 1500, 4500, 5500]);
    expect([walk(clock), clock.isSkipped(2)]).to.deep.equal([[0, 1, 5, 6, 7, 8], true]);
    expect([clock.phaseAt(1499), clock.phaseAt(1500), clock.indexAt(1500)]).to.deep.equal([1, 3, 5]);
    expect(clock.endThrough(3, 4, 3000)).to.equal(true);
    expect([walk(clock), clock.lastIndex, clock.endMs]).to.deep.equal([[0, 1, 5, 6], 6, 3000]);
    expect([clock.from(7), clock.indexAt(9999), clock.phaseAt(3000)]).to.deep.equal([null, 6, null]);
  });
});
