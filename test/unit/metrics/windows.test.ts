/** When windows close, what they say of their sources, and what is derived in them. */
import { expect } from 'chai';
import fc from 'fast-check';
import type { MetricSpecs, Point, Window } from '../../../core/contract/metrics.js';
import type { Frame } from '../../../core/contract/messages.js';
import { SeriesLimiter } from '../../../core/metrics/cardinality.js';
import { FrameBuilder } from '../../../core/metrics/frame-builder.js';
import { mergePoints } from '../../../core/metrics/points.js';
import { PhaseClock } from '../../../core/plan/clock.js';
import { WindowStore } from '../../../core/metrics/windows.js';
import { actor, clock, open, phases, plan } from './make.js';

const SECOND = 1e9;
const SPECS = {
  'x.count': { kind: 'counter', unit: 'count', help: '' },
  'x.level': { kind: 'gauge', unit: 'count', help: '' },
  'x.time': { kind: 'trend', unit: 'ns', help: '' },
} as const satisfies MetricSpecs;

/** A source whose frames arrive as the test says. */
function source(tags: Readonly<Record<string, string>> = {}) {
  const at = clock(0);
  const { buffer, write } = open(SPECS, at);
  const builder = new FrameBuilder();
  builder.add({ prefix: '', specs: SPECS, tags, buffers: [buffer] });
  const frame = (window: number, fromNs = window * SECOND, toNs = fromNs + SECOND): Frame => {
    at.nowNs = toNs;
    const built = builder.build({ window, fromNs, toNs });
    if (built === null) throw new Error('too many frames in flight');
    builder.ack(built.seq);
    return built;
  };
  return { at, write, frame };
}

function store(more: Partial<ConstructorParameters<typeof WindowStore>[0]> = {}): WindowStore {
  return new WindowStore({
    plan: plan({ phases: phases(['a', 2000], ['b', 2500]) }),
    startNs: 0,
    graceMs: 500,
    ...more,
  });
}

function point(window: Window | undefined, metric: string): Point | undefined {
  return window?.series.find((series) => series.metric === metric)?.point;
}

describe('windows', () => {
  it('close when every source has delivered, in order, cut at phases', () => {
    const windows = store();
    const [a, b] = [source({ actor: 'p' }), source({ actor: 'q' })];
    windows.expect('a');
    windows.expect('b');
    windows.apply('a', '1', a.frame(0));
    expect(windows.closeDue(SECOND)).to.deep.equal([]);
    windows.apply('b', '1', b.frame(0));
    expect(windows.closeDue(SECOND).map(({ index, missing }) => [index, missing])).to.deep.equal([[0, []]]);
    for (const index of [1, 2, 3, 4]) {
      windows.apply('a', '1', a.frame(index));
      windows.apply('b', '1', b.frame(index));
    }
    const rest = [...windows.closeDue(5 * SECOND), ...windows.flush()];
    expect(rest.map(({ index, phase, startMs, endMs }) => [index, phase, startMs, endMs])).to.deep.equal([
      [1, 'a', 1000, 2000],
      [2, 'b', 2000, 3000],
      [3, 'b', 3000, 4000],
      [4, 'b', 4000, 4500],
    ]);
  });

  it('wait no longer than the grace, and name who is missing', () => {
    const windows = store();
    const a = source();
    windows.expect('a');
    windows.expect('b');
    windows.apply('a', '1', a.frame(0));
    expect(windows.closeDue(SECOND + 499e6)).to.deep.equal([]);
    expect(windows.closeDue(SECOND + 500e6).map(({ missing }) => missing)).to.deep.equal([['b']]);
    windows.forget('b');
    windows.apply('a', '1', a.frame(1));
    expect(windows.closeDue(2 * SECOND).map(({ missing }) => missing)).to.deep.equal([[]]);
  });

  it('take what came late into the next open window, and count it', () => {
    const windows = store();
    const a = source();
    windows.expect('a');
    a.write['x.count'].add(3);
    const late = a.frame(0);
    const [first] = windows.closeDue(1.5 * SECOND);
    expect(point(first, 'x.count')).to.equal(undefined);
    windows.apply('a', '1', late);
    a.write['x.count'].add(4);
    windows.apply('a', '1', a.frame(1));
    const [second] = windows.closeDue(2 * SECOND);
    expect(point(second, 'x.count')).to.deep.equal({ kind: 'counter', count: 7 });
    expect(windows.lost).to.deep.include({ lateFrames: 1, frames: 0 });
  });

  it('count a frame that never came, and have what it said from the next', () => {
    const windows = store();
    const a = source();
    windows.expect('a');
    windows.apply('a', '1', a.frame(0));
    a.write['x.count'].add(3);
    const overtaken = a.frame(1);
    a.write['x.count'].add(4);
    windows.apply('a', '1', a.frame(2));
    const closed = windows.closeDue(3 * SECOND);
    expect(closed.map(({ missing }) => missing)).to.deep.equal([[], ['a'], []]);
    expect(point(closed[2], 'x.count')).to.deep.equal({ kind: 'counter', count: 7 });
    expect(windows.lost.frames).to.equal(1);
    windows.apply('a', '1', overtaken);
    expect(windows.lost.frames, 'late is not lost').to.equal(0);
  });

  it('join two frames of one source in time, and merge those of several', () => {
    const windows = store();
    const [a, b] = [source(), source()];
    windows.expect('a');
    windows.expect('b');
    for (const each of [a, b]) {
      each.at.nowNs = 0;
      each.write['x.level'].set(10);
    }
    // The window's own frame, and one that its source sends at its end: 20 for a quarter of the time.
    windows.apply('a', '1', a.frame(0, 0, 0.75 * SECOND));
    a.write['x.level'].set(20);
    windows.apply('a', '1', a.frame(0, 0.75 * SECOND, SECOND));
    windows.apply('b', '1', b.frame(0));
    const [first] = windows.closeDue(SECOND);
    expect(point(first, 'x.level')).to.deep.equal({
      kind: 'gauge',
      avg: 12.5 + 10,
      min: 20,
      max: 30,
      last: 30,
      coveredNs: SECOND,
    });
  });

  it('never exist where a phase was cut off, and go on with their own indices', () => {
    const planned = plan({ phases: phases(['a', 5000], ['b', 2000]) });
    const clock = new PhaseClock(planned.phases, 1000);
    const windows = store({ plan: planned, clock });
    const a = source();
    windows.expect('a');
    windows.apply('a', '1', a.frame(0));
    a.write['x.count'].add(5);
    windows.apply('a', '1', a.frame(3, SECOND, 2 * SECOND)); // ahead of its time: kept for the next that exists
    expect(clock.endPhase(0, 1400)).to.equal(true);
    windows.moved();
    windows.apply('a', '1', a.frame(1, SECOND, 1.4 * SECOND));
    a.write['x.count'].add(2);
    windows.apply('a', '1', a.frame(5, 1.4 * SECOND, 2.4 * SECOND));
    windows.apply('a', '1', a.frame(6, 2.4 * SECOND, 3.4 * SECOND));
    const closed = [...windows.closeDue(4 * SECOND), ...windows.flush()];
    expect(closed.map(({ index, phase, startMs, endMs }) => [index, phase, startMs, endMs])).to.deep.equal([
      [0, 'a', 0, 1000],
      [1, 'a', 1000, 1400],
      [5, 'b', 1400, 2400],
      [6, 'b', 2400, 3400],
    ]);
    const counts = closed.map((window) => point(window, 'x.count'));
    expect(counts).to.deep.equal([0, 0, 7, 0].map((count) => ({ kind: 'counter', count })));
  });

  it('start from zero with a new boot, and pass over frames of the old one', () => {
    const windows = store();
    const [old, young] = [source(), source()];
    windows.expect('a');
    old.write['x.count'].add(100);
    windows.apply('a', 'old', old.frame(0));
    young.write['x.count'].add(5);
    windows.apply('a', 'young', young.frame(1));
    old.write['x.count'].add(1);
    windows.apply('a', 'old', old.frame(1));
    const closed = windows.closeDue(2 * SECOND);
    expect(closed.map((w) => point(w, 'x.count'))).to.deep.equal([
      { kind: 'counter', count: 100 },
      { kind: 'counter', count: 5 },
    ]);
  });

  it('say 0 for a counter that stood still, and nothing for a gauge without value', () => {
    const windows = store();
    const a = source();
    windows.expect('a');
    windows.apply('a', '1', a.frame(0));
    const [closed] = windows.closeDue(SECOND);
    expect(closed?.series).to.deep.equal([
      { metric: 'x.count', tags: {}, point: { kind: 'counter', count: 0 } },
    ]);
  });

  it('weigh gauges by time within the window', () => {
    const windows = store();
    const a = source();
    windows.expect('a');
    a.at.nowNs = 0;
    a.write['x.level'].set(10);
    a.at.nowNs = 0.75 * SECOND;
    a.write['x.level'].set(50);
    windows.apply('a', '1', a.frame(0));
    windows.apply('a', '1', a.frame(1));
    const closed = windows.closeDue(2 * SECOND);
    expect(closed.map((w) => point(w, 'x.level'))).to.deep.equal([
      { kind: 'gauge', avg: 20, min: 10, max: 50, last: 50, coveredNs: SECOND },
      { kind: 'gauge', avg: 50, min: 50, max: 50, last: 50, coveredNs: SECOND },
    ]);
  });

  it('merge a series that several sources have', () => {
    const windows = store();
    const [a, b] = [source(), source()];
    for (const [name, { write }] of [['a', a] as const, ['b', b] as const]) {
      windows.expect(name);
      write['x.time'].record(name === 'a' ? 100 : 7);
      write['x.time'].record(100);
    }
    windows.apply('a', '1', a.frame(0));
    windows.apply('b', '1', b.frame(0));
    const [closed] = windows.closeDue(SECOND);
    const trend = point(closed, 'x.time');
    expect(trend).to.deep.include({ count: 4, sum: 307, min: 7, max: 100 });
    expect(trend?.kind === 'trend' && [...trend.bins.count]).to.deep.equal([1, 3]);
  });

  it('end the last window at the plan, and keep what ends after it but for gauges', () => {
    const windows = store();
    const a = source();
    windows.expect('a');
    a.at.nowNs = 0;
    a.write['x.level'].set(10);
    for (const index of [0, 1, 2, 3]) windows.apply('a', '1', a.frame(index));
    windows.apply('a', '1', a.frame(4, 4 * SECOND));
    a.write['x.count'].add(2);
    a.write['x.level'].set(0);
    windows.apply('a', '1', a.frame(4, 5 * SECOND));
    windows.closeDue(9 * SECOND);
    const [last, ...more] = windows.flush();
    expect(more).to.deep.equal([]);
    expect(last).to.deep.include({ index: 4, endMs: 4500, missing: [] });
    expect(point(last, 'x.count')).to.deep.equal({ kind: 'counter', count: 2 });
    expect(point(last, 'x.level')).to.deep.include({ min: 10 });
    windows.apply('a', '1', a.frame(4, 6 * SECOND));
    expect(windows.lost.unplacedFrames).to.equal(1);
  });

  it('cut the last window of a run that was stopped where its frames end', () => {
    const windows = store();
    const a = source();
    windows.expect('a');
    windows.apply('a', '1', a.frame(0, -0.5 * SECOND));
    const closed = windows.flush();
    expect(closed.map(({ index, endMs }) => [index, endMs])).to.deep.equal([[0, 500]]);
  });

  it('keep what exceeds the limits together, and count it', () => {
    const windows = store({ limiter: new SeriesLimiter(1, 10) });
    const specs = { x: { kind: 'counter', unit: 'count', help: '', tags: { op: ['a', 'b', 'c'] } } } as const;
    const { buffer, write } = open(specs);
    const builder = new FrameBuilder();
    builder.add({ prefix: '', specs, tags: { actor: 'p' }, buffers: [buffer] });
    for (const op of ['a', 'b', 'c'] as const) write.x.with({ op }).add(1);
    const frame = builder.build({ window: 0, fromNs: 0, toNs: SECOND });
    windows.apply('a', '1', frame as Frame);
    const [closed] = windows.flush();
    expect(closed?.series.map(({ tags, point: p }) => [tags, p.kind === 'counter' && p.count])).to.deep.equal(
      [
        [{ actor: 'p', op: 'a' }, 1],
        [{ actor: 'p', overflow: 'true' }, 2],
      ],
    );
    expect(windows.lost.overflowedSeries).to.equal(2);
  });

  it('merge points the same in any order', () => {
    const bins = fc.uniqueArray(fc.nat(3000), { maxLength: 20 }).map((index) => index.sort((a, b) => a - b));
    const trend = bins.map((index): Point => {
      const count = index.map((bin) => (bin % 7) + 1);
      const total = count.reduce((a, b) => a + b, 0);
      const [min, max] = [Math.min(...index), Math.max(...index)];
      return {
        kind: 'trend',
        count: total,
        sum: total,
        min,
        max,
        bins: { index: Uint16Array.from(index), count: Float64Array.from(count) },
      };
    });
    fc.assert(
      fc.property(trend, trend, trend, (a, b, c) => {
        const left = mergePoints(mergePoints(a, b, 'sum'), c, 'sum');
        expect(mergePoints(mergePoints(c, a, 'sum'), b, 'sum')).to.deep.equal(left);
      }),
    );
  });
});

describe('actor.achieved', () => {
  const derive = (
    control: 'amount' | 'rate' | 'concurrency' | 'switch',
    write: (w: {
      asked(v: number): void;
      held(v: number): void;
      due(n: number): void;
      done(n: number): void;
    }) => void,
  ): Point | undefined => {
    const specs = {
      'actor.asked': { kind: 'gauge', unit: 'count', help: '' },
      'actor.held': { kind: 'gauge', unit: 'count', help: '' },
      'op.due': { kind: 'counter', unit: 'count', help: '' },
      'op.count': { kind: 'counter', unit: 'count', help: '' },
    } as const satisfies MetricSpecs;
    const { buffer, write: recorders } = open(specs);
    write({
      asked: (v) => recorders['actor.asked'].set(v),
      held: (v) => recorders['actor.held'].set(v),
      due: (n) => recorders['op.due'].add(n),
      done: (n) => recorders['op.count'].add(n),
    });
    const builder = new FrameBuilder();
    builder.add({ prefix: '', specs, tags: { actor: 'p' }, buffers: [buffer] });
    const windows = store({ plan: plan({ actors: [actor('p', { control })], phases: phases(['a', 2000]) }) });
    windows.apply('a', '1', builder.build({ window: 0, fromNs: 0, toNs: SECOND }) as Frame);
    return point(windows.flush()[0], 'actor.achieved');
  };

  it('is held over asked for amounts', () => {
    const told = derive('amount', (w) => {
      w.asked(200);
      w.held(150);
    });
    expect(told).to.deep.equal({
      kind: 'gauge',
      avg: 0.75,
      min: 0.75,
      max: 0.75,
      last: 0.75,
      coveredNs: SECOND,
    });
  });

  it('is done over due for rates', () => {
    const told = derive('rate', (w) => {
      w.asked(100);
      w.held(0);
      w.due(80);
      w.done(60);
    });
    expect(told).to.deep.include({ avg: 0.75, min: 0.75 });
  });

  it('is not there where nothing was asked or due', () => {
    expect(derive('amount', (w) => [w.asked(0), w.held(5)])).to.equal(undefined);
    expect(derive('rate', (w) => [w.asked(0), w.done(5)])).to.equal(undefined);
    expect(derive('switch', (w) => [w.asked(1), w.held(1)])).to.equal(undefined);
  });

  it('is in flight over asked for concurrency', () => {
    expect(derive('concurrency', (w) => [w.asked(8), w.held(6)])).to.deep.include({ avg: 0.75 });
  });
});
