/** The file of a disk actor, made on a real filesystem: in slices that can be held up, and given up. */
import { expect } from 'chai';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomFor } from '../../../../core/base/random.js';
import { makeFile } from '../../../../plugins/disk/file.js';

const MIB = 2 ** 20;

describe('the file of a disk actor', () => {
  it('is filled slice by slice, each of which may be held up, and no further when it is given up', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'brunt-file-'));
    try {
      for (const slices of [1, Infinity]) {
        let asked = 0;
        const path = join(folder, `f${slices}`);
        await makeFile(
          { path, bytes: 17 * MIB, content: 'fill', compressible: 0 },
          {
            signal: new AbortController().signal,
            random: randomFor(1),
            unavailable: (reason) => {
              throw new Error(reason);
            },
            claim: () => Promise.resolve(),
            pace: () => Promise.resolve(asked++ < slices),
            log: () => undefined,
          },
        );
        expect(asked).to.be.greaterThan(1);
        expect(statSync(path).size).to.equal(slices === 1 ? 8 * MIB : 17 * MIB);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
