/** The regions of plugin memory in this process: what they hold is what the kernel says is resident, to the page. */
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { randomFor } from '../../../core/base/random.js';
import { mapper } from '../../../core/linux/mapping.js';
import { BufferRegion } from '../../../plugins/memory/buffer-region.js';
import { Contents, PAGE_BYTES } from '../../../plugins/memory/contents.js';
import { unusableFree } from '../../../plugins/memory/fragmentation.js';
import type { Region } from '../../../plugins/memory/holding.js';
import { KernelRegion } from '../../../plugins/memory/kernel-region.js';
import type { Order } from '../../../plugins/memory/picks.js';
import { pickerOf } from '../../../plugins/memory/picks.js';

const MIB = 2 ** 20;
const SEED = 20_260_614;

/** Areas whose pages are marked small (nh) or huge (hg), as what a region maps is, and stacks of threads: resident bytes. */
function markedAreas(): Map<string, number> {
  const text = readFileSync('/proc/self/smaps', 'latin1');
  const areas = text
    .split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)
    .filter((area) => /^VmFlags:.* (nh|hg)\b/m.test(area));
  return new Map(
    areas.map((area) => [area.split(' ')[0]!, Number(/^Rss:\s+(\d+) kB$/m.exec(area)![1]) * 1024]),
  );
}

/** What has come since: threads that end meanwhile take nothing off it. */
function mappedSince(before: ReadonlyMap<string, number>): number {
  return [...markedAreas()].reduce((sum, [area, bytes]) => sum + (before.has(area) ? 0 : bytes), 0);
}

/** Of the whole process: its heap moves by itself. */
function processBytes(): number {
  return Number(/^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'latin1'))![1]) * 1024;
}

describe(`regions of plugin memory (seed ${SEED})`, () => {
  let wrong: number[] = [];
  const contents = new Contents(randomFor(SEED, 'contents'), (page) => wrong.push(page));
  beforeEach(() => (wrong = []));

  const kinds: Record<string, () => Region | null> = {
    'huge pages': () => kernel({ wantsHuge: true }),
    'small pages': () => kernel({ wantsHuge: false }),
    'shared memory': () => kernel({ wantsHuge: false, isShared: true }),
    'locked memory': () => kernel({ wantsHuge: true, isLocked: true }),
    'buffers of the engine': () => new BufferRegion(contents, 16 * MIB),
  };
  function kernel(how: { wantsHuge: boolean; isShared?: boolean; isLocked?: boolean }): Region | null {
    const m = mapper();
    return m === null ? null : new KernelRegion({ mapper: m, contents, expectedBytes: 16 * MIB, ...how });
  }

  for (const [name, make] of Object.entries(kinds)) {
    it(`${name}: follow every amount up and down, and read as written`, function () {
      if (process.platform !== 'linux') this.skip(); // residence is read from /proc
      const region = make();
      if (region === null) return this.skip(); // koffi is optional
      const random = randomFor(SEED, name);
      const isMapped = region instanceof KernelRegion;
      const slack = isMapped ? 0 : 12 * MIB;
      const [areas, process0] = [markedAreas(), processBytes()];
      const resident = (): number => (isMapped ? mappedSince(areas) : processBytes() - process0);
      const grain = region.grainBytes;
      for (let step = 0; step < 40; step++) {
        const target = Math.floor((random() * 48 * MIB) / grain) * grain;
        while (region.heldBytes < target) {
          region.grow(Math.min(target - region.heldBytes, region.roomBytes));
          if (region.refusal !== null) return this.skip(); // mlock has a limit of 8 MiB where there is no root
        }
        while (region.heldBytes > target) region.shrink(region.heldBytes - target);
        expect(region.heldBytes).to.equal(target);
        expect(resident(), `step ${step}`).to.be.within(target - slack, target + slack);
      }
      const held = region.heldBytes;
      if (held >= 4 * MIB) region.renew(Math.floor(MIB / grain) * grain, 2 * MIB);
      for (let at = 0; at < held; at += region.spanBytes)
        region.check(at, Math.min(region.spanBytes, held - at));
      while (region.heldBytes > 0) region.shrink(region.heldBytes);
      expect(wrong).to.deep.equal([]);
      expect(resident()).to.be.at.most(slack);
      region.dispose();
    });

    it(`${name}: a flipped bit is found, and a page that stands in for another`, function () {
      const region = make();
      if (region === null) return this.skip(); // koffi is optional
      region.grow(4 * MIB);
      if (region.refusal !== null) return this.skip(); // mlock is not allowed here
      const { bytes, firstPage } = region.spans[0]!;
      bytes[5 * PAGE_BYTES + 1234]! ^= 0x10;
      bytes.copyWithin(300 * PAGE_BYTES, 44 * PAGE_BYTES, 45 * PAGE_BYTES);
      region.check(0, 4 * MIB);
      expect(wrong.map((page) => page - firstPage)).to.deep.equal([5, 300]);
      region.write(0, 4 * MIB);
      region.shrink(4 * MIB);
      expect(wrong).to.have.length(2);
      region.dispose();
    });
  }
});

describe(`orders of access (seed ${SEED})`, () => {
  const drawn = (order: Order, count: number, times: number, over = {}): Map<number, number> => {
    const random = randomFor(SEED, order);
    const pick = pickerOf({ order, random, stride: 7, skew: 0.99, together: 1, ...over });
    const seen = new Map<number, number>();
    for (let i = 0, last = 0; i < times; i++) {
      const at = pick(count, last);
      seen.set(at, (seen.get(at) ?? 0) + 1);
      last = Math.imul(at, 0x9e3779b1);
    }
    expect([...seen.keys()].every((at) => Number.isInteger(at) && at >= 0 && at < count)).to.equal(true);
    return seen;
  };

  it('sequential and strided reach everything equally often', () => {
    for (const order of ['sequential', 'strided'] as const) {
      const seen = drawn(order, 100, 300);
      expect(seen.size, order).to.equal(100);
      expect(
        [...seen.values()].every((n) => n === 3),
        order,
      ).to.equal(true);
    }
  });

  it('random and chase reach everything, no place much more often than another', () => {
    for (const order of ['random', 'chase'] as const) {
      const seen = drawn(order, 100, 50_000);
      expect(seen.size, order).to.equal(100);
      // 500 each; six standard deviations.
      expect(Math.min(...seen.values()), order).to.be.greaterThan(500 - 6 * 22.4);
      expect(Math.max(...seen.values()), order).to.be.lessThan(500 + 6 * 22.4);
    }
  });

  it('zipf gives each rank its share', () => {
    for (const skew of [0, 0.5, 0.99, 1, 1.5]) {
      const counts = [...drawn('zipf', 1000, 100_000, { skew }).values()].sort((a, b) => b - a);
      const sum = Array.from({ length: 1000 }, (_, k) => (k + 1) ** -skew).reduce((a, b) => a + b, 0);
      const expected = 100_000 / sum;
      if (skew > 0)
        expect(counts[0], `skew ${skew}`).to.be.within(
          expected - 6 * expected ** 0.5,
          expected + 6 * expected ** 0.5,
        );
      else expect(counts[0], 'skew 0').to.be.lessThan(100 + 60);
    }
  });
});

it('free memory that is too scattered for a huge page is told from /proc/buddyinfo', () => {
  const text = `Node 0, zone      DMA      0      0      0      0      0      0      0      0      0      1      0
Node 0, zone   Normal    512      0      0      0      0      0      0      0      0      0      1\n`;
  expect(unusableFree(text)).to.equal(512 / (512 + 512 + 1024));
  expect(unusableFree('')).to.equal(null);
});
