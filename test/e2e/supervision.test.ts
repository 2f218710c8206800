/** What becomes of a run whose actors fail: it stops, goes on without them, or they are started again. */
import { expect } from 'chai';
import type { PlannedActor } from '../../core/contract/plan.js';
import { actorOf } from '../support/agent-harness.js';
import { LEASING_METRICS, MISBEHAVING, of, phase, planOf, runPlan } from '../support/runs.js';

const parked = actorOf({ name: 'parked', simulator: 'parked', module: MISBEHAVING });
const holder = (onFailure: PlannedActor['onFailure']): PlannedActor =>
  actorOf({
    name: 'holder',
    simulator: 'leasing',
    module: MISBEHAVING,
    control: 'amount',
    unit: 'count',
    peak: { amount: 100, text: '100' },
    shares: [100],
    takes: 'openFiles',
    metrics: LEASING_METRICS,
    ...(onFailure === undefined ? {} : { onFailure }),
  });
const failing = (simulator: string, onFailure: PlannedActor['onFailure']): PlannedActor => ({
  ...actorOf({ name: 'failing', simulator, module: MISBEHAVING, quietMs: 600 }),
  ...(onFailure === undefined ? {} : { onFailure }),
});

describe('an actor that fails', () => {
  it('ends the run when it says nothing else', async () => {
    const list = [phase('hold', 30_000, { failing: 1, parked: 1 })];
    const { summary } = await runPlan(planOf([failing('throwing', undefined), parked], list));
    expect(summary).to.include({ exitCode: 6, stopCause: 'actor' });
    expect(summary.tookMs).to.be.lessThan(15_000);
  });

  it('is gone on without where it says continue, and the run does not pass', async () => {
    const list = [phase('hold', 1200, { failing: 1, parked: 1 })];
    const { summary, windows } = await runPlan(planOf([failing('throwing', 'continue'), parked], list));
    expect(summary).to.include({ exitCode: 6, stopCause: 'completed' });
    expect(summary.reasons[0]).to.match(/failing\[0\].*thrown by run/);
    expect(summary.phases.map(({ windows: n }) => n)).to.deep.equal([6]);
    expect(windows.every(({ missing }) => missing.length === 0)).to.equal(true);
  });

  it('is started again three times in a minute where it says restart, and then ends the run', async () => {
    const list = [phase('hold', 30_000, { failing: 1, parked: 1 })];
    const { summary, events } = await runPlan(planOf([failing('throwing', 'restart'), parked], list));
    expect(of(events, 'actor.restarted').map(({ restarts }) => restarts)).to.deep.equal([1, 2, 3]);
    expect(summary).to.include({ exitCode: 6, stopCause: 'actor' });
    expect(summary.reasons[0]).to.match(/thrown by run/);
    expect(summary.trust.checks.find(({ check }) => check === 'restarts')).to.deep.include({ ok: false });
  });

  it('that is stuck goes up the ladder by itself, and others go on', async () => {
    const list = [phase('hold', 4000, { failing: 1, parked: 1 })];
    const { summary, events } = await runPlan(planOf([failing('hot', 'continue'), parked], list));
    expect(of(events, 'actor.stuck')[0]).to.include({ actor: 'failing', method: 'run' });
    expect(of(events, 'actor.failed')[0]?.reason).to.match(/was stuck in run/);
    expect(summary).to.include({ exitCode: 6, stopCause: 'completed' });
  });
});

describe('an agent that is lost', () => {
  it('comes back as a new life that holds what is asked now; the run passes but is not trustworthy', async () => {
    const list = [phase('hold', 6000, { holder: 1, parked: 1 })];
    let victim = 0;
    const { summary, events, windows } = await runPlan(planOf([holder('restart'), parked], list), (event) => {
      if (event.type === 'phase.started') process.kill(victim, 'SIGKILL');
      if (event.type !== 'agent.ready' || event.agent !== 'holder' || victim !== 0) return;
      victim = event.pid;
    });
    expect(of(events, 'agent.lost')).to.have.length(1);
    expect(of(events, 'agent.ready').filter(({ agent }) => agent === 'holder')).to.have.length(2);
    expect(of(events, 'actor.restarted')[0]).to.include({ actor: 'holder', restarts: 1 });
    expect(summary, summary.reasons.join('; ')).to.include({ exitCode: 0, stopCause: 'completed' });
    expect(summary.trust.trustworthy).to.equal(false);
    expect(summary.trust.checks.find(({ check }) => check === 'restarts')?.detail).to.match(/holder once/);
    // Not the last one: its frame is taken when the phase is over and the holder may be giving back.
    const held = windows
      .at(-2)
      ?.series.find((s) => s.metric === 'actor.held' && s.tags['actor'] === 'holder');
    expect(held?.point).to.include({ last: 100 });
    const restarts = windows
      .flatMap((w) => w.series)
      .filter((s) => s.metric === 'actor.restarts' && s.tags['actor'] === 'holder');
    const counted = restarts.reduce(
      (sum, { point }) => sum + (point.kind === 'counter' ? point.count : 0),
      0,
    );
    expect(counted).to.equal(1);
  });
});
