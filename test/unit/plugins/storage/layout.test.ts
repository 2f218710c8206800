/** Many files: which a tree or a manifest comes to, which is picked next, and how few of them are open at a time. */
import { expect } from 'chai';
import { closeSync, fstatSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { randomFor } from '../../../../core/base/random.js';
import { partOf, rowBytes } from '../../../../plugins/storage/layout/layout.js';
import { readManifest } from '../../../../plugins/storage/layout/manifest.js';
import { OpenFiles } from '../../../../plugins/storage/layout/open-files.js';
import { DEFAULT_TREE, treeFaults, treeLayout } from '../../../../plugins/storage/layout/tree.js';
import type { WorkloadOptions } from '../../../../plugins/storage/workload/options.js';
import type { PickOptions } from '../../../../plugins/storage/workload/pick.js';
import { makePick } from '../../../../plugins/storage/workload/pick.js';

const KIB = 1024;

describe('many files', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'brunt-layout-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('are the same tree each time it is asked for, as deep and wide as asked, every name once', () => {
    const spec = { ...DEFAULT_TREE, files: 1001, depth: 3, width: 4 };
    const [one, two] = [treeLayout(spec, 4 * KIB), treeLayout(spec, 4 * KIB)];
    const paths = Array.from({ length: one.count }, (_, i) => one.pathOf(i));
    expect(paths).to.deep.equal(Array.from({ length: two.count }, (_, i) => two.pathOf(i)));
    expect(new Set(paths).size).to.equal(1001);
    expect(one.folders.length).to.equal(4 + 16 + 64);
    const leaves = new Map<string, number>();
    for (const path of paths) leaves.set(dirname(path), (leaves.get(dirname(path)) ?? 0) + 1);
    expect([...leaves.keys()].every((leaf) => one.folders.includes(leaf))).to.equal(true);
    expect([Math.min(...leaves.values()), Math.max(...leaves.values())]).to.deep.equal([15, 16]);
    for (const made of one.folders)
      expect(made.includes('/') ? one.folders.indexOf(dirname(made)) : -1).to.be.below(
        one.folders.indexOf(made),
      );
    expect(paths).to.not.deep.equal([...paths].sort());
  });

  it('have sizes of the range, in whole units, spread as asked, and lie in one row', () => {
    const spec = { ...DEFAULT_TREE, files: 4000, size: 4 * KIB, sizeMax: 1024 * KIB };
    for (const spread of ['uniform', 'lognormal'] as const) {
      const { bytes, starts, count } = treeLayout({ ...spec, spread }, 4 * KIB);
      const sorted = [...bytes].sort((a, b) => a - b);
      expect(sorted[0]).to.be.at.least(4 * KIB);
      expect(sorted.at(-1)).to.be.at.most(1024 * KIB);
      expect(sorted.every((size) => size % (4 * KIB) === 0)).to.equal(true);
      const mean = sorted.reduce((sum, size) => sum + size, 0) / count;
      // Log-normal: the middle is the geometric one, 64 KiB, and the mean lies far above it.
      if (spread === 'lognormal') expect((sorted[2000] ?? 0) / (64 * KIB)).to.be.within(0.85, 1.2);
      const [least, most] = spread === 'uniform' ? [0.95, 1.05] : [0.4, 0.75];
      expect((sorted[2000] ?? 0) / mean).to.be.within(least, most);
      for (let i = 0; i < count; i++) expect((starts[i + 1] ?? 0) - (starts[i] ?? 0)).to.equal(bytes[i]);
      expect(rowBytes({ starts, count, bytes, folders: [], pathOf: String })).to.equal(
        Math.round(mean * count),
      );
    }
    const odd = treeLayout({ ...DEFAULT_TREE, files: 3, size: 5000 }, 4 * KIB);
    expect([...odd.starts]).to.deep.equal([0, 8192, 16_384, 24_576]);
    expect(treeFaults({ ...DEFAULT_TREE, depth: 8, width: 10 })[0]?.message).to.match(/has 111110 folders/);
    expect(treeFaults({ ...DEFAULT_TREE, spread: 'lognormal' })).to.have.length(1);
  });

  it('are shared out whole: every file to one instance', () => {
    const layout = treeLayout({ ...DEFAULT_TREE, files: 11 }, 1);
    const parts = [0, 1, 2].map((index) => [...partOf(layout, index, 3)]);
    expect(parts.flat().sort((a, b) => a - b)).to.deep.equal(Array.from({ length: 11 }, (_, i) => i));
    expect(parts.map((part) => part.length)).to.deep.equal([4, 4, 3]);
  });

  it('are picked by size in proportion, and one after the other', () => {
    const sizes = [
      { size: 4 * KIB, weight: 1 },
      { size: 12 * KIB, weight: 1 },
    ];
    const layout = treeLayout({ ...DEFAULT_TREE, files: 200, sizes }, 4 * KIB);
    const options = (pick: string) =>
      ({ pick, visit: 'operation' }) as unknown as WorkloadOptions & PickOptions;
    const files = partOf(layout, 1, 2);
    const seed = 7; // the same draws each time
    const { next } = makePick(options('bySize'), layout, files, randomFor(seed, 'pick'));
    const hits = new Float64Array(files.length);
    for (let i = 0; i < 100_000; i++) hits[next()]!++;
    const [small, large] = [4, 12].map((kib) => {
      const of = [...hits].filter((_, i) => layout.bytes[files[i]!] === kib * KIB);
      return of.reduce((sum, n) => sum + n, 0) / of.length;
    }) as [number, number];
    expect(large / small).to.be.within(2.8, 3.2);
    const { next: inTurn } = makePick(options('sequential'), layout, files, randomFor(seed, 'pick'));
    expect(Array.from({ length: files.length + 2 }, inTurn).slice(-3)).to.deep.equal([99, 0, 1]);
  });

  it('are read from a list: CSV with and without a header, NDJSON, a JSON array', () => {
    const file = join(folder, 'list');
    const read = (text: string): unknown => {
      writeFileSync(file, text);
      return readManifest(file).map(({ path, bytes }) => [path, bytes]);
    };
    expect(read('# made by hand\npath,size\na/b.bin,64KiB\n"with, comma ""x""",12\nplain\r\n')).to.deep.equal(
      [
        ['a/b.bin', 65_536],
        ['with, comma "x"', 12],
        ['plain', null],
      ],
    );
    expect(read('{"path":"x","size":1}\n{"path":"./y//z","bytes":"1KiB"}\n')).to.deep.equal([
      ['x', 1],
      ['y/z', 1024],
    ]);
    expect(read('[{"path":"x","size":10},{"path":"y"}]')).to.deep.equal([
      ['x', 10],
      ['y', null],
    ]);
    const wrong: [string, RegExp][] = [
      ['a,1\n../b,1', /line 2: "..\/b" does not lie below/],
      ['/etc/passwd,1', /does not lie below/],
      ['a,1\na,2', /"a" is in it twice/],
      ['a,lots', /line 1: "lots" is no size/],
      ['a,"5s"', /is no size/],
      ['{"path":"a","size":-1}', /is no size/],
      ['{"path":', /line 1: /],
      ['{"size":1}', /line 1 has no path/],
      ['# nothing\n', /names no files/],
    ];
    for (const [text, message] of wrong) expect(() => read(text), text).to.throw(message);
  });

  it('are open a few at a time: the one unused longest goes, and never one in use', () => {
    const paths = Array.from({ length: 10 }, (_, i) => join(folder, String(i)));
    for (const path of paths) writeFileSync(path, 'x');
    const fds = new Map<number, number>();
    let [attached, most] = [0, 0];
    const engine = {
      attach: () => {
        most = Math.max(most, ++attached);
        return attached;
      },
      detach: () => {
        attached--;
      },
    };
    const open = (file: number): number => {
      const fd = openSync(paths[file] as string, 'r');
      fds.set(file, fd);
      return fd;
    };
    const files = new OpenFiles({ engine, most: 3, open, nowNs: () => 0 });
    const isOpen = (file: number): boolean => {
      try {
        return fstatSync(fds.get(file) ?? -1).isFile();
      } catch {
        return false;
      }
    };
    files.use(0); // stays in use
    for (let i = 1; i < 10; i++) {
      files.use(i);
      files.done(i);
    }
    expect([most, files.closed]).to.deep.equal([3, 7]);
    expect(isOpen(0)).to.equal(true);
    expect(files.use(0).fd).to.equal(fds.get(0));
    files.use(9);
    files.use(8);
    expect(() => files.use(7)).to.throw(/more operations than open files/);
    expect(() => openSync(join(folder, 'none'), 'r')).to.throw(/ENOENT/);
    // As where a filesystem is gone: what a close says is counted, and the others are closed all the same.
    closeSync(fds.get(8) as number);
    files.closeAll();
    expect([...files.failedCloses]).to.deep.equal([['EBADF', 1]]);
    expect([0, 8, 9].map(isOpen)).to.deep.equal([false, false, false]);
  });
});
