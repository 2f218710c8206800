/** The block simulator as a person runs it, on loop and zram devices of the test's own. */
import { expect } from 'chai';
import {
  closeSync,
  constants,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { join } from 'node:path';
import { messageOf } from '../../core/base/errors.js';
import { readDevice } from '../../plugins/block/device.js';
import type { BlockOptions } from '../../plugins/block/inspect.js';
import { inspectDevice } from '../../plugins/block/inspect.js';
import { openDevice } from '../../plugins/block/open.js';
import type { Cli } from '../support/cli.js';
import { Workplace } from '../support/cli.js';
import type { SceneMore } from '../support/storage-runs.js';
import { counted, ended, storageScene } from '../support/storage-runs.js';
import { ROOT } from '../support/root.js';
import { Devices, hasProgram, run, whyNoDevices } from '../support/devices.js';

const MIB = 2 ** 20;
const WRITES = { mix: { write: '100%' } };

const scenario = (
  options: Record<string, unknown>,
  erasable: readonly string[],
  more: SceneMore = {},
  duration = '1s',
): unknown => storageScene('block', options, { safety: { erasableDevices: erasable }, ...more }, duration);

/** What is against working on it, as `brunt plan` would say. */
async function against(device: string, mix: BlockOptions['mix'] = { write: 1 }): Promise<string> {
  const options = { ...OPENED, device, mix } as BlockOptions;
  const { faults } = await inspectDevice(options, 'block');
  return faults.map(({ message }) => message).join('; ');
}

const OPENED = { from: 0, blockSize: 4096, access: 'random', direct: true, mix: { write: 1 } };

function sectorsOf(file: string, bytes: number): Buffer[] {
  const content = readFileSync(file).subarray(0, bytes);
  return Array.from({ length: bytes / 512 }, (_, i) => content.subarray(i * 512, (i + 1) * 512));
}

const isStamped = (sector: Buffer): boolean => sector.toString('latin1', 0, 4) === 'BRNT';

/** By Ctrl-C. */
async function stopped(running: Cli): Promise<void> {
  running.child.kill('SIGINT');
  await running.done;
}

describe('block', function () {
  let place: Workplace;
  let devices: Devices;
  before(function () {
    if (whyNoDevices() !== null) return this.skip(); // no root, or no loop devices here
  });
  beforeEach(() => {
    place = new Workplace();
    devices = new Devices(place.dir);
  });
  afterEach(() => {
    try {
      devices.remove();
    } finally {
      place.remove();
    }
  });

  it('verifies all it writes to a part of a device, in several queues, and touches nothing beside it', async () => {
    const { path, file } = devices.loop('image');
    const mix = { read: '50%', write: '35%', trim: '15%' };
    const options = { device: path, from: '16MiB', size: '16MiB', mix, verify: 'both', access: 'zipf' };
    const more = {
      actor: { instances: 2 },
      thresholds: { 'block.verified': 'count >= 16MiB', 'block.bad-sectors': 'count == 0' },
    };
    const scene = {
      ...options,
      affinity: '0',
      distribution: 'partitioned',
      trims: 'writeZeroes',
      sync: 'o_dsync',
    };
    place.write('s.json', scenario(scene, [`loop:${file}`], more));
    const { code, stderr } = await place.run('run', 's.json');
    expect(code, stderr).to.equal(0);
    const [reads, writes, trims] = ['read', 'write', 'trim'].map(
      (op) => ended(place.summary(), op).count,
    ) as [number, number, number];
    expect(reads / (reads + writes + trims)).to.be.closeTo(0.5, 0.01);
    expect(trims).to.be.greaterThan(10);
    expect(stderr).to.match(
      /67108864 bytes, sectors 512\/\d+, scheduler .*hardware queues \d+, requests .*discard granularity \d+/,
    );
    // As the kernel says, once it is done.
    for (const queue of [0, 1]) expect(stderr).to.contain(`queue ${queue} bound to processor 0`);
    expect(stderr).to.match(/\d+ draws beside their formula: off by [\d.]+ % at most, by chance with p /);
    const skew = place.summary().trust.checks.find(({ check }) => check === 'skew');
    expect(skew?.ok, skew?.detail).to.equal(true);
    expect(run('cmp', ['-n', String(16 * MIB), file, '/dev/zero'])).to.equal('');
    expect(run('cmp', ['-i', `${32 * MIB}:0`, '-n', String(32 * MIB), file, '/dev/zero'])).to.equal('');
    closeSync(openSync(path, constants.O_RDWR | constants.O_EXCL)); // nobody has it any more
  });

  // What a kernel offers beyond loop and zram (ublk, NBD, NVMe, null_blk): whoever runs this names empty devices to be destroyed.
  for (const path of (process.env['BRUNT_TEST_DEVICES'] ?? '').split(',').filter((name) => name !== ''))
    it(`does the same on ${path}, by its own id alone`, async () => {
      const device = await readDevice(path);
      if (typeof device === 'string') throw new Error(device);
      const options = {
        device: path,
        size: '16MiB',
        mix: { read: '50%', write: '35%', trim: '15%' },
        verify: 'both',
        distribution: 'shared',
        trims: 'writeZeroes',
        sync: 'o_dsync',
      };
      const more = { actor: { instances: 2 }, thresholds: { 'block.verified': 'count >= 16MiB' } };
      place.write('refused.json', scenario(options, [], more));
      expect((await place.run('run', 'refused.json')).code).to.equal(7);
      place.write('s.json', scenario(options, device.ids.slice(0, 1), more));
      const { code, stderr } = await place.run('run', 's.json');
      expect(code, stderr).to.equal(0);
      expect(ended(place.summary(), 'trim').count).to.be.greaterThan(10);
      closeSync(openSync(path, constants.O_RDWR | constants.O_EXCL)); // nobody has it any more
    });

  it('finds what was changed on the medium, and the run has failed by it', async () => {
    const { path, file } = devices.loop('image', 1);
    const options = { device: path, size: '1MiB', mix: { write: '50%', read: '50%' }, verify: 'inline' };
    place.write('s.json', scenario(options, [`loop:${file}`], {}, '1200ms'));
    const running = place.start('run', 's.json');
    await running.says(/engine:/);
    const medium = openSync(file, 'r+');
    const timer = setInterval(() => {
      for (let at = 300; at < MIB; at += 4096) writeSync(medium, '\u0000', at);
    }, 20);
    const { code, stderr } = await running.done;
    clearInterval(timer);
    closeSync(medium);
    expect(code, stderr).to.equal(4);
    expect(stderr).to.match(/rotted: sector \d+ of .*loop\d+ holds generation \d+/);
  });

  it('shows what would be destroyed, and does not destroy what is not named by its own id', async () => {
    const { path, file } = devices.loop('image');
    const other = devices.loop('other', 1);
    place.write('s.json', scenario({ device: path, ...WRITES }, [`loop:${other.file}`]));
    const planned = await place.run('plan', 's.json');
    expect(planned.code).to.equal(7);
    expect(planned.stderr.replace(/\s+/g, ' ')).to.contain(
      `DESTROYS all data on block: ${path}, over ${file}, 64 MiB, all of it`,
    );
    expect(planned.stderr).to.contain(`"erasableDevices": ["loop:${file}"]`);
    const refused = await place.run('run', 's.json');
    expect(refused.code).to.equal(7);
    expect(refused.stderr).to.match(/\n +s\.json:\d+:\d+ .*E_DEVICE/);
    // No flag that says yes to everything: there is none.
    expect((await place.run('run', 's.json', '--yes')).code).to.equal(2);
    expect(existsSync(`${place.dir}/.brunt/runs`)).to.equal(false);
    expect(run('cmp', ['-n', String(64 * MIB), file, '/dev/zero'])).to.equal('');
    // Reading destroys nothing.
    place.write('r.json', scenario({ device: path }, [], {}, '300ms'));
    expect((await place.run('run', 'r.json')).code).to.equal(0);
  });

  it('knows a device without a name by its number of this boot, and no other by it', async function () {
    const path = devices.zram(16);
    if (path === null) return this.skip(); // no zram to be added here
    const device = await readDevice(path);
    if (typeof device === 'string') throw new Error(device);
    const [id = ''] = device.ids;
    expect(id).to.match(/^diskseq:\d+:[0-9a-f]{8}$/);
    const next = id.replace(/:\d+:/, `:${device.diskSequence! + 1}:`);
    for (const [said, wanted] of [
      [id, 0],
      [next, 7],
    ] as const) {
      place.write('s.json', scenario({ device: path, ...WRITES }, [said], {}, '300ms'));
      const { code, stderr } = await place.run('run', 's.json');
      expect(code, stderr).to.equal(wanted);
    }
  });

  it('refuses what is in use: held, behind another, read-only, or no device at all', async () => {
    const { path, file } = devices.loop('image');
    expect(await against(path)).to.equal('');
    const held = openSync(path, constants.O_RDONLY | constants.O_EXCL);
    expect(await against(path)).to.match(/somebody has it for himself/);
    // Reading needs no such thing, unless it is held against what another run wrote: nobody else may write meanwhile.
    expect(await against(path, { read: 1 })).to.equal('');
    const later = { ...OPENED, device: path, mix: { read: 1 }, verifyFrom: '/nowhere' } as BlockOptions;
    const { faults, destroys } = await inspectDevice(later, 'block');
    expect(faults.map(({ message }) => message).join()).to.match(/kept nothing.*somebody has it for himself/);
    expect(destroys).to.deep.equal([]);
    closeSync(held);
    const upper = devices.attach(path);
    expect(await against(path)).to.match(new RegExp(`it is behind ${upper.slice(5)}`));
    expect(await against(devices.attach(file, '-r'))).to.match(/it is read-only/);
    expect(await against(file)).to.match(/is no block device/);
    expect(await against('/dev/no-such-device')).to.match(/is no block device/);
    const swap = devices.zram(16);
    if (swap === null || !hasProgram('mkswap') || !hasProgram('swapon')) return; // the rest needs these
    run('mkswap', [swap]);
    run('swapon', ['-p', '0', swap]);
    try {
      expect(await against(swap)).to.match(/it is swapped to/);
    } finally {
      run('swapoff', [swap]);
    }
  });

  it('sweeps depths and queues, and beside them a device that costs nothing: the ceiling', async () => {
    const [device, control] = [devices.loop('image', 8), devices.zram(8) ?? devices.loop('control', 8).path];
    place.write('sweep.json', {
      version: 1,
      extends: join(ROOT, 'scenarios/block-depth-sweep.json'),
      window: '100ms',
      variables: { device: device.path, control, each: '100ms' },
    });
    const { code, stderr } = await place.run('run', 'sweep.json', '--profile', 'lab');
    expect(code, stderr).to.equal(0);
    const [ceiling, depth, queues] = place.summary().sweeps ?? [];
    const depths = [1, 2, 4, 8, 16, 32, 64];
    expect(ceiling?.levels.map(({ amount }) => amount)).to.deep.equal(depths);
    expect(depth?.levels.map(({ amount }) => amount)).to.deep.equal(depths);
    expect(queues?.levels.map(({ amount, instances }) => `${amount} by ${instances}`)).to.deep.equal(
      [1, 2, 4].flatMap((count) => [4, 16, 64].map((amount) => `${amount} by ${count}`)),
    );
    // Rounds are short: a busy machine may have no operation end in one of them, not in all.
    for (const sweep of [ceiling, depth, queues])
      expect(sweep?.levels.reduce((sum, { rate }) => sum + (rate ?? 0), 0)).to.be.greaterThan(0);
  });

  const MARKS: readonly (readonly [string, number, string])[] = [
    ['xfs', 0, 'XFSB'],
    ['btrfs', 65600, '_BHRfS_M'],
    ['vfat', 82, 'FAT32   '],
    ['ntfs', 3, 'NTFS    '],
    ['swap', 4086, 'SWAPSPACE2'],
    ['LVM', 512, 'LABELONE'],
    ['RAID \\(md\\)', 4096, '\xfc\x4e\x2b\xa9'],
    ['RAID \\(md\\)', 64 * MIB - 65536, '\xfc\x4e\x2b\xa9'],
    ['LUKS', 0, 'LUKS\xba\xbe'],
    ['GPT', 512, 'EFI PART'],
    ['GPT', 64 * MIB - 512, 'EFI PART'],
    ['MBR', 446, `\x80\0\0\0\x83\0\0\0\0\x08\0\0\0\x10\0\0${'\0'.repeat(48)}\x55\xaa`],
    ['zfs', 131072, '\x0c\xb1\xba\0\0\0\0\0'],
    ['zfs', 64 * MIB - 131072, '\x0c\xb1\xba\0\0\0\0\0'],
    ['ext', 1080, '\x53\xef'],
  ];
  it('refuses what carries a signature, wherever that lies', async () => {
    const { path } = devices.loop('image');
    const fd = openSync(path, 'r+');
    for (const [name, at, mark] of MARKS) {
      const bytes = Buffer.from(mark, 'latin1');
      writeSync(fd, bytes, 0, bytes.length, at);
      expect(await against(path), name).to.match(new RegExp(`it carries [^;]*${name}`));
      writeSync(fd, Buffer.alloc(bytes.length), 0, bytes.length, at);
      expect(await against(path), name).to.equal('');
    }
    closeSync(fd);
  });

  it('looks again when it opens: what was fine for the plan may not be any more', async () => {
    const { path, file } = devices.loop('image');
    const options = { ...OPENED, device: path } as BlockOptions;
    const refused = async (erasable: readonly string[]): Promise<string> => {
      const unavailable = (reason: string): never => {
        throw new Error(reason);
      };
      return openDevice(options, { erasable, unavailable }).then(
        ({ fd, claim }) => {
          closeSync(fd);
          if (claim !== null) closeSync(claim);
          return '';
        },
        (error: unknown) => messageOf(error),
      );
    };
    expect(await refused([`loop:${file}`])).to.equal('');
    expect(await refused(['loop:/another'])).to.match(/the plan may destroy loop:\/another/);
    writeFileSync(path, 'XFSB', { flag: 'r+' });
    expect(await refused([`loop:${file}`])).to.match(/it carries xfs/);
  });

  it('refuses sizes that do not fit the sectors or the device, with the figures', async () => {
    const { path, file } = devices.loop('image', 64, '--sector-size', '4096');
    const impossible: [Record<string, unknown>, RegExp][] = [
      [{ blockSize: '512B' }, /sectors of 4096 bytes; these sizes and offsets are multiples of 512/],
      [{ size: '65MiB' }, /has 67108864 bytes; 68157440 from 0 on end at 68157440/],
      [{ from: '64MiB' }, /larger than the 0 bytes/],
      [{ from: '1KiB' }, /begins within a block/],
      [{ verify: 'inline' }, /how much that is must be known/],
    ];
    for (const [options, message] of impossible) {
      place.write('s.json', scenario({ device: path, ...WRITES, ...options }, [`loop:${file}`]));
      const { code, stderr } = await place.run('plan', 's.json');
      expect(code, stderr).to.be.oneOf([3, 7]);
      expect(stderr).to.match(message);
    }
  });

  it('counts by errno and operation what a device refuses that shrinks or is gone under load', async () => {
    const { path, file } = devices.loop('image');
    const options = {
      device: path,
      access: 'random',
      mix: { read: '50%', write: '50%' },
      onError: 'continue',
    };
    place.write('s.json', scenario(options, [`loop:${file}`]));
    const running = place.start('run', 's.json', '--profile', 'lab');
    await running.says(/engine:/);
    truncateSync(file, 4 * MIB);
    run('losetup', ['-c', path]);
    const { code, stderr } = await running.done;
    expect(code, stderr).to.equal(0);
    const [reads, writes] = ['read', 'write'].map((op) => ended(place.summary(), op)) as [
      ReturnType<typeof ended>,
      ReturnType<typeof ended>,
    ];
    expect(Object.keys(reads.errors).join()).to.match(/^(EIO|short)(,(EIO|short))?$/);
    expect(Object.keys(writes.errors).join()).to.match(/^(EIO|ENOSPC)(,(EIO|ENOSPC))?$/);
  });

  it('counts EIO of a device that is full, and ends at the bound that was asked for', async function () {
    const path = devices.zram(32, '2M');
    if (path === null) return this.skip(); // no zram to be added here
    const device = await readDevice(path);
    const ids = typeof device === 'string' ? [] : device.ids;
    const options = { device: path, access: 'sequential', ...WRITES, passes: 1, onError: 'continue' };
    place.write('go.json', scenario(options, ids));
    const went = await place.run('run', 'go.json', '--profile', 'lab');
    const { count, errors } = ended(place.summary(), 'write');
    expect(count, went.stderr).to.equal(8192);
    expect(Object.keys(errors)).to.deep.equal(['EIO']);
    expect(errors['EIO']).to.be.within(7000, 8191);
    place.write('stop.json', scenario({ ...options, errorsMax: 5 }, ids));
    const stopped = await place.run('run', 'stop.json', '--profile', 'lab');
    expect(stopped.code).to.equal(6);
    expect(stopped.stderr).to.match(/failed: EIO, the 6th, and "errorsMax" is 5/);
  });

  it('refuses a mounted device, and waits out one that stalls: the stall is in the latency', async function () {
    if (!hasProgram('mkfs.ext4') || !hasProgram('fsfreeze')) return this.skip(); // no filesystem to be made and frozen
    const lower = devices.loop('lower', 96);
    run('mkfs.ext4', ['-q', lower.path]);
    const folder = devices.mount(lower.path);
    expect(await against(lower.path)).to.match(/it is mounted on .*mounted/);
    expect(await against(lower.path, { read: 1 })).to.equal('');
    place.write('m.json', scenario({ device: lower.path, ...WRITES }, []));
    const planned = await place.run('plan', 'm.json');
    expect(planned.stderr)
      .to.match(/it is mounted on/)
      .and.not.to.match(/erasableDevices/);
    const file = `${folder}/image`;
    writeFileSync(file, '');
    truncateSync(file, 16 * MIB);
    const path = devices.attach(file);
    place.write(
      's.json',
      scenario({ device: path, ...WRITES }, [`loop:${file}`], { actor: { peak: '200/s' } }, '2500ms'),
    );
    const running = place.start('run', 's.json', '--profile', 'lab');
    await running.says(/engine:/);
    run('fsfreeze', ['-f', folder]);
    const thaw = (): string => run('fsfreeze', ['-u', folder]);
    await new Promise((resolve) => setTimeout(resolve, 1200)); // the stall itself
    thaw();
    const { code, stderr } = await running.done;
    expect(code, stderr).to.equal(0);
    const latency = place
      .summary()
      .phases.flatMap(({ series }) => series)
      .find(({ metric, tags }) => metric === 'op.latency' && tags['op'] === 'write');
    expect(latency?.max).to.be.greaterThan(1e9);
    expect(ended(place.summary(), 'write').errors).to.deep.equal({});
  });

  it('is for itself with a device to the end, also when the actor that came first is done', async () => {
    const { path, file } = devices.loop('image', 4);
    const second = {
      uses: 'block',
      peak: '8',
      instances: 2,
      with: { device: path, ...WRITES, distribution: 'shared' },
    };
    const first = { uses: 'block', with: { device: path, ...WRITES, access: 'sequential', passes: 1 } };
    place.write('s.json', {
      version: 1,
      safety: { erasableDevices: [`loop:${file}`] },
      actors: { first, second },
      phases: [
        { name: 'fill', duration: '30s', until: 'done', load: { first: '100%' } },
        { name: 'go', duration: '30s', load: { second: '100%' } },
      ],
    });
    const running = place.start('run', 's.json', '--profile', 'lab');
    await running.says(/ go \(/);
    expect(await against(path)).to.match(/somebody has it for himself/);
    await stopped(running);
    expect(ended(place.summary(), 'write').errors).to.deep.equal({});
    expect(await against(path)).to.equal('');
  });

  it('leaves the device free after a SIGKILL during writes, and a later run verifies it without leave to erase', async () => {
    const { path, file } = devices.loop('image', 4);
    const options = { device: path, size: '2MiB' };
    const writes = { ...WRITES, verifyLater: true, sync: 'fdatasync', syncEvery: 8, distribution: 'shared' };
    const two = { actor: { instances: 2 } };
    place.write('s.json', scenario({ ...options, ...writes }, [`loop:${file}`], two, '30s'));
    const running = place.start('run', 's.json');
    await running.says(/engine:/);
    expect(await against(path)).to.match(/somebody has it for himself/);
    while (sectorsOf(file, 2 * MIB).filter(isStamped).length < 2000) await turn();

    running.child.kill('SIGKILL');
    await running.done;
    for (let tries = 0; (await against(path)) !== '' && tries < 100; tries++)
      await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await against(path)).to.equal('');
    expect(readdirSync(place.dir).sort()).to.deep.equal(['.brunt', 'ram', 's.json']);
    const rotten = sectorsOf(file, 2 * MIB).findLastIndex(isStamped);
    const fd = openSync(file, 'r+');
    writeSync(fd, Buffer.alloc(8, 0x5a), 0, 8, rotten * 512 + 300);
    closeSync(fd);
    const again = devices.attach(file); // by another name
    const look = {
      ...options,
      device: again,
      access: 'sequential',
      passes: 1,
      verify: 'inline',
      verifyFrom: '@last',
    };
    place.write(
      'v.json',
      scenario(look, [], {
        phases: [{ name: 'look', duration: '10s', until: 'done', load: { block: '100%' } }],
      }),
    );
    const { code, stderr } = await place.run('run', 'v.json');
    expect(code, stderr).to.equal(4);
    expect(stderr).to.match(/that run was killed.*it was \/dev\/loop\d+ then/);
    expect(stderr).to.match(new RegExp(`rotted: sector ${rotten} of`));
    expect(counted(place.summary(), 'block.bad-sectors')).to.equal(1);
    expect(counted(place.summary(), 'block.verified')).to.equal(2 * MIB);
  });
});
