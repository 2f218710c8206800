import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { PlannedActor } from '../../../core/contract/plan.js';
import plugin from '../../../plugins/cpu/index.js';
import { Debt, DEBT_MAX_NS } from '../../../plugins/cpu/debt.js';
import { operate } from '../../../plugins/cpu/kernel.js';
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
    options: { period: 20 },
    metrics: simulator.metrics as PlannedActor['metrics'],
  });
}

/** Processor time of all threads of a process, by the kernel. */
function processCpuNs(pid: number): number {
  return readdirSync(`/proc/${pid}/task`)
    .map((tid) => Number(readFileSync(`/proc/${pid}/task/${tid}/schedstat`, 'utf8').split(' ')[0]))
    .reduce((sum, ns) => sum + ns, 0);
}

describe('plugin cpu', () => {
  it('computes what it must', () => {
    expect(operate()).to.equal(true);
  });

  it('owes what was asked and not used, within bounds both ways', () => {
    const debt = new Debt(0, 0);
    expect(debt.update(0, 0, 0.5)).to.equal(0);
    expect(debt.update(40e6, 10e6, 0.5)).to.equal(10e6);
    expect(debt.update(80e6, 40e6, 0.5)).to.equal(0);
    expect(debt.update(10_000e6, 40e6, 0.5)).to.equal(DEBT_MAX_NS);
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
        const from = { atMs: performance.now(), cpuNs: processCpuNs(harness.link.pid) };
        await harness.until(() => performance.now() - from.atMs > 2000, 'two seconds');
        const used = (processCpuNs(harness.link.pid) - from.cpuNs) / 1e6 / (performance.now() - from.atMs);
        // The agent's own main thread is in it; a busy machine may give less than is asked, never more.
        expect(used).to.be.within(cores * 0.6, cores + 0.08);
        expect(harness.series('actor.held')).to.be.within(cores * 0.6, cores + 0.08);
        expect(harness.series('cpu.operations')).to.be.greaterThan(0);
        expect(harness.series('cpu.wrong-results')).to.equal(0);
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
