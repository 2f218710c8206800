import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { nowNs } from '../../../core/base/clock.js';
import { findGroups } from '../../../core/linux/cgroup.js';
import { fingerprint, readHostFacts } from '../../../core/safety/host-facts.js';
import { MemorySource } from '../../../core/safety/memory-source.js';
import { filesystemType, openSensors } from '../../../core/safety/sensors.js';
import { SENSORS } from '../../../core/safety/sensor-table.js';

const MiB = 2 ** 20;
const MEMORY_SOURCE = new URL('../../../core/safety/memory-source.js', import.meta.url).href;

/** Starts a program that talks in lines. */
function program(code: string): ReturnType<typeof spawn> {
  return spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['pipe', 'pipe', 'inherit'] });
}

async function line(child: ReturnType<typeof spawn>): Promise<string> {
  const [data] = (await once(child.stdout!, 'data')) as [Buffer];
  return data.toString().trim();
}

describe('sensors of this host', () => {
  it('are each either read or listed as absent', () => {
    const { sensors, absent } = openSensors([tmpdir()]);
    const names = [...sensors.map((s) => s.metric), ...absent, 'host.guard.lateness'];
    expect(names.sort()).to.deep.equal(Object.keys(SENSORS).sort());
    for (const sensor of sensors) sensor.read(nowNs());
    const endNs = nowNs() + 50e6;
    while (nowNs() < endNs);
    for (const sensor of sensors) {
      const value = sensor.read(nowNs());
      if (value === null) continue;
      expect(value, sensor.metric).to.be.at.least(0);
      if (SENSORS[sensor.metric]?.unit === 'share') expect(value, sensor.metric).to.be.at.most(1);
    }
    for (const sensor of sensors) sensor.close();
  });

  it('have no figure for a path that is not there', () => {
    const { sensors, absent } = openSensors(['/there/is/no/such/path']);
    for (const sensor of sensors) sensor.close();
    expect(absent).to.include.members(['host.disk.free', 'host.disk.inodes']);
  });

  it('see memory that another process takes', async function () {
    const source = new MemorySource();
    if (!source.isPresent) {
      source.close();
      return this.skip(); // it is read from /proc/meminfo, which is of Linux
    }
    const child = program(
      "console.log('ready'); process.stdin.once('data', () => { globalThis.held = Buffer.alloc(768 * 2 ** 20, 1); console.log('took'); });",
    );
    await line(child);
    try {
      const before = source.read().availableBytes;
      child.stdin!.write('\n');
      await line(child);
      // Others on this host, this process among them, give back hundreds of MiB meanwhile; a good part must show.
      expect(before - source.read().availableBytes).to.be.greaterThan(192 * MiB);
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
      source.close();
    }
  });

  it('see the limit of the memory group that a process runs in', async function () {
    const group = makeMemoryGroup(400 * MiB);
    if (group === null) return this.skip(); // making a group needs root and the memory controller
    try {
      const child = program(
        `import { appendFileSync } from 'node:fs'; import { MemorySource } from ${JSON.stringify(MEMORY_SOURCE)};
         process.stdin.once('data', () => {
           const { totalBytes, availableBytes, boundBy } = new MemorySource().read();
           const held = Buffer.alloc(100 * 2 ** 20, 1);
           const after = new MemorySource().read().availableBytes;
           console.log(JSON.stringify({ totalBytes, availableBytes, boundBy, after, length: held.length }));
           process.exit();
         }); console.log('ready');`,
      );
      await line(child);
      appendFileSync(`${group}/cgroup.procs`, String(child.pid));
      child.stdin!.write('\n');
      const seen = JSON.parse(await line(child)) as Record<string, number | string>;
      await once(child, 'exit');
      expect(seen['totalBytes']).to.equal(400 * MiB);
      expect(seen['boundBy']).to.equal('cgroup');
      expect(seen['availableBytes']).to.be.at.most(400 * MiB);
      expect(Number(seen['availableBytes']) - Number(seen['after'])).to.be.within(80 * MiB, 130 * MiB);
    } finally {
      rmdirSync(group);
    }
  });
});

/** A group with a limit below this process's own; null where none may be made. */
function makeMemoryGroup(limitBytes: number): string | null {
  const groups = findGroups('memory');
  if (groups === null) return null;
  const folder = `${groups.folders[0]!}/brunt-test-${process.pid}`;
  try {
    mkdirSync(folder);
  } catch {
    // Not root, or a read-only tree.
    return null;
  }
  try {
    const name = groups.version === 1 ? 'memory.limit_in_bytes' : 'memory.max';
    writeFileSync(`${folder}/${name}`, String(limitBytes));
    return folder;
  } catch {
    // The controller is not handed down to children here.
    rmdirSync(folder);
    return null;
  }
}

describe('filesystem types', () => {
  const mountinfo =
    '20 1 8:1 / / rw - ext4 /dev/vda rw\n' +
    '30 20 0:40 / /mnt/share rw - nfs4 host:/x rw\n' +
    '31 20 0:41 / /mnt rw - tmpfs tmpfs rw\n';

  it('are those of the longest mount point that fits', () => {
    expect(filesystemType('/home/me', mountinfo)).to.equal('ext4');
    expect(filesystemType('/mnt/share/a', mountinfo)).to.equal('nfs4');
    expect(filesystemType('/mnt/shared', mountinfo)).to.equal('tmpfs');
    expect(filesystemType('/x', '')).to.equal(null);
  });
});

describe('host facts', () => {
  it('are of the tighter of host and group, and consistent in themselves', async () => {
    const facts = await readHostFacts();
    expect(facts.memory.totalBytes).to.be.within(1, totalmem());
    expect(facts.memory.availableBytes).to.be.within(1, totalmem());
    expect(facts.quotaCores).to.be.greaterThan(0).and.at.most(facts.cores);
    expect(facts.cores).to.be.at.most(cpus().length);
    expect(facts.capabilities.includes('linux')).to.equal(process.platform === 'linux');
    expect(facts.capabilities.includes('root')).to.equal(process.getuid?.() === 0);
  });

  it('know who the host is, within the time-out, and null for what is not known', async () => {
    const print = await fingerprint();
    expect(print.cores).to.equal(cpus().length);
    for (const value of Object.values(print)) expect(value).not.to.equal('').and.not.to.equal(undefined);
  });
});
