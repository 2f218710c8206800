/** Which sentences fit which metrics, and what is judged of them after the run. */
import { expect } from 'chai';
import type { CatalogueEntry, SeriesPoint, Window } from '../../../core/contract/metrics.js';
import type { ThresholdResult } from '../../../core/contract/summary.js';
import { RunAccumulator } from '../../../core/metrics/accumulate.js';
import { checkThreshold, failingNow, judge } from '../../../core/metrics/thresholds.js';
import { CATALOGUE, counter, gauge, phases, plan, ratio, threshold, window } from './make.js';

const catalogue: readonly CatalogueEntry[] = [
  ...CATALOGUE,
  { metric: 'x.bytes', kind: 'counter', unit: 'bytes', help: '' },
  { metric: 'x.cores', kind: 'gauge', unit: 'cores', help: '' },
  { metric: 'x.depth', kind: 'gauge', unit: 'count', help: '', tags: { queue: ['in', 'out'] } },
];

const FITS: readonly (readonly [selector: string, assertion: string])[] = [
  ['op.latency', 'p99 < 5ms'],
  ['op.latency{actor:db,op:read,phase:load}', 'p99.9 <= phase(before) * 1.2'],
  ['op.latency', 'p99 <= phase(before) + 2ms'],
  ['op.latency', 'med < 1ms'],
  ['op.latency', 'stddev < 1ms'],
  ['op.latency', 'count > 100'],
  ['op.count', 'count == 0'],
  ['op.count', 'rate > 1000/s'],
  ['x.bytes', 'count > 1GiB'],
  ['x.bytes', 'rate > 1MiB/s'],
  ['op.errors{code:timeout}', 'share < 1%'],
  ['op.errors', 'count == 0'],
  ['actor.achieved{phase:hold}', 'min > 99%'],
  ['actor.rss', 'slope < 1MiB/h'],
  ['host.cpu.temperature', 'max < 90C'],
  ['host.cpu.busy', 'slope < 1%/h'],
  ['x.cores', 'avg > 2cores'],
  ['x.depth{queue:in|out}', 'max <= 10000'],
  ['x.depth', 'last != 3'],
  ['phase.time', 'last < 20s'],
  ['safety.state', 'max <= warn'],
  ['safety.state', 'last == ok'],
];

const DOES_NOT: readonly (readonly [selector: string, assertion: string, message: RegExp])[] = [
  ['op.latncy', 'p99 < 5ms', /no metric "op\.latncy"/],
  ['op.latency', 'rate > 1/s', /is a trend and has no rate/],
  ['op.latency', 'p99 < 5', /a count cannot bound/],
  ['op.latency', 'p99 < 5%', /a share cannot bound/],
  ['op.latency', 'p99 == 5ms', /"==" is for counts/],
  ['op.latency', 'p99 <= phase(a) + 5%', /a share cannot bound/],
  ['op.latency', 'count > 5ms', /a time cannot bound/],
  ['op.count', 'p99 < 5', /is a counter and has no p99/],
  ['op.count', 'avg < 5', /has no avg/],
  ['op.errors', 'avg < 1%', /is a ratio and has no avg/],
  ['op.errors', 'share < 0.01', /a count cannot bound/],
  ['actor.rss', 'rate < 1MiB/s', /is a gauge and has no rate/],
  ['actor.rss', 'slope < 1MiB', /a bytes cannot bound/],
  ['x.cores', 'slope < 1/h', /has no unit for this aggregate/],
  ['safety.state', 'max <= 1', /compared with a state/],
  ['safety.state', 'avg <= warn', /has no avg/],
  ['op.count', 'count > warn', /is a state/],
  ['x.depth{queue:up}', 'max < 1', /is never "up"/],
  ['x.depth{op:read}', 'max < 1', /no tag "op"/],
  ['op.latency', 'p99 <= baseline * 1.1', /no baseline/],
  ['op.latency', 'p99 < 5ms for 10s', /"for" says nothing/],
];

describe('thresholds', () => {
  for (const [selector, assertion] of FITS) {
    it(`take "${selector} ${assertion}"`, () => {
      expect(checkThreshold(threshold(selector, assertion), catalogue)).to.equal(null);
    });
  }
  for (const [selector, assertion, message] of DOES_NOT) {
    it(`refuse "${selector} ${assertion}"`, () => {
      expect(checkThreshold(threshold(selector, assertion), catalogue)?.message).to.match(message);
    });
  }

  it('say what was meant', () => {
    const objection = checkThreshold(threshold('op.latncy', 'p99 < 5ms'), catalogue);
    expect(objection?.hint).to.equal('Did you mean "op.latency"?');
  });
});

describe('judging', () => {
  const run = phases(['before', 2000], ['load', 3000], ['cool', 1000, false]);
  const at = (index: number, series: readonly SeriesPoint[]): Window => {
    const phase = run.find(({ startMs, durationMs }) => index * 1000 < startMs + durationMs);
    return window(index, series, {
      phase: phase?.name ?? '',
      phaseIndex: phase?.index ?? 0,
      measured: phase?.measure ?? true,
    });
  };
  const judged = (
    sentences: readonly (readonly [string, string])[],
    windows: readonly (readonly SeriesPoint[])[],
  ): ThresholdResult[] => {
    const thresholds = sentences.map(([selector, assertion]) => threshold(selector, assertion));
    const whole = plan({ phases: run, thresholds, catalogue });
    const accumulator = new RunAccumulator(whole);
    windows.forEach((series, index) => accumulator.add(at(index, series)));
    return judge(whole, accumulator);
  };
  const rss = (value: number, actor = 'hog'): SeriesPoint => gauge('actor.rss', value, { actor });

  it('fails for whatever was counted that must never happen, measured or not, and says it once', () => {
    const never: CatalogueEntry = {
      metric: 'x.wrong',
      kind: 'counter',
      unit: 'count',
      help: '',
      mustBeZero: true,
    };
    const whole = plan({
      phases: run,
      thresholds: [threshold('x.wrong{actor:b}', 'count == 0')],
      catalogue: [...catalogue, never],
    });
    const accumulator = new RunAccumulator(whole);
    const wrong = (count: number, actor: string): SeriesPoint => counter('x.wrong', count, { actor });
    [[wrong(0, 'hog'), wrong(1, 'b')], [wrong(0, 'c')], [], [], [], [wrong(3, 'hog')]].forEach(
      (series, index) => accumulator.add(at(index, series)),
    );
    const results = judge(whole, accumulator);
    expect(results.map(({ text, value, ok, phases }) => [text, value, ok, phases])).to.deep.equal([
      ['x.wrong{actor:b} count == 0', 1, false, ['before', 'load']],
      ['x.wrong{actor:hog} count == 0', 3, false, ['cool']],
    ]);
    expect(results[1]?.detail).to.contain('3 counted, first in cool');
  });

  it('holds each actor by itself, over all measured phases', () => {
    const results = judged(
      [['actor.rss', 'max < 100B']],
      [[rss(10), rss(50, 'b')], [rss(20)], [rss(300, 'b')], [], [], [rss(999)]],
    );
    expect(results.map(({ actor, value, ok }) => [actor, value, ok])).to.deep.equal([
      ['hog', 20, true],
      ['b', 300, false],
    ]);
    expect(results[1]).to.deep.include({
      unit: 'bytes',
      wanted: '< 100B',
      aggregate: 'max',
      detail: 'first above in load at 00:02',
      phases: ['before', 'load'],
    });
  });

  it('fails without data, for each actor that is named', () => {
    const results = judged([['actor.rss{actor:hog|b}', 'max < 100B']], [[rss(10)]]);
    expect(results.map(({ actor, ok, detail }) => [actor, ok, detail])).to.deep.equal([
      ['hog', true, null],
      ['b', false, 'no data'],
    ]);
    const [nothing] = judged([['op.errors', 'share < 1%']], [[ratio('op.errors', 0, 0, { actor: 'hog' })]]);
    expect(nothing).to.deep.include({ ok: false, value: null, detail: 'no data' });
  });

  it('takes a counter that stood still for 0', () => {
    const [result] = judged([['op.count', 'count == 0']], [[counter('op.count', 0, { actor: 'hog' })]]);
    expect(result).to.deep.include({ ok: true, value: 0 });
  });

  it('names the moment at which a count went too far', () => {
    const windows = [2, 0, 2, 5].map((n) => [counter('op.count', n, { actor: 'hog' })]);
    const [result] = judged([['op.count', 'count <= 3']], windows);
    expect(result).to.deep.include({ ok: false, value: 9, detail: 'first above in load at 00:02' });
  });

  it('compares with the same figure in another phase', () => {
    const windows = [[rss(10)], [rss(10)], [rss(14)], [rss(16)]];
    const results = judged(
      [
        ['actor.rss{phase:load}', 'avg <= phase(before) * 1.5'],
        ['actor.rss{phase:load}', 'avg <= phase(before) + 4B'],
        ['actor.rss{phase:load}', 'avg <= phase(cool) * 2'],
      ],
      windows,
    );
    expect(results.map(({ ok, value, detail }) => [ok, value, detail])).to.deep.equal([
      [true, 15, null],
      [false, 15, null],
      [false, 15, 'no data to compare with'],
    ]);
  });

  it('gives rates and drift per second', () => {
    const windows = [0, 1, 2, 3, 4].map((i) => [
      rss(1000 + 10 * i),
      counter('op.count', 50, { actor: 'hog' }),
    ]);
    const results = judged(
      [
        ['op.count', 'rate >= 50/s'],
        ['actor.rss', 'slope < 1B/s'],
        ['actor.rss', 'slope < 36001B/h'],
      ],
      windows,
    );
    expect(results.map(({ ok, value, unit }) => [ok, value, unit])).to.deep.equal([
      [true, 50, 'ops/s'],
      [false, 10, 'bytes/s'],
      [true, 10, 'bytes/s'],
    ]);
  });

  it('must hold in every stretch of its own window, and says which one broke it', () => {
    const own = { ...threshold('actor.rss{phase:load}', 'avg < 15B'), windowMs: 2000 };
    const whole = plan({ phases: run, thresholds: [own], catalogue });
    const accumulator = new RunAccumulator(whole);
    [10, 10, 10, 16, 30, 1].forEach((value, index) => accumulator.add(at(index, [rss(value)])));
    const [result] = judge(whole, accumulator);
    expect(result).to.deep.include({
      ok: false,
      value: 30,
      detail: 'broken in 1 of 2 stretches of 2 s, first in load from 00:04 to 00:05',
    });
  });

  it('knows while the run goes on what has failed for good', () => {
    const [upper, lower, count, own] = [
      { ...threshold('actor.rss', 'avg < 15B'), afterMs: 2000 },
      threshold('op.count', 'count >= 100'),
      threshold('op.count', 'count <= 3'),
      { ...threshold('actor.rss', 'avg < 15B'), windowMs: 2000 },
    ];
    const whole = plan({ phases: run, thresholds: [upper, lower, count, own], catalogue });
    const accumulator = new RunAccumulator(whole);
    const told = [20, 20, 1].map((value, index) => {
      accumulator.add(at(index, [rss(value), counter('op.count', 2, { actor: 'hog' })]));
      return [upper, lower, count, own].map((one) => failingNow(one, accumulator)?.value ?? null);
    });
    expect(told).to.deep.equal([
      [null, null, null, null],
      [20, null, 4, 20],
      [null, null, 6, 20],
    ]);
  });
});
