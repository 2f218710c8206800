/** What the kernel is told of a file, and does: by what of it lies in the page cache. */
import { expect } from 'chai';
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MAP_SHARED, mapper } from '../../../../core/linux/mapping.js';
import { openAsAsked } from '../../../../plugins/disk/file.js';
import type { DiskOptions } from '../../../../plugins/disk/options.js';

const BYTES = 2 ** 20;
const TMPFS = 0x0102_1994;

describe('advice of a disk actor', () => {
  it('drops a file from the page cache with dontNeed, and brings it back with willNeed', async function () {
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
      const open = (advise: string): void =>
        closeSync(openAsAsked(path, { access: 'random', direct: false, advise } as unknown as DiskOptions));
      open('dontNeed');
      expect(mapped.residentBytes()).to.equal(0);
      open('willNeed');
      while (mapped.residentBytes() < BYTES) await new Promise((resolve) => setTimeout(resolve, 5));
      mapped.unmap();
      closeSync(fd);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
