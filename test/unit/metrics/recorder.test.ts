/** What goes into recorders comes out of the readers of the same memory. */
import { Worker } from 'node:worker_threads';
import { once } from 'node:events';
import { expect } from 'chai';
import type { MetricSpecs } from '../../../core/contract/metrics.js';
import { openReaders, readRefused, recorderBytes } from '../../../core/metrics/recorder.js';
import { CounterReader, GaugeReader, TrendReader } from '../../../core/metrics/readers.js';
import { clock, open } from './make.js';

const SPECS = {
  drops: { kind: 'counter', unit: 'count', help: '' },
  depth: { kind: 'gauge', unit: 'count', help: '' },
  errors: { kind: 'ratio', unit: 'share', help: '', tags: { op: ['read', 'write'] } },
  time: { kind: 'trend', unit: 'ns', help: '' },
} as const satisfies MetricSpecs;

type Kind<R> = abstract new (...args: never[]) => R;

function reader<R>(buffer: SharedArrayBuffer, kind: Kind<R>, specs: MetricSpecs = SPECS): R {
  const found = openReaders(specs, buffer).find((series) => series.reader instanceof kind);
  return found?.reader as R;
}

describe('recorders', () => {
  it('refuse and count what is not a number, infinite or negative', () => {
    const { buffer, write } = open(SPECS);
    for (const value of [NaN, Infinity, -Infinity, -1]) {
      write.time.record(value);
      write.drops.add(value);
    }
    write.depth.set(Infinity);
    write.depth.advance(1, NaN, 1, 1, 1);
    expect(readRefused(buffer)).to.equal(10);
    expect(reader(buffer, CounterReader).total()).to.equal(0);
  });

  it('keep tags apart, and refuse those that were not declared', () => {
    const { buffer, write } = open(SPECS);
    write.errors.with({ op: 'read' }).mark(true);
    write.errors.with({ op: 'write' }).mark(false);
    const told = openReaders(SPECS, buffer).flatMap((s) =>
      s.kind === 'ratio' ? [[s.tags, s.reader.hits(), s.reader.total()]] : [],
    );
    expect(told).to.deep.equal([
      [{ op: 'read' }, 1, 1],
      [{ op: 'write' }, 0, 1],
    ]);
    expect(() => (write.errors as { with(tags: object): unknown }).with({ op: 'raed' }))
      .to.throw()
      .that.includes({ code: 'E_NAME', hint: 'Did you mean "read"?' });
  });

  it('lie in the same place whatever the order of the specs', () => {
    const turned = Object.fromEntries(Object.entries(SPECS).reverse());
    const { buffer, write } = open(SPECS);
    write.drops.add(7);
    expect(recorderBytes(turned)).to.equal(recorderBytes(SPECS));
    expect(reader(buffer, CounterReader, turned).total()).to.equal(7);
  });

  it('weigh a gauge by time, up to the moment of reading', () => {
    const at = clock(1000);
    const { buffer, write } = open(SPECS, at);
    const depth = reader(buffer, GaugeReader);
    read(depth, 1500);
    expect(depth.coveredNs).to.equal(0);
    write.depth.set(10);
    at.nowNs = 3000;
    write.depth.set(40);
    read(depth, 4000);
    expect([depth.integral, depth.coveredNs, depth.last]).to.deep.equal([10 * 2000 + 40 * 1000, 3000, 40]);
    expect([depth.min, depth.max]).to.deep.equal([10, 40]);
    read(depth, 5000);
    expect([depth.min, depth.max], 'only what it was since').to.deep.equal([40, 40]);
  });

  it('end a gauge at NaN, and begin it again', () => {
    const at = clock(0);
    const { buffer, write } = open(SPECS, at);
    const depth = reader(buffer, GaugeReader);
    write.depth.set(5);
    at.nowNs = 100;
    write.depth.set(NaN);
    read(depth, 1000);
    expect([depth.integral, depth.coveredNs]).to.deep.equal([500, 100]);
    expect(depth.last).to.be.NaN;
    at.nowNs = 2000;
    write.depth.set(1);
    read(depth, 3000);
    expect([depth.integral, depth.coveredNs]).to.deep.equal([1500, 1100]);
  });

  it('take an exact average, and let the time before it keep its value', () => {
    const at = clock(0);
    const { buffer, write } = open(SPECS, at);
    const depth = reader(buffer, GaugeReader);
    write.depth.set(4);
    at.nowNs = 1000;
    write.depth.advance(8, 6, 10, 10, 400);
    read(depth, 1000);
    expect([depth.integral, depth.coveredNs]).to.deep.equal([4 * 600 + 8 * 400, 1000]);
    expect([depth.min, depth.max, depth.last]).to.deep.equal([4, 10, 10]);
    at.nowNs = 1100;
    write.depth.advance(1, 1, 1, 1, 1e6);
    read(depth, 1100);
    expect(depth.coveredNs, 'no time counts twice').to.equal(1100);
  });

  it('give the exact extremes of each span', () => {
    const { buffer, write } = open(SPECS);
    const { extremes } = reader(buffer, TrendReader);
    const spans = [[5, 1, 9], [7], [], [3, 4], [], [], [100], [2]];
    for (const values of spans) {
      for (const value of values) write.time.record(value);
      extremes.take();
      expect([extremes.min, extremes.max]).to.deep.equal([Math.min(...values), Math.max(...values)]);
    }
  });

  it('lose nothing to a reader that reads all the while', async function () {
    this.timeout(20_000);
    const specs = { time: SPECS.time };
    const buffer = new SharedArrayBuffer(recorderBytes(specs));
    const count = 3_000_000;
    const trend = reader(buffer, TrendReader, specs);
    const worker = new Worker(new URL('./recorder-writer.js', import.meta.url), {
      workerData: { specs, buffer, count },
    });
    const writing = { isOver: false };
    const ended = once(worker, 'exit').then(() => (writing.isOver = true));
    let [takes, min, previous] = [0, Infinity, -Infinity];
    while (!writing.isOver) {
      trend.extremes.take();
      takes++;
      min = Math.min(min, trend.extremes.min);
      if (trend.extremes.max > -Infinity) {
        // The writer counts up: each span's greatest is beyond the one before.
        expect(trend.extremes.max).to.be.greaterThan(previous);
        previous = trend.extremes.max;
      }
      if (takes % 64 === 0) await new Promise(setImmediate);
    }
    await ended;
    trend.extremes.take();
    const max = Math.max(previous, trend.extremes.max);
    expect([min, max, sum(trend.octaves), sum(trend.bins)]).to.deep.equal([1, count, count, count]);
    expect(trend.sum[0]).to.equal((count * (count + 1)) / 2);
  });
});

function read(gauge: GaugeReader, nowNs: number): void {
  expect(gauge.read(nowNs)).to.equal(true);
}

function sum(words: TrendReader['bins']): number {
  return words.reduce((a, b) => a + b, 0);
}
