import { expect } from 'chai';
import type { PlannedActor } from '../../../core/contract/plan.js';
import { actorOf, AgentHarness, holding } from '../../support/agent-harness.js';

const module = new URL('../../support/plugins/misbehaving.js', import.meta.url).href;

function stepper(simulator: string, over: Partial<PlannedActor>): PlannedActor {
  const operations = simulator === 'stepping' ? ['read', 'write'] : ['wait'];
  return actorOf({ name: 'stepper', simulator, module, operations, ...over });
}

describe('pacing of operations', () => {
  let harness: AgentHarness;
  beforeEach(() => {
    harness = new AgentHarness({ windowMs: 250 });
  });
  afterEach(() => harness.close());

  /** Sum of the cumulative values of a counter over its series. */
  function total(metric: string, tag?: string): number {
    const wanted = harness.frames
      .flatMap(({ table }) => table)
      .filter(
        (series) =>
          series.metric === metric && (tag === undefined || Object.values(series.tags).includes(tag)),
      );
    const last = new Map<number, number>();
    for (const frame of harness.frames) {
      frame.counterIds.forEach((id, index) => last.set(id, frame.counters[index]!));
      frame.ratioIds.forEach((id, index) => last.set(id, frame.ratios[2 * index]!));
    }
    return [...new Set(wanted.map(({ id }) => id))].reduce((sum, id) => sum + (last.get(id) ?? 0), 0);
  }

  async function end(): Promise<void> {
    harness.link.send({ type: 'stop', rung: 'ask' });
    expect(await harness.ended('stepper')).to.deep.equal({ kind: 'stopped' });
  }

  it('step keeps an open rate: what is due is done, timed from when it was due, errors by code', async () => {
    await harness.run(
      [stepper('stepping', { control: 'rate', unit: 'ops/s', peak: { amount: 500, text: '500/s' } })],
      holding('stepper', 1),
    );
    await harness.until(() => harness.frames.length >= 5, 'five windows');
    await end();
    const due = total('op.due');
    const count = total('op.count');
    expect(due).to.be.greaterThan(200);
    expect(due - count, 'due and not done').to.be.within(0, due * 0.2);
    const failed = total('op.errors', 'EIO');
    expect(failed).to.equal(Math.floor(count / 10));
    expect(total('op.bytes')).to.equal(10 * (count - failed));
    expect(harness.series('op.latency')).to.be.greaterThan(0);
    expect(harness.series('actor.asked')).to.equal(500);
  });

  it('stepAsync keeps so many in flight in the closed model', async () => {
    await harness.run(
      [stepper('stepping-async', { control: 'concurrency', unit: 'count', peak: { amount: 8, text: '8' } })],
      holding('stepper', 1),
    );
    await harness.until(() => harness.frames.length >= 5, 'five windows');
    expect(harness.series('actor.held')).to.be.closeTo(8, 0.5);
    await end();
    // Little's law: eight in flight, at least 10 ms each.
    const spanS = (harness.frames.at(-1)!.toNs - harness.frames[0]!.fromNs) / 1e9;
    expect(total('op.count')).to.be.within(20, (8 / 0.01) * spanS + 8);
    expect(total('op.due')).to.be.at.least(total('op.count'));
  });

  it('stepAsync keeps an open rate', async () => {
    await harness.run(
      [stepper('stepping-async', { control: 'rate', unit: 'ops/s', peak: { amount: 200, text: '200/s' } })],
      holding('stepper', 1),
    );
    await harness.until(() => harness.frames.length >= 5, 'five windows');
    await end();
    expect(total('op.due') - total('op.count')).to.be.within(0, total('op.due') * 0.3);
    expect(total('op.count')).to.be.greaterThan(50);
  });

  it('step cannot have two operations in flight in one instance', async () => {
    await harness.run(
      [stepper('stepping', { control: 'concurrency', unit: 'count', peak: { amount: 2, text: '2' } })],
      holding('stepper', 1),
    );
    const outcome = await harness.ended('stepper');
    expect(outcome.kind === 'failed' && outcome.reason).to.contain('one operation in flight');
  });
});
