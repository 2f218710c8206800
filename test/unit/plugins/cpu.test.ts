import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { PlannedActor } from '../../../core/contract/plan.js';
import plugin from '../../../plugins/cpu/index.js';
import { Debt } from '../../../plugins/cpu/debt.js';
import { actorOf, AgentHarness, holding } from '../../support/agent-harness.js';

const simulator = plugin.simulators![0]!;

function cpuActor(cores: number, instances: number): PlannedActor {
  return actorOf({
    name: 'burner',
    simulator: 'cpu',
    module: new URL('../../../plugins/cpu/index.js', import.meta.url).href,
    control: 'amount',
    unit: 'cores',
    peak: { amount: cores, text: `${cores} cores` },
    instances,
    options: { kernel: 'integer', period: 20 },
    metrics: simulator.metrics as PlannedActor['metrics'],
  });
}

/** What all threads of a process used, and how long they waited for a processor, by the kernel. */
function processorNs(pid: number): { readonly used: number; readonly waited: number } {
  const all = readdirSync(`/proc/${pid}/task`).map((tid) =>
    readFileSync(`/proc/${pid}/task/${tid}/schedstat`, 'utf8').split(' ').map(Number),
  );
  const sum = (column: number): number => all.reduce((total, row) => total + row[column]!, 0);
  return { used: sum(0), waited: sum(1) };
}

describe('plugin cpu', () => {
  it('owes what was asked and not used, within bounds both ways', () => {
    const debt = new Debt(0, 0, 20e6);
    expect(debt.update(0, 0, 0.5)).to.equal(0);
    expect(debt.update(40e6, 10e6, 0.5)).to.equal(10e6);
    expect(debt.update(80e6, 40e6, 0.5)).to.equal(0);
    expect(debt.update(10_000e6, 40e6, 0.5)).to.equal(debt.maxNs);
    debt.forget(20_000e6, 40e6);
    expect(debt.update(20_100e6, 40e6, 1)).to.equal(50e6);
  });

  describe('on a thread', () => {
    let harness: AgentHarness;
    beforeEach(() => {
      harness = new AgentHarness({ windowMs: 500 });
    });
    afterEach(() => harness.close());

    for (const { cores, instances } of [
      { cores: 0.2, instances: 1 },
      { cores: 0.4, instances: 2 },
    ]) {
      it(`holds ${cores} cores with ${instances} instances, by the kernel's account`, async function () {
        if (process.platform !== 'linux') return this.skip(); // no account of processor time by thread
        await harness.run([cpuActor(cores, instances)], holding('burner', 1));
        await harness.until(() => harness.frames.length >= 2, 'settled');
        const from = { atMs: performance.now(), ...processorNs(harness.link.pid) };
        await harness.until(() => performance.now() - from.atMs > 2000, 'two seconds');
        const spanNs = (performance.now() - from.atMs) * 1e6;
        const to = processorNs(harness.link.pid);
        const used = (to.used - from.used) / spanNs;
        const waited = (to.waited - from.waited) / spanNs;
        // The agent's own main thread is in it. A busy machine may give less than is asked, never more.
        expect(used).to.be.at.most(cores + 0.1);
        expect(used + waited).to.be.at.least(cores * 0.8);
        expect(harness.series('actor.held')).to.be.greaterThan(0);
        expect(harness.series('cpu.operations')).to.be.greaterThan(0);
        expect(harness.series('cpu.wrong-results'), 'a counter that never counted is not sent').to.equal(
          null,
        );
      });
    }

    it('costs nothing at 0 %', async function () {
      if (process.platform !== 'linux') return this.skip(); // no account of processor time by thread
      await harness.run([cpuActor(1, 2)], holding('burner', 0));
      await harness.until(() => harness.frames.length >= 3, 'three windows');
      expect(harness.series('actor.cpu')).to.be.lessThan(0.01);
      expect(harness.series('actor.held')).to.equal(0);
    });

    it('refuses a share that no thread can use', async () => {
      await harness.load([cpuActor(3, 2)], holding('burner', 1));
      const outcome = await harness.ended('burner');
      expect(outcome.kind).to.equal('unavailable');
      expect(outcome.kind === 'unavailable' && outcome.reason).to.contain('at least 3');
    });
  });
});
