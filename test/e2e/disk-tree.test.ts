/** The disk simulator on many files: trees that it makes, manifests of files that are there, and what goes wrong. */
import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileLocks } from '../../core/linux/file-lock.js';
import { Workplace } from '../support/cli.js';
import type { SceneMore } from '../support/storage-runs.js';
import { counted, ended, storageScene } from '../support/storage-runs.js';

const scenario = (options: Record<string, unknown>, more: SceneMore = {}, duration = '600ms'): unknown =>
  storageScene('disk', options, more, duration);

const TREE = { files: 300, depth: 2, width: 3, size: '4KiB', sizeMax: '32KiB' };

describe('disk on many files', () => {
  let place: Workplace;
  let data: string;
  beforeEach(() => {
    place = new Workplace();
    data = join(place.dir, 'data');
    mkdirSync(data);
  });
  afterEach(() => place.remove());

  it('verifies a tree that instances share out, with few files open, and leaves nothing of it', async () => {
    const options = {
      path: 'data/t',
      tree: TREE,
      mix: { read: '50%', write: '50%' },
      verify: 'both',
      openFiles: 8,
    };
    const more = {
      actor: { instances: 2 },
      thresholds: { 'op.errors': 'count == 0', 'disk.open': 'count > 100' },
    };
    place.write('s.json', scenario({ ...options, pick: 'zipf', distribution: 'partitioned' }, more, '1s'));
    const { code, stderr } = await place.run('run', 's.json');
    expect(code, stderr).to.equal(0);
    expect(stderr).to.match(/\d+ times an open file was closed to open another one/);
    const readBack = [...stderr.matchAll(/read back (\d+) bytes/g)].reduce(
      (sum, [, n]) => sum + Number(n),
      0,
    );
    expect(readBack).to.be.greaterThan(300 * 4096);
    expect(stderr).to.match(/ trustworthy/);
    expect(readdirSync(data)).to.deep.equal([]);
  });

  it('goes through every file of a kept tree once and is done; the next run finds the same tree', async () => {
    const tree = { ...TREE, files: 100, size: '1KiB', sizeMax: '20KiB', spread: 'lognormal' };
    const walk = { access: 'sequential', pick: 'sequential', visit: 'pass', passes: 1, blockSize: '8KiB' };
    const options = { path: 'data/t', tree, keep: true, ...walk };
    const more = { phases: [{ name: 'load', duration: '20s', until: 'done', load: { disk: '100%' } }] };
    place.write('s.json', scenario(options, more));
    const first = await place.run('run', 's.json');
    expect(first.code, first.stderr).to.equal(0);
    const files = readdirSync(join(data, 't'), { recursive: true, withFileTypes: true }).filter((e) =>
      e.isFile(),
    );
    const sizes = files.map((file) => statSync(join(file.parentPath, file.name)).size);
    expect(files).to.have.length(100);
    const blocks = sizes.reduce((sum, size) => sum + Math.ceil(size / 8192), 0);
    expect(ended(place.summary(), 'read')).to.deep.equal({ count: blocks, errors: {} });
    const second = await place.run('run', 's.json');
    expect(second.code, second.stderr).to.equal(0);
    expect(second.stderr).to.match(/data\/t is there and is used as it is/);
    // One that is not as it was any more is refused when the plan is made.
    const [one] = files;
    truncateSync(join(one!.parentPath, one!.name), 1);
    const third = await place.run('plan', 's.json');
    expect(third.code).to.equal(7);
    expect(third.stderr + third.stdout).to.match(/is not this tree: 1 of 100 files .* has 1 bytes of \d+/);
  });

  it('appends to the files of a tree, each by one instance, and verifies what has come to be in them', async () => {
    const writes = { access: 'append', pick: 'moving', mix: { write: '100%' }, total: '1MiB' };
    const options = { path: 'data/t', tree: TREE, keep: true, verify: 'after', verifyLater: true, ...writes };
    const phases = [{ name: 'load', duration: '20s', until: 'done', load: { disk: '100%' } }];
    place.write(
      's.json',
      scenario({ ...options, distribution: 'partitioned' }, { actor: { instances: 2 }, phases }),
    );
    const { code, stderr } = await place.run('run', 's.json');
    expect(code, stderr).to.equal(0);
    const files = (): string[] =>
      readdirSync(join(data, 't'), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name));
    const bytes = files().reduce((sum, file) => sum + statSync(file).size, 0);
    // One that is full is written anew from its start.
    expect(bytes).to.be.within(2 ** 17, 2 ** 20);
    expect(counted(place.summary(), 'disk.verified')).to.equal(bytes);
    expect(counted(place.summary(), 'disk.unverified')).to.equal(0);
    // A file that lost its end since is found, the others are as they were.
    const lost = files().find((file) => statSync(file).size >= 8192)!;
    truncateSync(lost, statSync(lost).size - 4096);
    const look = { path: 'data/t', tree: TREE, access: 'moving', verify: 'after', verifyFrom: '@last' };
    place.write('v.json', scenario({ ...look, onError: 'continue' }, { actor: { peak: '10/s' } }, '300ms'));
    const found = await place.run('run', 'v.json');
    expect(found.code, found.stderr).to.equal(4);
    expect(counted(place.summary(), 'disk.bad-sectors')).to.equal(8);
  });

  it('works on the files of a manifest, makes what is missing when asked, and removes only that', async () => {
    mkdirSync(join(data, 'm/there'), { recursive: true });
    writeFileSync(join(data, 'm/there/a'), Buffer.alloc(16_384, 1));
    place.write('list.csv', 'path,size\nthere/a,\nmissing/b,16KiB\nthere/c,8KiB\n');
    const options = { path: 'data/m', manifest: 'list.csv', mix: { read: '50%', write: '50%' } };
    place.write('s.json', scenario(options));
    const refused = await place.run('run', 's.json');
    expect(refused.code).to.equal(7);
    expect(refused.stderr).to.match(/2 of 3 files of the manifest are not below .* the first is missing\/b/);
    // Several writers of the same files, and how much that is nobody knew when the plan was made.
    const shared = { verify: 'both', distribution: 'shared' };
    const more = { actor: { instances: 2 }, thresholds: { 'disk.verified': 'count >= 40KiB' } };
    place.write('s.json', scenario({ ...options, ...shared, makeMissing: true, openFiles: 8 }, more));
    const { code, stderr } = await place.run('run', 's.json');
    expect(code, stderr).to.equal(0);
    expect(ended(place.summary(), 'write').count).to.be.greaterThan(10);
    expect(stderr.match(/read back 40960 bytes/g)).to.have.length(2);
    expect(readdirSync(join(data, 'm'), { recursive: true }).sort()).to.deep.equal(['there', 'there/a']);
    expect(readdirSync(join(place.lastRecord(), 'kept/disk'))).to.deep.equal([]);
    place.write('list.csv', 'a,1MiB\nb,much\n');
    const wrong = await place.run('plan', 's.json');
    expect(wrong.code).to.equal(7);
    expect(wrong.stderr + wrong.stdout).to.match(/manifest cannot be used: line 2: "much" is no size/);
  });

  it('counts files that are gone by errno, never as done, and goes on', async () => {
    const options = { path: 'data/t', tree: { ...TREE, files: 64 }, onError: 'continue', openFiles: 8 };
    place.write('s.json', scenario(options, {}, '1500ms'));
    const run = place.start('run', 's.json');
    await run.says(/engine:/);
    rmSync(join(data, 't'), { recursive: true });
    const { code, stderr } = await run.done;
    expect(code, stderr).to.equal(0);
    const { errors } = ended(place.summary(), 'read');
    expect(errors).to.have.keys(['ENOENT']);
  });

  it('refuses the impossible with line and column', async () => {
    const two = { peak: '8', instances: 2 };
    const impossible: [Record<string, unknown>, RegExp, Record<string, unknown>?][] = [
      [{ tree: { size: '4KiB' }, blockSize: '8KiB' }, /block is larger than the smallest file/],
      [{ tree: {}, size: '1MiB' }, /it is that of one file, and here are many/],
      [
        { tree: {}, access: 'append', mix: { write: '100%' }, distribution: 'shared' },
        /several instances append each to a file of its own/,
        two,
      ],
      [{ tree: { depth: 9, width: 9 } }, /folders, and 100000 are the most/],
      [{ tree: {}, visit: 'pass' }, /gone through from start to end, and access is random/],
      [{ tree: {}, access: 'sequential', passes: 2 }, /passes of many files/],
      [{ pick: 'zipf' }, /"pick" is of many files/],
      [{ lock: 'range' }, /4 in flight need as many instances/],
      [{ tree: { size: '5000B' }, verify: 'inline' }, /multiples of 4096 bytes, and one has 5000/],
      [{ tree: { files: 1 }, distribution: 'partitioned' }, /1 files cannot be shared out/, two],
    ];
    const actors = impossible.map(([options, , actor = {}], i): [string, unknown] => [
      `a${i}`,
      { uses: 'disk', ...actor, with: { path: `data/t${i}`, ...options } },
    ]);
    place.write(
      's.json',
      scenario(
        {},
        {
          actors: Object.fromEntries(actors),
          phases: [{ name: 'load', duration: '1s', load: { '*': '100%' } }],
        },
      ),
    );
    const { code, stderr } = await place.run('validate', 's.json');
    expect(code, stderr).to.equal(3);
    for (const [, message] of impossible) expect(stderr).to.match(message);
    expect(stderr.match(/s\.json:\d+:\d+/g)).to.have.length.of.at.least(impossible.length);
  });

  it('locks whole files against each other and against other processes, and says how long it waited', async function () {
    if (fileLocks() === null) return this.skip(); // no calls into libc here
    const tree = { files: 2, depth: 0, size: '64KiB' };
    const options = {
      path: 'data/t',
      tree,
      lock: 'file',
      mix: { write: '100%' },
      distribution: 'shared',
      sync: 'fsync',
    };
    const more = {
      actor: { peak: '2', instances: 2 },
      thresholds: {
        'disk.lock-conflicts': 'count > 0',
        'disk.lock-wait': ['count > 10', 'max > 100ms'],
        'op.errors': 'count == 0',
      },
    };
    place.write('s.json', scenario(options, more, '1500ms'));
    const run = place.start('run', 's.json');
    await run.says(/engine:/);
    // Another open file has one of them for a while.
    const [name] = readdirSync(join(data, 't'));
    const fd = openSync(join(data, 't', name!), 'r+');
    const untilMs = performance.now() + 5000;
    while (fileLocks()?.lock(fd, 'write', 0, 0) !== 0 && performance.now() < untilMs);
    await new Promise((resolve) => setTimeout(resolve, 200));
    closeSync(fd);
    const { code, stderr } = await run.done;
    expect(code, stderr).to.equal(0);
  });

  it('looks for room and for inodes before it makes anything', async function () {
    if (process.platform !== 'linux' || process.getuid?.() !== 0) return this.skip(); // mounting needs root
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4M,nr_inodes=200', 'brunt-test', data]);
    try {
      for (const [tree, message] of [
        [{ files: 100, size: '64KiB' }, /has room for \d+ bytes/],
        [{ files: 500, size: '4KiB' }, /has room for \d+ more files, which is less than 511/],
      ] as const) {
        place.write('s.json', scenario({ path: 'data/t', tree }));
        const { code, stderr } = await place.run('run', 's.json', '--profile', 'lab');
        expect(code).to.equal(7);
        expect(stderr).to.match(message);
        expect(readdirSync(data)).to.deep.equal([]);
      }
    } finally {
      execFileSync('umount', ['-l', data]);
    }
  });
});
