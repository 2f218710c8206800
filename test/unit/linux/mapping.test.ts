import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import type { Mapping } from '../../../core/linux/mapping.js';
import { MADV_DONTNEED, MADV_POPULATE_WRITE, mapper } from '../../../core/linux/mapping.js';

const BYTES = 64 * 2 ** 20;
const EINVAL = 22;
const ENOMEM = 12;

/** Resident bytes of what is mapped at an address, as the kernel accounts it. */
function residentAt(address: number): number {
  const text = readFileSync('/proc/self/smaps', 'utf8');
  const from = text.search(new RegExp(`^${address.toString(16).padStart(8, '0')}-`, 'm'));
  return from < 0 ? 0 : Number(/^Rss:\s+(\d+) kB$/m.exec(text.slice(from))?.[1]) * 1024;
}

describe('mapped memory', () => {
  let mapping: Mapping;

  beforeEach(function () {
    const m = mapper();
    if (m === null) return this.skip(); // koffi is optional
    const mapped = m.map(BYTES);
    if (typeof mapped === 'number') throw new Error(`mmap: errno ${mapped}`);
    mapping = mapped;
  });

  it('is resident when populated, and gone at once when no longer needed or unmapped', () => {
    expect(residentAt(mapping.address)).to.equal(0);
    expect(mapping.advise(0, BYTES, MADV_POPULATE_WRITE)).to.equal(0);
    expect(residentAt(mapping.address)).to.equal(BYTES);
    expect(mapping.advise(BYTES / 2, BYTES / 2, MADV_DONTNEED)).to.equal(0);
    expect(residentAt(mapping.address)).to.equal(BYTES / 2);
    mapping.unmap();
    expect(residentAt(mapping.address)).to.equal(0);
  });

  it('is memory like any other, aligned to pages, and zero before it is written', () => {
    const words = new Float64Array(mapping.buffer);
    expect(mapping.address % (mapper()?.pageBytes ?? 1)).to.equal(0);
    expect(words[12_345]).to.equal(0);
    words[12_345] = Math.PI;
    expect(new Float64Array(mapping.buffer, 12_345 * 8, 1)[0]).to.equal(Math.PI);
    mapping.unmap();
  });

  it('tells the errno of what the kernel refuses', () => {
    expect(mapping.advise(1, 4096, MADV_DONTNEED)).to.equal(EINVAL);
    expect(mapper()?.map(2 ** 52)).to.equal(ENOMEM);
    mapping.unmap();
  });
});
