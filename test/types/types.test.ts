/**
 * The other files of this folder hold what must not compile, line by line: the build fails when one of those lines
 * does. This makes sure that the build really reads them, strictly, and that they hold something.
 */
import { expect } from 'chai';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { ROOT } from '../support/root.js';

const FOLDER = join(ROOT, 'test/types');
const FILES = ['metrics.ts', 'options.ts', 'simulator.ts'];

describe('types of the plugin contract', () => {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
    config: unknown;
  };
  const { fileNames, options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);

  it('are compiled with everything else, strictly', () => {
    const read = fileNames.map((file) => file.replaceAll('\\', '/'));
    for (const file of FILES)
      expect(
        read.some((path) => path.endsWith(`/test/types/${file}`)),
        file,
      ).to.equal(true);
    expect(options).to.include({ strict: true, exactOptionalPropertyTypes: true });
  });

  it('were compiled: each file has its output beside this one', () => {
    for (const file of FILES) {
      const output = fileURLToPath(new URL(file.replace(/\.ts$/, '.js'), import.meta.url));
      expect(existsSync(output), output).to.equal(true);
    }
  });

  it('refuse at least thirty mistakes, and no file is left out', () => {
    expect(readdirSync(FOLDER).sort()).to.deep.equal([...FILES, 'types.test.ts'].sort());
    const texts = FILES.map((file) => readFileSync(join(FOLDER, file), 'utf8'));
    const expected = texts.map((text) => text.match(/^\s*\/\/ @ts-expect-error \S/gm)?.length ?? 0);
    expect(expected.reduce((sum, count) => sum + count, 0)).to.be.at.least(30);
    expect(Math.min(...expected)).to.be.greaterThan(5);
  });
});
