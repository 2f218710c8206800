/** A sweep in a real run: levels in a row, and one table of what each came to, on the screen and in summary.json. */
import { expect } from 'chai';
import { join } from 'node:path';
import type { TrackedFigure } from '../../core/contract/cycle.js';
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
      actors: {
        server: { uses: 'lab', peak: '500/s' },
        held: { uses: 'memory', peak: '8MiB' },
        pair: { uses: 'lab', peak: '400/s', instances: 2 },
      },
      cycles: { around: { rounds: 40, until: ['steady rate op.count{phase:rate}'] } },
      phases: [
        {
          name: 'rates',
          duration: '1s',
          load: {
            server: { shape: 'sweep', levels: ['50/s', '20%', '500/s'] },
            held: { shape: 'sweep', levels: ['2MiB', '4MiB', '8MiB'] },
          },
        },
        {
          name: 'queues',
          duration: '400ms',
          load: { pair: { shape: 'sweep', levels: ['100%'], instances: [1, 2] } },
        },
        { name: 'rate', cycle: 'around', duration: '200ms', load: { server: '20%' } },
        { name: 'hold', cycle: 'around', duration: '100ms', load: { held: '50%' } },
        { name: 'after', duration: '200ms', load: { server: '20%' } },
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
    expect(finished.stderr, 'one table, not one for each').to.not.match(/from intended start[^]* rates #/);
    expect(finished.stderr).to.match(/ 8 MiB +[\d.]+ MiB/);
    const held = place.summary().sweeps?.find(({ actor }) => actor === 'held');
    expect(held?.levels.map(({ rate, latency }) => [rate, latency])).to.deep.equal([
      [null, null],
      [null, null],
      [null, null],
    ]);
  });

  it('has the level shared by fewer instances: one alone does what one can', () => {
    const rows = place.summary().sweeps?.find(({ actor }) => actor === 'pair')?.levels ?? [];
    expect(rows.map(({ amount, instances }) => [amount, instances])).to.deep.equal([
      [400, 1],
      [400, 2],
    ]);
    const [one, two] = rows;
    expect(one!.rate, '5 ms each, one after the other').to.be.within(50, 203);
    expect(two!.rate).to.be.greaterThan(one!.rate! * 1.2);
    expect(finished.stderr).to.match(/queues pair +by +rate/);
  });

  it('may be a cycle: phases round and round until what is tracked is steady, and then what comes after', () => {
    const { cycles = [], phases } = place.summary();
    const [cycle] = cycles;
    expect([cycle?.cycle, cycle?.isSteady, cycle?.over]).to.deep.equal(['around', true, 5]);
    const { rounds } = cycle!;
    expect(rounds).to.be.within(5, 39);
    const [{ text, owner, mean, excursion, drift, rounds: values }] = cycle!.tracked as [TrackedFigure];
    expect([text, owner, values.length]).to.deep.equal(['steady rate op.count{phase:rate}', 'server', 5]);
    expect(Math.max(...(values as number[])) - Math.min(...(values as number[]))).to.be.at.most(0.2 * mean!);
    expect([excursion! <= 0.2, drift! <= 0.1]).to.deep.equal([true, true]);
    const [rate, hold] = cycle!.phases;
    expect([rate!.phase, rate!.rate, hold!.phase, hold!.rate]).to.deep.equal(['rate', mean, 'hold', null]);
    const reached = place.events().find((event) => event.type === 'phase.reached');
    expect(reached).to.include({ phase: 'around', phaseIndex: 5 + 2 * rounds - 1 });
    // A round that had begun is cut off, and none comes after it.
    const told = phases
      .filter(({ name }) => name === 'rate' || name === 'hold')
      .map(({ round }) => round ?? 0);
    expect(Math.max(...told)).to.be.within(rounds, rounds + 1);
    const after = phases.find(({ name }) => name === 'after');
    expect(after?.tookMs).to.be.closeTo(200, 50);
    expect(finished.stderr).to.match(new RegExp(`around, (last 5 of )?${rounds} rounds`));
    expect(finished.stderr).to.contain('steady:');
    const idle = phases
      .find(({ name }) => name === 'hold')!
      .series.filter(({ tags }) => tags['actor'] === 'pair');
    expect(idle, 'nothing is kept of what it did not do').to.deep.equal([]);
  });

  it('is told again from the record', async () => {
    const { stdout } = await place.run('report', '@last', '--json');
    const { sweeps, cycles } = JSON.parse(stdout) as RunSummary;
    expect([sweeps, cycles]).to.deep.equal([place.summary().sweeps, place.summary().cycles]);
  });
});
