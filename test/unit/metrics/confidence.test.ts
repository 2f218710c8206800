/** Intervals hold what they promise: of many samples from a known source, about 95 % have the true figure in them. */
import { expect } from 'chai';
import { randomFor } from '../../../core/base/random.js';
import type { Trend } from '../../../core/metrics/aggregate.js';
import { binOf } from '../../../core/metrics/bins.js';
import { BinCounts } from '../../../core/metrics/bin-counts.js';
import { RunAccumulator } from '../../../core/metrics/accumulate.js';
import { meanOf, quantileInterval } from '../../../core/metrics/confidence.js';
import { counter, phases, plan, window } from './make.js';

const ROUNDS = 600;

function trendOf(values: readonly number[]): Trend {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(binOf(value), (counts.get(binOf(value)) ?? 0) + 1);
  const sorted = [...counts].sort(([a], [b]) => a - b);
  const bins = new BinCounts();
  bins.add({
    index: Uint16Array.from(sorted, ([bin]) => bin),
    count: Float64Array.from(sorted, ([, n]) => n),
  });
  return {
    kind: 'trend',
    count: values.length,
    sum: values.reduce((sum, value) => sum + value, 0),
    min: Math.min(...values),
    max: Math.max(...values),
    bins: bins.toBins(),
  };
}

describe('confidence', () => {
  const random = randomFor(20_261_127, 'confidence');
  const exponential = (): number => -1e6 * Math.log(1 - random());

  it('an interval of a percentile has the true one in it 19 times of 20', () => {
    for (const [n, p] of [
      [30, 0.5],
      [400, 0.9],
      [2000, 0.99],
    ] as const) {
      const truth = -1e6 * Math.log(1 - p);
      let held = 0;
      for (let i = 0; i < ROUNDS; i++) {
        const interval = quantileInterval(trendOf(Array.from({ length: n }, exponential)), p);
        // A bin is known to 0.4 %.
        if (interval !== null && interval.low * 0.996 <= truth && truth <= interval.high * 1.004) held++;
      }
      expect(held / ROUNDS, `p${p * 100} of ${n}`).to.be.within(0.92, 0.995);
    }
  });

  it('says nothing where fewer than ten samples lie beyond', () => {
    expect(quantileInterval(trendOf(Array.from({ length: 900 }, exponential)), 0.99)).to.equal(null);
    expect(quantileInterval(trendOf(Array.from({ length: 19 }, exponential)), 0.5)).to.equal(null);
  });

  it('an interval of a mean has the true one in it 19 times of 20, with few values and with many', () => {
    for (const n of [3, 5, 47]) {
      let held = 0;
      for (let i = 0; i < ROUNDS; i++) {
        const mean = meanOf(Array.from({ length: n }, () => 5 + random() + random() + random() - 1.5));
        if (mean !== null && Math.abs(mean.value - 5) <= mean.plusMinus) held++;
      }
      expect(held / ROUNDS, `${n} values`).to.be.within(0.92, 0.98);
    }
    expect(meanOf([1, 2])).to.equal(null);
  });

  it('a run tells the rates and percentiles of its phases with them, however many windows it has', () => {
    for (const windows of [3, 12, 300]) {
      let [rates, medians] = [0, 0];
      const rounds = 200;
      for (let round = 0; round < rounds; round++) {
        const accumulator = new RunAccumulator(plan({ phases: phases(['main', windows * 1000]) }));
        for (let i = 0; i < windows; i++) {
          const values = Array.from({ length: 15 + Math.floor(11 * random()) }, exponential);
          const trend = { metric: 'op.latency', tags: { actor: 'hog' }, point: trendOf(values) };
          accumulator.add(window(i, [counter('op.count', values.length, { actor: 'hog' }), trend]));
        }
        const [phase] = accumulator.phases();
        const rate = phase!.series.find(({ metric }) => metric === 'op.count')!.rateInterval;
        const median = phase!.series.find(({ metric }) => metric === 'op.latency')!.quantileIntervals!.p50;
        if (rate!.low <= 20 && 20 <= rate!.high) rates++;
        if (median!.low * 0.996 <= 1e6 * Math.LN2 && 1e6 * Math.LN2 <= median!.high * 1.004) medians++;
      }
      expect(rates / rounds, `rates over ${windows} windows`).to.be.within(0.88, 1);
      expect(medians / rounds, `medians over ${windows} windows`).to.be.within(0.88, 1);
    }
  });

  it('leaves out what too few windows or samples hold', () => {
    const accumulator = new RunAccumulator(plan({ phases: phases(['main', 2000]) }));
    const trend = { metric: 'op.latency', tags: { actor: 'hog' }, point: trendOf([1e6, 2e6, 3e6]) };
    accumulator.add(window(0, [trend]));
    accumulator.add(window(1, [trend]));
    const [series] = accumulator.phases()[0]!.series;
    expect(series!.rateInterval).to.equal(null);
    expect(series!.quantileIntervals).to.include({ p50: null, p99: null });
  });
});
