/** The table of verbs: what the program, its help, its completion and its page are made from. */
import { expect } from 'chai';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bashScript, fishScript, zshScript } from '../../../cli/completion.js';
import { readInventory, templatesFolder } from '../../../cli/inventory.js';
import { KINDS, PROFILES, TEMPLATES, VERBS } from '../../../cli/table.js';

describe('table of verbs', () => {
  it('gives flags of one name one kind of value and one completion', () => {
    const seen = new Map<string, string>();
    for (const { name, value, completes } of VERBS.flatMap((verb) => verb.flags)) {
      const meaning = JSON.stringify([value, completes]);
      expect(seen.get(name) ?? meaning, name).to.equal(meaning);
      seen.set(name, meaning);
    }
  });

  it('has an example for each verb, of that verb', () => {
    for (const { name, examples } of VERBS) {
      expect(examples.length, name).to.be.greaterThan(0);
      for (const example of examples) expect(example).to.include(`brunt ${name}`);
    }
  });

  it('names the profiles, templates and kinds that there are', async () => {
    const inventory = await readInventory();
    expect(inventory.profiles.map(({ name }) => name)).to.deep.equal(PROFILES);
    expect(inventory.templates.map(({ name }) => name).sort()).to.deep.equal([...TEMPLATES].sort());
    expect(readdirSync(templatesFolder()).length).to.equal(TEMPLATES.length);
    expect([...Object.keys(inventory), 'runs'].sort()).to.deep.equal([...KINDS].sort());
  });
});

describe('shell completion', () => {
  const folder = mkdtempSync(join(tmpdir(), 'brunt-completion-'));
  after(() => rmSync(folder, { recursive: true }));
  const has = (shell: string): boolean => spawnSync(shell, ['--version']).status === 0;

  /** What bash offers after these words, the last of which is being typed. */
  function offers(...words: string[]): string[] {
    const quoted = words.map((word) => `'${word}'`).join(' ');
    const script = `${bashScript()}\nCOMP_WORDS=(brunt ${quoted}); COMP_CWORD=${words.length}; _brunt; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const text = execFileSync('bash', ['-c', script], { cwd: folder, encoding: 'utf8' });
    return text.split('\n').filter((line) => line !== '');
  }

  it('offers verbs, flags, values and files in bash', function () {
    if (!has('bash')) this.skip(); // bash itself is the judge
    writeFileSync(join(folder, 'scenario.json'), '{}');
    expect(offers('')).to.include.members(VERBS.map(({ name }) => name));
    expect(offers('va')).to.deep.equal(['validate']);
    expect(offers('run', '--pro')).to.deep.equal(['--profile']);
    expect(offers('run', '--profile', 'l')).to.have.members(['laptop', 'lab']);
    expect(offers('run', 'scen')).to.deep.equal(['scenario.json']);
    expect(offers('report', '@')).to.deep.equal(['@last']);
    expect(offers('list', 'pro')).to.have.members(['probes', 'profiles']);
    expect(offers('nonsense', '')).to.deep.equal([]);
  });

  for (const [shell, script] of [
    ['bash', bashScript()],
    ['zsh', zshScript()],
    ['fish', fishScript()],
  ] as const) {
    it(`is sound ${shell}, with every verb and flag`, function () {
      for (const { name, flags } of VERBS) {
        expect(script).to.include(name);
        for (const flag of flags) expect(script).to.match(new RegExp(`(--|-l )${flag.name}\\b`));
      }
      if (!has(shell)) this.skip(); // the shell itself is the judge
      const { status, stderr } = spawnSync(shell, ['-n'], { input: script, encoding: 'utf8' });
      expect(status, stderr).to.equal(0);
    });
  }
});
