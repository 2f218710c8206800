import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { libc } from '../../../core/linux/libc.js';
import { setTimerSlack, taskCpuNs, threadCpuNs, threadId } from '../../../core/linux/thread.js';

const LIBC = new URL('../../../core/linux/libc.js', import.meta.url).href;

function spin(): void {
  const endMs = performance.now() + 30;
  while (performance.now() < endMs);
}

describe('libc', () => {
  it('is there on 64-bit Linux with koffi, and null elsewhere', function () {
    if (process.platform === 'linux') expect(libc()).not.to.equal(null);
    else expect(libc()).to.equal(null);
  });

  it('knows the parent', function () {
    const c = libc();
    if (c === null) return this.skip(); // koffi is optional
    expect(c.getppid()).to.equal(process.ppid);
  });

  it('ends a process whose main thread is blocked for good by alarm', async function () {
    if (libc() === null) return this.skip(); // koffi is optional
    const code = `const { libc } = await import(${JSON.stringify(LIBC)}); libc().alarm(1); for (;;);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: 'ignore' });
    const [status, signal] = (await once(child, 'exit')) as [number | null, string | null];
    expect([status, signal]).to.deep.equal([null, 'SIGALRM']);
  });
});

describe('thread clocks', () => {
  it('count what this thread does, not what it waits', function () {
    const before = threadCpuNs();
    if (before === null) return this.skip(); // no account by thread here
    spin();
    const worked = threadCpuNs()!;
    expect(worked - before).to.be.greaterThan(1e6);
    const atRest = threadCpuNs()!;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
    expect(threadCpuNs()! - atRest).to.be.lessThan(40e6);
  });

  it('is woken as early as it says', function () {
    const tid = threadId();
    if (tid === null) return this.skip(); // no thread ids here
    const file = `/proc/${tid}/timerslack_ns`;
    const before = readFileSync(file, 'latin1').trim();
    expect(setTimerSlack(tid, 1234)).to.equal(true);
    expect(readFileSync(file, 'latin1').trim()).to.equal('1234');
    expect(setTimerSlack(tid, Number(before))).to.equal(true);
    expect(setTimerSlack(2 ** 22 + 1, 1)).to.equal(false);
  });

  it('give the kernel id of a thread and its time, and null for one that is not there', function () {
    const tid = threadId();
    if (tid === null) return this.skip(); // no thread ids here
    expect(tid).to.equal(process.pid);
    expect(taskCpuNs(tid)).to.be.a('number').greaterThan(0);
    expect(taskCpuNs(2 ** 22 + 1)).to.equal(null);
  });
});
