import { expect } from 'chai';
import { randomFor } from '../../../../core/base/random.js';
import type { AccessSpec } from '../../../../plugins/storage/access/index.js';
import { makeAccess } from '../../../../plugins/storage/access/index.js';
import { permutation } from '../../../../plugins/storage/access/permutation.js';
import { isOff, SkewCheck, watched } from '../../../../plugins/storage/access/skew-check.js';

const SEED = 71;

function draw(spec: AccessSpec, n: number, count: number): number[] {
  const access = makeAccess(spec, n, randomFor(SEED, spec.kind));
  return Array.from({ length: count }, () => access.next());
}

const DRAWN: readonly AccessSpec[] = [
  { kind: 'random' },
  { kind: 'zipf', theta: 0.5, scramble: false },
  { kind: 'zipf', theta: 0.99, scramble: true },
  { kind: 'zipf', theta: 1, scramble: false },
  { kind: 'zipf', theta: 1.2, scramble: true },
  { kind: 'zipf', theta: 2.5, scramble: false },
  { kind: 'pareto', h: 0.2, scramble: true },
  { kind: 'normal', centre: 0.5, deviation: 0.1 },
  { kind: 'normal', centre: 0.9, deviation: 0.3 },
  {
    kind: 'zoned',
    zones: [
      { access: 0.6, size: 0.1 },
      { access: 0.3, size: 0.2 },
      { access: 0.1, size: 0.7 },
    ],
  },
  { kind: 'moving', size: 0.05, access: 0.9, everyOperations: 1000 },
];

describe(`access patterns (seed ${SEED})`, () => {
  for (const n of [1, 2, 1000, 2 ** 31 + 11]) {
    for (const spec of DRAWN) {
      it(`${JSON.stringify(spec)} over ${n} blocks follows its formula and stays inside`, () => {
        const access = makeAccess(spec, n, randomFor(SEED, spec.kind, n));
        const check = new SkewCheck(access, n);
        for (let i = 0; i < 100_000; i++) {
          const block = access.next();
          if (!(Number.isInteger(block) && block >= 0 && block < n)) expect.fail(`block ${block} of ${n}`);
          check.count();
        }
        const skew = check.result();
        expect(skew?.distance).to.be.lessThan(0.01);
        if (n >= 1000) expect(skew?.p).to.be.greaterThan(1e-4);
      });
    }
  }

  it('is found out when it does not follow the formula it claims', () => {
    const [honest, liar] = [{ theta: 0.99 }, { theta: 0.9 }].map(({ theta }) =>
      makeAccess({ kind: 'zipf', theta, scramble: false }, 100_000, randomFor(SEED)),
    );
    const check = new SkewCheck(
      { next: liar!.next, drawn: { rank: liar!.drawn!.rank, below: honest!.drawn!.below } },
      100_000,
    );
    for (let i = 0; i < 100_000; i++) {
      liar!.next();
      check.count();
    }
    expect(check.result()?.p).to.be.lessThan(1e-9);
    expect(isOff(check.result()!)).to.equal(true);
    const { next, check: own } = watched(honest!, 100_000);
    for (let i = 0; i < 120_000; i++) next();
    expect([own.result()?.draws, isOff(own.result()!)]).to.deep.equal([100_000, false]);
  });

  it('knows the shares that textbooks give', () => {
    const zipf = makeAccess({ kind: 'zipf', theta: 1.2, scramble: false }, 1000, randomFor(SEED)).drawn!;
    expect(zipf.below(200)).to.be.closeTo(0.89, 0.001); // summed by hand
    const pareto = makeAccess({ kind: 'pareto', h: 0.2, scramble: false }, 1000, randomFor(SEED)).drawn!;
    expect(pareto.below(200)).to.be.closeTo(0.8, 1e-9);
    const normal = makeAccess({ kind: 'normal', centre: 0.5, deviation: 0.1 }, 1000, randomFor(SEED)).drawn!;
    expect(normal.below(600) - normal.below(400)).to.be.closeTo(0.6827, 0.0005);
  });

  it('scrambles so that what is hot is not the start, and each block still has one rank', () => {
    for (const n of [1, 2, 3, 1000, 4097]) {
      const place = permutation(n, randomFor(SEED, n));
      const blocks = Array.from({ length: n }, (_, rank) => place(rank));
      expect(new Set(blocks).size).to.equal(n);
      expect(Math.max(...blocks)).to.equal(n - 1);
    }
    const place = permutation(10_000, randomFor(SEED));
    const mean = Array.from({ length: 100 }, (_, rank) => place(rank)).reduce((a, b) => a + b, 0) / 100;
    expect(mean).to.be.within(3500, 6500); // the hundred hottest lie all over
  });

  it('goes through all blocks in order', () => {
    expect(draw({ kind: 'sequential' }, 4, 6)).to.deep.equal([0, 1, 2, 3, 0, 1]);
  });

  it('moves the hot stretch on by its own length', () => {
    const blocks = draw({ kind: 'moving', size: 0.1, access: 1, everyOperations: 50 }, 100, 150);
    const stretches = [0, 1, 2].map((i) => blocks.slice(i * 50, i * 50 + 50));
    stretches.forEach((stretch, i) => {
      expect(stretch.every((block) => block >= i * 10 && block < i * 10 + 10)).to.equal(true);
    });
  });
});
