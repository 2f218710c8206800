/** Caches of a machine, from trees of sysfs that are written here. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { readCaches } from '../../../core/linux/caches.js';
import { writeCaches } from '../../support/caches.js';

describe('caches', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'brunt-test-'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it('are one of each level that holds data, with how many of them there are', () => {
    writeCaches(root, 16, [
      { level: 1, type: 'Data', size: '48K', sharedBy: '0,8' },
      { level: 1, type: 'Instruction', size: '32K', sharedBy: '0,8' },
      { level: 2, type: 'Unified', size: '2048K', sharedBy: '0,8' },
      { level: 3, type: 'Unified', size: '36M', sharedBy: '0-3,8-11' },
    ]);
    expect(readCaches(root)).to.deep.equal([
      { level: 1, bytes: 48 * 2 ** 10, count: 8, lineBytes: 64 },
      { level: 2, bytes: 2 * 2 ** 20, count: 8, lineBytes: 64 },
      { level: 3, bytes: 36 * 2 ** 20, count: 2, lineBytes: 64 },
    ]);
  });

  it('are not known where sysfs does not say, or says no size', () => {
    expect(readCaches(root)).to.equal(null);
    writeCaches(root, 1, [{ level: 1, type: 'Data', size: '', sharedBy: '0' }]);
    expect(readCaches(root)).to.equal(null);
    mkdirSync(join(root, 'cpu0/cache/index7'));
    writeFileSync(join(root, 'cpu0/cache/index7/level'), 'x');
    expect(readCaches(root)).to.equal(null);
  });
});
