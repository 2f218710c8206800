import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { PlannedActor } from '../../../core/contract/plan.js';
import { actorOf, AgentHarness, holding } from '../../support/agent-harness.js';

const module = new URL('../../support/plugins/misbehaving.js', import.meta.url).href;
const actor = (simulator: string, over: Partial<PlannedActor> = {}): PlannedActor =>
  actorOf({ name: simulator, simulator, module, ...over });

describe('the life of an agent', () => {
  let harness: AgentHarness;
  beforeEach(() => {
    harness = new AgentHarness();
  });
  afterEach(() => harness.close());

  it('says what it could arm', async () => {
    const { pid, armed } = await harness.message('hello');
    expect(pid).to.equal(harness.link.pid);
    if (process.platform !== 'linux') return;
    expect(armed.oomFirst).to.equal(true);
    expect(readFileSync(`/proc/${pid}/oom_score_adj`, 'utf8').trim()).to.equal('900');
  });

  it('stops hot, parked and awaiting instances when asked, frames before the last end', async () => {
    const names = ['looping', 'parked', 'async-loop'];
    await harness.run(
      names.map((name) => actor(name, { instances: 2 })),
      holding('looping', 1),
    );
    expect(harness.of('loaded')).to.have.length(6);
    await harness.until(() => harness.frames.length > 1, 'frames');
    harness.link.send({ type: 'stop', rung: 'ask' });
    harness.link.send({ type: 'stop', rung: 'ask' });
    for (const name of names) {
      expect(await harness.ended(name, 0)).to.deep.equal({ kind: 'stopped' });
      expect(await harness.ended(name, 1)).to.deep.equal({ kind: 'stopped' });
    }
    const last = harness.messages.findLastIndex((body) => body.type === 'frame');
    expect(last, 'the last frame comes before the last end').to.be.lessThan(
      harness.messages.findLastIndex((body) => body.type === 'ended'),
    );
    harness.link.send({ type: 'exit' });
    expect(await harness.link.closed).to.deep.equal({ code: 0, signal: null });
  });

  it('stops instances that were never started', async () => {
    await harness.load([actor('parked', { instances: 3 })], holding('parked', 1));
    harness.link.send({ type: 'stop', rung: 'ask' });
    for (const index of [0, 1, 2]) {
      expect(await harness.ended('parked', index)).to.deep.equal({ kind: 'stopped' });
    }
  });

  it('prepares once before all, cleans up once after all, and removes scratch directories', async () => {
    await harness.run([actor('prepared', { instances: 2 })], holding('prepared', 1));
    const scratch = [0, 1].map((index) => join(harness.folder, `brunt-test-prepared-${index}`));
    expect(scratch.map((path) => existsSync(path))).to.deep.equal([true, true]);
    harness.link.send({ type: 'stop', rung: 'ask' });
    await harness.ended('prepared', 0);
    await harness.ended('prepared', 1);
    const said = harness.of('log').map(({ message }) => message);
    expect(said[0]).to.equal('prepared');
    expect(said.filter((message) => message.startsWith('scratch'))).to.have.length(2);
    expect(said[said.length - 1]).to.equal('cleaned up');
    expect(said.filter((message) => message === 'cleaned up')).to.have.length(1);
    expect(harness.output.filter((line) => line === 'stdout: printed by a plugin')).to.have.length(2);
    harness.link.send({ type: 'exit' });
    await harness.link.closed;
    expect(scratch.map((path) => existsSync(path))).to.deep.equal([false, false]);
  });

  it('tells the processor time of its threads, and what is asked although an instance hangs', async () => {
    await harness.run([actor('hot', { control: 'switch' })], holding('hot', 1));
    await harness.until(() => harness.frames.length >= 4, 'frames');
    expect(harness.series('actor.asked')).to.equal(1);
    if (process.platform === 'linux') {
      expect(harness.series('actor.cpu')).to.be.within(0.05, 1.1);
    }
  });

  it('its end closes the link, and is told', async () => {
    await harness.message('hello');
    expect(harness.link.isOpen).to.equal(true);
    harness.link.kill();
    expect(await harness.link.closed).to.deep.equal({ code: null, signal: 'SIGKILL' });
    expect(harness.link.isOpen).to.equal(false);
    expect(harness.link.send({ type: 'beat' })).to.equal(false);
  });
});
