import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import type { PlannedActor } from '../../../core/contract/plan.js';
import type { HostFacts } from '../../../core/contract/host.js';
import { findGroups, parseThrottling } from '../../../core/linux/cgroup.js';
import { allowedProcessors, realTimeShare, scheduler } from '../../../core/linux/sched.js';
import plugin from '../../../plugins/cpu/index.js';
import { Debt } from '../../../plugins/cpu/debt.js';
import { actorOf, AgentHarness, holding } from '../../support/agent-harness.js';

const simulator = plugin.simulators![0]!;

function cpuActor(cores: number, instances: number, options: object = {}): PlannedActor {
  return actorOf({
    name: 'burner',
    simulator: 'cpu',
    module: new URL('../../../plugins/cpu/index.js', import.meta.url).href,
    control: 'amount',
    unit: 'cores',
    peak: { amount: cores, text: `${cores} cores` },
    instances,
    options: { kernel: 'integer', period: 20, ...options },
    metrics: simulator.metrics as PlannedActor['metrics'],
  });
}

interface Thread {
  readonly cpuNs: number;
  readonly nice: number;
  readonly priority: number;
  readonly policy: number;
  readonly allowed: string;
}

/** The threads of a process that used most so far, from outside. */
function busiest(pid: number, count: number): Thread[] {
  const threads = readdirSync(`/proc/${pid}/task`).map((tid) => {
    const read = (name: string): string => readFileSync(`/proc/${pid}/task/${tid}/${name}`, 'latin1');
    const stat = read('stat');
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    return {
      cpuNs: Number(read('schedstat').split(' ')[0]),
      nice: fields[16]!,
      priority: fields[37]!,
      policy: fields[38]!,
      allowed: /Cpus_allowed_list:\s*(.+)/.exec(read('status'))![1]!,
    };
  });
  return threads.sort((a, b) => b.cpuNs - a.cpuNs).slice(0, count);
}

describe('what a thread owes', () => {
  it('may be five of its periods, however long they are', () => {
    const debt = new Debt(0, 0, 1e9);
    debt.update(0, 0, 0.5);
    expect(debt.update(1e9, 0, 0.5), 'half of one period, which is all that a rest brings').to.equal(0.5e9);
    expect(debt.update(60e9, 0, 0.5)).to.equal(5e9);
  });

  it('is made good in full where too much was used, by one long piece of work for instance', () => {
    const debt = new Debt(0, 0, 20e6);
    debt.update(0, 0, 0.1);
    expect(debt.update(1e9, 1e9, 0.1)).to.be.closeTo(-0.9e9, 1);
    expect(debt.update(5e9, 1e9, 0.1)).to.be.closeTo(-0.5e9, 1);
  });
});

const host = { cores: 8, quotaCores: 4 } as HostFacts;

describe('instances of cpu', () => {
  it('are one for each core of the quota, or of the cores that a share of one core makes', () => {
    expect(simulator.defaultInstances!(host, { control: 'amount', amount: 2, base: 'quota' })).to.equal(4);
    expect(simulator.defaultInstances!(host, { control: 'amount', amount: 0.5, base: 'core' })).to.equal(1);
    expect(simulator.defaultInstances!(host, { control: 'amount', amount: 2.5, base: 'core' })).to.equal(3);
  });
});

describe('options of cpu', () => {
  for (const [what, options, words] of [
    ['a list of processors that goes backwards', { affinity: '3-1' }, 'no list of processors'],
    ['a priority above the guard’s', { sched: 'fifo:60' }, 'above the safety guard'],
    [
      'niceness where it means nothing',
      { sched: 'idle', nice: 3 },
      'nothing under the scheduling class "idle"',
    ],
    ['periods in which nothing is done but waking up', { period: 0.5 }, 'at least 1 ms'],
  ] as const) {
    it(`refuse ${what}`, () => {
      const { control, peak, instances, options: all } = cpuActor(0.1, 1, options);
      const input = { control, peak: peak.amount, instances, options: all, host };
      expect(
        simulator.check!(input)
          .map(({ message }) => message)
          .join(),
      ).to.contain(words);
    });
  }
});

describe('threads of cpu', () => {
  let harness: AgentHarness;
  before(function () {
    if (scheduler() === null) this.skip(); // Linux with koffi only
  });
  beforeEach(() => {
    harness = new AgentHarness({ windowMs: 300 });
  });
  afterEach(() => harness.close());

  it('are pinned in turn, and as nice and batched as asked, by the kernel’s own word', async () => {
    const allowed = allowedProcessors()!;
    const list = [allowed[0]!, allowed.at(-1)!];
    await harness.run(
      [cpuActor(0.2, 4, { affinity: list.join(','), nice: 7, sched: 'batch' })],
      holding('burner', 1),
    );
    await harness.until(() => harness.frames.length >= 4, 'four windows');
    const threads = busiest(harness.link.pid, 5).filter(({ policy }) => policy === 3);
    expect(threads.map(({ nice }) => nice)).to.deep.equal([7, 7, 7, 7]);
    const processors = [...new Set(list)];
    const expected = [0, 1, 2, 3].map((i) => String(processors[i % processors.length])).sort();
    expect(threads.map((thread) => thread.allowed).sort()).to.deep.equal(expected);
    expect(harness.series('cpu.share-achieved')).to.be.within(0.01, 0.06);
    expect(harness.series('cpu.share-asked')).to.be.closeTo(0.05, 1e-6);
    expect(harness.series('cpu.clock-error')).to.be.within(0, 0.02);
    expect(harness.series('cpu.run-delay')).to.be.greaterThan(0);
  });

  it('run before all others under a real-time class, or say that they may not', async () => {
    const actor = cpuActor(0.3, 1, { sched: 'fifo:3' });
    await harness.load([actor], holding('burner', 1));
    await harness.until(() => harness.messages.some(({ type }) => type === 'loaded'), 'loaded');
    const outcome = harness.messages.find((message) => message.type === 'ended');
    if (outcome !== undefined) {
      expect(JSON.stringify(outcome)).to.contain('CAP_SYS_NICE');
      return;
    }
    const [thread] = busiest(harness.link.pid, 9).filter(({ policy }) => policy === 1);
    expect(thread?.priority).to.equal(3);
  });

  it('refuse a processor that is not there', async () => {
    await harness.load([cpuActor(0.1, 1, { affinity: '0,700' })], holding('burner', 1));
    const outcome = await harness.ended('burner');
    expect(outcome.kind === 'unavailable' && outcome.reason).to.contain('no processor 700');
  });

  it('hold their level inside a quota, and say how they were throttled', async function () {
    const group = makeGroup({ periodUs: 20_000, quotaUs: 6_000 });
    if (group === null) return this.skip(); // needs root, and a cpu controller that children may have
    try {
      appendFileSync(`${group}/cgroup.procs`, String(harness.link.pid));
      const throttled = (): number =>
        parseThrottling(readFileSync(`${group}/cpu.stat`, 'latin1'))?.throttled ?? NaN;
      await harness.run([cpuActor(1, 1)], holding('burner', 1));
      await harness.until(() => harness.frames.length >= 6, 'six windows');
      // 0.3 cores are all that there is: it is asked for 1, says so, and says why.
      expect(harness.series('cpu.share-asked')).to.equal(1);
      expect(harness.series('cpu.share-achieved')).to.be.within(0.05, 0.36);
      expect(harness.series('cpu.throttled-periods')).to.be.greaterThan(5).and.at.most(throttled());
      expect(harness.series('cpu.throttled-time')).to.be.greaterThan(1e6);
    } finally {
      await harness.close();
      rmdirSync(group);
    }
  });
});

/** A group with a quota below this process's own; null where none may be made. */
function makeGroup({
  periodUs,
  quotaUs,
}: {
  readonly periodUs: number;
  readonly quotaUs: number;
}): string | null {
  const groups = findGroups('cpu');
  if (groups === null) return null;
  const folder = `${groups.folders[0]!}/brunt-test-cpu-${process.pid}`;
  try {
    mkdirSync(folder);
  } catch {
    // Not root, or a read-only tree.
    return null;
  }
  try {
    if (groups.version === 1) {
      writeFileSync(`${folder}/cpu.cfs_period_us`, String(periodUs));
      writeFileSync(`${folder}/cpu.cfs_quota_us`, String(quotaUs));
    } else writeFileSync(`${folder}/cpu.max`, `${quotaUs} ${periodUs}`);
    return folder;
  } catch {
    // The controller is not handed down to children here.
    rmdirSync(folder);
    return null;
  }
}

describe('bases of cpu in a quota', () => {
  it('are those of the group that the command runs in', function () {
    const group = makeGroup({ periodUs: 100_000, quotaUs: 50_000 });
    if (group === null) return this.skip(); // needs root, and a cpu controller that children may have
    try {
      const facts = new URL('../../../core/safety/host-facts.js', import.meta.url).href;
      const code = `import { appendFileSync } from 'node:fs'; appendFileSync(${JSON.stringify(`${group}/cgroup.procs`)}, String(process.pid));
        const { readHostFacts } = await import(${JSON.stringify(facts)}); const { cores, quotaCores } = await readHostFacts();
        console.log(JSON.stringify({ cores, quotaCores })); process.exit();`;
      const text = execFileSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' });
      const host = JSON.parse(text) as HostFacts;
      const { bases } = simulator.controls[0]!;
      expect(bases!['quota']!(host)).to.equal(0.5);
      expect(bases!['machine']!(host)).to.equal(allowedProcessors()!.length);
      expect(bases!['core']!(host)).to.equal(1);
      expect(realTimeShare()).to.be.a('number');
    } finally {
      rmdirSync(group);
    }
  });
});
