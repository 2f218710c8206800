/** Caps and bursts in a real run on files: kept, shown to be what limited, and no shortfall of the actor. */
import { expect } from 'chai';
import type { RunSummary, SeriesSummary } from '../../core/contract/summary.js';
import type { Finished } from '../support/cli.js';
import { Workplace } from '../support/cli.js';

const SECONDS = 3;

describe('caps and bursts', () => {
  const place = new Workplace();
  let finished: Finished;
  let summary: RunSummary;
  after(() => place.remove());

  before(async () => {
    const file = { uses: 'disk', with: { size: '4MiB' } };
    place.write('caps.json', {
      version: 1,
      name: 'caps',
      window: '500ms',
      actors: {
        narrow: { ...file, peak: '8', instances: 2, cap: ['300/s', '1MiB/s'] },
        wide: { ...file, peak: '1', thinkTime: '50ms', cap: '1000000/s' },
        bursty: { ...file, peak: '4', thinkTime: '200ms', burst: 50 },
      },
      phases: [
        { name: 'settle', duration: '1s', measure: false, load: { '*': '100%' } },
        { name: 'hold', duration: `${SECONDS}s`, load: { '*': '100%' } },
      ],
    });
    finished = await place.run('run', 'caps.json', '--profile', 'lab');
    summary = place.summary();
  });

  const count = (metric: string, actor: string): number =>
    summary.phases[1]!.series.filter(
      (one: SeriesSummary) => one.metric === metric && one.tags['actor'] === actor,
    ).reduce((sum, one) => sum + (one.count ?? 0), 0);

  it('are kept, in operations and in bytes, by all instances together', () => {
    expect(finished.code, finished.stderr).to.equal(0);
    // 1 MiB/s in blocks of 4 KiB: 256 a second, fewer than 300.
    expect(count('op.count', 'narrow')).to.be.within(0.93 * 256 * SECONDS, 256 * SECONDS + 16);
    expect(count('op.bytes', 'narrow')).to.be.at.most(SECONDS * 2 ** 20 + 16 * 4096);
    // A rest of 200 ms behind each burst of 50.
    expect(count('op.count', 'bursty') / 50).to.be.within(5, 2 + SECONDS / 0.2);
  });

  it('are told to be what limited, on the screen and in figures', () => {
    expect(finished.stderr).to.match(/narrow: its cap of 300\/s and 1 MiB\/s held back \d+(\.\d+)? % of its/);
    expect(finished.stderr).to.contain('wide: its cap of 1000000/s held nothing back');
    expect(count('op.capped', 'narrow')).to.be.greaterThan(0.8 * count('op.count', 'narrow'));
    expect(count('op.capped', 'wide')).to.equal(0);
    expect(summary.notes.join(' ')).to.not.contain('bursty');
  });

  it('leave the run trustworthy: places that are held back are places held', () => {
    const check = summary.trust.checks.find((one) => one.check === 'achieved');
    expect(check?.ok, check?.detail).to.equal(true);
  });
});
