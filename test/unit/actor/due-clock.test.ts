import { expect } from 'chai';
import fc from 'fast-check';
import type { Arrival } from '../../../core/actor/arrivals.js';
import { Arrivals } from '../../../core/actor/arrivals.js';
import { DueClock } from '../../../core/actor/due-clock.js';
import { TimelineReader } from '../../../core/actor/timeline-reader.js';
import { randomFor } from '../../../core/base/random.js';
import type { TimelineView } from '../../../core/contract/control-block.js';
import type { Piece } from '../../../core/contract/plan.js';
import { line, MS, START_NS, timelineOf } from './fixtures.js';

interface Made {
  readonly arrival?: Arrival;
  readonly index?: number;
  readonly count?: number;
  readonly seed?: number;
}

function clockOn(view: TimelineView, share: number, made: Made = {}): DueClock {
  const { arrival = 'constant', index = 0, count = 1, seed = 1 } = made;
  const arrivals = (): Arrivals =>
    new Arrivals(arrival, { index, count }, randomFor(seed, 'a', index, 'arrivals'));
  return new DueClock({ timeline: new TimelineReader(view), share, fromNs: START_NS, arrivals });
}

const clockOf = (share: number, ...phases: Parameters<typeof timelineOf>): DueClock =>
  clockOn(timelineOf(...phases), share);

const at = (ms: number): number => START_NS + ms * MS;

/** Takes all that is due by then; due times in milliseconds since the start. */
function takeBy(clock: DueClock, nowMs: number): number[] {
  const all: number[] = [];
  for (let due = clock.nextNs(at(nowMs)); due <= at(nowMs); due = clock.nextNs(at(nowMs))) {
    all.push((due - START_NS) / MS);
    clock.take();
  }
  return all;
}

describe('the due clock', () => {
  it('spaces operations evenly under a constant rate', () => {
    expect(takeBy(clockOf(100, [line(0, 55, 1)]), 54).map(Math.round)).to.deep.equal([10, 20, 30, 40, 50]);
    const half = clockOf(100, [line(0, 55, 1)]);
    half.setScale(0.5, START_NS);
    expect(takeBy(half, 54).map(Math.round)).to.deep.equal([20, 40]);
  });

  it('follows a ramp: the n-th operation is due when the integral of the rate is n', () => {
    // 0 → 200/s in a second: n = 100 t².
    const all = takeBy(clockOf(200, [line(0, 1000, 0, 1)]), 999.99);
    expect(all).to.have.length(99);
    all.forEach((due, index) => expect(due).to.be.closeTo(1000 * Math.sqrt((index + 1) / 100), 1e-3));
  });

  it('tells when the next one is due before it is, across phases', () => {
    const clock = clockOf(10, [line(0, 150, 1)], 500, [line(0, 1000, 1)]);
    expect((clock.nextNs(START_NS) - START_NS) / MS).to.be.closeTo(100, 1e-6);
    clock.take();
    // Half of the next one had built up when the idle phase began.
    expect((clock.nextNs(at(101)) - START_NS) / MS).to.be.closeTo(700, 1e-6);
  });

  it('drops what is behind when an idle phase begins, however late the look; it was due all the same', () => {
    const clock = clockOf(100, [line(0, 1001, 1)], 500, [line(0, 1000, 1)]);
    expect(clock.dueBy(at(505))).to.equal(50);
    expect((clock.nextNs(at(505)) - START_NS) / MS).to.be.closeTo(10, 1e-6);
    clock.take();
    expect(clock.dueBy(at(1595))).to.equal(109);
    expect(clock.dropped).to.equal(99);
    expect((clock.nextNs(at(1595)) - START_NS) / MS).to.be.closeTo(1510, 1);
  });

  it('keeps the due times of what fell due before a change of scale', () => {
    const clock = clockOf(100, [line(0, 1000, 1)]);
    clock.setScale(0.1, at(55));
    // The half of the sixth that had built up stays, too.
    expect(takeBy(clock, 210).map((due) => Math.round(due * 1e3) / 1e3)).to.deep.equal([
      10, 20, 30, 40, 50, 105, 205,
    ]);
    clock.setScale(0, at(210));
    expect(clock.nextNs(at(211))).to.equal(Infinity);
  });

  it('keeps the due times of what fell due before a phase was ended early', () => {
    const view = timelineOf([line(0, 10_000, 1)], [line(0, 1000, 0.1)]);
    const clock = clockOn(view, 100);
    expect(clock.dueBy(at(255))).to.equal(25);
    view.starts[1] = at(260);
    view.starts[2] = at(1260);
    const all = takeBy(clock, 600);
    expect(all.slice(0, 26).map(Math.round)).to.deep.equal(
      Array.from({ length: 26 }, (_, i) => 10 * (i + 1)),
    );
    expect(all.slice(26).map(Math.round)).to.deep.equal([360, 460, 560]);
  });

  const level = fc.double({ min: 0, max: 1, noNaN: true });
  const pieces = fc
    .array(fc.record({ lengthMs: fc.integer({ min: 1, max: 400 }), from: level, to: level }), {
      minLength: 1,
      maxLength: 8,
    })
    .map((all): Piece[] => {
      let atMs = 0;
      return all.map(({ lengthMs, from, to }) => line(atMs, (atMs += lengthMs), from, to));
    });
  const share = fc.integer({ min: 1, max: 500 });
  const arrival = fc.constantFrom<Arrival>('constant', 'uniform', 'poisson');

  it('makes as many operations as the area under the rate, whatever the pieces', () => {
    fc.assert(
      fc.property(pieces, share, (lines, rate) => {
        const area = lines.reduce(
          (sum, l) => sum + (((l.from + l.to) / 2) * (l.endMs - l.startMs) * rate) / 1000,
          0,
        );
        const clock = clockOf(rate, lines);
        const endMs = lines.at(-1)!.endMs;
        const all = takeBy(clock, endMs - 1e-6);
        expect(all.length).to.be.within(Math.floor(area - 1e-3), Math.floor(area + 1e-6));
        for (let i = 1; i < all.length; i++) expect(all[i]!).to.be.at.least(all[i - 1]!);
      }),
      { numRuns: 200, verbose: true },
    );
  });

  it('loses and doubles nothing under changes of scale, whether it is looked at often or once', () => {
    const change = fc.record({ afterMs: fc.integer({ min: 1, max: 300 }), scale: level });
    const changes = fc.array(change, { maxLength: 12 });
    const looks = fc.array(fc.double({ min: 0.1, max: 200, noNaN: true }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(pieces, share, arrival, changes, looks, (lines, rate, kind, steps, gaps) => {
        const view = timelineOf(lines);
        const endMs = lines.at(-1)!.endMs - 1e-3;
        let when = 0;
        const told = steps
          .map(({ afterMs, scale }) => ({ atMs: (when += afterMs), scale }))
          .filter(({ atMs }) => atMs < endMs);
        const clock = (): DueClock => clockOn(view, rate, { arrival: kind });
        const once = clock();
        for (const { atMs, scale } of told) once.setScale(scale, at(atMs));
        const due = once.dueBy(at(endMs));
        const late = takeBy(once, endMs);

        // The other is served promptly, hears of each change at its next look, and is asked in between.
        const often = clock();
        const prompt: number[] = [];
        const waiting = [...told];
        let counted = 0;
        for (let nowMs = 0, i = 0; nowMs < endMs; i++) {
          nowMs = Math.min(endMs, nowMs + gaps[i % gaps.length]!);
          for (let next = waiting[0]; next !== undefined && next.atMs <= nowMs; next = waiting[0]) {
            // It may have looked past the change when nothing was due; not here, where each look comes after.
            often.setScale(next.scale, at(next.atMs));
            waiting.shift();
          }
          prompt.push(...takeBy(often, nowMs));
          const soFar = often.dueBy(at(nowMs));
          expect(soFar).to.be.at.least(counted).and.at.least(prompt.length);
          counted = soFar;
        }
        expect(late.length).to.equal(due);
        expect(prompt.length).to.equal(due);
        expect(often.dueBy(at(endMs))).to.equal(due);
        late.forEach((ms, i) => expect(ms).to.be.closeTo(prompt[i]!, 1e-3));
      }),
      { numRuns: 80, verbose: true },
    );
  });

  it('is divided over instances so that together they are due as one would be', () => {
    for (const kind of ['constant', 'uniform'] as const) {
      const view = timelineOf([line(0, 1000, 0.2, 1), line(1000, 2000, 1)]);
      const parts = [0, 1, 2].map((index) =>
        takeBy(clockOn(view, 300 / 3, { arrival: kind, index, count: 3, seed: 5 }), 1999.9),
      );
      const all = parts.flat().sort((a, b) => a - b);
      const one = takeBy(clockOn(view, 300), 1999.9);
      expect(all.length, kind).to.be.within(one.length, one.length + 1);
      // One in each slot of the whole actor: at its end, or anywhere in it.
      one.forEach((ms, i) => {
        if (kind === 'constant') expect(all[i]!).to.be.closeTo(ms, 1e-3);
        else expect(all[i]!).to.be.within(i === 0 ? 0 : one[i - 1]!, ms);
      });
    }
  });
});

describe('arrivals', () => {
  /** Largest distance between the sample and a distribution function. */
  function kolmogorovSmirnov(sample: readonly number[], cdf: (x: number) => number): number {
    const sorted = [...sample].sort((a, b) => a - b);
    const n = sorted.length;
    return sorted.reduce((worst, x, i) => Math.max(worst, (i + 1) / n - cdf(x), cdf(x) - i / n), 0);
  }
  /** Beyond it one sample of the distribution in a thousand would lie; seeds are fixed, so it never flickers. */
  const critical = (n: number): number => 1.95 / Math.sqrt(n);

  function gapsOf(kind: Arrival, count: number): number[] {
    const view = timelineOf([line(0, 20_000, 1)]);
    const all = Array.from({ length: count }, (_, index) =>
      takeBy(clockOn(view, 1000 / count, { arrival: kind, index, count, seed: 42 }), 19_999),
    )
      .flat()
      .sort((a, b) => a - b);
    return all.slice(1).map((ms, i) => ms - all[i]!);
  }

  for (const count of [1, 4]) {
    it(`of poisson, ${count} instances: gaps are exponential, at the asked mean`, () => {
      const gaps = gapsOf('poisson', count);
      expect(gaps.length).to.be.within(20_000 - 4 * 142, 20_000 + 4 * 142); // four sigma
      expect(kolmogorovSmirnov(gaps, (ms) => 1 - Math.exp(-ms))).to.be.lessThan(critical(gaps.length));
      // And not of another mean: the test can tell.
      expect(kolmogorovSmirnov(gaps, (ms) => 1 - Math.exp(-ms * 1.05))).to.be.greaterThan(
        critical(gaps.length),
      );
    });
  }

  it('of uniform: gaps lie between 0 and twice the mean, as many operations as slots', () => {
    const gaps = gapsOf('uniform', 4);
    expect(gaps.length).to.be.within(19_997, 20_000);
    // Two uniform positions in neighbouring slots: a triangle around the mean.
    const cdf = (x: number): number => (x <= 1 ? (x * x) / 2 : 1 - (2 - x) ** 2 / 2);
    expect(Math.max(...gaps)).to.be.at.most(2);
    expect(kolmogorovSmirnov(gaps, cdf)).to.be.lessThan(critical(gaps.length));
  });

  it('are the same for the same seed, and others for another instance', () => {
    const view = timelineOf([line(0, 1000, 1)]);
    const due = (index: number, seed: number): number[] =>
      takeBy(clockOn(view, 100, { arrival: 'poisson', index, count: 2, seed }), 999);
    expect(due(0, 3)).to.deep.equal(due(0, 3));
    expect(due(0, 3)).to.not.deep.equal(due(1, 3));
    expect(due(0, 3)).to.not.deep.equal(due(0, 4));
  });
});
