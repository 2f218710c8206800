/** Every engine does the same operations with the same results on real files. */
import { expect } from 'chai';
import type { Context } from 'mocha';
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MS } from '../../../../core/base/clock.js';
import { errnoName } from '../../../../core/linux/errno.js';
import type { Engine, EngineName, OpName } from '../../../../plugins/storage/engines/engine.js';
import { EngineUnavailable, OP, SLOT } from '../../../../plugins/storage/engines/engine.js';
import { fromWebAssembly } from '../../../../plugins/storage/engines/memory.js';
import { choose, openEngine } from '../../../../plugins/storage/engines/open.js';

const NAMES: readonly EngineName[] = ['io_uring', 'sync', 'mmap', 'portable'];
const DEPTH = 8;
const SLOT_BYTES = 8192;
const FILE_BYTES = 2 ** 20;

/** What an operation is, by the fields of a slot; the rest keeps what it has. */
interface Job {
  readonly op: OpName;
  readonly file: number;
  readonly offset?: number;
  readonly bytes?: number;
  readonly flags?: number;
  readonly segments?: number;
  readonly fill?: number;
}

/** The engine, or the test is skipped with the reason why this host has it not. */
function opened(test: Context, engine: EngineName, operations: readonly OpName[]): Engine {
  try {
    return openEngine({ engine, depth: DEPTH, slotBytes: SLOT_BYTES, operations }).engine;
  } catch (error) {
    if (error instanceof EngineUnavailable) {
      console.log(`      (${error.message})`);
      test.skip(); // this host has no such engine; the reason is printed
    }
    throw error;
  }
}

/** All at once; their results in the order given: bytes, or the name of the error. */
async function perform(engine: Engine, jobs: readonly Job[]): Promise<(number | string)[]> {
  const { slots } = engine;
  jobs.forEach((job, slot) => {
    slots.op[slot] = OP[job.op];
    slots.file[slot] = job.file;
    slots.offset[slot] = job.offset ?? 0;
    slots.bytes[slot] = job.bytes ?? SLOT_BYTES;
    slots.flags[slot] = job.flags ?? 0;
    slots.segments[slot] = job.segments ?? 1;
    if (job.fill !== undefined) dataOf(engine, slot).fill(job.fill);
    engine.submit(slot);
  });
  const results: (number | string)[] = jobs.map(() => 'not ended');
  for (let left = jobs.length; left > 0;) {
    const count = await engine.reap(left, 100 * MS);
    for (const slot of engine.ended.subarray(0, count)) {
      const result = slots.result[slot] as number;
      results[slot] = result < 0 ? errnoName(result) : result;
      expect(slots.endNs[slot]).to.be.at.least(slots.startNs[slot] as number);
    }
    left -= count;
  }
  return results;
}

function dataOf(engine: Engine, slot: number): Uint8Array {
  const at = engine.slots.at[slot] as number;
  return engine.memory.subarray(at, at + (engine.slots.bytes[slot] as number));
}

describe('storage engines', () => {
  let folder: string;
  let path: string;
  const fds: number[] = [];
  const open = (flags: string | number = 'r+', file: string = path): number => {
    const fd = openSync(file, flags);
    fds.push(fd);
    return fd;
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'brunt-engines-'));
    path = join(folder, 'data');
    writeFileSync(path, Buffer.alloc(FILE_BYTES, 0x77));
  });

  afterEach(() => {
    for (const fd of fds.splice(0)) closeSync(fd);
    rmSync(folder, { recursive: true, force: true });
  });

  for (const name of NAMES) {
    describe(name, () => {
      let engine: Engine | null = null;
      const use = (test: Context, operations: readonly OpName[] = ['read', 'write', 'fsync']): Engine =>
        (engine = opened(test, name, operations));

      afterEach(async () => {
        expect(await engine?.close()).to.be.oneOf([0, undefined]);
        engine = null;
      });

      it('writes and reads back, in one piece and in several', async function () {
        const e = use(this);
        const file = e.attach(open());
        const writes = Array.from({ length: DEPTH }, (_, i) => ({
          op: 'write' as const,
          file,
          offset: i * SLOT_BYTES,
          fill: i + 1,
          segments: i % 4,
        }));
        expect(await perform(e, writes)).to.deep.equal(writes.map(() => SLOT_BYTES));
        const content = readFileSync(path);
        for (let i = 0; i < DEPTH; i++) {
          const part = content.subarray(i * SLOT_BYTES, (i + 1) * SLOT_BYTES);
          expect(
            part.every((byte) => byte === i + 1),
            `block ${i}`,
          ).to.equal(true);
        }
        expect(content[DEPTH * SLOT_BYTES]).to.equal(0x77);
        e.memory.fill(0);
        const reads = writes.map((job) => ({
          op: 'read' as const,
          file,
          offset: job.offset,
          segments: job.segments,
        }));
        expect(await perform(e, reads)).to.deep.equal(writes.map(() => SLOT_BYTES));
        for (let i = 0; i < DEPTH; i++)
          expect(
            dataOf(e, i).every((byte) => byte === i + 1),
            `slot ${i}`,
          ).to.equal(true);
      });

      it('reads short at the end of the file, and nothing behind it', async function () {
        const e = use(this);
        const file = e.attach(open());
        const jobs: Job[] = [
          { op: 'read', file, offset: FILE_BYTES - 100 },
          { op: 'read', file, offset: FILE_BYTES + 4096 },
        ];
        expect(await perform(e, jobs)).to.deep.equal([100, 0]);
      });

      it('makes durable: fsync, fdatasync, single writes', async function () {
        const e = use(this, ['write', 'fsync', 'fdatasync']);
        const file = e.attach(open());
        const jobs: Job[] = [
          { op: 'write', file, flags: SLOT.dsync },
          { op: 'write', file, flags: SLOT.sync, offset: SLOT_BYTES },
          { op: 'fsync', file },
          { op: 'fdatasync', file },
        ];
        expect(await perform(e, jobs)).to.deep.equal([SLOT_BYTES, SLOT_BYTES, 0, 0]);
      });

      it('begins a linked operation only when the one before has ended well and whole', async function () {
        const e = use(this);
        const file = e.attach(open());
        const link = SLOT.link;
        expect(
          await perform(e, [
            { op: 'write', file, flags: link },
            { op: 'fsync', file },
          ]),
        ).to.deep.equal([SLOT_BYTES, 0]);
        expect(
          await perform(e, [
            { op: 'read', file, offset: FILE_BYTES - 1, flags: link },
            { op: 'fsync', file, flags: link },
            { op: 'fsync', file },
          ]),
        ).to.deep.equal([1, 'ECANCELED', 'ECANCELED']);
      });

      it('tells errors by their number: what is not attached, not open for writing', async function () {
        const e = use(this);
        const file = e.attach(open('r'));
        const gone = e.attach(open('r'));
        e.detach(gone);
        expect(
          await perform(e, [
            { op: 'write', file },
            { op: 'read', file: gone },
            { op: 'read', file: 4000 },
          ]),
        ).to.deep.equal(['EBADF', 'EBADF', 'EBADF']);
      });

      it('does direct I/O from memory that is aligned, and tells what is not', async function () {
        if (process.platform !== 'linux' || name === 'mmap') return this.skip(); // mmap has no direct I/O; O_DIRECT is Linux's
        const e = use(this);
        const file = e.attach(open(constants.O_RDWR | constants.O_DIRECT));
        expect(
          await perform(e, [
            { op: 'write', file, fill: 9 },
            { op: 'read', file, offset: 4096 },
            { op: 'read', file, offset: 100 },
          ]),
        ).to.deep.equal([SLOT_BYTES, SLOT_BYTES, 'EINVAL']);
        expect(readFileSync(path)[SLOT_BYTES - 1]).to.equal(9);
      });

      it('waits no longer than it may for what does not end, and for nothing when nothing is in flight', async function () {
        const e = use(this);
        expect(await e.reap(1, 10 * 1000 * MS)).to.equal(0);
        expect(e.inFlight).to.equal(0);
      });
    });
  }

  it('has memory for direct I/O without calls into libc too', function () {
    if (process.platform !== 'linux') return this.skip(); // O_DIRECT is Linux's
    const { bytes, address } = fromWebAssembly(3 * 4096);
    expect(address).to.equal(null);
    expect(bytes.byteLength).to.equal(3 * 4096);
    expect(readSync(open(constants.O_RDONLY | constants.O_DIRECT), bytes, 4096, 4096, 0)).to.equal(4096);
    expect([bytes[4095], bytes[4096]]).to.deep.equal([0, 0x77]);
  });

  it('has a thread of the kernel submit where that is asked for', async function () {
    const options = { depth: DEPTH, slotBytes: SLOT_BYTES, operations: ['read'] as const, sqPollIdleMs: 10 };
    let engine: Engine;
    try {
      ({ engine } = openEngine({ ...options, engine: 'io_uring' }));
    } catch (error) {
      console.log(`      (${String(error)})`);
      return this.skip(); // no io_uring here; the reason is printed
    }
    expect(engine.report().uses).to.include('SQPOLL');
    const file = engine.attach(open());
    const reads = Array.from({ length: DEPTH }, (_, i) => ({
      op: 'read' as const,
      file,
      offset: i * SLOT_BYTES,
    }));
    for (let round = 0; round < 10; round++)
      expect(await perform(engine, reads)).to.deep.equal(reads.map(() => SLOT_BYTES));
    expect(await engine.close()).to.equal(0);
  });

  it('refuses to poll for what cannot be polled for', () => {
    const options = { depth: 1, slotBytes: 512, operations: ['fsync'] as const, ioPoll: true };
    expect(() => openEngine({ ...options, engine: 'io_uring' })).to.throw(EngineUnavailable);
  });

  it('polls for completions where the device has queues for it, and says so where it has none', async function () {
    const options = { depth: 1, slotBytes: SLOT_BYTES, operations: ['read'] as const, ioPoll: true };
    let engine: Engine;
    try {
      engine = openEngine({ ...options, engine: 'io_uring' }).engine;
    } catch (error) {
      expect(error).to.be.instanceOf(EngineUnavailable);
      this.skip(); // no io_uring that polls here
    }
    try {
      engine.detach(engine.attach(open()));
      expect(engine.report().uses).to.include('IOPOLL');
    } catch (error) {
      expect(error).to.be.instanceOf(EngineUnavailable);
      expect(String(error)).to.contain('no queues for it');
    }
    expect(await engine.close()).to.equal(0);
  });

  it('picks the first engine that the host has, and says why the others are not it', () => {
    const refuse = (name: EngineName): Engine => {
      throw new EngineUnavailable(`${name} is switched off`);
    };
    const portable = openEngine({
      engine: 'portable',
      depth: 1,
      slotBytes: 512,
      operations: ['read'],
    }).engine;
    const { engine, why } = choose(['io_uring', 'sync', 'portable'], (name) =>
      name === 'portable' ? portable : refuse(name),
    );
    expect(engine).to.equal(portable);
    expect(why).to.equal(
      'portable (auto): no io_uring: io_uring is switched off; no sync: sync is switched off',
    );
    expect(() => choose(['io_uring', 'sync'], refuse)).to.throw(EngineUnavailable, /no io_uring.*no sync/);
    return portable.close();
  });

  it('refuses what an engine that is asked for by name cannot do, instead of taking another', () => {
    const options = { depth: 1, slotBytes: 512, operations: ['discard'] as const };
    expect(() => openEngine({ ...options, engine: 'portable' })).to.throw(EngineUnavailable, /discard/);
  });
});
