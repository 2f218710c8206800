/** Kernels compute what is worked out here in another way, find a bit that is flipped, and fit the caches of their host. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { randomFor } from '../../../core/base/random.js';
import type { CacheFact } from '../../../core/contract/index.js';
import { readCaches } from '../../../core/linux/caches.js';
import { RESULT, SEED, STEPS } from '../../../plugins/cpu/kernels/branch.js';
import type { BranchExports } from '../../../plugins/cpu/kernels/branch.js';
import { CHAINS, CONSTANT, fold, ROUNDS, startOf } from '../../../plugins/cpu/kernels/chains.js';
import { KERNEL_NAMES, KERNELS, openKernel } from '../../../plugins/cpu/kernels/index.js';
import type { KernelName } from '../../../plugins/cpu/kernels/index.js';
import { chain } from '../../../plugins/cpu/kernels/integer.js';
import type { Kernel, KernelInput, KernelKind } from '../../../plugins/cpu/kernels/kernel.js';
import { inPanels, N } from '../../../plugins/cpu/kernels/matrix.js';
import type { MatrixExports } from '../../../plugins/cpu/kernels/matrix.js';
import type { SieveExports } from '../../../plugins/cpu/kernels/sieve.js';
import { arrayBytesOf, PIECE_BYTES, WHOLE_EVERY } from '../../../plugins/cpu/kernels/stream.js';
import { FACTOR, TERM } from '../../../plugins/cpu/kernels/walk.js';
import { kernelFaults, memoryBytesOf, sharesOf, takesMemory } from '../../../plugins/cpu/kernels/work.js';
import { BASE, canRun, openWasm } from '../../../plugins/cpu/kernels/wasm.js';
import type { WasmName } from '../../../plugins/cpu/kernels/wasm.js';
import type { Level } from '../../../plugins/cpu/kernels/working-set.js';
import { workingSetBytes } from '../../../plugins/cpu/kernels/working-set.js';
import { writeCaches } from '../../support/caches.js';
import { chainsResult, integerResult, primesBelow, wanderResult } from '../../support/kernels.js';

const KIB = 2 ** 10;
const MIB = 2 ** 20;
const seed = Math.floor(Math.random() * 2 ** 32);
/** A small machine, so that nothing here takes much memory. */
const CACHES: readonly CacheFact[] = [
  { level: 1, bytes: 32 * KIB, count: 2, lineBytes: 64 },
  { level: 2, bytes: 256 * KIB, count: 2, lineBytes: 64 },
  { level: 3, bytes: 2 * MIB, count: 1, lineBytes: 64 },
];

function input(over: Partial<KernelInput> = {}): KernelInput {
  const shared = new SharedArrayBuffer(4096);
  return {
    random: randomFor(seed, 'kernel'),
    instance: { index: 0, count: 2 },
    caches: CACHES,
    shared,
    ...over,
  };
}

function absent(name: KernelName): string | null {
  const kind: KernelKind = KERNELS[name];
  return kind.absent?.(input()) ?? null;
}

describe('kernels of the cpu', () => {
  before(() => console.log(`      seed ${seed}`));

  for (const name of KERNEL_NAMES) {
    it(`${name} gives the right result every time`, function () {
      if (absent(name) !== null) return this.skip(); // the engine lacks instructions that it needs
      const kernel = openKernel(name, input());
      // Through the whole working set of those that have one, and then some.
      for (let i = 0; i < 300; i++) expect(kernel.operate(), `operation ${i}`).to.equal(true);
    });
  }

  describe('compute what another way gives:', () => {
    const chains: readonly (readonly [WasmName, 'single' | 'double' | 'integer', number])[] = [
      ['chains', 'single', 1],
      ['chains', 'double', 1],
      ['chains-simd', 'single', 4],
      ['chains-simd', 'double', 2],
      ['chains-simd', 'integer', 4],
      ['chains-relaxed', 'single', 4],
    ];
    for (const [module, step, lanes] of chains) {
      it(`${module}, ${step}`, function () {
        if (!canRun(module)) return this.skip(); // the engine lacks its instructions
        type Exports = Record<typeof step, (at: number, rounds: number, c: number) => void>;
        const Values = { single: Float32Array, double: Float64Array, integer: Int32Array }[step];
        const count = CHAINS * lanes;
        const bytes = count * Values.BYTES_PER_ELEMENT;
        const { exports, buffer } = openWasm<Exports>(module, bytes);
        new Values(buffer, BASE, count).set(Array.from({ length: count }, (_, k) => startOf(step, k)));
        exports[step](BASE, ROUNDS, CONSTANT[step]);
        const ways = [chainsResult(step, lanes)];
        if (module === 'chains-relaxed') ways.push(chainsResult(step, lanes, true));
        expect(ways).to.include(fold(new Uint32Array(buffer, BASE, bytes / 4)));
      });
    }

    it('the integer chain, in numbers of any size', () => {
      const start = Math.floor(randomFor(seed, 'integer')() * 2 ** 32);
      expect(chain(start, 1000)).to.equal(integerResult(start, 1000));
    });

    it('primes, by trial division', () => {
      for (const limit of [64, 1000, 16_384]) {
        const { exports } = openWasm<SieveExports>('sieve', 16_384);
        const found = BigInt.asUintN(64, exports.primes(BASE, limit));
        const primes = primesBelow(limit);
        expect(found >> 32n).to.equal(BigInt(primes.length));
        expect(found & 0xffff_ffffn).to.equal(BigInt(primes.reduce((sum, prime) => sum + prime, 0)));
      }
    });

    it('branches, by a table', () => {
      const { exports } = openWasm<BranchExports>('branch');
      expect(exports.wander(SEED, STEPS) >>> 0).to.equal(RESULT);
      expect(wanderResult(SEED, STEPS)).to.equal(RESULT);
    });

    it('rows of a product of matrices, by its definition', function () {
      if (!canRun('matrix-simd')) return this.skip(); // the engine has no SIMD
      const random = randomFor(seed, 'matrix');
      const entries = (rows: number): Float32Array =>
        new Float32Array(rows * N).map(() => Math.floor(random() * 255) - 127);
      const [a, b] = [entries(4), entries(N)];
      for (const module of (['matrix-simd', 'matrix-relaxed'] as const).filter(canRun)) {
        const { exports, buffer } = openWasm<MatrixExports>(module, 4 * (8 * N + N * N));
        const at = { a: BASE, c: BASE + 16 * N, b: BASE + 32 * N };
        new Float32Array(buffer, at.a, a.length).set(a);
        new Float32Array(buffer, at.b, b.length).set(inPanels(b));
        exports.fourRows(at.c, at.a, at.b);
        const wanted = new Float32Array(4 * N).map((_, i) => {
          const [row, column] = [Math.floor(i / N), i % N];
          let sum = 0;
          for (let k = 0; k < N; k++) sum += a[row * N + k]! * b[k * N + column]!;
          return sum;
        });
        expect(new Float32Array(buffer, at.c, 4 * N)).to.deep.equal(wanted);
      }
    });

    it('a chase goes through every line once before it comes back', () => {
      const { exports, buffer } = openWasm<{
        link(base: number, lines: number, factor: number, term: number): void;
      }>('walk', 1024 * 64);
      exports.link(BASE, 1024, FACTOR, TERM);
      const seen = new Set<number>();
      const words = new Uint32Array(buffer);
      for (let at = BASE; !seen.has(at); at = words[at / 4]!) seen.add(at);
      expect(seen.size).to.equal(1024);
    });
  });

  describe('find a flipped bit of what they compute with:', () => {
    /** Operations until it is found, of at most so many. */
    const found = (kernel: Kernel, most: number): number => {
      for (let i = 1; i <= most; i++) if (!kernel.operate()) return i;
      return Infinity;
    };
    const flip = ({ memory }: Kernel, byte: number, bit: number): void => {
      const bytes = new Uint8Array(memory!);
      bytes[byte]! ^= 1 << bit;
    };
    const cases: readonly {
      readonly name: KernelName;
      /** Where, in bytes from BASE. */
      readonly at: (random: () => number) => number;
      /** Which of the eight; absent: any. Of a number of single precision only some make a difference. */
      readonly bit?: number;
      readonly most: number;
    }[] = [
      { name: 'matrix', at: (random) => 3 + 4 * Math.floor(random() * 2 * N * N), bit: 6, most: N / 4 },
      { name: 'hash', at: (random) => 1024 + Math.floor(random() * 8192), most: 1 },
      { name: 'hash-fnv1a', at: (random) => 1024 + Math.floor(random() * 16_384), most: 1 },
      { name: 'chase-l1', at: (random) => 64 * Math.floor(random() * 256), most: 1 },
      { name: 'chase-dram', at: (random) => 64 * Math.floor(random() * 65_536), most: 300 },
      { name: 'stride-l2', at: (random) => 64 * Math.floor(random() * 2048), most: 2 },
    ];
    for (const { name, at, bit, most } of cases) {
      it(`${name}, within ${most} operations`, function () {
        if (absent(name) !== null) return this.skip(); // the engine lacks instructions that it needs
        const random = randomFor(seed, 'flip', name);
        for (let round = 0; round < 5; round++) {
          const kernel = openKernel(name, input());
          expect(kernel.operate()).to.equal(true);
          flip(kernel, BASE + at(random), bit ?? Math.floor(random() * 8));
          expect(found(kernel, most)).to.be.at.most(most);
        }
      });
    }

    for (const name of ['copy', 'scale', 'add', 'triad'] as const) {
      it(`${name}, when its piece is looked at whole`, function () {
        if (absent(name) !== null) return this.skip(); // the engine has no SIMD
        const kernel = openKernel(name, input({ instance: { index: 0, count: 2 } }));
        const arrays = kernel.bytesPerOperation! / PIECE_BYTES;
        const arrayBytes = arrayBytesOf(4 * MIB, arrays);
        expect(kernel.operate()).to.equal(true);
        // The first array that is read lies behind the one that is written.
        const element = Math.floor(randomFor(seed, name)() * (arrayBytes / 8));
        flip(kernel, BASE + arrayBytes + 8 * element + 5, 3);
        const pieces = arrayBytes / PIECE_BYTES;
        expect(found(kernel, WHOLE_EVERY * pieces)).to.be.at.most(WHOLE_EVERY * pieces);
      });
    }

    it('a pointer that leads out of the memory is wrong too', () => {
      const kernel = openKernel('chase-l1', input());
      new Uint32Array(kernel.memory!, BASE, 1)[0] = 0xffff_ff00;
      expect(found(kernel, 1)).to.equal(1);
    });

    it('counts that another instance took part in', () => {
      const shared = new SharedArrayBuffer(4096);
      const kernel = openKernel('false-sharing', input({ shared }));
      expect(kernel.operate()).to.equal(true);
      const words = new Int32Array(shared);
      const { load } = Atomics;
      let isFirst = true;
      // Somebody else counts in the word between two looks at it.
      Atomics.load = ((array: Int32Array, index: number) => {
        if (!isFirst) words[0]! += 1;
        isFirst = false;
        return load(array, index);
      }) as typeof Atomics.load;
      try {
        expect(kernel.operate()).to.equal(false);
      } finally {
        Atomics.load = load;
      }
    });
  });

  describe('work in memory that', () => {
    let root: string;
    beforeEach(() => {
      root = mkdtempSync(join(tmpdir(), 'brunt-test-'));
    });
    afterEach(() => rmSync(root, { recursive: true, force: true }));
    const sizes = (caches: readonly CacheFact[] | null, instances: number): (number | null)[] =>
      (['l1', 'l2', 'l3', 'dram'] satisfies Level[]).map((level) =>
        workingSetBytes(level, caches, instances),
      );

    it('fits the caches of the host, and beyond them none', () => {
      writeCaches(root, 16, [
        { level: 1, type: 'Data', size: '48K', sharedBy: '0,8' },
        { level: 2, type: 'Unified', size: '2048K', sharedBy: '0,8' },
        { level: 3, type: 'Unified', size: '36M', sharedBy: '0-7' },
      ]);
      const caches = readCaches(root);
      expect(sizes(caches, 1)).to.deep.equal([16 * KIB, MIB, 16 * MIB, 256 * MIB]);
      expect(sizes(caches, 16)).to.deep.equal([16 * KIB, MIB, 4 * MIB, 16 * MIB]);
    });

    it('is of the last level there is', () => {
      writeCaches(root, 4, [
        { level: 1, type: 'Data', size: '32K', sharedBy: '0' },
        { level: 2, type: 'Unified', size: '1024K', sharedBy: '0-3' },
      ]);
      expect(sizes(readCaches(root), 1)).to.deep.equal([16 * KIB, 512 * KIB, null, 4 * MIB]);
      const kind: KernelKind = KERNELS['chase-l3'];
      expect(kind.absent?.(input({ caches: readCaches(root) }))).to.contain('no cache of level 3');
    });

    it('is not made up where the host does not say', () => {
      expect(sizes(null, 1)).to.deep.equal([null, null, null, null]);
      for (const name of ['chase-l1', 'stride-dram', 'triad'] as const) {
        const kind: KernelKind = KERNELS[name];
        expect(kind.absent?.(input({ caches: null })), name).to.contain('does not say');
      }
    });

    it('is claimed in the plan, of all instances together', () => {
      expect(takesMemory({ kernel: 'integer' })).to.equal(false);
      expect(memoryBytesOf({ kernel: 'triad' }, CACHES, 2)).to.equal(8 * MIB);
      expect(memoryBytesOf({ kernel: 'mixed', mix: { triad: 1, integer: 3 } }, CACHES, 2)).to.equal(8 * MIB);
      expect(takesMemory({ kernel: 'mixed', mix: { triad: 1, integer: 3 } })).to.equal(true);
      expect(takesMemory({ kernel: 'mixed', mix: { triad: 0, integer: 3 } })).to.equal(false);
    });
  });

  it('refuse options that say nothing together', () => {
    expect(kernelFaults({ kernel: 'mixed' }, 1)).to.deep.equal([]);
    expect(sharesOf({ kernel: 'mixed', mix: { jit: 2, gc: 0 } })).to.deep.equal([['jit', 2]]);
    expect(kernelFaults({ kernel: 'sieve', mix: { jit: 1 } }, 1)[0]?.message).to.contain('"mixed"');
    expect(kernelFaults({ kernel: 'mixed', mix: { jit: 0 } }, 1)[0]?.message).to.contain('no kernel a share');
    expect(kernelFaults({ kernel: 'false-sharing' }, 1)[0]?.hint).to.contain('2 or more');
    expect(kernelFaults({ kernel: 'false-sharing' }, 2)).to.deep.equal([]);
  });
});
