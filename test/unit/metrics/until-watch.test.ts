/** When what a phase runs for has come: conditions, how long they hold, what they look at, and steady state. */
import { expect } from 'chai';
import fc from 'fast-check';
import type { SeriesPoint, Window } from '../../../core/contract/metrics.js';
import type { PlannedPhase } from '../../../core/contract/plan.js';
import { parseUntil } from '../../../core/base/grammar.js';
import { RunAccumulator } from '../../../core/metrics/accumulate.js';
import { steadiness } from '../../../core/metrics/steady.js';
import { checkUntil } from '../../../core/metrics/threshold-check.js';
import type { Found } from '../../../core/metrics/until-watch.js';
import { UntilWatch } from '../../../core/metrics/until-watch.js';
import { CATALOGUE, actor, counter, gauge, phases, plan, window } from './make.js';

const rss = (value: number, name = 'hog'): SeriesPoint => gauge('actor.rss', value, { actor: name });
const ops = (count: number): SeriesPoint => counter('op.count', count, { actor: 'hog' });

/** What is found at each window; two seconds of `before`, then the phase with the sentence. */
function found(
  text: string,
  windows: readonly (readonly SeriesPoint[])[],
  more: Partial<Window> = {},
): (Found | null)[] {
  const list: PlannedPhase[] = phases(['before', 2000], ['aim', 60_000]);
  const aim = {
    ...(list[1] as PlannedPhase),
    until: { sentence: parseUntil(text), text, otherwise: 'fail' as const },
  };
  const whole = plan({ phases: [list[0] as PlannedPhase, aim], actors: [actor('hog'), actor('b')] });
  const accumulator = new RunAccumulator(whole);
  const watch = new UntilWatch(whole, accumulator);
  return windows.map((series, index) => {
    const name = index < 2 ? 'before' : 'aim';
    const one = window(index, series, {
      phase: name,
      phaseIndex: index < 2 ? 0 : 1,
      ...(index < 2 ? {} : more),
    });
    accumulator.add(one);
    return watch.add(one);
  });
}

const values = (list: readonly (Found | null)[]): (number | null)[] => list.map((one) => one?.value ?? null);
const of = (...list: number[]): SeriesPoint[][] => list.map((value) => [rss(value)]);

describe('until', () => {
  it('comes when a condition holds in a window of its own phase', () => {
    expect(values(found('actor.rss max > 10B', of(99, 99, 5, 11)))).to.deep.equal([null, null, null, 11]);
  });

  it('has to hold for as long as it says, without a break', () => {
    const told = values(found('actor.rss avg > 10B for 3s', of(0, 0, 11, 12, 5, 13, 14, 15, 16)));
    expect(told).to.deep.equal([null, null, null, null, null, null, null, 15, 16]);
  });

  it('compares with another phase of the run', () => {
    expect(values(found('actor.rss avg <= phase(before) * 1.5', of(10, 20, 30, 22)))).to.deep.equal([
      null,
      null,
      null,
      22,
    ]);
    expect(values(found('actor.rss avg <= phase(nothing) * 2', of(1, 1, 1)))).to.deep.equal([
      null,
      null,
      null,
    ]);
  });

  it('adds up counts over its phase, and only there', () => {
    const windows = [50, 50, 10, 10, 10].map((n) => [ops(n)]);
    expect(values(found('op.count count >= 25', windows))).to.deep.equal([null, null, null, null, 30]);
  });

  it('holds for every actor that has the metric, and for all that are named', () => {
    const both = (a: number, b: number): SeriesPoint[] => [rss(a), rss(b, 'b')];
    expect(values(found('actor.rss avg > 10B', [[], [], both(11, 5), both(11, 12)]))).to.deep.equal([
      null,
      null,
      null,
      11,
    ]);
    expect(values(found('actor.rss{actor:hog|b} avg > 10B', [[], [], [rss(11)]]))).to.deep.equal([
      null,
      null,
      null,
    ]);
  });

  it('is steady after five whole windows within 20 % and 10 %', () => {
    const steady = [100, 104, 98, 101, 100].map((n) => [ops(n)]);
    expect(
      values(found('steady rate op.count{actor:hog}', [[], [], [ops(10)], ...steady])).at(-1),
    ).to.be.closeTo(100.6, 1e-9);
    expect(
      values(found('steady rate op.count{actor:hog}', [[], [], [ops(10)], ...steady])).slice(0, -1),
    ).to.not.include.members([100.6]);
    const short = found('steady rate op.count{actor:hog}', [[], [], ...steady], { endMs: 500, startMs: 0 });
    expect(values(short)).to.deep.equal([null, null, null, null, null, null, null]);
    const holes = found('steady rate op.count{actor:hog}', [[], [], ...steady], { missing: ['agent'] });
    expect(values(holes).every((value) => value === null)).to.equal(true);
  });

  it('is checked against the catalogue before the run, "for" included', () => {
    expect(checkUntil(parseUntil('op.latency p99 > 5ms for 10s'), CATALOGUE)).to.equal(null);
    expect(checkUntil(parseUntil('steady rate op.count'), CATALOGUE)).to.equal(null);
    expect(checkUntil(parseUntil('steady p99 op.count'), CATALOGUE)?.message).to.match(/has no p99/);
    expect(checkUntil(parseUntil('op.latncy p99 > 5ms'), CATALOGUE)?.hint).to.match(/op\.latency/);
  });
});

describe('steady state by SNIA', () => {
  it('bounds the range at 20 % of the mean and the fitted line at 10 %', () => {
    expect(steadiness([100, 110, 90, 110, 90])).to.include({ isSteady: true, mean: 100 });
    expect(steadiness([100, 111, 90, 109, 90])?.isSteady, 'range 21 %').to.equal(false);
    const slow = steadiness([96, 98, 100, 102, 104]);
    expect(slow?.drift).to.be.closeTo(0.08, 1e-12);
    expect(slow?.isSteady).to.equal(true);
    expect(steadiness([94, 97, 100, 103, 106])?.isSteady, 'drift 12 %').to.equal(false);
    expect(steadiness([0, 0, 0, 0, 0]), 'what never happened').to.equal(null);
    expect(steadiness([1, 1, 1, 1])).to.equal(null);
  });

  it('does not depend on the unit', () => {
    const rounds = fc.array(fc.double({ min: 1, max: 1000, noNaN: true }), { minLength: 5, maxLength: 5 });
    fc.assert(
      fc.property(rounds, (list) => {
        expect(steadiness(list.map((y) => y * 1024))?.isSteady).to.equal(steadiness(list)?.isSteady);
      }),
    );
  });
});
