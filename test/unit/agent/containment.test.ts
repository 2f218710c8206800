import { expect } from 'chai';
import type { PlannedActor } from '../../../core/contract/plan.js';
import { actorOf, AgentHarness, holding } from '../../support/agent-harness.js';

const module = new URL('../../support/plugins/misbehaving.js', import.meta.url).href;
const actor = (simulator: string, over: Partial<PlannedActor> = {}): PlannedActor =>
  actorOf({ name: simulator, simulator, module, ...over });

describe('an agent contains and names the faults of plugins', () => {
  let harness: AgentHarness;
  beforeEach(() => {
    harness = new AgentHarness();
  });
  afterEach(() => harness.close());

  const faults = [
    { simulator: 'throwing', method: 'run', reason: /thrown by run/ },
    { simulator: 'throwing-late', method: 'run', reason: /thrown late/ },
    { simulator: 'rejecting', method: 'run', reason: /rejected and not handled/ },
    { simulator: 'exiting', method: 'run', reason: /exit code 3/ },
    { simulator: 'hungry', method: 'run', reason: /heap .* exhausted/ },
    { simulator: 'early', method: 'run', reason: /returned before a stop/ },
  ];
  for (const { simulator, method, reason } of faults) {
    it(`${simulator}: the others go on`, async () => {
      await harness.run([actor(simulator), actor('parked')], holding(simulator, 1));
      const outcome = await harness.ended(simulator);
      expect(outcome).to.include({ kind: 'failed', method });
      expect(outcome.kind === 'failed' && outcome.reason).to.match(reason);
      expect(harness.of('ended')).to.have.length(1);
      harness.link.send({ type: 'stop', rung: 'ask' });
      expect(await harness.ended('parked')).to.deep.equal({ kind: 'stopped' });
    });
  }

  it('throwing-start, no-way and a module that does not exist fail before the run', async () => {
    const missing = actor('missing', { module: new URL('./nothing-here.js', import.meta.url).href });
    await harness.load([actor('throwing-start'), actor('no-way'), missing], holding('no-way', 1));
    expect(await harness.ended('throwing-start')).to.include({ kind: 'failed', method: 'start' });
    expect(await harness.ended('no-way')).to.include({ kind: 'failed' });
    expect(await harness.ended('missing')).to.include({ kind: 'failed', method: 'import' });
    expect(harness.of('ready')).to.have.length(0);
  });

  it('tells what the host lacks apart from failures', async () => {
    await harness.load([actor('lacking')], holding('lacking', 1));
    expect(await harness.ended('lacking')).to.deep.equal({
      kind: 'unavailable',
      reason: 'no such device here',
    });
  });

  it('tells a failing dispose', async () => {
    await harness.run([actor('disposing')], holding('disposing', 1));
    harness.link.send({ type: 'stop', rung: 'ask' });
    expect(await harness.ended('disposing')).to.include({ kind: 'failed', method: 'dispose' });
  });

  it('reports a silent working instance once, and ends it on the last rung', async () => {
    await harness.run([actor('hot', { quietMs: 300, instances: 1 })], holding('hot', 1));
    const stuck = await harness.message('stuck');
    expect(stuck).to.include({ actor: 'hot', instance: 0, method: 'run' });
    expect(stuck.silentMs).to.be.at.least(300);
    harness.link.send({ type: 'stop', rung: 'ask' });
    harness.link.send({ type: 'stop', rung: 'release' });
    harness.link.send({ type: 'stop', rung: 'terminate' });
    harness.link.send({ type: 'stop', rung: 'terminate' });
    expect(await harness.ended('hot')).to.deep.equal({ kind: 'terminated', method: 'run' });
    expect(harness.of('stuck')).to.have.length(1);
  });

  it('a parked instance is never stuck', async () => {
    await harness.run([actor('parked', { quietMs: 100 }), actor('hot', { quietMs: 600 })], holding('hot', 1));
    await harness.message('stuck');
    expect(harness.of('stuck').map((stuck) => stuck.actor)).to.deep.equal(['hot']);
  });
});
