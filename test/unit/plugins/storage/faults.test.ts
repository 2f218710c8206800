/** What a kernel refuses, in earnest: a device that is cut short, a filesystem that is full, holes and zeroes. */
import { expect } from 'chai';
import type { Context } from 'mocha';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MS } from '../../../../core/base/clock.js';
import { blockDevices } from '../../../../core/linux/block-device.js';
import { errnoName } from '../../../../core/linux/errno.js';
import { FADVISE, fileIo } from '../../../../core/linux/file-io.js';
import type { Engine, EngineName, OpName } from '../../../../plugins/storage/engines/engine.js';
import { EngineUnavailable, OP } from '../../../../plugins/storage/engines/engine.js';
import { openEngine } from '../../../../plugins/storage/engines/open.js';

const BLOCK = 4096;
const MIB = 2 ** 20;
/** The engines that hand addresses to the kernel. */
const NATIVE: readonly EngineName[] = ['io_uring', 'sync'];
const ALL: readonly EngineName[] = ['io_uring', 'sync', 'mmap', 'portable'];
const LOSETUP_RETRIES = 20;

describe('storage engines and what is refused', () => {
  let folder: string;
  const undo: (() => void)[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'brunt-faults-'));
  });
  afterEach(() => {
    for (const step of undo.splice(0).reverse()) step();
    rmSync(folder, { recursive: true, force: true });
  });

  function open(path: string, flags: number | string = 'r+'): number {
    const fd = openSync(path, flags);
    undo.push(() => closeSync(fd));
    return fd;
  }

  /** Skips the test, with the reason, where this host cannot do what it needs. */
  function asRoot(test: Context, make: () => void): void {
    try {
      make();
    } catch (error) {
      console.log(`      (${String(error).split('\n')[0]})`);
      test.skip(); // needs root and the kernel's loop devices or mounts; the reason is printed
    }
  }

  function loopOn(file: string): string {
    for (let left = LOSETUP_RETRIES; ; left--) {
      try {
        const path = execFileSync('losetup', ['-f', '--show', file], {
          encoding: 'utf8',
          stdio: 'pipe',
        }).trim();
        undo.push(() => execFileSync('losetup', ['-d', path]));
        return path;
      } catch (error) {
        // Others take loop devices too.
        if (left === 0 || !String(error).includes('busy')) throw error;
      }
    }
  }

  async function using(
    name: EngineName,
    operations: readonly OpName[],
    work: (engine: Engine) => Promise<void>,
  ): Promise<void> {
    let engine: Engine;
    try {
      ({ engine } = openEngine({ engine: name, depth: 2, slotBytes: 64 * BLOCK, operations }));
    } catch (error) {
      if (!(error instanceof EngineUnavailable)) throw error;
      console.log(`      (${name}: ${error.message})`);
      return;
    }
    try {
      await work(engine);
    } finally {
      expect(await engine.close()).to.equal(0);
    }
  }

  async function once(
    engine: Engine,
    op: OpName,
    file: number,
    offset = 0,
    bytes = BLOCK,
  ): Promise<number | string> {
    const { slots } = engine;
    slots.op[0] = OP[op];
    slots.file[0] = file;
    slots.offset[0] = offset;
    slots.bytes[0] = bytes;
    engine.submit(0);
    for (;;) if ((await engine.reap(1, 100 * MS)) > 0) break;
    const result = slots.result[0] as number;
    return result < 0 ? errnoName(result) : result;
  }

  it('tells EIO of a device whose medium is gone, with mmap too', async function () {
    const image = join(folder, 'image');
    writeFileSync(image, Buffer.alloc(2 * MIB, 5));
    let device = '';
    asRoot(this, () => (device = loopOn(image)));
    truncateSync(image, MIB);
    for (const name of ALL)
      await using(name, ['read'], async (engine) => {
        const file = engine.attach(open(device, constants.O_RDONLY));
        expect(await once(engine, 'read', file, MIB + 64 * BLOCK), name).to.equal('EIO');
        engine.detach(file);
      });
  });

  it('tells ENOSPC, and short writes as short, of a filesystem that is full', async function () {
    const mount = join(folder, 'small');
    mkdirSync(mount);
    asRoot(this, () => {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', mount], { stdio: 'pipe' });
      undo.push(() => execFileSync('umount', [mount]));
    });
    for (const name of ['io_uring', 'sync', 'portable'] as const)
      await using(name, ['write'], async (engine) => {
        const path = join(mount, 'data');
        writeFileSync(path, Buffer.alloc(MIB - 2 * BLOCK));
        const fd = openSync(path, 'r+');
        const file = engine.attach(fd);
        expect(await once(engine, 'write', file, MIB - 2 * BLOCK, 4 * BLOCK), name).to.equal(2 * BLOCK);
        expect(await once(engine, 'write', file, MIB, BLOCK), name).to.equal('ENOSPC');
        engine.detach(file);
        closeSync(fd);
        rmSync(path);
      });
    await using('mmap', ['write'], async (engine) => {
      const fd = openSync(join(mount, 'holes'), 'w+');
      ftruncateSync(fd, 2 * MIB);
      const file = engine.attach(fd);
      const results: (number | string)[] = [];
      for (let at = 0; at < 2 * MIB; at += 64 * BLOCK)
        results.push(await once(engine, 'write', file, at, 64 * BLOCK));
      // A program would have been killed here.
      expect(results)
        .to.include('EIO')
        .and.to.include(64 * BLOCK);
      engine.detach(file);
      closeSync(fd);
    });
  });

  it('tells EROFS or what else the kernel says where nothing may be written', async function () {
    const image = join(folder, 'image');
    writeFileSync(image, Buffer.alloc(MIB));
    let device = '';
    asRoot(this, () => {
      device = execFileSync('losetup', ['-r', '-f', '--show', image], {
        encoding: 'utf8',
        stdio: 'pipe',
      }).trim();
      undo.push(() => execFileSync('losetup', ['-d', device]));
    });
    for (const name of NATIVE)
      await using(name, ['write'], async (engine) => {
        let fd: number;
        try {
          fd = open(device, constants.O_RDWR);
        } catch (error) {
          // Newer kernels say so when it is opened.
          expect((error as NodeJS.ErrnoException).code).to.be.oneOf(['EACCES', 'EPERM', 'EROFS']);
          return;
        }
        const file = engine.attach(fd);
        expect(await once(engine, 'write', file), name).to.be.oneOf(['EPERM', 'EROFS']);
        engine.detach(file);
      });
  });

  it('discards and zeroes on a block device, by every engine with the same end', async function () {
    const image = join(folder, 'image');
    writeFileSync(image, Buffer.alloc(MIB, 5));
    let device = '';
    asRoot(this, () => (device = loopOn(image)));
    const facts = blockDevices()?.facts(open(device, constants.O_RDONLY));
    expect(facts).to.include({ bytes: MIB, isReadOnly: false, logicalBytes: 512 });
    for (const name of NATIVE)
      await using(name, ['read', 'write', 'discard', 'writeZeroes'], async (engine) => {
        const file = engine.attach(open(device, constants.O_RDWR | constants.O_DIRECT));
        engine.memory.fill(7);
        for (const op of ['discard', 'writeZeroes'] as const) {
          engine.memory.fill(7);
          expect(await once(engine, 'write', file, 0, 2 * BLOCK), name).to.equal(2 * BLOCK);
          expect(await once(engine, op, file, 0, BLOCK), `${name} ${op}`).to.equal(0);
          expect(await once(engine, 'read', file, 0, 2 * BLOCK), name).to.equal(2 * BLOCK);
          expect(
            [engine.memory[0], engine.memory[BLOCK - 1], engine.memory[BLOCK]],
            `${name} ${op}`,
          ).to.deep.equal([0, 0, 7]);
          // Not whole sectors.
          expect(await once(engine, op, file, 1, 100), `${name} ${op}`).to.equal('EINVAL');
        }
        engine.detach(file);
      });
  });

  it('makes holes, zeroes and room in files, takes parts out, writes back, by every engine with the same end', async function () {
    const ends: unknown[] = [];
    for (const name of NATIVE) {
      const path = join(folder, name);
      writeFileSync(path, Buffer.alloc(16 * BLOCK, 9));
      const operations = ['punch', 'zero', 'collapse', 'allocate', 'syncFileRange'] as const;
      await using(name, operations, async (engine) => {
        const file = engine.attach(open(path));
        const results = [
          await once(engine, 'punch', file, 0, BLOCK),
          await once(engine, 'zero', file, 2 * BLOCK, BLOCK),
          await once(engine, 'allocate', file, 16 * BLOCK, 4 * BLOCK),
          await once(engine, 'collapse', file, 4 * BLOCK, BLOCK),
          await once(engine, 'syncFileRange', file, 0, 4 * BLOCK),
          await once(engine, 'punch', file, 0, 0),
        ];
        expect(results.at(-1)).to.equal('EINVAL');
        const content = readFileSync(path);
        const blocks = [0, 1, 2, 3].map((block) => content[block * BLOCK]);
        ends.push({ results, size: statSync(path).size, blocks });
        engine.detach(file);
      });
    }
    if (ends.length < 2) return this.skip(); // only one of the two engines is here; the reason is printed
    expect(ends[0]).to.deep.equal(ends[1]);
  });

  it('knows what direct I/O must be aligned to, and takes advice', function () {
    const io = fileIo();
    if (io === null) return this.skip(); // koffi is optional
    const path = join(folder, 'data');
    writeFileSync(path, Buffer.alloc(MIB));
    const fd = open(path);
    const aligned = io.directAlignment(fd);
    if (aligned !== null) expect(BLOCK % aligned.offsetBytes).to.equal(0);
    expect(io.fadvise(fd, 0, 0, FADVISE.dontNeed)).to.equal(0);
    expect(errnoName(io.fadvise(fd, 0, 0, 99))).to.equal('EINVAL');
    expect(errnoName(io.fsync(-1))).to.equal('EBADF');
    expect(typeof blockDevices()?.facts(fd)).to.equal('number');
  });
});
