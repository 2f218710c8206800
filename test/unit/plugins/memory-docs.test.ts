/** docs/memory.md says what the source says: every pattern, option and metric, and scenarios that are there. */
import { expect } from 'chai';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { optionFaults } from '../../../plugins/memory/option-faults.js';
import { MEMORY_METRICS } from '../../../plugins/memory/metrics.js';
import type { MemoryOptions } from '../../../plugins/memory/options.js';
import { MEMORY_OPTIONS, PATTERNS } from '../../../plugins/memory/options.js';
import { ROOT } from '../../support/root.js';

describe('plugin memory, as documented', () => {
  const page = readFileSync(join(ROOT, 'docs/memory.md'), 'utf8');

  it('every pattern and option has a row, every metric its own words', () => {
    for (const name of [...PATTERNS, ...Object.keys(MEMORY_OPTIONS.properties)])
      expect(page, name).to.match(new RegExp(`^\\| \`${name}\` `, 'm'));
    for (const [name, { help }] of Object.entries(MEMORY_METRICS)) {
      expect(page, name).to.contain(`\`memory.${name}\``).and.to.contain(help);
    }
  });

  it('names scenarios that are there', () => {
    const named = [...page.matchAll(/\(\.\.\/(scenarios\/[a-z-]+\.json)\)/g)].map(([, path]) => path ?? '');
    expect(named).to.have.length.greaterThan(6);
    for (const path of named) expect(existsSync(join(ROOT, path)), path).to.equal(true);
  });

  it('refuses what cannot be had together, by the name of the option', () => {
    const faults = (said: Partial<MemoryOptions>): string[] =>
      optionFaults({
        ...{ pattern: 'hold', pages: 'auto', lifetime: 1000, block: 65_536, access: 'random', writes: 0 },
        ...{ stride: 4096, skew: 0.99, space: 'old' },
        ...said,
      }).map(({ path }) => path.join('.'));
    expect(faults({})).to.deep.equal([]);
    expect(faults({ pattern: 'churn', block: 5000 })).to.deep.equal(['block']);
    expect(faults({ block: 5000 })).to.deep.equal([]);
    expect(faults({ pattern: 'fragmentation', block: 5000 })).to.deep.equal([]);
    expect(faults({ pattern: 'working-set', stride: 100 })).to.deep.equal(['stride']);
    expect(faults({ pattern: 'page-cache', access: 'chase', block: 2 ** 21 })).to.deep.equal([
      'block',
      'access',
    ]);
    expect(faults({ pattern: 'gc', verifyEvery: 1000, pages: 'huge' })).to.deep.equal([
      'verifyEvery',
      'pages',
    ]);
    expect(faults({ pattern: 'vm', advice: [] })).to.deep.equal(['advice']);
  });
});
