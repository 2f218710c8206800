/** Locks of open files: who keeps whom out, and when that ends. */
import { expect } from 'chai';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { must } from '../../../core/base/assert.js';
import { fileLocks } from '../../../core/linux/file-lock.js';

const { EAGAIN } = constants.errno;

describe('locks of open files', () => {
  it('keep writers out of a range, let readers share it, and end with unlock or close', function () {
    if (fileLocks() === null) return this.skip(); // no calls into libc here
    const locks = must(fileLocks() ?? undefined, 'calls into libc');
    const folder = mkdtempSync(join(tmpdir(), 'brunt-lock-'));
    const path = join(folder, 'f');
    writeFileSync(path, 'x');
    const [a, b] = [openSync(path, 'r+'), openSync(path, 'r+')];
    try {
      expect(locks.lock(a, 'write', 0, 4096)).to.equal(0);
      expect(locks.lock(b, 'read', 4000, 1)).to.equal(-EAGAIN);
      expect(locks.lock(b, 'write', 4096, 4096)).to.equal(0);
      expect(locks.lock(a, 'write', 0, 0)).to.equal(-EAGAIN); // to the end
      expect(locks.unlock(a, 0, 4096)).to.equal(0);
      expect(locks.lock(b, 'read', 0, 4096)).to.equal(0);
      expect(locks.lock(a, 'read', 0, 4096)).to.equal(0);
      expect(locks.lock(a, 'write', 0, 4096)).to.equal(-EAGAIN);
      closeSync(b);
      expect(locks.lock(a, 'write', 0, 0)).to.equal(0);
    } finally {
      closeSync(a);
      rmSync(folder, { recursive: true });
    }
  });
});
