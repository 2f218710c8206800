/** A sweep in a real run: levels in a row, and one table of what each came to, on the screen and in summary.json. */
import { expect } from 'chai';
import { join } from 'node:path';
import type { RunSummary } from '../../core/contract/summary.js';
import type { SweepLevel } from '../../core/contract/sweep.js';
import type { Finished } from '../support/cli.js';
import { Workplace } from '../support/cli.js';
import { ROOT } from '../support/root.js';

const PLUGIN = join(ROOT, process.env['BRUNT_DIST'] ?? 'dist', 'test/support/plugins/single-server.js');

describe('a sweep', () => {
  const place = new Workplace();
  let finished: Finished;
  let levels: readonly SweepLevel[];
  after(() => place.remove());

  before(async () => {
    place.write('sweep.json', {
      version: 1,
      name: 'sweep',
      window: '200ms',
      plugins: { lab: PLUGIN },
      actors: { server: { uses: 'lab', peak: '500/s' }, held: { uses: 'memory', peak: '8MiB' } },
      phases: [
        {
          name: 'rates',
          duration: '1s',
          load: {
            server: { shape: 'sweep', levels: ['50/s', '20%', '500/s'] },
            held: { shape: 'sweep', levels: ['2MiB', '4MiB', '8MiB'] },
          },
        },
      ],
      thresholds: { 'op.count{actor:server,phase:rates,round:2}': 'rate < 110/s' },
    });
    finished = await place.run('run', 'sweep.json', '--profile', 'lab');
    levels = place.summary().sweeps?.find(({ actor }) => actor === 'server')?.levels ?? [];
  });

  it('has a row for each level, whatever that came to', () => {
    expect(finished.code, finished.stderr).to.equal(0);
    expect(levels.map(({ amount, round }) => [round, amount])).to.deep.equal([
      [1, 50],
      [2, 100],
      [3, 500],
    ]);
    const [first, second, third] = levels;
    // One operation may end in the next round.
    expect(first!.rate).to.be.within(46, 52);
    expect(second!.rate).to.be.within(92, 103);
    expect(third!.rate, 'the most that 5 ms each allow').to.be.within(50, 200);
    expect(third!.achieved).to.be.below(0.5);
    expect(third!.latency!.quantiles['p50']).to.be.greaterThan(3 * first!.latency!.quantiles['p50']!);
    expect(first!.latency!.quantiles['p99'], 'of 50 operations').to.equal(null);
    for (const { rate, rateInterval } of levels)
      expect(rate).to.be.within(rateInterval!.low, rateInterval!.high);
  });

  it('is a curve on the screen, also of what does no operations', () => {
    expect(finished.stderr).to.match(/rates server +rate +±95 % +reached +p50 +p99 +p99\.9 +max/);
    expect(finished.stderr).to.match(/ 50\/s +[\d.]+\/s +±[\d.]+% +█*[▏▎▍▌▋▊▉█] +[\d.]+ ms +- /);
    expect(finished.stderr).to.match(/ 500\/s +[\d.]+\/s +±[\d.]+% +█{10} +[\d.]+ % +\d/);
    expect(finished.stderr).to.contain(' - not enough samples');
    expect(finished.stderr, 'one table, not one for each').to.not.match(/from intended start/);
    expect(finished.stderr).to.match(/ 8 MiB +[\d.]+ MiB/);
    const held = place.summary().sweeps?.find(({ actor }) => actor === 'held');
    expect(held?.levels.map(({ rate, latency }) => [rate, latency])).to.deep.equal([
      [null, null],
      [null, null],
      [null, null],
    ]);
  });

  it('is told again from the record', async () => {
    const { stdout } = await place.run('report', '@last', '--json');
    expect((JSON.parse(stdout) as RunSummary).sweeps).to.deep.equal(place.summary().sweeps);
  });
});
