/** What the kernel is told of a file, and does: by what of it lies in the page cache. */
import { expect } from 'chai';
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MAP_SHARED, mapper } from '../../../../core/linux/mapping.js';
import type { Advice } from '../../../../core/linux/file-io.js';
import { OP } from '../../../../plugins/storage/engines/engine.js';
import { openEngine } from '../../../../plugins/storage/engines/open.js';
import { advised } from '../../../../plugins/storage/workload/advice.js';

const BYTES = 2 ** 20;
const PAGE = 4096;
const TMPFS = 0x0102_1994;

/** Bytes of it in the page cache once the engine mmap has read its first page. */
async function residentAfterOne(fd: number, advice: Advice, resident: () => number): Promise<number> {
  const { engine } = openEngine({ engine: 'mmap', depth: 1, slotBytes: PAGE, operations: ['read'] });
  const file = engine.attach(fd);
  expect(advised(fd, advice, 0, BYTES, { engine, file })).to.equal(null);
  expect(advised(fd, 'noReuse', 0, 0, { engine, file })).to.match(
    /does not take "noReuse" \(madvise: EINVAL\)/,
  );
  engine.slots.op[0] = OP.read;
  engine.slots.file[0] = file;
  engine.submit(0);
  expect(await engine.reap(1, 1e9)).to.equal(1);
  expect(engine.slots.result[0]).to.equal(PAGE);
  const bytes = resident();
  await engine.close();
  return bytes;
}

describe('advice of a disk actor', () => {
  it('drops a file from the page cache with dontNeed, and brings it back with willNeed, mapped too', async function () {
    const mapping = mapper();
    if (mapping === null) return this.skip(); // no calls into libc here
    const folder = mkdtempSync(join(tmpdir(), 'brunt-advice-'));
    if (statfsSync(folder).type === TMPFS) {
      rmSync(folder, { recursive: true });
      return this.skip(); // what lies in a tmpfs lies nowhere else
    }
    try {
      const path = join(folder, 'f');
      const fd = openSync(path, 'w+');
      writeSync(fd, Buffer.alloc(BYTES, 1));
      fsyncSync(fd);
      const mapped = mapping.mapForReading(BYTES, MAP_SHARED, fd);
      if (typeof mapped === 'number') throw new Error(`errno ${mapped}`);
      expect(mapped.residentBytes()).to.equal(BYTES);
      const drop = (): void => {
        expect(advised(fd, 'dontNeed')).to.equal(null);
        expect(mapped.residentBytes()).to.equal(0);
      };
      drop();
      expect(advised(fd, 'willNeed')).to.equal(null);
      while (mapped.residentBytes() < BYTES) await new Promise((resolve) => setTimeout(resolve, 5));
      drop();
      // What is mapped goes by the advice for that: a page that is read brings its neighbours, or none.
      expect(await residentAfterOne(fd, 'normal', () => mapped.residentBytes())).to.be.greaterThan(PAGE);
      drop();
      expect(await residentAfterOne(fd, 'random', () => mapped.residentBytes())).to.equal(PAGE);
      mapped.unmap();
      closeSync(fd);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
