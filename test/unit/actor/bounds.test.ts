/** Caps and bursts of the closed model, against a made server in made time: exact in the long run, and no more. */
import { expect } from 'chai';
import { Bounds } from '../../../core/actor/bounds.js';
import { randomFor } from '../../../core/base/random.js';

const SECOND = 1e9;
const NONE = { operationsMax: Infinity, bytesMax: Infinity, burst: 0, restNs: 0 };

interface Ran {
  readonly dues: number[];
  readonly ends: number[];
  readonly bytes: number;
  readonly capped: number;
}

/** So many places for a minute; each operation takes 1 to 9 ms and moves 1 to 7 KiB. */
function served(input: Partial<typeof NONE>, places: number, stallAtS = Infinity): Ran {
  const random = randomFor(20_261_127, 'bounds');
  const bounds = new Bounds({ ...NONE, ...input }, 0);
  const ready = new Array<number>(places).fill(0);
  const flying: { endNs: number; bytes: number }[] = [];
  const dues: number[] = [];
  const ends: number[] = [];
  let bytes = 0;
  for (let now = 0; now < 60 * SECOND;) {
    flying.sort((a, b) => a.endNs - b.endNs);
    const due = ready.length > 0 ? Math.max(ready[0]!, bounds.freeNs) : Infinity;
    const next = flying[0];
    if (next !== undefined && next.endNs <= due) {
      flying.shift();
      now = next.endNs;
      bounds.ended(now, 1, next.bytes);
      bytes += next.bytes;
      ends.push(now);
      ready.push(now);
      continue;
    }
    now = Math.max(now, due);
    bounds.started(ready.shift()!, due);
    dues.push(due);
    const stallNs = now > stallAtS * SECOND && now < (stallAtS + 1) * SECOND ? 2 * SECOND : 0;
    flying.push({ endNs: now + (1 + 8 * random()) * 1e6 + stallNs, bytes: Math.ceil(7168 * random()) });
  }
  return { dues, ends, bytes, capped: bounds.capped };
}

describe('caps of the closed model', () => {
  it('of operations are kept to one in a minute, whatever else is free', () => {
    const { dues, capped } = served({ operationsMax: 300 }, 8);
    expect(dues.length).to.be.within(17_999, 18_002);
    expect(capped).to.be.at.least(17_990);
    for (const [i, due] of dues.entries()) expect(due).to.be.at.least((i * SECOND) / 300 - 1);
  });

  it('of bytes are kept to what is in flight, though sizes are known afterwards', () => {
    const { bytes, capped } = served({ bytesMax: 1_000_000 }, 8);
    expect(bytes).to.be.within(60e6 - 8 * 7168, 60e6 + 8 * 7168);
    expect(capped).to.be.greaterThan(0);
  });

  it('of both: the tighter one rules; what is beyond reach holds nothing back', () => {
    expect(served({ bytesMax: 1e6, operationsMax: 100 }, 8).dues.length).to.be.within(5999, 6002);
    // Both places begin in one instant: the second of them is a microsecond late.
    expect(served({ operationsMax: 1e6 }, 2).capped).to.be.at.most(1);
    expect(served({ burst: 10, restNs: SECOND }, 4).capped).to.equal(0);
  });

  it('do not make up for a stall of seconds afterwards', () => {
    const { dues } = served({ operationsMax: 300 }, 8, 20);
    const after = dues.filter((due) => due > 23 * SECOND);
    for (let i = 30; i < after.length; i++) expect(after[i]! - after[i - 30]!).to.be.at.least(0.09 * SECOND);
    expect(dues.length).to.be.below(17_800);
  });

  it('bursts are so many operations, then a rest from the end of the last', () => {
    const { dues, ends } = served({ burst: 25, restNs: 0.5 * SECOND }, 4);
    for (let i = 25; i < dues.length; i++) {
      if (i % 25 === 0) expect(dues[i]).to.equal(ends[i - 1]! + 0.5 * SECOND);
      else expect(dues[i]! - dues[i - 1]!).to.be.below(10e6);
    }
    expect(dues.length).to.be.greaterThan(2000);
  });
});
