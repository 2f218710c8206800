/** Phases that end before their time, in real runs: agents, timelines and windows all move with them. */
import { expect } from 'chai';
import type { PlannedActor } from '../../core/contract/plan.js';
import { parseAssertion, parseSelector } from '../../core/base/grammar.js';
import { actorOf } from '../support/agent-harness.js';
import {
  FINISHING,
  LEASING_METRICS,
  MISBEHAVING,
  of,
  phase,
  planOf,
  runPlan,
  until,
} from '../support/runs.js';

const leak = actorOf({
  name: 'leak',
  simulator: 'leasing',
  module: MISBEHAVING,
  control: 'growth',
  unit: 'bytes/s',
  peak: { amount: 100_000, text: '100000B/s' },
  shares: [100_000],
  takes: 'openFiles',
  metrics: LEASING_METRICS,
});
const steps = (more: Partial<PlannedActor> = {}): PlannedActor =>
  actorOf({
    name: 'steps',
    simulator: 'stepping',
    module: MISBEHAVING,
    control: 'rate',
    unit: 'ops/s',
    peak: { amount: 200, text: '200/s' },
    shares: [200],
    operations: ['read', 'write'],
    ...more,
  });

describe('a phase with until', () => {
  it('ends when its condition has held, and all that follows moves up', async () => {
    const aim = until('actor.held{actor:leak} last >= 50000B for 200ms');
    const list = [
      phase('grow', 30_000, { leak: 1 }, aim),
      phase('idle', 600, {}),
      phase(
        'again',
        30_000,
        { leak: 1 },
        until('actor.held{actor:leak} last >= phase(grow) * 0.5', 'continue'),
      ),
    ];
    const { summary, events, windows } = await runPlan(planOf([leak], list));
    expect(summary.exitCode, summary.reasons.join('; ')).to.equal(0);
    const [first, second] = of(events, 'phase.reached');
    expect(first?.value).to.be.at.least(50_000);
    expect(first?.text).to.match(
      /^grow ended after [\d.]+ (s|ms): actor\.held\{actor:leak\} last [\d.]+ KiB >= 50000B for 200ms · held [\d.]+ KiB by then$/,
    );
    expect(second?.phase).to.equal('again');
    expect(summary.notes).to.include(first?.text);
    expect(summary.tookMs).to.be.lessThan(20_000);
    const ends = of(events, 'phase.ended').map(({ phase: name, tookMs }) => [name, tookMs] as const);
    expect(ends.map(([name]) => name)).to.deep.equal(['grow', 'idle', 'again']);
    expect(ends[1]?.[1]).to.be.closeTo(600, 150);

    let atMs = 0;
    for (const window of windows) {
      expect(window.startMs).to.be.closeTo(atMs, 0.01);
      expect(window.missing, `window ${window.index}`).to.deep.equal([]);
      atMs = window.endMs;
    }
    const [grow, idle] = summary.phases;
    expect([grow?.windows, idle?.windows]).to.deep.equal([
      windows.filter((w) => w.phaseIndex === 0).length,
      3,
    ]);
    expect(windows.find((w) => w.phaseIndex === 1)?.index, 'indices are those of the plan').to.equal(150);
    const given = windows.filter((w) => w.phaseIndex === 1)[1];
    const held = given?.series.find((series) => series.metric === 'actor.held');
    expect(held?.point).to.include({ last: 0 });
  });

  it('fails the run with 4 when what it is for never comes, unless it says otherwise', async () => {
    const missing = 'actor.held{actor:leak} last > 1GiB';
    const list = [
      phase('sought', 400, { leak: 0.1 }, until(missing)),
      phase('hoped', 400, { leak: 0.1 }, until(missing, 'continue')),
    ];
    const { summary, events } = await runPlan(
      planOf(
        [leak].map((a) => ({ ...a, takes: 'openFiles' as const })),
        list,
      ),
    );
    expect(of(events, 'phase.missed').map(({ phase: name, otherwise }) => [name, otherwise])).to.deep.equal([
      ['sought', 'fail'],
      ['hoped', 'continue'],
    ]);
    expect(summary).to.include({ exitCode: 4, verdict: 'failed' });
    expect(summary.reasons).to.deep.equal([`sought ran its whole time without: ${missing}`]);
  });

  it('ends when every loaded actor is done, and when a rate is steady; rounds keep their own figures', async () => {
    const early = steps({ name: 'early', simulator: 'finishing', module: FINISHING, operations: ['step'] });
    const list = [
      phase('work', 30_000, { early: 1 }, { ...until('done'), measure: false }),
      phase(
        'settle',
        30_000,
        { steps: 1 },
        { ...until('steady rate op.count{actor:steps}'), measure: false },
      ),
      phase('measure', 400, { steps: 1 }, { round: 1 }),
      phase('measure', 400, { steps: 0.5 }, { round: 2 }),
    ];
    const sentence = (selector: string, assertion: string) => ({
      text: `${selector} ${assertion}`,
      selector: parseSelector(selector),
      selectorText: selector,
      assertion: parseAssertion(assertion),
      severity: 'fail' as const,
    });
    const thresholds = [
      sentence('op.count{actor:steps,phase:measure,round:2}', 'rate < 150/s'),
      sentence('op.count{actor:steps,phase:measure}', 'rate > 110/s'),
      sentence('phase.time{phase:settle}', 'last < 20s'),
    ].map((one) =>
      one.selectorText.startsWith('phase.time')
        ? { ...one, selector: { metric: 'phase.time', tags: { phase: ['settle'] } } }
        : one,
    );
    const { summary, events } = await runPlan(planOf([early, steps()], list, { thresholds }));
    const reached = of(events, 'phase.reached');
    expect(reached.map(({ phase: name }) => name)).to.deep.equal(['work', 'settle']);
    expect(reached[0]?.text).to.match(/^work ended after .*: early done$/);
    expect(reached[1]?.text).to.match(/steady at [\d.]+\/s \(range .* over 5 windows\)$/);
    expect(summary.phases.map(({ name, round }) => [name, round])).to.deep.equal([
      ['work', undefined],
      ['settle', undefined],
      ['measure', 1],
      ['measure', 2],
    ]);
    expect(summary.thresholds.map(({ ok, detail }) => [ok, detail])).to.deep.equal([
      [true, null],
      [true, null],
      [true, null],
    ]);
    expect(summary.exitCode, summary.reasons.join('; ')).to.equal(0);
  });
});

describe('a threshold that aborts', () => {
  it('ends the run as soon as it fails for good', async () => {
    const selector = 'op.count{actor:steps}';
    const threshold = {
      text: `${selector} rate > 1000/s`,
      selector: parseSelector(selector),
      selectorText: selector,
      assertion: parseAssertion('rate > 1000/s'),
      severity: 'fail' as const,
      windowMs: 400,
      abort: true,
      afterMs: 600,
    };
    const list = [phase('load', 30_000, { steps: 1 })];
    const { summary, events } = await runPlan(planOf([steps()], list, { thresholds: [threshold] }));
    expect(summary).to.include({ exitCode: 4, stopCause: 'threshold', verdict: 'failed' });
    expect(summary.tookMs).to.be.within(600, 20_000);
    expect(of(events, 'threshold.failed')).to.have.length(1);
    expect(of(events, 'threshold.failed')[0]).to.include({ aborts: true, threshold: threshold.text });
    expect(summary.reasons[0]).to.match(
      /broken in \d of \d stretches of 400 ms, first in load from 00:00 to 00:00/,
    );
  });
});
