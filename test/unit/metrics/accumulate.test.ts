/** What a run adds up to: percentiles against the exact data, selections, drift, summaries, digests. */
import { expect } from 'chai';
import fc from 'fast-check';
import { parseSelector } from '../../../core/base/grammar.js';
import { randomFor } from '../../../core/base/random.js';
import type { Point, SeriesPoint, Window } from '../../../core/contract/metrics.js';
import { RunAccumulator } from '../../../core/metrics/accumulate.js';
import { aggregateOf, printableQuantile, quantileOf, stddevOf } from '../../../core/metrics/aggregate.js';
import { binOf } from '../../../core/metrics/bins.js';
import { Digest, quantile } from '../../../core/metrics/digest.js';
import { HISTORY_MAX, History, theilSen } from '../../../core/metrics/slope.js';
import { actor, counter, gauge, phases, plan, ratio, window } from './make.js';

type Trend = Point & { kind: 'trend' };

function trendOf(values: readonly number[]): Trend {
  const counts = new Map<number, number>();
  let [sum, min, max] = [0, Infinity, -Infinity];
  for (const value of values) {
    counts.set(binOf(value), (counts.get(binOf(value)) ?? 0) + 1);
    sum += value;
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  const index = [...counts.keys()].sort((a, b) => a - b);
  const count = index.map((bin) => counts.get(bin) ?? 0);
  const bins = { index: Uint16Array.from(index), count: Float64Array.from(count) };
  return { kind: 'trend', count: values.length, sum, min, max, bins };
}

/** Lognormal with a heavy tail: median 443 µs; the slowest of a million are tens of milliseconds. */
function latencies(seed: number, n: number): number[] {
  const random = randomFor(seed, 'latencies');
  return Array.from({ length: n }, () => {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return 443e3 * Math.exp(normal);
  });
}

function exact(sorted: Float64Array, p: number): number {
  return sorted[Math.ceil(p * sorted.length - 1e-6) - 1] ?? NaN;
}

const trend = (values: readonly number[], tags = {}): SeriesPoint => ({
  metric: 'op.latency',
  tags: { actor: 'hog', ...tags },
  point: trendOf(values),
});

function accumulated(windows: readonly Window[], more: Parameters<typeof plan>[0] = {}): RunAccumulator {
  const accumulator = new RunAccumulator(plan(more));
  for (const one of windows) accumulator.add(one);
  return accumulator;
}

describe('percentiles', () => {
  it('are within 0.5 % of the exact ones at every percentile, and so are those of the digest', () => {
    const seed = 20_251_121;
    const values = latencies(seed, 200_000);
    const parts = Array.from({ length: 20 }, (_, i) => values.slice(i * 10_000, (i + 1) * 10_000));
    const accumulator = accumulated(parts.map((part, i) => window(i, [trend(part)])));
    const total = accumulator.select(parseSelector('op.latency'))[0]?.total.point as Trend;
    const [record] = JSON.parse(JSON.stringify(accumulator.digests(0))) as ReturnType<
      RunAccumulator['digests']
    >;
    const sorted = Float64Array.from(values).sort();
    for (const p of [0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 0.9999]) {
      const wanted = exact(sorted, p);
      const seen = { bins: quantileOf(total, p), digest: record && quantile(record, p) };
      for (const [name, value] of Object.entries(seen)) {
        const error = Math.abs((value ?? NaN) / wanted - 1);
        expect(error, `seed ${seed}: ${name} at ${p}: ${value} for ${wanted}`).to.be.lessThan(0.005);
      }
    }
    expect([total.min, total.max]).to.deep.equal([sorted[0], sorted[sorted.length - 1]]);
    // What is written without building the digest is what the digest would hold.
    expect(Digest.of(record?.centroids ?? []).centroids()).to.deep.equal(record?.centroids);
    expect(record).to.deep.include({
      scope: 'phase',
      phase: 'main',
      count: 200_000,
      min: total.min,
      max: total.max,
    });
  });

  it('are printed when at least ten samples lie beyond', () => {
    const of = (n: number, p: number): number | null =>
      printableQuantile(trendOf(Array<number>(n).fill(5)), p);
    expect(of(999, 0.99)).to.equal(null);
    expect(of(1000, 0.99)).to.equal(5);
    expect(of(9_999, 0.999)).to.equal(null);
    expect(of(10_000, 0.999)).to.equal(5);
    expect(of(0, 0.5)).to.equal(null);
    expect(of(20, 0.5)).to.equal(5);
  });

  it('never leave the exact extremes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1e12, noNaN: true }), { minLength: 1 }),
        fc.double({ min: 0.001, max: 0.999, noNaN: true }),
        (values, p) => {
          const value = quantileOf(trendOf(values), p) ?? NaN;
          expect(value).to.be.within(Math.min(...values), Math.max(...values));
        },
      ),
    );
  });

  it('have a standard deviation beside them', () => {
    const values = latencies(7, 20_000);
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const wanted = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length);
    expect((stddevOf(trendOf(values)) ?? NaN) / wanted).to.be.closeTo(1, 0.005);
  });
});

describe('the accumulator', () => {
  const twoPhases = { phases: phases(['warm', 1000, false], ['main', 3000], ['more', 1000]) };
  const at = (index: number, phase: number, series: readonly SeriesPoint[]): Window => {
    const name = ['warm', 'main', 'more'][phase] ?? '';
    return window(index, series, { phase: name, phaseIndex: phase, measured: phase > 0 });
  };

  it('looks at measured phases together, or at those that are named', () => {
    const accumulator = accumulated(
      [0, 1, 1, 1, 2].map((phase, i) => at(i, phase, [counter('op.count', 10 ** phase, { actor: 'hog' })])),
      twoPhases,
    );
    const count = (selector: string, named?: string[]): unknown =>
      accumulator.select(parseSelector(selector), named).map(({ total, spanMs }) => [total.point, spanMs]);
    expect(count('op.count')).to.deep.equal([[{ kind: 'counter', count: 130 }, 4000]]);
    expect(count('op.count{phase:main}')).to.deep.equal([[{ kind: 'counter', count: 30 }, 3000]]);
    expect(count('op.count', ['warm'])).to.deep.equal([[{ kind: 'counter', count: 1 }, 1000]]);
    expect(count('op.count{actor:other}')).to.deep.equal([]);
  });

  it('never mixes actors, and adds up the tags that are not named', () => {
    const series = [
      counter('op.count', 1, { actor: 'a', op: 'read' }),
      counter('op.count', 2, { actor: 'a', op: 'write' }),
      counter('op.count', 4, { actor: 'b', op: 'read' }),
    ];
    const accumulator = accumulated([window(0, series)]);
    const found = accumulator.select(parseSelector('op.count'));
    expect(found.map(({ actor: name, total }) => [name, total.point])).to.deep.equal([
      ['a', { kind: 'counter', count: 3 }],
      ['b', { kind: 'counter', count: 4 }],
    ]);
    const writes = accumulator.select(parseSelector('op.count{op:write}'));
    expect(writes.map(({ actor: name }) => name)).to.deep.equal(['a']);
  });

  it('takes rounds of a phase together, or those that are named', () => {
    const round = (n: number): Window =>
      window(n, [counter('op.count', 10 ** n, { actor: 'hog' })], { round: n + 1 });
    const accumulator = accumulated([0, 1, 2].map((n) => ({ ...round(n), phaseIndex: n })));
    const count = (selector: string): unknown => accumulator.select(parseSelector(selector))[0]?.total.point;
    expect(count('op.count{phase:main}')).to.deep.include({ count: 111 });
    expect(count('op.count{phase:main,round:2|3}')).to.deep.include({ count: 110 });
    expect(count('op.count{round:4}')).to.equal(undefined);
  });

  it('keeps probes apart as it does actors', () => {
    const up = (probe: string, value: number): SeriesPoint => gauge('probe.up', value, { probe });
    const accumulator = accumulated([window(0, [up('api', 1), up('db', 0)])]);
    const found = accumulator.select(parseSelector('probe.up'));
    expect(
      found.map(({ actor: owner, total }) => [owner, total.point.kind === 'gauge' && total.point.avg]),
    ).to.deep.equal([
      ['api', 1],
      ['db', 0],
    ]);
  });

  it('takes the share of one error code of all operations', () => {
    const series = [
      ratio('op.errors', 0, 90, { actor: 'a', op: 'read', code: 'none' }),
      ratio('op.errors', 6, 6, { actor: 'a', op: 'read', code: 'EIO' }),
      ratio('op.errors', 4, 4, { actor: 'a', op: 'read', code: 'timeout' }),
    ];
    const accumulator = accumulated([window(0, series)]);
    const share = (selector: string): number | null => {
      const [found] = accumulator.select(parseSelector(selector));
      return found ? aggregateOf(found.total, 'share', found) : null;
    };
    expect(share('op.errors')).to.equal(0.1);
    expect(share('op.errors{code:EIO}')).to.equal(0.06);
    expect(share('op.errors{code:EIO|timeout}')).to.equal(0.1);
  });

  it('has extremes of a share over windows, those of other gauges at any moment', () => {
    const spiky = (metric: string, avg: number): SeriesPoint => ({
      metric,
      tags: {},
      point: { kind: 'gauge', avg, min: 0, max: 9, last: avg, coveredNs: 1e9 },
    });
    const accumulator = accumulated([
      window(0, [spiky('host.cpu.busy', 0.5), spiky('brunt.rss', 5)]),
      window(1, [spiky('host.cpu.busy', 0.7), spiky('brunt.rss', 7)]),
    ]);
    const of = (metric: string): unknown => {
      const [found] = accumulator.select(parseSelector(metric));
      return found && (['min', 'max', 'avg', 'last'] as const).map((a) => aggregateOf(found.total, a, found));
    };
    expect(of('host.cpu.busy')).to.deep.equal([0.5, 0.7, 0.6, 0.7]);
    expect(of('brunt.rss')).to.deep.equal([0, 9, 6, 7]);
  });

  it('tells extremes of the whole run, measured or not', () => {
    const accumulator = accumulated(
      [at(0, 0, [gauge('brunt.rss', 3)]), at(1, 1, [gauge('brunt.rss', 8)])],
      twoPhases,
    );
    expect(accumulator.extremes('brunt.rss')).to.deep.equal({ min: 3, max: 8 });
    expect(accumulator.extremes('host.swap.used')).to.equal(null);
  });

  it('summarises phases, with null for what is not known', () => {
    const accumulator = accumulated([
      window(0, [trend([1, 2, 3]), counter('op.bytes', 8, { actor: 'hog' }), ratio('op.errors', 0, 0)]),
      window(1, []),
    ]);
    const [main] = accumulator.phases();
    expect(main).to.deep.include({ name: 'main', tookMs: 2000, windows: 2, measured: true });
    const [latency, bytes, errors] = main?.series ?? [];
    expect(latency).to.deep.include({
      unit: 'ns',
      count: 3,
      sum: 6,
      avg: 2,
      min: 1,
      max: 3,
      rate: 1.5,
      last: null,
    });
    expect(latency?.quantiles).to.deep.equal({
      p50: null,
      p90: null,
      p99: null,
      'p99.9': null,
      'p99.99': null,
    });
    expect(bytes).to.deep.include({ unit: 'bytes', count: 8, rate: 4, avg: null, quantiles: null });
    expect(errors).to.deep.include({ count: 0, avg: null });
  });

  it('tells for each actor what was asked and done, in its own unit', () => {
    const actors = [
      actor('hog'),
      actor('db', { control: 'rate', unit: 'ops/s', operations: ['read'] }),
      actor('idle'),
    ];
    const series = [
      gauge('actor.asked', 50, { actor: 'hog' }),
      gauge('actor.held', 40, { actor: 'hog' }),
      gauge('actor.achieved', 0.8, { actor: 'hog' }),
      gauge('actor.asked', 10, { actor: 'db' }),
      counter('op.count', 9, { actor: 'db', op: 'read' }),
    ];
    const accumulator = accumulated([window(0, series)], { actors });
    expect(accumulator.actors().map(({ actor: name, phases: rows }) => [name, rows])).to.deep.equal([
      ['hog', [{ phase: 'main', asked: 50, held: 40, achieved: 0.8, lowest: 0.8 }]],
      ['db', [{ phase: 'main', asked: 10, held: 9, achieved: null, lowest: null }]],
      ['idle', []],
    ]);
    expect(accumulator.unitOf('actor.held', { actor: 'hog' })).to.equal('bytes');
    expect(accumulator.unitOf('actor.asked', { actor: 'db' })).to.equal('ops/s');
  });

  it('adds up to the same in any order of windows, but for what came last', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.integer({ min: 0, max: 1e9 }), { minLength: 1, maxLength: 5 }), {
          minLength: 1,
        }),
        fc.infiniteStream(fc.nat()),
        (parts, draws) => {
          const windows = parts.map((part, i) => window(i, [trend(part)]));
          const shuffled = windows
            .map((one) => ({ one, key: draws.next().value as number }))
            .sort((a, b) => a.key - b.key)
            .map(({ one }) => one);
          const [a, b] = [accumulated(windows), accumulated(shuffled)];
          expect(a.select(parseSelector('op.latency'))).to.deep.equal(b.select(parseSelector('op.latency')));
          expect(a.digests()).to.deep.equal(b.digests());
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('drift', () => {
  it('is the median slope, per second, which one outlier does not move', () => {
    const samples = Array.from({ length: 20 }, (_, i) => ({ atMs: i * 1000, value: 100 + 3 * i, weight: 1 }));
    expect(theilSen(samples)).to.be.closeTo(3, 1e-9);
    samples[7] = { atMs: 7000, value: 1e6, weight: 1 };
    expect(theilSen(samples)).to.be.closeTo(3, 0.2);
    expect(theilSen(samples.slice(0, 1))).to.equal(null);
  });

  it('keeps a bounded history at half the resolution, and the same slope', () => {
    const history = new History();
    for (let i = 0; i < 10 * HISTORY_MAX; i++)
      history.add({ atMs: i * 1000, value: 5 + 0.25 * i, weight: 1e9 });
    expect(history.samples.length).to.be.within(HISTORY_MAX / 2, HISTORY_MAX);
    expect(theilSen(history.samples)).to.be.closeTo(0.25, 1e-6);
  });
});
