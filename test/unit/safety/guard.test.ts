import { expect } from 'chai';
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { must } from '../../../core/base/assert.js';
import type { SafetyAction } from '../../../core/base/sentences.js';
import type { PlannedLimit } from '../../../core/contract/plan.js';
import { RECALL_WORD } from '../../../core/contract/recall.js';
import { openSharedPage } from '../../../core/linux/shared-page.js';
import { parseProcessStat, readText } from '../../../core/linux/procfs.js';
import { openReaders } from '../../../core/metrics/recorder.js';
import type { Guard, GuardAction } from '../../../core/safety/guard.js';
import { startGuard } from '../../../core/safety/guard.js';
import { MemorySource } from '../../../core/safety/memory-source.js';

const MiB = 2 ** 20;
const MARGIN = 120 * MiB;
/** Never near, whatever else runs here. */
const FAR = 1024 * 1024 * MiB;

function looksIn({ specs, buffer }: Guard['buffers'][number]): number[] {
  return openReaders(specs, buffer).flatMap((r) =>
    r.metric === 'host.guard.lateness' && r.kind === 'trend'
      ? [r.reader.octaves.reduce((sum, n) => sum + n, 0)]
      : [],
  );
}

const stateOf = (pid: number): string | null =>
  parseProcessStat(readText(`/proc/${pid}/stat`) ?? '')?.state ?? null;

/** A stopped thread that waits for a processor is marked T only when it gets one: until then it runs no further. */
async function becomes(pid: number, wanted: (state: string | null) => boolean): Promise<string | null> {
  const endMs = performance.now() + 10_000;
  while (!wanted(stateOf(pid)) && performance.now() < endMs) await new Promise((r) => setTimeout(r, 1));
  return stateOf(pid);
}

/** A limit just below what is available now, or farther. */
function memoryLimit(action: SafetyAction, margin = MARGIN): PlannedLimit {
  const source = new MemorySource();
  const bound = source.read().availableBytes - margin;
  source.close();
  const trigger = { action, operator: '<', bound, forMs: 0, text: 'test', source: 'profile' } as const;
  return { sensor: 'host.memory.available', unit: 'bytes', triggers: [trigger] };
}

type Hog = ChildProcess & { readonly pid: number; readonly recallFd: number | null };
const SHARED_PAGE = new URL('../../../core/linux/shared-page.js', import.meta.url).href;

/**
 * Takes memory in small pieces when told to: far more than the margin, since others on this host may give some back
 * meanwhile. It is frozen or killed long before it has all.
 */
async function hog(): Promise<Hog> {
  const code =
    `import { makeSharedPage } from '${SHARED_PAGE}';` +
    "const page = makeSharedPage('test'); if (page !== null) page.words[0] = process.pid;" +
    "process.stdin.once('data', () => { globalThis.held = []; for (let i = 0; i < 160; i++) held.push(Buffer.alloc(5 * 2 ** 20, 1)); });" +
    'setInterval(() => {}, 1000); console.log(JSON.stringify({ recallFd: page?.fd ?? null }));';
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  const { recallFd } = JSON.parse(said.toString()) as Pick<Hog, 'recallFd'>;
  return Object.assign(child as ChildProcess & { readonly pid: number }, { recallFd });
}

const action = (guard: Guard, to: string): Promise<GuardAction> =>
  new Promise((resolve) => {
    guard.onAction((a) => {
      if (a.to === to) resolve(a);
    });
  });

describe('guard', function () {
  let guard: Guard | null = null;
  let child: Hog | null = null;

  afterEach(async () => {
    await guard?.stop();
    if (child !== null && child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    guard = null;
    child = null;
  });

  it('records what its sensors say, its own lateness and the lag of the scheduler', async () => {
    guard = await startGuard({ limits: [], paths: [tmpdir()] });
    await new Promise((resolve) => setTimeout(resolve, 400));
    const names = guard.buffers.flatMap(({ specs }) => Object.keys(specs));
    expect(names).to.include.members(['host.guard.lateness', 'host.scheduler.lag', 'host.cpu.busy']);
    expect(names).not.to.include.members([...guard.absent]);
    expect(guard.state()).to.equal('ok');
    expect(guard.availableBytes()).to.be.greaterThan(0);
    expect(['fifo', 'nice', 'none']).to.include(guard.priority);
    for (const { specs, buffer } of guard.buffers) expect(openReaders(specs, buffer)).not.to.be.empty;
  });

  it('freezes who takes the resource before the main thread does anything, until it is thawed', async function () {
    if (process.platform !== 'linux') return this.skip(); // signals and start times are those of Linux
    child = await hog();
    guard = await startGuard({ limits: [memoryLimit('throttle')], paths: [] });
    const told = action(guard, 'throttle');
    guard.watch({ agent: 'memory', pid: child.pid, takes: 'memory', recallFd: null });
    child.stdin!.write('\n');
    const { frozen, effect, limit } = await told;
    expect(await becomes(child.pid, (state) => state === 'T')).to.equal('T');
    expect(frozen).to.deep.equal([{ agent: 'memory', pid: child.pid }]);
    expect(effect).to.contain('froze memory; credit of memory goes once it is told');
    expect(limit).to.equal('host.memory.available');
    expect(guard.state()).to.equal('throttle');
    const thawed = new Promise((resolve) => must(guard, 'guard').onThaw(resolve));
    guard.thaw();
    await thawed;
    expect(await becomes(child.pid, (state) => state !== 'T')).not.to.equal('T');
  });

  it('recalls the credit of who takes the resource, and of nobody else, while the main thread is blocked', async function () {
    child = await hog();
    const bystander = await hog();
    try {
      const pages = [child, bystander].map(({ pid, recallFd }) =>
        recallFd === null ? null : openSharedPage(pid, recallFd),
      );
      if (pages.includes(null)) return this.skip(); // koffi is optional
      const [words, others] = pages.map((page) => must(page, 'page').words) as [Int32Array, Int32Array];
      guard = await startGuard({ limits: [memoryLimit('pause')], paths: [] });
      const { pid, recallFd } = child;
      guard.watch({ agent: 'memory', pid, takes: 'memory', recallFd });
      guard.watch({ agent: 'files', pid: bystander.pid, takes: 'openFiles', recallFd: bystander.recallFd });
      child.stdin!.write('\n');
      const endMs = performance.now() + 20_000;
      while (Atomics.load(words, RECALL_WORD.count) === 0 && performance.now() < endMs);
      expect(Atomics.load(words, RECALL_WORD.count)).to.equal(1);
      expect(Atomics.load(others, RECALL_WORD.count)).to.equal(0);
      expect((await action(guard, 'pause')).effect).to.match(/; froze memory$/);
    } finally {
      bystander.kill('SIGKILL');
      await once(bystander, 'exit');
    }
  });

  it('lets nobody stand for longer than a second, whatever the main thread does', async function () {
    if (process.platform !== 'linux') return this.skip(); // signals and start times are those of Linux
    child = await hog();
    guard = await startGuard({ limits: [memoryLimit('pause')], paths: [] });
    const thawed = new Promise<{ frozenMs: number }>((resolve) => must(guard, 'guard').onThaw(resolve));
    guard.watch({ agent: 'memory', pid: child.pid, takes: 'memory', recallFd: null });
    child.stdin!.write('\n');
    const { frozenMs } = await thawed;
    expect(frozenMs).to.be.at.least(1000);
    expect(await becomes(child.pid, (state) => state !== 'T')).not.to.equal('T');
  });

  it('kills who endangers the machine, and nobody else, while the main thread is blocked', async function () {
    if (process.platform !== 'linux') return this.skip(); // signals and start times are those of Linux
    child = await hog();
    const bystander = await hog();
    try {
      guard = await startGuard({ limits: [memoryLimit('kill')], paths: [] });
      guard.watch({ agent: 'memory', pid: child.pid, takes: 'memory', recallFd: null });
      guard.watch({ agent: 'cpu', pid: bystander.pid, takes: null, recallFd: null });
      child.stdin!.write('\n');
      // Not one turn of the event loop until the kernel says that it is dead.
      const endMs = performance.now() + 20_000;
      while (!['Z', null].includes(stateOf(child.pid)) && performance.now() < endMs);
      expect(stateOf(child.pid)).to.be.oneOf(['Z', null]);
      const { effect } = await action(guard, 'kill');
      expect(effect).to.equal('killed memory; the run stops');
      expect(stateOf(bystander.pid)).not.to.be.oneOf(['Z', 'T', null]);
    } finally {
      bystander.kill('SIGKILL');
      await once(bystander, 'exit');
    }
  });

  it('looks at the fast rate at what is granted', async function () {
    if (process.platform !== 'linux') return this.skip(); // the memory sensor of other platforms is not a limit's
    guard = await startGuard({ limits: [memoryLimit('pause', FAR)], paths: [] });
    const looks = (): number => must(guard, 'guard').buffers.flatMap(looksIn)[0] ?? NaN;
    const tookMs = async (count: number): Promise<number> => {
      const [from, fromMs] = [looks(), performance.now()];
      while (looks() < from + count) await new Promise((r) => setTimeout(r, 2));
      return performance.now() - fromMs;
    };
    expect(await tookMs(5)).to.be.greaterThan(390);
    guard.noteGrant('memory');
    // A second has fifty of the fast ticks; where the machine is busy, at least more than ten slow ones.
    let fast = 0;
    for (const endMs = performance.now() + 1000; performance.now() < endMs; fast += 5) await tookMs(5);
    expect(fast).to.be.greaterThan(20);
  });

  it('does not watch a process that is gone, nor signal one after unwatch', async function () {
    if (process.platform !== 'linux') return this.skip(); // processes are told apart by their start in /proc
    child = await hog();
    const gone = await hog();
    gone.kill('SIGKILL');
    await once(gone, 'exit');
    guard = await startGuard({ limits: [memoryLimit('throttle')], paths: [] });
    guard.watch({ agent: 'gone', pid: gone.pid, takes: 'memory', recallFd: null });
    guard.watch({ agent: 'memory', pid: child.pid, takes: 'memory', recallFd: null });
    guard.unwatch('memory');
    const told = action(guard, 'throttle');
    child.stdin!.write('\n');
    expect((await told).frozen).to.deep.equal([]);
    expect(await becomes(child.pid, (state) => state !== 'T')).not.to.equal('T');
  });

  it('thaws on stop, and can be stopped twice', async function () {
    if (process.platform !== 'linux') return this.skip(); // that it runs again is read from /proc
    child = await hog();
    guard = await startGuard({ limits: [memoryLimit('stop')], paths: [] });
    const told = action(guard, 'stop');
    guard.watch({ agent: 'memory', pid: child.pid, takes: 'memory', recallFd: null });
    child.stdin!.write('\n');
    await told;
    await Promise.all([guard.stop(), guard.stop()]);
    expect(await becomes(child.pid, (state) => state !== 'T')).not.to.equal('T');
  });
});
