/** The disk simulator as a person runs it: real files, real errors of the kernel, real kills. */
import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  openSync,
  closeSync,
  readdirSync,
  statfsSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { MAP_SHARED, mapper } from '../../core/linux/mapping.js';
import { Workplace } from '../support/cli.js';
import type { SceneMore } from '../support/storage-runs.js';
import { ended, storageScene } from '../support/storage-runs.js';

const MIB = 2 ** 20;
const TMPFS = 0x0102_1994;
const isLinux = process.platform === 'linux';

const scenario = (options: Record<string, unknown>, more: SceneMore = {}, duration = '1s'): unknown =>
  storageScene('disk', options, more, duration);

describe('disk', () => {
  let place: Workplace;
  beforeEach(() => {
    place = new Workplace();
    mkdirSync(join(place.dir, 'data'));
  });
  afterEach(() => place.remove());

  for (const engine of isLinux ? ['io_uring', 'sync', 'mmap', 'portable'] : ['portable']) {
    it(`keeps the mix within a point, verifies all of it and leaves nothing, with ${engine}`, async () => {
      const mix = { read: '65%', write: '35%' };
      const sizes = [
        { size: '4KiB', weight: 3 },
        { size: '16KiB', weight: 1 },
      ];
      const access = { access: 'zipf', theta: 0.9, size: '8MiB', sync: 'fdatasync' };
      // Every eighth write of each instance, or the first beyond each 50 ms.
      const often = engine === 'portable' ? { syncEveryTime: '50ms' } : { syncEvery: 8 };
      const advice = isLinux ? { advise: 'random', dropCache: true } : {};
      const options = {
        path: 'data/f',
        engine,
        mix,
        blockSizes: sizes,
        verify: 'both',
        ...access,
        ...often,
        ...advice,
      };
      const more = { actor: { instances: 2 }, thresholds: { 'disk.verified': 'count > 8MiB' } };
      place.write('s.json', scenario({ ...options, distribution: 'shared' }, more));
      const { code, stderr } = await place.run('run', 's.json');
      expect(code, stderr).to.equal(0);
      const [reads, writes] = ['read', 'write'].map((op) => ended(place.summary(), op).count);
      expect(reads! + writes!).to.be.greaterThan(200);
      expect(reads! / (reads! + writes!)).to.be.closeTo(0.65, 0.01);
      const told = place.summary().phases.flatMap(({ series }) => series);
      const syncs = told.find(({ metric }) => metric === 'disk.sync')?.count ?? 0;
      if (engine === 'portable') expect(syncs).to.be.within(2, 2 * (1000 / 50) + 2);
      else expect(syncs).to.be.within(Math.floor(writes! / 8) - 2, writes! / 8);
      expect(readdirSync(join(place.dir, 'data'))).to.deep.equal([]);
      expect(stderr).to.match(new RegExp(`engine: ${engine}`));
      const means = engine === 'mmap' ? 'posix_fadvise, madvise' : 'posix_fadvise';
      if (isLinux) expect(stderr).to.contain(`advice "random" (${means})`);
    });
  }

  it('finds what was changed behind its back, and the run has failed by it', async () => {
    const options = { path: 'data/f', size: '1MiB', mix: { write: '50%', read: '50%' }, verify: 'inline' };
    place.write('s.json', scenario(options, {}, '3s'));
    const run = place.start('run', 's.json');
    await run.says(/engine:/);
    const file = openSync(join(place.dir, 'data/f'), 'r+');
    // One byte of the payload of each block, again and again: some of it is read before it is written over.
    const timer = setInterval(() => {
      for (let at = 300; at < 2 ** 20; at += 4096) writeSync(file, '\u0000', at);
    }, 20);
    const { code, stderr } = await run.done;
    clearInterval(timer);
    closeSync(file);
    expect(code, stderr).to.equal(4);
    expect(stderr).to.match(/rotted: sector \d+ of .* holds generation \d+ of writer 0/);
    expect(stderr).to.match(/bad-sectors/);
  });

  it('uses a file that is there, keeps one when asked, and refuses one that is too small', async () => {
    writeFileSync(join(place.dir, 'data/there'), Buffer.alloc(2 ** 20, 1));
    place.write('s.json', scenario({ path: 'data/there', size: '1MiB' }, {}, '300ms'));
    expect((await place.run('run', 's.json')).code).to.equal(0);
    expect(statSync(join(place.dir, 'data/there')).size).to.equal(2 ** 20);
    place.write('k.json', scenario({ path: 'data/kept', size: '1MiB', keep: true }, {}, '300ms'));
    expect((await place.run('run', 'k.json')).code).to.equal(0);
    expect(statSync(join(place.dir, 'data/kept')).size).to.equal(2 ** 20);
    place.write('b.json', scenario({ path: 'data/there', size: '2MiB' }, {}, '300ms'));
    const { code, stderr } = await place.run('run', 'b.json');
    expect(code).to.equal(7);
    expect(stderr).to.match(/there is? ?.*1048576 bytes, not the 2097152/);
  });

  it('drops a file from the page cache, also what of it is still to be written', async function () {
    const folder = join(place.dir, 'data');
    const memory = mapper();
    if (memory === null || statfsSync(folder).type === TMPFS) return this.skip(); // no page cache, or nowhere to write it back
    const path = join(folder, 'there');
    writeFileSync(path, Buffer.alloc(MIB, 1));
    const options = {
      path: 'data/there',
      size: '1MiB',
      engine: 'sync',
      total: '4KiB',
      mix: { read: '100%' },
    };
    const asked = { ...options, advise: 'random', dropCache: true };
    place.write('d.json', scenario(asked, {}, '300ms'));
    const { code, stderr } = await place.run('run', 'd.json');
    expect(code, stderr).to.equal(0);
    const fd = openSync(path, 'r');
    const mapped = memory.mapForReading(MIB, MAP_SHARED, fd);
    closeSync(fd);
    if (typeof mapped === 'number') throw new Error(`errno ${mapped}`);
    const resident = mapped.residentBytes();
    mapped.unmap();
    expect(resident, 'the one block that was read').to.equal(4096);
  });

  it('removes the file that it made after a SIGKILL, by the next command', async () => {
    place.write('s.json', scenario({ path: 'data/f', size: '8MiB', mix: { write: '100%' } }, {}, '30s'));
    const run = place.start('run', 's.json');
    await run.says(/engine:/);
    run.child.kill('SIGKILL');
    await run.done;
    const file = join(place.dir, 'data/f');
    for (let tries = 0; existsSync(file) && tries < 50; tries++) {
      await place.run('clean');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(existsSync(file)).to.equal(false);
  });

  it('refuses the impossible with line and column, and touches nothing', async () => {
    const impossible: [Record<string, unknown>, RegExp, Record<string, unknown>?][] = [
      [{ direct: true, blockSize: '1000B' }, /direct I\/O is in whole sectors/],
      [{ blockSize: '2MiB', size: '1MiB' }, /larger than the target/],
      [{ mix: { read: '70%', write: '20%' } }, /adds up to 90 %/],
      [{ mix: { write: '100%' } }, /2 instances would write to one target/, { instances: 2 }],
      [
        { access: 'zoned', zones: [{ access: '50%', size: '100%' }] },
        /"access" of the zones adds up to 50 %/,
      ],
      [{ verify: 'inline', duplicates: '10%' }, /never equal/],
      [{ ioPoll: true }, /needs direct I\/O/],
      [{ advise: 'random', direct: true }, /page cache, which direct I\/O goes past/],
    ];
    for (const [options, message, actor = {}] of impossible) {
      place.write('s.json', scenario({ path: 'data/f', ...options }, { actor }));
      const { code, stderr } = await place.run('validate', 's.json');
      expect(code, stderr).to.equal(3);
      expect(stderr).to.match(message);
      expect(stderr).to.match(/s\.json:\d+:\d+/);
      expect(readdirSync(join(place.dir, 'data'))).to.deep.equal([]);
    }
    // Two actors are two writers as well.
    const actor = (options: object): object => ({ uses: 'disk', with: { path: 'data/f', ...options } });
    const [writes, verify] = [{ mix: { write: '100%' } }, 'inline'];
    const actors = {
      one: actor(writes),
      two: actor({ ...writes, distribution: 'shared' }),
      later: actor({ verify }),
    };
    const load = (name: string, ...names: string[]): object => ({
      ...{ name, duration: '1s' },
      load: Object.fromEntries(names.map((one) => [one, '100%'])),
    });
    place.write(
      'a.json',
      scenario({}, { actors, phases: [load('both', 'one', 'two'), load('then', 'later')] }),
    );
    const { code, stderr } = await place.run('run', 'a.json');
    expect(code, stderr).to.equal(7);
    expect(stderr).to.match(
      /"two": "one" writes to .*data\/f at the same time[^]*"distribution": "shared" of both/,
    );
    for (const name of ['one', 'two'])
      expect(stderr).to.match(
        new RegExp(`"later": "${name}" writes to .*data/f as well, which would be told`),
      );
    expect(stderr.match(/a\.json:\d+:\d+/g)).to.have.length(3);
    expect(readdirSync(join(place.dir, 'data'))).to.deep.equal([]);
  });

  it('counts ENOSPC by operation and error, never as done, and goes on or stops as asked', async function () {
    if (!isLinux || process.getuid?.() !== 0) return this.skip(); // mounting a small filesystem needs root
    const data = join(place.dir, 'data');
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4M', 'brunt-test', data]);
    try {
      const options = {
        path: 'data/f',
        size: '16MiB',
        prepare: 'sparse',
        access: 'sequential',
        mix: { write: '100%' },
        total: '16MiB',
      };
      const limits = { safety: { writablePaths: ['data'] } };
      place.write('go.json', scenario({ ...options, onError: 'continue' }, limits));
      const went = await place.run('run', 'go.json', '--profile', 'lab');
      const { count, errors } = ended(place.summary(), 'write');
      expect(Object.keys(errors), went.stderr).to.deep.equal(['ENOSPC']);
      expect(count).to.equal(4096);
      expect(count - (errors['ENOSPC'] ?? 0)).to.be.within(900, 1024); // 4 MiB of blocks, less what tmpfs keeps for itself
      place.write('stop.json', scenario({ ...options, onError: 'continue', errorsMax: 3 }, limits));
      const stopped = await place.run('run', 'stop.json', '--profile', 'lab');
      expect(stopped.code).to.equal(6);
      expect(stopped.stderr).to.match(
        /write of 4096 bytes at \d+ failed: ENOSPC, the 4th, and "errorsMax" is 3/,
      );
    } finally {
      execFileSync('umount', ['-l', data]);
    }
  });
});
