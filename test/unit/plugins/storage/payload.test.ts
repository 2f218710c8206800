import { expect } from 'chai';
import { deflateRawSync } from 'node:zlib';
import { randomFor } from '../../../../core/base/random.js';
import { Payload } from '../../../../plugins/storage/payload.js';

const SEED = 99;
const BLOCK = 4096;

function blocks(spec: { compressible: number; duplicate: number }, count: number, bytes = BLOCK): Buffer[] {
  const payload = new Payload(spec, randomFor(SEED));
  return Array.from({ length: count }, () => {
    const buffer = Buffer.alloc(bytes + 16);
    payload.fill(buffer, 8, bytes);
    return buffer.subarray(8, 8 + bytes);
  });
}

describe(`payload (seed ${SEED})`, () => {
  for (const compressible of [0, 0.25, 0.5, 0.9]) {
    it(`compresses by ${compressible * 100} % where that is asked, in every block size`, () => {
      for (const bytes of [512, 4096, 65_536]) {
        const all = Buffer.concat(blocks({ compressible, duplicate: 0 }, 32, bytes));
        const each = blocks({ compressible, duplicate: 0 }, 32, bytes);
        const packed = each.reduce((sum, block) => sum + deflateRawSync(block).length, 0);
        expect(1 - packed / all.length, `${bytes} bytes`).to.be.closeTo(compressible, 0.06);
      }
    });
  }

  it('makes no two blocks alike, and as many alike as asked', () => {
    const distinct = (list: Buffer[]): number => new Set(list.map((block) => block.toString('latin1'))).size;
    expect(distinct(blocks({ compressible: 0, duplicate: 0 }, 5000))).to.equal(5000);
    expect(distinct(blocks({ compressible: 0.5, duplicate: 0 }, 5000))).to.equal(5000);
    expect(distinct(blocks({ compressible: 0, duplicate: 0.4 }, 5000))).to.be.within(2900, 3250);
    expect(distinct(blocks({ compressible: 0, duplicate: 1 }, 5000))).to.be.at.most(64);
  });

  it('fills all of a block that is longer than one copy, and only the block', () => {
    const payload = new Payload({ compressible: 0, duplicate: 0 }, randomFor(SEED));
    const buffer = Buffer.alloc(3 * 2 ** 20 + 4096 + 16);
    payload.fill(buffer, 8, buffer.length - 16);
    expect(buffer.subarray(0, 8).every((byte) => byte === 0)).to.equal(true);
    expect(buffer.subarray(-8).every((byte) => byte === 0)).to.equal(true);
    const zeros = buffer.subarray(8, -8).filter((byte) => byte === 0).length / buffer.length;
    expect(zeros).to.be.closeTo(1 / 256, 0.001);
  });

  it('makes what a file has the same however it is cut up, and other than what other files and places have', () => {
    const payload = new Payload({ compressible: 0.25, duplicate: 0 }, randomFor(SEED));
    const bytes = 2 ** 20 + 70_000;
    const whole = Buffer.alloc(bytes);
    payload.fillAs(7, 0, whole, 0, bytes);
    const cut = Buffer.alloc(bytes);
    for (let at = 0, piece = 1; at < bytes; at += piece, piece = (piece * 3) % 70_001)
      payload.fillAs(7, at, cut, at, Math.min(piece, bytes - at));
    expect(cut.equals(whole)).to.equal(true);
    const other = Buffer.alloc(4096);
    payload.fillAs(8, 0, other, 0, 4096);
    expect(other.equals(whole.subarray(0, 4096))).to.equal(false);
    expect(whole.subarray(512, 1024).equals(whole.subarray(2 ** 20 + 512, 2 ** 20 + 1024))).to.equal(false);
  });
});
