/**
 * The plugin guide, followed by the letter in an empty folder: its files are written as it gives them, its commands run
 * in its order. A block that is neither a file nor commands fails.
 */
import { expect } from 'chai';
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Workplace } from '../support/cli.js';
import { compile, installBrunt } from '../support/newcomer.js';
import { ROOT } from '../support/root.js';

const guide = readFileSync(join(ROOT, 'docs/plugin-guide.md'), 'utf8');
const blocks = [...guide.matchAll(/^```(\S*) ?(.*)\n([^]*?)^```$/gm)].map(
  ([, language = '', info = '', text = '']) => ({
    language,
    file: /^file=(\S+)$/.exec(info)?.[1] ?? null,
    text,
  }),
);

describe('the plugin guide', () => {
  const place = new Workplace();
  after(() => place.remove());

  const write = (file: string, text: string): void => {
    mkdirSync(dirname(join(place.dir, file)), { recursive: true });
    place.write(file, text);
  };

  async function perform(command: string): Promise<void> {
    if (command === 'npm install --save-dev brunt typescript @types/node') return installBrunt(place.dir);
    if (command === 'npx tsc') {
      expect(compile(place.dir)).to.equal('');
      return;
    }
    const brunt = /^npx brunt (.+)$/.exec(command);
    if (brunt === null) throw new Error(`the guide has a command that this test does not know: ${command}`);
    const { code, stderr } = await place.run(...(brunt[1] ?? '').split(' '));
    expect(code, `${command}\n${stderr}`).to.equal(0);
    if (command.includes('validate')) expect(stderr.trim()).to.equal('1 file valid');
  }

  it('has only files and commands', () => {
    expect(blocks.length).to.be.greaterThan(10);
    const others = blocks.filter(({ language, file }) => (file === null) !== (language === 'sh'));
    expect(others).to.deep.equal([]);
  });

  for (const { file, text } of blocks) {
    if (file !== null) it(`gives ${file}`, () => write(file, text));
    else for (const command of text.trim().split('\n')) it(`says: ${command}`, () => perform(command));
  }
});
