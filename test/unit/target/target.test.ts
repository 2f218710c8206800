/** A target and its keeper as real processes: started, measured, ended, whoever dies first. */
import { expect } from 'chai';
import { deferred } from '../../../core/base/deferred.js';
import type { PlannedCommand } from '../../../core/contract/plan.js';
import { TargetMeter, usageBelow } from '../../../core/target/meter.js';
import type { Target } from '../../../core/target/target.js';
import { startTarget } from '../../../core/target/target.js';
import { descendantsOf } from '../../../core/target/tree.js';
import { eventually, isAlive } from '../../support/processes.js';
import { freePort, Numbers, SERVER } from '../../support/probing.js';

const WAIT_MS = 10_000;
const GONE_MS = 5000;

describe('a target', () => {
  let target: Target | null = null;
  let output: string[] = [];
  let ended = deferred<string>();

  beforeEach(() => {
    output = [];
    ended = deferred();
  });
  afterEach(async () => {
    await target?.stop();
    target = null;
  });

  async function start(over: Partial<PlannedCommand>): Promise<Target> {
    target = await startTarget({
      target: { command: [], cwd: '/', env: {}, ready: null, ...over },
      onOutput: (stream, text) => output.push(`${stream}: ${text}`),
      onEnd: (cause, wasAsked) => ended.resolve(`${cause}, ${wasAsked ? 'asked' : 'by itself'}`),
    });
    return target;
  }

  const server = async (...words: string[]): Promise<Target> => {
    const port = String(await freePort());
    const started = await start({ command: [process.execPath, SERVER, port, ...words] });
    await eventually('it listens', WAIT_MS, () =>
      output.some((line) => line.startsWith('stdout: listening')),
    );
    return started;
  };
  const below = ({ keeperPid }: Target): number[] => descendantsOf(keeperPid) ?? [];

  it('runs with its own folder and environment, and its lines are told', async () => {
    const script = 'console.log(process.cwd(), process.env.GREETING); console.error("loud"); process.exit(3)';
    await start({ command: ['node', '-e', script], cwd: '/proc', env: { GREETING: 'hello' } });
    expect(await ended.promise).to.equal('exit code 3, by itself');
    await target?.stop();
    expect(output).to.have.members(['stdout: /proc hello', 'stderr: loud']);
  });

  it('ends in order when asked, with what it started in its group and outside of it', async () => {
    const started = await server('child', 'escape');
    await eventually('three processes', WAIT_MS, () => below(started).length === 3);
    const pids = below(started);
    expect(await started.stop()).to.deep.equal([]);
    expect(await ended.promise).to.equal('signal SIGTERM, asked');
    expect([...pids, started.keeperPid].filter(isAlive)).to.deep.equal([]);
  });

  it('takes along what an ended parent has left behind', async () => {
    // The middle process ends at once: its child belongs to nobody but the keeper.
    const left = `require('child_process').spawn('sleep', ['600'], { detached: true, stdio: 'ignore' }).unref()`;
    const script = `require('child_process').spawnSync(process.execPath, ['-e', ${JSON.stringify(left)}]); setInterval(() => 0, 1000)`;
    const started = await start({ command: [process.execPath, '-e', script] });
    await eventually('an orphan', WAIT_MS, () => below(started).filter(isAlive).length === 2);
    const pids = below(started);
    await started.stop();
    expect(pids.filter(isAlive)).to.deep.equal([]);
  });

  it('is killed when it does not heed the request', async () => {
    const started = await server('deaf', 'child');
    const pids = below(started);
    await started.stop();
    expect(output).to.include('stdout: heard SIGTERM');
    expect(await ended.promise).to.equal('signal SIGKILL, asked');
    expect(pids.filter(isAlive)).to.deep.equal([]);
  });

  it('dies with its keeper', async () => {
    const started = await server();
    process.kill(started.keeperPid, 'SIGKILL');
    await eventually('it is gone', GONE_MS, () => !isAlive(started.pid));
    expect(await ended.promise).to.include('by itself');
    expect(await started.stop()).to.deep.equal([]);
  });

  it('is killed with its whole group when its keeper has died before', async () => {
    const started = await server('child');
    await eventually('two processes', WAIT_MS, () => below(started).length === 2);
    const pids = below(started);
    process.kill(started.keeperPid, 'SIGKILL');
    await ended.promise;
    await started.stop();
    await eventually('all are gone', GONE_MS, () => pids.filter(isAlive).length === 0);
  });

  it('cannot be started: no such program, no such folder', async () => {
    const refused = async (over: Partial<PlannedCommand>): Promise<unknown> =>
      start(over).then(
        () => null,
        (error: unknown) => error,
      );
    expect(await refused({ command: ['no-such-program'] })).to.include({
      code: 'E_TARGET_START',
      message: 'the target cannot be started: "no-such-program" is not a program that can be run',
    });
    expect(await refused({ command: ['node'], cwd: '/no/such/folder' })).to.include({
      code: 'E_TARGET_START',
      message: 'the target cannot be started: there is no folder "/no/such/folder"',
    });
    expect(await refused({ command: ['/etc/passwd'] })).to.include({ code: 'E_TARGET_START' });
  });

  it('is measured with all it started: memory that leaks, processor time, threads, files', async () => {
    const started = await server('leak=40', 'child');
    const meter = new TargetMeter(started.keeperPid);
    const numbers = new Numbers(meter.groups);
    meter.start();
    try {
      await eventually('a reading', WAIT_MS, () => numbers.look().last('target.rss') !== null);
      const first = numbers.last('target.rss')!;
      await eventually(
        '20 MiB more',
        WAIT_MS,
        () => numbers.look().last('target.rss')! > first + 20 * 2 ** 20,
      );
      // Two Node processes: each has a main thread and its helpers.
      expect(numbers.last('target.threads')).to.be.at.least(8);
      expect(numbers.last('target.open-files')).to.be.at.least(20);
      expect(numbers.last('target.cpu')).to.be.within(0, 8);
      await started.stop();
      expect(usageBelow(started.keeperPid)).to.equal(null);
    } finally {
      meter.stop();
    }
  });

  it('counts the processor time of what has already ended', async () => {
    const burn = 'const end = Date.now() + 600; while (Date.now() < end);';
    const script = `for (let i = 0; i < 3; i++) require('child_process').spawnSync(process.execPath, ['-e', ${JSON.stringify(burn)}]); setInterval(() => 0, 1000)`;
    const started = await start({ command: [process.execPath, '-e', script] });
    const meter = new TargetMeter(started.keeperPid);
    const numbers = new Numbers(meter.groups);
    meter.start();
    let most = 0;
    try {
      await eventually('a busy time', WAIT_MS, () => {
        most = Math.max(most, numbers.look().last('target.cpu') ?? 0);
        return most > 0.3;
      });
      expect(most).to.be.lessThan(4);
    } finally {
      meter.stop();
    }
  });
});
