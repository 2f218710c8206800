/**
 * Disks that misbehave under load: a file served by a process of the test's own, which knows what it refused, and a loop
 * device over it. Every figure of the run is held against the disk's.
 */
import { expect } from 'chai';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Workplace } from '../support/cli.js';
import { Devices, whyNoDevices } from '../support/devices.js';
import type { Rule } from '../support/programs/served-file.js';
import type { Told } from '../support/served-file.js';
import { ServedFile, whyNotServed } from '../support/served-file.js';
import type { Ended } from '../support/storage-runs.js';
import { counted, ended } from '../support/storage-runs.js';

const MIB = 2 ** 20;
const SIZE = 16 * MIB;
const ERRNO = { EINTR: 4, EIO: 5, ENOSPC: 28, EROFS: 30 } as const;

describe('a disk that misbehaves', function () {
  let place: Workplace;
  let served: ServedFile;
  before(function () {
    if (whyNotServed() !== null) return this.skip(); // a disk of the test's own needs root and /dev/fuse
  });
  beforeEach(async () => {
    place = new Workplace();
    served = await ServedFile.open(join(place.dir, 'served'), SIZE);
  });
  afterEach(async () => {
    await served.close();
    place.remove();
  });

  function scenario(options: object, actor: object = {}, duration = '800ms'): unknown {
    const common = { path: served.path, size: `${SIZE}B`, direct: true, onError: 'continue' };
    return {
      version: 1,
      safety: { writablePaths: [served.path] },
      actors: { db: { uses: 'disk', peak: '8', ...actor, with: { ...common, ...options } } },
      phases: [{ name: 'load', duration, load: { db: '100%' } }],
    };
  }
  async function perform(text: unknown): Promise<{ code: number | null; stderr: string }> {
    place.write('s.json', text);
    return place.run('run', 's.json', '--profile', 'lab');
  }
  const rules = (...list: Rule[]): Promise<Told> => served.say({ type: 'rules', rules: list });

  for (const engine of ['io_uring', 'sync']) {
    it(`has each refusal counted once, by errno and operation, and none as done, with ${engine}`, async () => {
      const { EINTR, EIO, ENOSPC, EROFS } = ERRNO;
      await rules(
        { op: 'read', every: 11, errno: EIO },
        { op: 'read', every: 13, short: 512 },
        { op: 'write', every: 7, errno: ENOSPC },
        { op: 'write', every: 17, errno: EROFS },
        { op: 'write', every: 19, short: 512 },
        { op: 'write', every: 23, errno: EINTR },
        { op: 'sync', every: 5, errno: EIO },
        { op: 'trim', every: 3, errno: EIO },
      );
      const mix = { read: '45%', write: '45%', trim: '10%' };
      const { code, stderr } = await perform(
        scenario({ engine, mix, sync: 'fdatasync', syncEvery: 4, verify: 'both' }),
      );
      const { asked, refused } = await served.say({ type: 'tell' });
      const n = (name: string): number => refused[name] ?? 0;
      // Failed writes may have happened or not, and short ones in part: no alarm for either.
      expect(code, stderr).to.equal(0);
      expect(counted(place.summary(), 'disk.bad-sectors')).to.equal(0);
      const [reads, writes, trims] = ['read', 'write', 'trim'].map((op) => ended(place.summary(), op)) as [
        Ended,
        Ended,
        Ended,
      ];
      const sum = (errors: Ended['errors']): number => Object.values(errors).reduce((a, b) => a + b, 0);
      expect(n('write 28'), stderr).to.be.greaterThan(10);
      expect(writes.errors['ENOSPC']).to.equal(n('write 28'));
      expect(writes.errors['EROFS']).to.equal(n('write 30'));
      // Of a write that is one of several at a time the kernel itself says EIO when this filesystem does a part of it; and
      // the engine sync makes a call anew that a signal ended.
      const isSync = engine === 'sync';
      expect(writes.errors['short'] ?? 0).to.equal(isSync ? n('write short') : 0);
      expect(writes.errors['EIO']).to.equal(n('sync 5') + (isSync ? 0 : n('write short')));
      expect(writes.errors['EINTR'] ?? 0).to.equal(isSync ? 0 : n('write 4'));
      expect(trims.errors['EIO'] ?? 0).to.equal(n('trim 5'));
      // Done is what the disk has done, no more; behind some of it the sync failed.
      const refusedWrites = n('write 28') + n('write 30') + n('write short') + n('write 4');
      expect(writes.count - sum(writes.errors)).to.equal(asked.write - refusedWrites - n('sync 5'));
      // What is read back at the end is asked of the disk as well.
      expect(Object.keys(reads.errors).sort()).to.deep.equal(['EIO', 'short']);
      expect(reads.errors['EIO']).to.be.at.most(n('read 5'));
      expect(counted(place.summary(), 'disk.unverified')).to.be.greaterThan(0);
      expect(readdirSync(join(place.dir, 'served'), { withFileTypes: true })).to.deep.equal([]);
    });
  }

  it('has each write that it acknowledged and did otherwise told by what became of it, to the sector', async () => {
    const list: Rule[] = [
      { op: 'write', every: 50, lie: true },
      { op: 'write', every: 70, instead: 'half' },
      { op: 'write', every: 90, instead: 'before' },
      { op: 'write', every: 110, instead: 'flipped' },
    ];
    await rules(...list);
    const blocks = 1024;
    const options = { size: `${blocks * 4}KiB`, access: 'sequential', passes: 1, mix: { write: '100%' } };
    place.write('s.json', {
      ...(scenario({ ...options, verify: 'after' }, { peak: '1' }) as object),
      phases: [{ name: 'load', duration: '30s', until: 'done', load: { db: '100%' } }],
    });
    const { code, stderr } = await place.run('run', 's.json', '--profile', 'lab');
    expect(code, stderr).to.equal(4);
    // One after the other: what becomes of each block follows from the rules.
    const became: Record<string, number>[] = [];
    for (let write = 1; write <= blocks; write++) {
      const rule = list.find(({ every }) => write % every === 0);
      if (rule?.instead === 'before') became[write - 2] = { misdirected: 8 };
      const isLost = rule?.lie === true || rule?.instead === 'before';
      became.push(isLost ? { lost: 8 } : rule?.instead === 'half' ? { torn: 4 } : rule ? { rotted: 1 } : {});
    }
    for (const verdict of ['lost', 'torn', 'misdirected', 'rotted', 'stale', 'foreign']) {
      const wanted = became.reduce((sum, block) => sum + (block[verdict] ?? 0), 0);
      expect(counted(place.summary(), 'disk.bad-sectors', { verdict }), verdict).to.equal(wanted);
    }
    expect(ended(place.summary(), 'write')).to.deep.equal({ count: blocks, errors: {} });
  });

  it('is left as soon as asked: at once, or when so many errors come in a second', async () => {
    await rules({ op: 'read', every: 50, errno: ERRNO.EIO });
    const first = await perform(scenario({ onError: 'stop' }));
    expect(first.code, first.stderr).to.equal(6);
    expect(first.stderr).to.match(/read of 4096 bytes at \d+ failed: EIO \("onError" is "stop"\)/);
    const second = await perform(scenario({ errorsPerSecondMax: 20 }, {}, '20s'));
    expect(second.code, second.stderr).to.equal(6);
    expect(second.stderr).to.match(/the 21th in one second, and "errorsPerSecondMax" is 20/);
  });

  it('may stall for seconds: the stall is in the latency, and nothing fails', async () => {
    place.write('s.json', scenario({}, { peak: '500/s' }, '1800ms'));
    const running = place.start('run', 's.json', '--profile', 'lab');
    await running.says(/engine:/);
    await served.say({ type: 'freeze', ms: 1200 });
    const { code, stderr } = await running.done;
    expect(code, stderr).to.equal(0);
    const latency = place
      .summary()
      .phases.flatMap(({ series }) => series)
      .find(({ metric, tags }) => metric === 'op.latency' && tags['op'] === 'read');
    expect(latency?.max).to.be.greaterThan(1e9);
    expect(ended(place.summary(), 'read').errors).to.deep.equal({});
  });

  it('may vanish under load: from then on all fails, is counted, and the run ends by itself', async () => {
    place.write('s.json', scenario({ mix: { read: '50%', write: '50%' } }, {}, '1s'));
    const running = place.start('run', 's.json', '--profile', 'lab');
    await running.says(/engine:/);
    await served.kill();
    const { code, stderr } = await running.done;
    expect(code, stderr).to.equal(0);
    const { errors } = ended(place.summary(), 'read');
    expect(Object.keys(errors).sort().join()).to.match(/^(ECONNABORTED,)?ENOTCONN$/);
    expect(readdirSync(place.dir).sort()).to.deep.equal(['.brunt', 's.json', 'served']);
  });

  it('may lie behind a block device: flushes and trims reach it, its refusals reach the run, and so does its end', async function () {
    if (whyNoDevices() !== null) return this.skip(); // no loop devices here
    const devices = new Devices(place.dir, 1);
    try {
      const path = devices.attach(served.path, '--direct-io=on');
      const block = (options: object, more: object = {}): unknown => ({
        version: 1,
        safety: { erasableDevices: [`loop:${served.path}`] },
        actors: {
          dev: { uses: 'block', peak: '8', with: { device: path, onError: 'continue', ...options } },
        },
        phases: [{ name: 'load', duration: '800ms', load: { dev: '100%' } }],
        ...more,
      });
      const before = await served.say({ type: 'tell' });
      for (const [sync, trims] of [
        ['fdatasync', 'writeZeroes'],
        ['o_dsync', 'discard'],
      ]) {
        const mix = { read: '40%', write: '40%', trim: '20%' };
        const options = { mix, sync, trims, size: '8MiB', verify: 'both', syncEvery: 4 };
        const { code, stderr } = await perform(block(options));
        expect(code, stderr).to.equal(0);
        expect(counted(place.summary(), 'block.bad-sectors'), sync).to.equal(0);
        const { asked } = await served.say({ type: 'tell' });
        expect(asked.sync, `${sync} is a flush of the disk`).to.be.greaterThan(before.asked.sync + 10);
        expect(asked.trim, `${trims} reaches the disk`).to.be.greaterThan(before.asked.trim + 10);
        Object.assign(before.asked, asked);
      }
      await rules({ op: 'write', every: 2, errno: ERRNO.ENOSPC }, { op: 'sync', every: 2, errno: ERRNO.EIO });
      const failing = await perform(block({ mix: { write: '100%' }, sync: 'fsync', syncEvery: 4 }));
      expect(failing.code, failing.stderr).to.equal(0);
      const { errors } = ended(place.summary(), 'write');
      expect(Object.keys(errors).sort(), failing.stderr).to.deep.equal(['EIO', 'ENOSPC']);
      await rules();
      place.write('gone.json', block({ mix: { read: '50%', write: '50%' } }));
      const running = place.start('run', 'gone.json', '--profile', 'lab');
      await running.says(/engine:/);
      await served.kill();
      const gone = await running.done;
      expect(gone.code, gone.stderr).to.equal(0);
      expect(Object.keys(ended(place.summary(), 'read').errors)).to.deep.equal(['EIO']);
    } finally {
      devices.remove();
    }
  });
});
