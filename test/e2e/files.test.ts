/** The simulator of names and files as a person runs it: real trees, what others do to them, a filesystem that fills. */
import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Workplace } from '../support/cli.js';
import type { SceneMore } from '../support/storage-runs.js';
import { counted, ended, storageScene } from '../support/storage-runs.js';

const isLinux = process.platform === 'linux';
const scenario = (options: Record<string, unknown>, more: SceneMore = {}, duration = '1s'): unknown =>
  storageScene('files', options, { ...more, actor: { peak: '1', ...more.actor } }, duration);

const TREE = { files: 200, depth: 1, width: 5, size: '0B', sizeMax: '8KiB' };
const MIX = {
  create: 4,
  open: 1,
  stat: 2,
  read: 1,
  append: 1,
  truncate: 1,
  rename: 2,
  link: 1,
  unlink: 5,
  readdir: 1,
  mkdir: 1,
  rmdir: 1,
};

describe('files', () => {
  let place: Workplace;
  let data: string;
  beforeEach(() => {
    place = new Workplace();
    data = join(place.dir, 'data');
    mkdirSync(data);
  });
  afterEach(() => place.remove());

  it('does every kind of operation in folders that two share, each timed, and knows what is there in the end', async () => {
    const mix = isLinux ? { ...MIX, setxattr: 1, getxattr: 1 } : MIX;
    const more = {
      actor: { peak: '2' },
      thresholds: {
        'files.wrong': 'count == 0',
        'files.checked': 'count > 200',
        'files.verified': 'count > 100KiB',
        'op.errors': 'count == 0',
      },
    };
    place.write('s.json', scenario({ path: 'data/t', tree: TREE, mix, distribution: 'shared' }, more, '2s'));
    const { code, stderr } = await place.run('run', 's.json');
    expect(code, stderr).to.equal(0);
    for (const kind of Object.keys(mix))
      expect(ended(place.summary(), kind).count, kind).to.be.greaterThan(5);
    expect(counted(place.summary(), 'files.unverified')).to.equal(0);
    const latencies = place
      .summary()
      .phases.flatMap(({ series }) => series)
      .filter(({ metric }) => metric === 'op.latency');
    expect(new Set(latencies.map(({ tags }) => tags['op']))).to.include.keys(...Object.keys(mix));
    expect(stderr).to.match(/names, \d+ folders and \d+ bytes were looked at in the end, 0 were wrong/);
    expect(readdirSync(data)).to.deep.equal([]);
  });

  it('tells what others did to its tree, and the run has failed by it', async () => {
    const options = { path: 'data/t', tree: { ...TREE, depth: 0 }, mix: { stat: 1, readdir: 1 } };
    place.write(
      's.json',
      scenario({ ...options, onError: 'continue' }, { actor: { peak: '200/s' } }, '1500ms'),
    );
    const run = place.start('run', 's.json');
    await run.says(/load \(/);
    const root = join(data, 't.0');
    const [first, ...others] = readdirSync(root);
    unlinkSync(join(root, first!));
    const changed = others.map((name) => join(root, name)).find((path) => statSync(path).size > 700)!;
    const content = readFileSync(changed);
    content[600]! ^= 16;
    writeFileSync(changed, content);
    writeFileSync(join(root, 'i0-stranger'), '');
    const { code, stderr } = await run.done;
    expect(code, stderr).to.equal(4);
    expect(stderr).to.match(/missing: .*it is not there|missing: .*ENOENT/);
    expect(stderr).to.match(/unexpected: .*i0-stranger: it is there/);
    expect(stderr).to.contain(`content: ${changed}: byte 600 is not what was written there`);
    expect(counted(place.summary(), 'files.wrong')).to.be.at.least(3);
  });

  it('removes its trees after a SIGKILL, by the next command', async () => {
    place.write('s.json', scenario({ path: 'data/t', tree: TREE }, {}, '30s'));
    const run = place.start('run', 's.json');
    await run.says(/load \(/);
    run.child.kill('SIGKILL');
    await run.done;
    for (let tries = 0; existsSync(join(data, 't.0')) && tries < 50; tries++) {
      await place.run('clean');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(readdirSync(data)).to.deep.equal([]);
  });

  it('counts ENOSPC by operation, never as done, and still knows what is there', async function () {
    if (!isLinux || process.getuid?.() !== 0) return this.skip(); // mounting a small filesystem needs root
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2M', 'brunt-test', data]);
    try {
      const tree = { files: 20, depth: 0, size: '16KiB' };
      const options = { path: 'data/t', tree, filesMax: 500, onError: 'continue' };
      const more = { actor: { peak: '1000/s' } };
      const mix = { create: 5, append: 2, rename: 1, link: 1, unlink: 1 };
      place.write('s.json', scenario({ ...options, mix }, more, '1s'));
      const { code, stderr } = await place.run('run', 's.json', '--profile', 'lab');
      expect(code, stderr).to.equal(0);
      const { errors } = ended(place.summary(), 'create');
      expect(Object.keys(errors)).to.deep.equal(['ENOSPC']);
      expect(counted(place.summary(), 'files.wrong')).to.equal(0);
      expect(counted(place.summary(), 'files.checked')).to.be.greaterThan(20);
    } finally {
      execFileSync('umount', ['-l', data]);
    }
  });

  it('refuses the impossible before anything is made', async () => {
    mkdirSync(join(data, 'there.0'));
    const impossible: [Record<string, unknown>, RegExp, Record<string, unknown>, number][] = [
      [{ mix: { create: 0 } }, /weights add up to nothing/, {}, 3],
      [{}, /need as many instances/, { peak: '3', instances: 2 }, 3],
      [{ tree: { files: 300_000 } }, /200000 files in mind/, {}, 3],
      [{ path: 'data/there' }, /is there already/, {}, 7],
    ];
    for (const [options, message, actor, exit] of impossible) {
      place.write('s.json', scenario({ path: 'data/t', ...options }, { actor }));
      const { code, stderr } = await place.run(exit === 3 ? 'validate' : 'run', 's.json');
      expect(code, stderr).to.equal(exit);
      expect(stderr).to.match(message);
      expect(readdirSync(data)).to.deep.equal(['there.0']);
    }
  });
});
