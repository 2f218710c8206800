/** What each operation is: kinds and sizes in exactly their shares, places as they are asked for, by the options of a scenario. */
import { expect } from 'chai';
import { randomFor } from '../../../../core/base/random.js';
import { Choices, regionOf } from '../../../../plugins/storage/workload/choices.js';
import type { WorkloadOptions } from '../../../../plugins/storage/workload/options.js';
import { WORKLOAD_OPTIONS } from '../../../../plugins/storage/workload/options.js';

const SEED = 41;
const KIB = 1024;
const REGION = { from: 64 * KIB, bytes: 1000 * KIB };

/** In base units, as a simulator receives them; what is not said has its default. */
function optionsOf(said: Partial<WorkloadOptions>): WorkloadOptions {
  const defaults = Object.entries(WORKLOAD_OPTIONS).flatMap(([name, schema]) =>
    'default' in schema ? [[name, schema.default] as const] : [],
  );
  return {
    ...Object.fromEntries(defaults),
    blockSize: 4 * KIB,
    stride: 1024 * KIB,
    ...said,
  } as WorkloadOptions;
}

function choose(said: Partial<WorkloadOptions>, region = REGION): Choices {
  return new Choices(optionsOf(said), region, randomFor(SEED));
}

function counted<T>(next: () => T, count: number): Map<T, number> {
  const counts = new Map<T, number>();
  for (let i = 0; i < count; i++) {
    const one = next();
    counts.set(one, (counts.get(one) ?? 0) + 1);
  }
  return counts;
}

function walk(choices: Choices, count: number, bytes = 4 * KIB): number[] {
  return Array.from({ length: count }, () => choices.place(bytes) - REGION.from);
}

describe(`choices of a workload (seed ${SEED})`, () => {
  it('keep the mix and the weights of sizes exactly, not only on average', () => {
    const choices = choose({
      mix: { read: 0.65, write: 0.3, trim: 0.05 },
      blockSizes: [
        { size: 4 * KIB, weight: 3 },
        { size: 64 * KIB, weight: 1 },
      ],
    });
    expect(Object.fromEntries(counted(choices.kind, 200))).to.deep.equal({ read: 130, write: 60, trim: 10 });
    expect([...counted(choices.size, 400)].sort()).to.deep.equal([
      [4 * KIB, 300],
      [64 * KIB, 100],
    ]);
  });

  it('draw from a range of sizes in whole steps, all alike', () => {
    const sizes = counted(choose({ blockSize: 4 * KIB, blockSizeMax: 18 * KIB }).size, 400);
    expect([...sizes].sort(([a], [b]) => a - b)).to.deep.equal([4, 8, 12, 16].map((kib) => [kib * KIB, 100]));
  });

  it('align places to the smallest block, or to what is said, and never leave the region', () => {
    for (const [align, unit] of [
      [undefined, 4 * KIB],
      [512, 512],
      [1, 1],
      [16 * KIB, 16 * KIB],
    ] as const) {
      const choices = choose({ access: 'random', ...(align !== undefined && { align }) });
      const places = walk(choices, 2000);
      expect(places.every((at) => at % unit === 0 && at >= 0 && at + 4 * KIB <= REGION.bytes)).to.equal(true);
      // None of them is a multiple of twice as much only.
      expect(places.some((at) => at % (2 * unit) !== 0)).to.equal(true);
      expect(choices.skew?.result()?.draws).to.equal(2000);
    }
  });

  it('go through all in order, pass by pass, or by strides that come to every block once', () => {
    const inOrder = choose({ access: 'sequential' }, { ...REGION, bytes: 10 * KIB });
    expect(walk(inOrder, 4)).to.deep.equal([0, 4 * KIB, 0, 4 * KIB]);
    expect([inOrder.isThrough(2), inOrder.isThrough(3), inOrder.skew]).to.deep.equal([true, false, null]);
    const strided = choose({ access: 'strided', stride: 12 * KIB }, { ...REGION, bytes: 32 * KIB });
    expect(walk(strided, 9).map((at) => at / (4 * KIB))).to.deep.equal([0, 3, 6, 1, 4, 7, 2, 5, 0]);
  });

  it('share a target out in whole places that do not overlap, or leave it to all', () => {
    const instances = [0, 1, 2].map((index) => ({ index, count: 3 }));
    const target = { from: 4 * KIB, bytes: 100 * KIB };
    const parts = instances.map((one) => regionOf(optionsOf({ distribution: 'partitioned' }), target, one));
    expect(parts).to.deep.equal([4, 36, 68].map((kib) => ({ from: kib * KIB, bytes: 32 * KIB })));
    expect(regionOf(optionsOf({ distribution: 'shared' }), target, instances[2]!)).to.deep.equal(target);
    const tooLarge = optionsOf({ distribution: 'partitioned', blockSize: 64 * KIB });
    expect(regionOf(tooLarge, target, instances[0]!)).to.equal(null);
  });
});
