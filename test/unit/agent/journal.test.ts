import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync, appendFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Journal, reap, scratchName } from '../../../core/agent/journal.js';

describe('the journal', () => {
  let root: string;
  let file: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'brunt-journal-'));
    file = join(root, 'agent.journal');
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const scratch = (instance: number): string => join(root, scratchName('run', 'actor', instance));

  it('removes what it names and does not call done, however often it is asked', () => {
    const journal = new Journal(file, `${root}/`);
    for (const instance of [0, 1, 2]) {
      journal.directory(scratch(instance));
      if (instance < 2) mkdirSync(scratch(instance));
    }
    writeFileSync(join(scratch(0), 'left'), 'x');
    journal.done(scratch(1));
    journal.close();
    expect(reap(file)).to.deep.equal({ removed: [scratch(0)], left: [] });
    expect(existsSync(scratch(1)), 'what is done is not ours any more').to.equal(true);
    expect(reap(file)).to.deep.equal({ removed: [], left: [] });
  });

  it('removes files and folders that were claimed below writable paths, and never what was there before', () => {
    const [allowed, precious] = [join(root, 'data'), join(root, 'data', 'precious')];
    mkdirSync(allowed);
    writeFileSync(precious, 'mine');
    const journal = new Journal(file, root, [allowed]);
    const [claimed, tree] = [join(allowed, 'made.bin'), join(allowed, 'tree')];
    for (const path of [claimed, tree]) journal.claim(path);
    writeFileSync(claimed, 'x');
    mkdirSync(join(tree, 'deep'), { recursive: true });
    expect(() => journal.claim(precious)).to.throw(/is there already/);
    expect(() => journal.claim(allowed)).to.throw(/is there already/);
    for (const path of [root, join(root, 'elsewhere'), `${allowed}/../elsewhere`, 'made.bin']) {
      expect(() => journal.claim(path), path).to.throw(/below none of the paths/);
    }
    journal.close();
    expect(reap(file)).to.deep.equal({ removed: [claimed, tree], left: [] });
    expect(existsSync(precious)).to.equal(true);
  });

  it('refuses a claim that a forged journal makes beyond its writable paths', () => {
    new Journal(file, root, [join(root, 'data')]).close();
    const precious = join(root, 'precious');
    writeFileSync(precious, 'mine');
    appendFileSync(file, `${JSON.stringify({ make: 'claim', path: precious })}\n`);
    expect(reap(file).left.map(({ path }) => path)).to.deep.equal([precious]);
    expect(existsSync(precious)).to.equal(true);
  });

  it('refuses whatever is not a scratch directory right inside its root', () => {
    const journal = new Journal(file, root);
    const strangers = [
      root,
      join(root, 'precious'),
      join(root, 'brunt-x', 'deeper'),
      `${root}/brunt-x/../precious`,
      '/',
    ];
    mkdirSync(join(root, 'precious'));
    for (const path of strangers) journal.directory(path);
    journal.close();
    const { removed, left } = reap(file);
    expect(removed).to.deep.equal([]);
    expect(left.map(({ path }) => path)).to.deep.equal(strangers);
    expect(existsSync(join(root, 'precious'))).to.equal(true);
  });

  it('reads a journal that was cut off in a line, goes on with one that exists, and has none to fear', () => {
    new Journal(file, root).directory(scratch(0));
    mkdirSync(scratch(0));
    appendFileSync(file, '{"make":"direc');
    expect(reap(file).removed).to.deep.equal([scratch(0)]);
    expect(reap(join(root, 'none'))).to.deep.equal({ removed: [], left: [] });
  });
});
