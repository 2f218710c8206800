import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import {
  allowedProcessors,
  EINVAL,
  EPERM,
  formatProcessors,
  parseProcessors,
  realTimeShare,
  scheduler,
} from '../../../core/linux/sched.js';

const SCHED = new URL('../../../core/linux/sched.js', import.meta.url).href;

/**
 * Runs it in a process of its own, with the scheduler as `s`; back come what it returns and what /proc says of its thread
 * then: niceness, real-time priority and policy (fields 19, 40, 41 of stat), and where it may run.
 */
function inProcess(code: string): {
  readonly said: unknown;
  readonly nice: number;
  readonly priority: number;
  readonly policy: number;
  readonly allowed: string;
} {
  const program = `
    import { readFileSync } from 'node:fs';
    const { scheduler } = await import(${JSON.stringify(SCHED)});
    const s = scheduler();
    const said = (() => { ${code} })();
    const stat = readFileSync('/proc/thread-self/stat', 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const allowed = /Cpus_allowed_list:\\s*(.+)/.exec(readFileSync('/proc/thread-self/status', 'latin1'))[1];
    console.log(JSON.stringify({ said, nice: +fields[16], priority: +fields[37], policy: +fields[38], allowed }));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
  });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as ReturnType<typeof inProcess>;
}

describe('lists of processors', () => {
  it('are read and written as the kernel writes them', () => {
    expect(parseProcessors('0-2,5')).to.deep.equal([0, 1, 2, 5]);
    expect(parseProcessors('3, 1,1-2')).to.deep.equal([1, 2, 3]);
    for (const wrong of ['', 'x', '2-1', '1,', '-1', '9999']) {
      expect(parseProcessors(wrong), wrong).to.equal(null);
    }
    expect(formatProcessors([0, 1, 2, 5, 7, 8])).to.equal('0-2,5,7-8');
  });
});

describe('scheduler', () => {
  before(function () {
    if (scheduler() === null) this.skip(); // Linux with koffi only
  });

  it('knows where this process may run as the kernel does', () => {
    expect(scheduler()!.ownProcessors()).to.deep.equal(allowedProcessors());
  });

  it('pins the calling thread', () => {
    const last = allowedProcessors()!.at(-1)!;
    const { said, allowed } = inProcess(`return [s.setProcessors([${last}]), s.ownProcessors()]`);
    expect(said).to.deep.equal([0, [last]]);
    expect(allowed).to.equal(String(last));
  });

  it('says the errno for processors that are not there', () => {
    const { said, allowed } = inProcess('return s.setProcessors([8000])');
    expect(said).to.equal(EINVAL);
    expect(parseProcessors(allowed)).to.deep.equal(allowedProcessors());
  });

  it('sets classes that everybody may have, and says which one the kernel has', () => {
    for (const [name, policy] of [
      ['batch', 3],
      ['idle', 5],
    ] as const) {
      const it = inProcess(`return [s.setClass('${name}', 0), s.ownClass()]`);
      expect(it.said).to.deep.equal([0, { name, priority: 0 }]);
      expect(it.policy).to.equal(policy);
    }
  });

  it('sets a real-time class with its priority, or says that it may not', () => {
    const { said, policy, priority } = inProcess(`return s.setClass('rr', 7)`);
    expect(said).to.be.oneOf([0, EPERM]);
    expect([policy, priority]).to.deep.equal(said === 0 ? [2, 7] : [0, 0]);
    expect(realTimeShare()).to.be.greaterThan(0).and.at.most(1);
  });

  it('counts how often the thread gave its processor away', () => {
    const s = scheduler()!;
    const before = s.usage();
    for (let i = 0; i < 5; i++) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    const after = s.usage();
    expect(after.voluntary - before.voluntary).to.be.at.least(5);
    expect(after.userNs + after.systemNs).to.be.at.least(before.userNs + before.systemNs);
  });
});
