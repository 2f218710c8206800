/**
 * Memory that runs short, in a control group of the test's own: what is refused before, what is throttled under way, what
 * the gate stops, and what it looks like when the kernel kills. Small amounts; the machine itself is never in danger.
 */
import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import type { RunEvent } from '../../core/contract/events.js';
import { Cli, Workplace } from '../support/cli.js';
import { Devices, hasProgram, run, whyNoDevices } from '../support/devices.js';
import { MemoryGroup } from '../support/memory-group.js';
import { childrenOf, eventually } from '../support/processes.js';

const MIB = 2 ** 20;
/** brunt keeps 512 MiB of reserve free of what it can see; the rest is for its processes and the load. */
const GROUP_BYTES = 1024 * MIB;

describe('memory that runs short', () => {
  let place: Workplace;
  let group: MemoryGroup;
  let swap: Devices | null = null;
  beforeEach(function () {
    const made = process.platform === 'linux' ? MemoryGroup.make('memory', GROUP_BYTES) : null;
    if (made === null) return this.skip(); // a memory control group needs Linux and root
    group = made;
    place = new Workplace();
  });
  afterEach(async () => {
    swap?.remove();
    swap = null;
    await (group as MemoryGroup | undefined)?.remove();
    place.remove();
  });

  const start = (peak: string, duration: string, more: object = {}): Cli => {
    place.write('run.json', {
      version: 1,
      window: '250ms',
      actors: { hog: { uses: 'memory', peak } },
      phases: [{ name: 'hold', duration, load: { hog: '100%' } }],
      safety: { profile: 'lab' },
      ...more,
    });
    return new Cli(place.dir, ['run', 'run.json', '--profile', 'lab'], {}, group.procs);
  };
  /** Another process of the same group that takes memory, all at once, and keeps it. */
  const eater = (mib: number): ReturnType<typeof spawn> => {
    const script = `echo $$ > ${group.procs} && exec "$0" -e "b = Buffer.alloc(${mib} * 2 ** 20, 1); console.log('full'); setInterval(() => b, 1000)"`;
    return spawn('/bin/sh', ['-c', script, process.execPath], { stdio: ['ignore', 'pipe', 'ignore'] });
  };
  const of = <T extends RunEvent['type']>(type: T): (RunEvent & { type: T })[] =>
    place.events().filter((event): event is RunEvent & { type: T } => event.type === type);

  it('more than there is, is refused with figures before anything starts', async () => {
    const { code, stderr } = await start('900MiB', '5s').done;
    expect(code).to.equal(7);
    expect(stderr).to.match(
      /E_HOST\s+The plan asks for \d+ MiB of memory at its peak; there are \d+ MiB available/,
    );
    expect(stderr).to.contain('to the control group').and.to.contain('512 MiB are kept in reserve');
  });

  it('a leak is bounded before the group is full: nothing is killed, nothing swapped', async () => {
    swap = ramSwap(place.dir, 256);
    const run = start('400MiB/s', '1m');
    await run.says(/hog waits for memory: reserve grants no more now/);
    run.child.kill('SIGINT');
    const { code, stderr } = await run.done;
    expect(code, stderr).to.equal(130);
    expect(of('lease.denied')[0]).to.include({ actor: 'hog', resource: 'memory', limit: 'reserve' });
    expect(group.oomKills).to.equal(0);
    if (swap !== null) expect(group.swappedBytes).to.equal(0);
    // The reserve of 512 MiB, less what brunt's own processes grew by.
    expect(place.summary().safety.closest?.value).to.be.greaterThan(400 * MIB);
  });

  it('a limit that is met under way throttles: achieved is less than asked, and is said to be', async () => {
    const run = start('250MiB', '1m', {
      phases: [
        // Until the other one has what it takes.
        { name: 'before', duration: '5s', load: { hog: '10%' } },
        { name: 'hold', duration: '1m', load: { hog: '100%' } },
      ],
    });
    await run.says(/before/);
    const taker = eater(250);
    try {
      await once(taker.stdout!, 'data');
      await run.says(/hog waits for memory: reserve grants no more now/);
      const windows = (): number =>
        readFileSync(`${place.lastRecord()}/windows.ndjson`, 'utf8').split('\n').length;
      const before = windows();
      await eventually('windows in which it waits', 10_000, () => windows() >= before + 4);
      run.child.kill('SIGINT');
      const { code, stderr } = await run.done;
      expect(code, stderr).to.equal(130);
      expect(of('lease.denied')[0]).to.include({ actor: 'hog', resource: 'memory', limit: 'reserve' });
      const { trust } = place.summary();
      expect(trust.checks.find(({ check }) => check === 'achieved')?.ok).to.equal(false);
      expect(group.oomKills).to.equal(0);
    } finally {
      taker.kill('SIGKILL');
    }
  });

  it('a kill for want of memory is told in the words of the kernel, and fails the run', async () => {
    const run = start('250MiB', '1m', {
      phases: [
        { name: 'before', duration: '2s', load: { hog: '10%' } },
        { name: 'hold', duration: '1m', load: { hog: '100%' } },
      ],
    });
    await run.says(/before/);
    // A smaller group that nobody told brunt of: no lease keeps the agent out of this.
    const trap = MemoryGroup.make('trap', 96 * MIB)!;
    try {
      for (const agent of childrenOf(run.pid)) writeFileSync(trap.procs, String(agent));
      const { code, stderr } = await run.done;
      expect(code, stderr).to.equal(6);
      const [oom] = of('agent.oom');
      expect(oom).to.include({ agent: 'hog', scope: 'cgroup' });
      // Null where the log of the kernel may not be read.
      if (oom!.words !== null)
        expect(oom!.words).to.match(/Memory cgroup out of memory: Killed process \d+ \(/);
      const [failed] = of('actor.failed');
      expect(failed).to.include({ actor: 'hog', code: 'E_OOM_KILLED' });
      expect(failed!.reason).to.contain("the kernel's OOM killer took it");
      const summary = place.summary();
      expect(summary).to.include({ exitCode: 6, verdict: 'error' });
      expect(summary.trust.trustworthy).to.equal(false);
      expect(trap.oomKills).to.equal(1);
      expect(stderr).to.contain("the kernel's OOM killer took it");
    } finally {
      await trap.remove();
    }
  });
});

/** Swap in memory, of the test's own; null where there can be none. Gone with `remove`. */
function ramSwap(folder: string, mib: number): Devices | null {
  if (whyNoDevices() !== null || !hasProgram('mkswap')) return null;
  const devices = new Devices(folder);
  const device = devices.zram(mib);
  if (device === null) {
    devices.remove();
    return null;
  }
  run('mkswap', [device]);
  run('swapon', [device]);
  // Before the device goes, which is undone last.
  devices.onRemove(() => run('swapoff', [device]));
  return devices;
}

describe('memory that is paged out', () => {
  const place = new Workplace();
  let swap: Devices | null = null;
  before(function () {
    swap = ramSwap(place.dir, 256);
    if (swap === null) this.skip(); // swap in memory needs Linux, root, zram and mkswap
  });
  after(() => {
    swap?.remove();
    place.remove();
  });

  it('really leaves, comes back as it was, and is counted', async () => {
    const pagesOut = (): number =>
      Number(/^pswpout (\d+)$/m.exec(readFileSync('/proc/vmstat', 'latin1'))?.[1]);
    place.write('out.json', {
      version: 1,
      window: '250ms',
      actors: { out: { uses: 'memory', peak: '64MiB', with: { pattern: 'vm', advice: ['pageout'] } } },
      phases: [{ name: 'work', duration: '3s', load: { out: '100%' } }],
    });
    const before = pagesOut();
    const { code, stderr } = await place.run('run', 'out.json', '--profile', 'lab');
    expect(code, stderr).to.equal(0);
    const [phase] = place.summary().phases;
    const of = (metric: string, tag?: string): number =>
      phase!.series.find((one) => one.metric === metric && (tag === undefined || one.tags['advice'] === tag))
        ?.count ?? NaN;
    expect(pagesOut() - before).to.be.at.least((64 * MIB) / 4096);
    expect(of('memory.advised', 'pageout')).to.be.at.least(64 * MIB);
    expect(of('memory.verified')).to.be.at.least(64 * MIB);
    expect(of('memory.mismatches')).to.equal(0);
  });
});
