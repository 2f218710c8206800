/** Pages that repeat what the code or a scenario says: they say the same. */
import { expect } from 'chai';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ERROR_CODES } from '../../../core/base/codes.js';
import { EXIT } from '../../../core/base/exit-codes.js';
import { errorsPage } from '../../../cli/errors-page.js';
import { findInstallation } from '../../../cli/package.js';
import { verbsPage } from '../../../cli/verbs-page.js';

const { root } = findInstallation();
const read = (...path: string[]): string => readFileSync(join(root, ...path), 'utf8');

describe('readme', () => {
  const readme = read('README.md');

  it('explains the scenario that npm start runs', () => {
    const [, block = ''] = /```json\n(.*?)```/s.exec(readme) ?? [];
    expect(JSON.parse(block)).to.deep.equal(JSON.parse(read('scenarios', 'quick.json')));
  });

  it('lists the exit codes that can occur', () => {
    const table = [...readme.matchAll(/^\| ([\d/]+) +\|/gm)].flatMap(([, codes = '']) =>
      codes.split('/').map(Number),
    );
    const possible = Object.values(EXIT).filter((code) => code !== EXIT.regression); // Nothing compares runs yet.
    expect(table.sort((a, b) => a - b)).to.deep.equal(possible);
  });
});

describe('errors page', () => {
  const file = join(root, 'docs', 'errors.md');

  it('says what the table of codes says, no more and no less', () => {
    if (process.env['UPDATE_DOCS'] === '1') writeFileSync(file, errorsPage());
    const page = readFileSync(file, 'utf8');
    expect(page).to.equal(errorsPage());
    const named = [...page.matchAll(/^- `(E_[A-Z_]+)`/gm)].map(([, code]) => code);
    expect(named.sort()).to.deep.equal(Object.keys(ERROR_CODES).sort());
  });

  it('is made from a sorted table', () => {
    expect(Object.keys(ERROR_CODES)).to.deep.equal(Object.keys(ERROR_CODES).sort());
  });
});

describe('page of the command line', () => {
  const file = join(root, 'docs', 'cli.md');

  it('says what the table of verbs says', () => {
    if (process.env['UPDATE_DOCS'] === '1') writeFileSync(file, verbsPage());
    expect(readFileSync(file, 'utf8')).to.equal(verbsPage());
  });
});
