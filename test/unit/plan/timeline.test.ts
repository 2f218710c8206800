import { expect } from 'chai';
import { randomFor } from '../../../core/base/random.js';
import fc from 'fast-check';
import { PIECE_WORDS } from '../../../core/contract/control-block.js';
import type { Piece, PlannedPhase } from '../../../core/contract/plan.js';
import { windowCount, windowCut } from '../../../core/plan/cuts.js';
import { levelAt, pieceCount, piecesOf } from '../../../core/plan/shapes.js';
import { sharesOf } from '../../../core/plan/shares.js';
import { PhaseClock } from '../../../core/plan/clock.js';
import { makeTimeline, setStarts } from '../../../core/plan/timeline.js';
import type { ScenarioLevel, ScenarioLoad } from '../../../core/scenario/scenario.js';

const level = (share: number): ScenarioLevel => ({
  quantity: { value: share, dimension: 'share' },
  text: `${share}`,
  path: [],
});
const shareOf = (l: ScenarioLevel): number => l.quantity.value;
const made = (load: ScenarioLoad, durationMs: number, seed = 7): readonly Piece[] =>
  piecesOf({ load, durationMs, round: 1, shareOf, random: randomFor(seed, 'shape') });
const share = fc.double({ min: 0, max: 1, noNaN: true });

const ends = fc
  .tuple(share, share)
  .map(([a, b]) => ({ low: level(Math.min(a, b)), high: level(Math.max(a, b)) }));
const lengthMs = fc.double({ min: 200, max: 1e5, noNaN: true });
const range = fc
  .tuple(lengthMs, lengthMs)
  .map(([a, b]) => ({ fromMs: Math.min(a, b), toMs: Math.max(a, b) }));

const loads: fc.Arbitrary<ScenarioLoad> = fc.oneof(
  share.map((v) => ({ shape: 'hold' as const, level: level(v) })),
  fc
    .tuple(share, share, fc.constantFrom('linear' as const, 'exponential' as const, 's-curve' as const))
    .map(([from, to, curve]) => ({ shape: 'ramp' as const, from: level(from), to: level(to), curve })),
  fc
    .tuple(ends, lengthMs, fc.double({ min: 0.01, max: 1, noNaN: true }), fc.constantFrom('spike', 'square'))
    .map(([two, everyMs, width, shape]) => ({
      shape: shape as 'spike',
      ...two,
      everyMs,
      widthMs: everyMs * width,
    })),
  fc
    .tuple(ends, lengthMs, fc.constantFrom('sawtooth', 'sine', 'walk'))
    .map(([two, everyMs, shape]) => ({ shape: shape as 'sine', ...two, everyMs })),
  fc.tuple(ends, range, range).map(([two, on, off]) => ({ shape: 'bursts' as const, ...two, on, off })),
  fc
    .tuple(fc.array(share, { minLength: 1, maxLength: 50 }), lengthMs)
    .map(([rows, everyMs]) => ({ shape: 'trace' as const, file: 't.csv', levels: rows.map(level), everyMs })),
);

describe('shapes', () => {
  it('cover their phase without gaps, between their ends', () => {
    fc.assert(
      fc.property(loads, fc.integer({ min: 100, max: 10_000 }), (load, durationMs) => {
        const pieces = made(load, durationMs);
        expect(pieces.length).to.be.at.most(pieceCount(load, durationMs));
        expect(pieces[0]!.startMs).to.equal(0);
        expect(pieces.at(-1)!.endMs).to.equal(durationMs);
        for (const [i, piece] of pieces.entries()) {
          expect(piece.endMs).to.be.greaterThan(piece.startMs);
          expect(piece.from).to.be.within(0, 1);
          expect(piece.to).to.be.within(0, 1);
          if (i === 0) continue;
          expect(piece.startMs).to.equal(pieces[i - 1]!.endMs);
          if (['ramp', 'walk'].includes(load.shape)) expect(piece.from).to.equal(pieces[i - 1]!.to);
        }
        if (load.shape !== 'ramp') return;
        expect(pieces[0]!.from).to.equal(load.from.quantity.value);
        expect(pieces.at(-1)!.to).to.equal(load.to.quantity.value);
      }),
    );
  });

  it('keep straight pieces within 0.1 % of their curves', () => {
    const curves = {
      exponential: (x: number) => (100 ** x - 1) / 99,
      's-curve': (x: number) => 3 * x ** 2 - 2 * x ** 3,
    };
    for (const [curve, f] of Object.entries(curves)) {
      const load: ScenarioLoad = { shape: 'ramp', from: level(0), to: level(1), curve: curve as 's-curve' };
      const pieces = made(load, 1000);
      for (let ms = 0; ms <= 1000; ms++) expect(levelAt(pieces, ms)).to.be.closeTo(f(ms / 1000), 0.001);
    }
  });

  it('keep a wave within 0.1 % of the sine', () => {
    const pieces = made({ shape: 'sine', low: level(0.2), high: level(0.8), everyMs: 400 }, 1000);
    for (let ms = 0; ms <= 1000; ms++) {
      const wanted = 0.2 + (0.6 * (1 - Math.cos((2 * Math.PI * ms) / 400))) / 2;
      expect(levelAt(pieces, ms)).to.be.closeTo(wanted, 0.0006);
    }
  });

  it('stay between low and high, and reach both where they say so', () => {
    const two = { low: level(0.2), high: level(0.6) };
    for (const shape of ['spike', 'square', 'sawtooth', 'sine', 'walk'] as const) {
      const load = { shape, ...two, everyMs: 100, widthMs: 20 } as ScenarioLoad;
      const levels = made(load, 1000).flatMap(({ from, to }) => [from, to]);
      expect(Math.min(...levels), shape).to.be.at.least(0.2);
      expect(Math.max(...levels), shape).to.be.at.most(0.6);
      if (shape === 'walk') continue;
      expect(Math.min(...levels), shape).to.be.closeTo(0.2, 1e-9);
      expect(Math.max(...levels), shape).to.be.closeTo(0.6, 1e-9);
    }
    const spike = made({ shape: 'spike', ...two, everyMs: 100, widthMs: 20 }, 200);
    expect(spike.map(({ startMs, endMs, from }) => [startMs, endMs, from])).to.deep.equal([
      [0, 80, 0.2],
      [80, 100, 0.6],
      [100, 180, 0.2],
      [180, 200, 0.6],
    ]);
  });

  it('burst for drawn times at drawn levels, by the seed alone', () => {
    const load: ScenarioLoad = {
      shape: 'bursts',
      low: level(0.3),
      high: level(0.9),
      on: { fromMs: 10, toMs: 20 },
      off: { fromMs: 5, toMs: 40 },
    };
    const pieces = made(load, 10_000);
    for (const [i, { startMs, endMs, from, to }] of pieces.slice(0, -1).entries()) {
      expect(from).to.equal(to);
      const isOn = i % 2 === 1;
      expect(from).to.satisfy((v: number) => (isOn ? v >= 0.3 && v <= 0.9 : v === 0));
      expect(endMs - startMs).to.be.within((isOn ? 10 : 5) - 1e-6, (isOn ? 20 : 40) + 1e-6);
    }
    expect(made(load, 10_000)).to.deep.equal(pieces);
    expect(made(load, 10_000, 8)).to.not.deep.equal(pieces);
  });

  it('hold the last of their steps to the end', () => {
    const load: ScenarioLoad = { shape: 'steps', levels: [level(0.1), level(0.9)], everyMs: 10 };
    expect(made(load, 100)).to.deep.equal([
      { startMs: 0, endMs: 10, from: 0.1, to: 0.1 },
      { startMs: 10, endMs: 100, from: 0.9, to: 0.9 },
    ]);
  });
});

describe('shares', () => {
  const count = fc.integer({ min: 1, max: 256 });

  it('of whole amounts are whole, differ by one at most, and add up', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), count, (amount, instances) => {
        const shares = sharesOf(amount, instances, true);
        expect(shares).to.have.length(instances);
        expect(shares.every(Number.isInteger)).to.equal(true);
        expect(shares.reduce((a, b) => a + b, 0)).to.equal(amount);
        expect(shares[0]! - shares.at(-1)!).to.be.within(0, 1);
      }),
    );
  });

  it('of fractions add up exactly and differ by a millionth at most', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 1e15, noNaN: true }), count, (amount, instances) => {
        const shares = sharesOf(amount, instances, false);
        expect(shares.reduce((a, b) => a + b, 0)).to.equal(amount);
        for (const one of shares) expect(one).to.be.closeTo(amount / instances, amount * 1e-6);
      }),
    );
  });

  it('of two cores among two instances are one core each', () => {
    expect(sharesOf(2, 2, false)).to.deep.equal([1, 1]);
    expect(sharesOf(2.5, 1, false)).to.deep.equal([2.5]);
  });
});

describe('window cuts', () => {
  const phase = (startMs: number, durationMs: number): { startMs: number; durationMs: number } => ({
    startMs,
    durationMs,
  });

  it('restart at each phase and end with it', () => {
    const phases = [phase(0, 2500), phase(2500, 1000), phase(3500, 400)];
    const cuts = Array.from({ length: 6 }, (_, i) => windowCut(phases, 1000, i));
    expect(cuts).to.deep.equal([
      { phaseIndex: 0, startMs: 0, endMs: 1000 },
      { phaseIndex: 0, startMs: 1000, endMs: 2000 },
      { phaseIndex: 0, startMs: 2000, endMs: 2500 },
      { phaseIndex: 1, startMs: 2500, endMs: 3500 },
      { phaseIndex: 2, startMs: 3500, endMs: 3900 },
      null,
    ]);
    expect(windowCount(phases, 1000)).to.equal(5);
  });

  it('cover the run without gaps, none longer than the window', () => {
    const durations = fc.array(fc.double({ min: 100, max: 20_000, noNaN: true }), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(durations, fc.integer({ min: 100, max: 5000 }), (all, windowMs) => {
        let startMs = 0;
        const phases = all.map((durationMs) => {
          const one = phase(startMs, durationMs);
          startMs += durationMs;
          return one;
        });
        let lastMs = 0;
        const count = windowCount(phases, windowMs);
        for (let i = 0; i < count; i++) {
          const cut = windowCut(phases, windowMs, i)!;
          expect(cut.startMs).to.be.closeTo(lastMs, 1e-6);
          expect(cut.endMs - cut.startMs).to.be.within(1e-9, windowMs * 1.000001);
          lastMs = cut.endMs;
        }
        expect(lastMs).to.be.closeTo(startMs, 1e-6);
        expect(windowCut(phases, windowMs, count)).to.equal(null);
      }),
    );
  });

  it('gives no window of a rounding error', () => {
    expect(windowCount([phase(0, 300.3)], 100.1)).to.equal(3);
  });
});

describe('timelines', () => {
  const phases: PlannedPhase[] = [
    { index: 0, name: 'idle', startMs: 0, durationMs: 1000, measure: true, load: {} },
    {
      index: 1,
      name: 'climb',
      startMs: 1000,
      durationMs: 2000,
      measure: true,
      load: {
        a: [
          { startMs: 0, endMs: 500, from: 0, to: 1 },
          { startMs: 500, endMs: 2000, from: 1, to: 1 },
        ],
      },
    },
  ];

  it('lay out the pieces of one actor, and start nowhere yet', () => {
    const view = makeTimeline(phases, 'a');
    expect(view.phases).to.equal(2);
    expect([...view.firstPiece]).to.deep.equal([0, 0, 2]);
    expect([...view.pieces.subarray(0, 2 * PIECE_WORDS)]).to.deep.equal([0, 5e8, 0, 1, 5e8, 2e9, 1, 1]);
    expect([...view.starts]).to.deep.equal([NaN, NaN, NaN]);
  });

  it('start at an instant', () => {
    const view = makeTimeline(phases, 'a');
    setStarts(view, new PhaseClock(phases, 1000).startsNs(7e12));
    expect([...view.starts]).to.deep.equal([7e12, 7e12 + 1e9, 7e12 + 3e9]);
  });

  it('have no pieces for an actor that no phase names, whatever its name', () => {
    expect([...makeTimeline(phases, 'toString').firstPiece]).to.deep.equal([0, 0, 0]);
  });
});
