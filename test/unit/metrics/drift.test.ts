/** Growth with confidence: what is known to grow is found, what only breathes, starts or wobbles is not. */
import { expect } from 'chai';
import { randomFor } from '../../../core/base/random.js';
import { DRIFT_SAMPLES_MIN, driftOf } from '../../../core/metrics/drift.js';
import { leakOf } from '../../../core/metrics/leak.js';
import { RunAccumulator } from '../../../core/metrics/accumulate.js';
import { gauge, plan, window } from './make.js';

const SEED = 20_261_127;
const ROUNDS = 400;

describe(`drift (seed ${SEED})`, () => {
  const random = randomFor(SEED, 'drift');
  const noise = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const series = (n: number, at: (i: number) => number) =>
    Array.from({ length: n }, (_, i) => ({ atMs: i * 1000, value: at(i), weight: 1 }));

  /** In how many of the rounds it is called growth. */
  function called(n: number, make: () => (i: number) => number): number {
    let grown = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const drift = driftOf(series(n, make()));
      if (drift !== null && drift.perSecond > drift.plusMinus) grown++;
    }
    return grown / ROUNDS;
  }

  const correlated = (share: number) => () => {
    let value = 0;
    return () => (value = share * value + noise());
  };
  const saw = () => {
    const [period, from] = [5 + 15 * random(), random()];
    return (i: number) => 10 * ((i / period + from) % 1) + 0.2 * noise();
  };
  const start = () => {
    const knee = 10 + 80 * random();
    return (i: number) => 20 * Math.min(1, i / knee) + 0.3 * noise();
  };

  it('is not seen in noise, correlated noise, saws and starts more often than 1 time in 15', () => {
    expect(
      called(60, () => noise),
      'white',
    ).to.be.below(0.067);
    expect(called(200, correlated(0.5)), 'correlated').to.be.below(0.067);
    expect(called(200, saw), 'saw').to.be.below(0.067);
    expect(called(200, start), 'start').to.be.below(0.067);
  });

  it('is seen on top of each of them', () => {
    const on = (make: () => (i: number) => number, slope: number) => () => {
      const base = make();
      return (i: number) => base(i) + slope * i;
    };
    for (const make of [() => noise, saw, start]) expect(called(200, on(make, 0.3))).to.be.above(0.95);
  });

  it('has the slope per second in its interval, 95 of 100 times', () => {
    let within = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const drift = driftOf(series(120, (i) => 0.5 * i + noise()))!;
      if (Math.abs(drift.perSecond - 0.5) <= drift.plusMinus) within++;
    }
    expect(within / ROUNDS).to.be.within(0.92, 0.98);
  });

  it('is not known with too few samples', () => {
    expect(driftOf(series(DRIFT_SAMPLES_MIN - 1, (i) => i))).to.equal(null);
    expect(driftOf(series(DRIFT_SAMPLES_MIN, (i) => i))?.perSecond).to.be.closeTo(1, 1e-9);
  });

  it('is said of the target in words', () => {
    const said = (n: number, at: (i: number) => number) => {
      const accumulator = new RunAccumulator(plan());
      for (let i = 0; i < n; i++) accumulator.add(window(i, [gauge('target.rss', at(i))]));
      return leakOf(accumulator);
    };
    const MIB = 2 ** 20;
    const leak = said(120, (i) => 50 * MIB + (1.3 * MIB * i) / 60 + 0.01 * MIB * noise());
    expect(leak.verdict).to.equal('leaks');
    expect(leak.text).to.match(/^leaks 1\.[23]\d* MiB\/min ± 0\.\d+$/);
    expect(said(120, () => 50 * MIB + 0.01 * MIB * noise()).text).to.match(/^no leak seen \(< .*B\/min\)$/);
    expect(said(10, () => 0)).to.deep.include({ verdict: 'unknown', bytesPerMinute: null });
  });
});
