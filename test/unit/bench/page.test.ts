import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench } from '../../../bench/bench.js';
import { BENCHES } from '../../../bench/list.js';
import { makePage } from '../../../bench/page.js';
import type { Line } from '../../../bench/results.js';
import { readKept } from '../../../bench/results.js';
import { ROOT } from '../../support/root.js';

const bench: Bench = {
  name: 'tea',
  title: 'Tea',
  about: 'How long it steeps.',
  run: () => Promise.resolve(),
};

const LINES: readonly Line[] = [
  { type: 'row', table: 'By leaf', cells: { leaf: 'green | loose', s: 123.456, ratio: null } },
  { type: 'row', table: 'By leaf', cells: { leaf: 'black', s: 240_000, ratio: 1.2345 } },
  {
    type: 'aim',
    what: 'steeped',
    is: '<=',
    limit: 200,
    unit: 's',
    value: 240,
    isHeld: false,
    note: 'forgot it',
  },
  { type: 'aim', what: 'hot', is: '>=', limit: 70, unit: '°C', value: null, isHeld: null },
  { type: 'note', text: 'The pot was cold.' },
];

describe('the performance page', () => {
  it('is what the kept results make of it', async () => {
    const page = readFileSync(join(ROOT, 'docs/performance.md'), 'utf8');
    expect(page, 'docs/performance.md is not what bench/results say: npm run bench -- --page').to.equal(
      await makePage(BENCHES, readKept()),
    );
  });

  it('shows missed aims as missed, unmeasured as unmeasured, and cells that hold a bar', async () => {
    const page = await makePage([bench], new Map([['tea', LINES]]));
    expect(page).to.match(/steeped +\| ≤ 200 s +\| 240 s +\| \*\*missed\*\*: forgot it/);
    expect(page).to.match(/hot +\| ≥ 70 °C +\| – +\| not measured/);
    expect(page).to.match(/green \\\| loose +\| +123 \|/);
    expect(page).to.match(/black +\| +240,000 \| +1\.23 \|/);
    expect(page).to.contain('- The pot was cold.');
  });
});
