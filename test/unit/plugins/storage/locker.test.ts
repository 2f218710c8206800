/** Locks of operations: of their range, or of the whole file. */
import { expect } from 'chai';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileLocks } from '../../../../core/linux/file-lock.js';
import { Locker } from '../../../../plugins/storage/workload/locker.js';

const BLOCK = 4096;

describe('the lock of an operation', () => {
  it('keeps others out of its range, or of the whole file, until it is given back', function () {
    const locks = fileLocks();
    if (locks === null) return this.skip(); // no calls into libc here
    const folder = mkdtempSync(join(tmpdir(), 'brunt-locker-'));
    const path = join(folder, 'f');
    writeFileSync(path, 'x');
    const [own, other] = [openSync(path, 'r+'), openSync(path, 'r+')];
    const taken: boolean[] = [];
    // Asked to stop at once: who has to wait gives up after half a second.
    const make = (isRange: boolean): Locker =>
      new Locker({
        locks,
        isRange,
        stopped: () => true,
        beat: () => undefined,
        onTaken: (_waitNs, wasHeld) => void taken.push(wasHeld),
      });
    try {
      const [range, file] = [make(true), make(false)];
      expect(range.take(own, 'write', BLOCK, BLOCK)).to.equal(null);
      expect([locks.lock(other, 'write', 0, BLOCK), locks.unlock(other, 0, BLOCK)]).to.deep.equal([0, 0]);
      expect(locks.lock(other, 'write', BLOCK, 1)).to.be.lessThan(0);
      range.give();
      expect(file.take(own, 'write', BLOCK, BLOCK)).to.equal(null);
      expect(locks.lock(other, 'read', 0, 1)).to.be.lessThan(0);
      file.give();
      expect(locks.lock(other, 'write', 0, BLOCK)).to.equal(0);
      expect(range.take(own, 'read', BLOCK, BLOCK), 'beside it').to.equal(null);
      range.give();
      expect(range.take(own, 'read', 0, BLOCK), 'in it').to.equal('EAGAIN');
      expect(taken).to.deep.equal([false, false, false]);
    } finally {
      closeSync(own);
      closeSync(other);
      rmSync(folder, { recursive: true });
    }
  });
});
