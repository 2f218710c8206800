import { expect } from 'chai';
import { AskedAmount } from '../../../core/actor/asked.js';
import { TimelineReader } from '../../../core/actor/timeline-reader.js';
import { makeTimeline, setPieces, setStarts } from '../../../core/plan/timeline.js';
import type { PlannedSearch } from '../../../core/contract/plan.js';
import { line, MS, START_NS, timelineOf } from './fixtures.js';

const at = (ms: number): number => START_NS + ms * MS;

describe('the timeline reader', () => {
  const view = timelineOf([line(0, 100, 0, 1), line(100, 300, 1)], 200, [line(0, 100, 0.5)]);

  it('knows the level on ramps, at rest, in idle phases, before and after the run', () => {
    const reader = new TimelineReader(view);
    const levels = [-1, 0, 50, 100, 299, 300, 499, 500, 599, 600].map((ms) => reader.level(at(ms)));
    expect(levels).to.deep.equal([0, 0, 0.5, 1, 1, 0, 0, 0.5, 0.5, 0]);
    const idle = [-1, 0, 299, 300, 499, 500, 600].map((ms) => reader.isIdle(at(ms)));
    expect(idle).to.deep.equal([true, false, false, true, true, false, true]);
  });

  it('gives the first instances a phase for themselves: all that is asked is shared by these, and the others rest', () => {
    const shared = timelineOf([line(0, 100, 0, 1)], [line(0, 100, 0.5)]);
    shared.sharing[1] = 2;
    const levels = [0, 1, 2, 3].map((index) => {
      const reader = new TimelineReader(shared, { index, count: 4 });
      return [reader.level(at(50)), reader.level(at(150)), reader.isIdle(at(150)), reader.sharing(at(150))];
    });
    expect(levels).to.deep.equal([
      [0.5, 1, false, 2],
      [0.5, 1, false, 2],
      [0.5, 0, true, 2],
      [0.5, 0, true, 2],
    ]);
    expect(new TimelineReader(shared).level(at(150)), 'of the actor').to.equal(0.5);
  });

  it('says when to look again: soon on a ramp, at the end of a level piece, never after the run', () => {
    const reader = new TimelineReader(view);
    expect(reader.lookAgainNs(at(50))).to.equal(at(70));
    expect(reader.lookAgainNs(at(90))).to.equal(at(100));
    expect(reader.lookAgainNs(at(150))).to.equal(at(300));
    expect(reader.lookAgainNs(at(350))).to.equal(at(500));
    expect(reader.lookAgainNs(at(600))).to.equal(Infinity);
  });

  it('follows a search: levels that come while it runs, and a rest between them in which nothing is asked', () => {
    const search = { actor: 'a', stepsMax: 3 } as PlannedSearch;
    const phase = { index: 0, name: 'p', startMs: 0, durationMs: 1000, measure: true, search };
    const found = makeTimeline([{ ...phase, load: { a: [line(0, 1000, 0.1)] } }], 'a');
    setStarts(found, [at(0), at(1000)]);
    const reader = new TimelineReader(found);
    expect([reader.level(at(500)), reader.pieceEndNs(at(500))]).to.deep.equal([0.1, at(1000)]);
    setPieces(found, 0, [line(0, 600, 0.1), line(600, 700, NaN), line(700, 1000, 0.2)]);
    expect([reader.level(at(500)), reader.pieceEndNs(at(500))]).to.deep.equal([0.1, at(600)]);
    expect([650, 750, 999].map((ms) => reader.level(at(ms)))).to.deep.equal([0, 0.2, 0.2]);
    expect([550, 650, 750].map((ms) => reader.isIdle(at(ms)))).to.deep.equal([false, true, false]);
    expect(new TimelineReader(found).pieceEndNs(at(650))).to.equal(at(700));
  });

  it('asks for nothing until the start instant is known, and sees it come', () => {
    const early = makeTimeline([], 'a');
    expect(new TimelineReader(early).startNs).to.equal(null);
    expect(new TimelineReader(early).level(at(0))).to.equal(0);
    expect(new TimelineReader(early).lookAgainNs(at(0))).to.equal(Infinity);
  });
});

describe('what is asked of an instance', () => {
  const amount = { control: 'amount', unit: 'bytes' } as const;

  it('is level times scale times share, in whole units where units are whole', () => {
    const reader = new TimelineReader(timelineOf([line(0, 100, 0, 1)]));
    expect(new AskedAmount(reader, amount, 1001).at(at(50), 0.5)).to.equal(250);
    const some = new TimelineReader(timelineOf([line(0, 100, 0.29)]));
    expect(new AskedAmount(some, { control: 'amount', unit: 'count' }, 100).at(at(50), 1)).to.equal(29);
    expect(new AskedAmount(reader, { control: 'amount', unit: 'cores' }, 1).at(at(50), 0.5)).to.equal(0.25);
    expect(new AskedAmount(reader, { control: 'switch', unit: 'switch' }, 1).at(at(50), 1)).to.equal(1);
    expect(new AskedAmount(reader, { control: 'switch', unit: 'switch' }, 1).at(at(50), 0)).to.equal(0);
  });

  it('grows by the integral of the level, the same however often one looks, and starts anew after an idle phase', () => {
    const view = timelineOf([line(0, 1000, 0, 1), line(1000, 2000, 0)], 500, [line(0, 1000, 1)]);
    const growth = { control: 'growth', unit: 'bytes/s' } as const;
    const often = new AskedAmount(new TimelineReader(view), growth, 2000);
    for (let ms = 0; ms < 1000; ms += 7) often.at(at(ms), 1);
    const rarely = new AskedAmount(new TimelineReader(view), growth, 2000);
    for (const ask of [often, rarely]) {
      expect(ask.at(at(1500), 1)).to.equal(1000);
      expect(ask.at(at(2200), 1)).to.equal(0);
      expect(ask.at(at(3000), 1)).to.equal(1000);
    }
  });

  it('gives back in a pause what has grown, and grows from nothing afterwards, whatever the pause lasted', () => {
    const growth = { control: 'growth', unit: 'bytes/s' } as const;
    const ask = new AskedAmount(new TimelineReader(timelineOf([line(0, 60_000, 1)])), growth, 2000);
    expect(ask.at(at(1000), 1)).to.equal(2000);
    expect(ask.at(at(1000), 0)).to.equal(0);
    expect(ask.at(at(9000), 1)).to.equal(0);
    expect(ask.at(at(9500), 1)).to.equal(1000);
    expect(ask.at(at(9500), 0.5)).to.equal(1000);
    expect(ask.at(at(10_500), 0.5)).to.equal(2000);
  });
});
