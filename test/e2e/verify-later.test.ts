/** What one run wrote is verified by a later one: after a kill, after a loss of power, and when somebody has been at it. */
import { expect } from 'chai';
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { foreign } from '../../core/linux/foreign.js';
import { keptIn } from '../../core/contract/kept.js';
import { Workplace } from '../support/cli.js';
import { Devices, hasProgram, run, whyNoDevices } from '../support/devices.js';
import { ServedFile, whyNotServed } from '../support/served-file.js';
import { counted } from '../support/storage-runs.js';

const MIB = 2 ** 20;
const BLOCK = 4096;
const STATE_HEADER_BYTES = 4096;
const SEED = 20261127;

describe(`verification by a later run (seed ${SEED})`, function () {
  let place: Workplace;
  before(function () {
    if (foreign() === null) return this.skip(); // what was written where is kept in mapped memory: 64-bit Linux with koffi
  });
  beforeEach(() => {
    place = new Workplace();
    mkdirSync(join(place.dir, 'data'));
  });
  afterEach(() => place.remove());

  function scenario(path: string, options: object, more: object = {}): unknown {
    return {
      version: 1,
      seed: SEED,
      safety: { writablePaths: [path] },
      actors: {
        db: { uses: 'disk', peak: '8', ...more, with: { path, size: '4MiB', keep: true, ...options } },
      },
      phases: [{ name: 'load', duration: '30s', until: 'done', load: { db: '100%' } }],
    };
  }
  const LOOK = { access: 'sequential', passes: 1, verify: 'inline' };

  async function perform(text: unknown): Promise<{ code: number | null; stderr: string }> {
    place.write('s.json', text);
    return place.run('run', 's.json', '--profile', 'lab');
  }

  const newest = (): string => place.lastRecord();

  /** Writes that have begun, as the kept state says while the run goes on. */
  async function untilWritten(record: string, writes: number): Promise<void> {
    const folder = keptIn(record, 'db');
    for (;;) {
      const names = ((): string[] => {
        try {
          return readdirSync(folder).filter((name) => name.endsWith('.oracle'));
        } catch {
          return [];
        }
      })();
      const word = Buffer.alloc(4);
      for (const name of names) {
        const fd = openSync(join(folder, name), 'r');
        readSync(fd, word, 0, 4, STATE_HEADER_BYTES);
        closeSync(fd);
      }
      if (word.readUInt32LE(0) >= writes) return;
      await sleep(20);
    }
  }

  it('finds all of it after a SIGKILL during writes, and exactly what was changed since', async () => {
    const file = join(place.dir, 'data/f');
    const sizes = [
      { size: '4KiB', weight: 3 },
      { size: '16KiB', weight: 1 },
    ];
    const writes = {
      blockSizes: sizes,
      mix: { write: '90%', trim: '10%' },
      sync: 'fdatasync',
      syncEvery: 16,
    };
    const two = { instances: 2 };
    place.write(
      's.json',
      scenario(file, { ...writes, verify: 'off', verifyLater: true, distribution: 'shared' }, two),
    );
    const running = place.start('run', 's.json', '--profile', 'lab');
    await running.says(/engine:/);
    const killed = newest();
    await untilWritten(killed, 3000);
    const look = scenario(file, { ...LOOK, blockSize: '4KiB', verifyFrom: '@last' });
    place.write('early.json', look);
    const early = await place.run('plan', 'early.json');
    expect(early.code, early.stderr).to.equal(7);
    expect(early.stderr).to.match(/early\.json:\d+:\d+[^]*that run is still going on/);
    const events = readFileSync(join(killed, 'events.ndjson'), 'utf8');
    process.kill(Number(/"agent.ready".*?"pid":(\d+)/.exec(events)?.[1]), 'SIGKILL');
    expect((await running.done).code).to.equal(6);

    // Everything that was acknowledged is there; what was in flight is, or is not.
    const looked = await perform(look);
    expect(looked.code, looked.stderr).to.equal(0);
    expect(looked.stderr).to.match(/that run was killed: what was in flight may have happened or not/);
    expect(counted(place.summary(), 'disk.verified')).to.equal(4 * MIB);

    // The next run goes on from there, and looks at what the first one wrote as well.
    const before = readFileSync(file);
    const more = {
      ...writes,
      mix: { write: '50%', read: '50%' },
      total: '4MiB',
      verify: 'both',
      verifyFrom: '@last',
    };
    const went = await perform(scenario(file, { ...more, distribution: 'partitioned' }, two));
    expect(went.code, went.stderr).to.equal(0);

    const after = readFileSync(file);
    const isStamped = (content: Buffer, at: number): boolean =>
      content.toString('latin1', at, at + 4) === 'BRNT';
    const changed = Array.from({ length: (4 * MIB) / BLOCK }, (_, i) => i * BLOCK).filter(
      (at) =>
        isStamped(before, at) &&
        isStamped(after, at) &&
        !before.subarray(at, at + BLOCK).equals(after.subarray(at, at + BLOCK)),
    );
    const [older, rotten] = changed as [number, number];
    const fd = openSync(file, 'r+');
    writeSync(fd, before, older, BLOCK, older);
    writeSync(fd, Buffer.from([after[rotten + 700]! ^ 4]), 0, 1, rotten + 700);
    closeSync(fd);
    const found = await perform(scenario(file, { ...LOOK, verifyFrom: '@last' }));
    expect(found.code, found.stderr).to.equal(4);
    expect(found.stderr).to.match(new RegExp(`(lost|stale|torn): sector ${older / 512} `));
    expect(found.stderr).to.match(new RegExp(`rotted: sector ${(rotten + 512) / 512} `));
    expect(counted(place.summary(), 'disk.bad-sectors')).to.equal(9);
  });

  it('knows what a loss of power may take, and finds a disk that lies about its syncs', async function () {
    if (whyNotServed() !== null) return this.skip(); // a disk of the test's own needs root and /dev/fuse
    const served = await ServedFile.open(join(place.dir, 'served'), 4 * MIB);
    let devices: Devices | null = null;
    try {
      const writes = {
        direct: true,
        mix: { write: '100%' },
        total: '3MiB',
        sync: 'fdatasync',
        syncEvery: 50,
      };
      const look = async (powerLoss: boolean, from: string): Promise<number> => {
        const { code, stderr } = await perform(
          scenario(served.path, { ...LOOK, direct: true, verifyFrom: from, powerLoss }),
        );
        expect(code, stderr).to.be.oneOf([0, 4]);
        return counted(place.summary(), 'disk.bad-sectors');
      };
      const first = await perform(scenario(served.path, { ...writes, verifyLater: true }));
      expect(first.code, first.stderr).to.equal(0);
      const written = newest();
      const { gone } = await served.say({ type: 'cut', seed: SEED });
      expect(gone, 'the cut took something').to.be.greaterThan(0);
      expect(await look(true, written), 'all that went had not been synced').to.equal(0);
      expect(await look(false, written), 'without a loss of power it must be there').to.be.greaterThan(0);

      // The same by a device over it, whose flushes it lies about.
      if (whyNoDevices() !== null) return;
      devices = new Devices(place.dir, 1);
      const device = devices.attach(served.path, '--direct-io=on');
      const block = (options: object): unknown => ({
        version: 1,
        safety: { erasableDevices: 'verifyFrom' in options ? [] : [`loop:${served.path}`] },
        actors: { db: { uses: 'block', peak: '8', with: { device, size: '4MiB', ...options } } },
        phases: [{ name: 'load', duration: '30s', until: 'done', load: { db: '100%' } }],
      });
      await served.say({ type: 'rules', rules: [{ op: 'sync', every: 1, lie: true }] });
      const second = await perform(block({ ...writes, verifyLater: true }));
      expect(second.code, second.stderr).to.equal(0);
      await served.say({ type: 'cut', seed: SEED });
      const lied = await perform(block({ ...LOOK, verifyFrom: '@last', powerLoss: true }));
      expect(lied.code, lied.stderr).to.equal(4);
      expect(counted(place.summary(), 'block.bad-sectors'), 'what was flushed is gone').to.be.greaterThan(0);
    } finally {
      devices?.remove();
      await served.close();
    }
  });

  it('knows a file again whose filesystem was mounted elsewhere since, and what it has lost at its end', async function () {
    if (whyNoDevices() !== null || !hasProgram('mkfs.ext4')) return this.skip(); // no filesystem to be made and mounted
    const devices = new Devices(place.dir, 96);
    try {
      const { path } = devices.loop('image', 48);
      run('mkfs.ext4', ['-q', path]);
      const first = devices.mount(path, 'first');
      const writes = { mix: { write: '80%', trim: '20%' }, total: '8MiB' };
      const wrote = await perform(scenario(join(first, 'f'), { ...writes, verifyLater: true }));
      expect(wrote.code, wrote.stderr).to.equal(0);
      run('umount', [first]);
      const file = join(devices.mount(path, 'second'), 'f');
      const back = { ...LOOK, verify: 'after', blockSize: '4KiB', verifyFrom: '@last', onError: 'continue' };
      const looked = await perform(scenario(file, back));
      expect(looked.code, looked.stderr).to.equal(0);
      expect(looked.stderr).to.match(/goes on from .*that run closed it|it was .*first\/f then/);
      // Behind the end of a file that has lost its last part there is nothing to read, and nothing unreadable either.
      truncateSync(file, 3 * MIB);
      const found = await perform(scenario(file, back));
      expect(found.code, found.stderr).to.equal(4);
      expect(found.stderr).to.match(/(lost|stale): sector \d+ of .*second\/f holds zeros/);
      expect(counted(place.summary(), 'disk.unverified')).to.equal(0);
    } finally {
      devices.remove();
    }
  });

  it('refuses what cannot be verified, with its place', async () => {
    const file = join(place.dir, 'data/f');
    const kept = await perform(scenario(file, { mix: { write: '100%' }, total: '64KiB', verifyLater: true }));
    expect(kept.code, kept.stderr).to.equal(0);
    const refused: [object, number, RegExp][] = [
      [{ verifyLater: true, keep: false }, 3, /would be gone before a later run/],
      [{ verifyFrom: 'nobody', verify: 'inline' }, 3, /no run "nobody"/],
      [{ verifyFrom: '@last', verify: 'off' }, 3, /nothing is looked at/],
      [{ powerLoss: true }, 3, /"verifyFrom" is missing/],
    ];
    for (const [options, wanted, message] of refused) {
      place.write('s.json', scenario(file, options));
      const { code, stderr } = await place.run('validate', 's.json');
      expect(stderr)
        .to.match(message)
        .and.to.match(/s\.json:?\s*\d+:\d+/);
      expect(code, stderr).to.equal(wanted);
    }
    const other = await perform(scenario(file, { ...LOOK, blockSize: '8KiB', verifyFrom: '@last' }));
    expect(other.code).to.equal(7);
    expect(other.stderr).to.match(/was 4096 bytes in that run and is 8192 here/);
  });
});
