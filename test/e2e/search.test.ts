/**
 * A search in a real run: a single server that takes 5 ms for each operation can do so many a second and no more; the
 * search finds that, to within what it says, and the record tells it again.
 */
import { expect } from 'chai';
import { join } from 'node:path';
import type { RunSummary } from '../../core/contract/summary.js';
import type { Finished } from '../support/cli.js';
import { Workplace } from '../support/cli.js';
import { ROOT } from '../support/root.js';

const PLUGIN = join(ROOT, process.env['BRUNT_DIST'] ?? 'dist', 'test/support/plugins/single-server.js');

function scenario(search: object, duration: string, more: object = {}): object {
  return {
    version: 1,
    name: 'knee',
    window: '200ms',
    plugins: { lab: PLUGIN },
    actors: { server: { uses: 'lab', peak: '512/s' } },
    phases: [
      { name: 'find', duration, load: { server: { shape: 'search', ...search } }, ...more },
      { name: 'after', duration: '400ms' },
    ],
  };
}

describe('a search', () => {
  const place = new Workplace();
  let finished: Finished;
  let summary: RunSummary;
  after(() => place.remove());

  before(async () => {
    const search = {
      while: ['op.latency{actor:server} med < 20ms', 'op.errors{actor:server} count == 0'],
      low: '128/s',
      every: '1s',
      settle: '200ms',
      resolution: '16/s',
    };
    place.write('knee.json', scenario(search, '1m'));
    finished = await place.run('run', 'knee.json', '--profile', 'lab');
    summary = place.summary();
  });

  it('finds what a server can do, to within its resolution, and ends its phase', () => {
    expect(finished.code, finished.stderr).to.equal(0);
    const [search] = summary.searches ?? [];
    expect(search).to.include({ outcome: 'found', actor: 'server', unit: 'ops/s', resolution: 16 });
    const service = summary.phases[0]?.series.find(({ metric }) => metric === 'op.service');
    // What the server really did: on this host, beside whatever else runs on it.
    const capacity = 1e9 / service!.avg!;
    const { knee, broke, steps } = search!;
    expect(broke! - knee!).to.be.at.most(16);
    // A busy host can break a level below; a backlog of 16/s too much for a second does break one above.
    expect(knee, `capacity ${capacity}`).to.be.within(capacity * 0.75, capacity + 16);
    expect(summary.tookMs).to.be.lessThan(30_000);
    for (const { amount, holds, figures, judgedMs, reached } of steps) {
      expect(holds).to.equal(amount <= knee!);
      expect(judgedMs).to.be.at.least(999);
      expect(figures.map(({ condition }) => condition)).to.deep.equal([0, 1]);
      const [latency] = figures;
      expect(latency!.interval!.low).to.be.at.most(latency!.value!);
      expect(latency!.interval!.high).to.be.at.least(latency!.value!);
      if (amount > 1.2 * capacity) expect(reached).to.be.lessThan(0.9);
    }
  });

  it('levels begin when they are said to, for whoever does the work: what a window is asked is exact', () => {
    const steps = place.events().filter((event) => event.type === 'search.step');
    expect(steps.length).to.equal(summary.searches![0]!.steps.length);
    const due = summary.phases[0]!.series.find(({ metric }) => metric === 'op.due');
    const asked = summary.phases[0]!.series.find(({ metric }) => metric === 'actor.asked');
    // Asked is the integral of the timeline, due what fell due on it: the same but for one operation a level.
    const total = asked!.avg! * (summary.phases[0]!.tookMs / 1000);
    expect(due!.count).to.be.within(total - 2 * steps.length, total + 2 * steps.length);
  });

  it('is told on the screen, and again from the record', async () => {
    expect(finished.stderr).to.match(
      /find: server holds up to [\d.]+\/s and breaks at [\d.]+\/s, within 16\/s/,
    );
    expect(finished.stderr).to.match(/ ± with 95 % +±[\d.]+% +±[\d.]+%/);
    expect(finished.stderr).to.match(/256\/s +breaks +[\d.]+ % +[\d.]+ ms \([\d.]+ ms to [\d.]+ ms\)/);
    expect(summary.trust.checks.find(({ check }) => check === 'achieved')?.ok).to.equal(null);
    const again = await place.run('report', '@last', '--json');
    expect((JSON.parse(again.stdout) as RunSummary).searches).to.deep.equal(summary.searches);
  });

  it('that finds no level fails the run, unless it says otherwise', async () => {
    const search = { while: 'op.latency{actor:server} med < 1ms', low: '64/s', every: '400ms' };
    place.write('none.json', scenario(search, '30s'));
    const { code, stderr } = await place.run('run', 'none.json', '--profile', 'lab');
    expect(code, stderr).to.equal(4);
    expect(stderr).to.contain('find: server breaks at 64/s, the lowest level already');
    expect(place.summary().searches).to.have.length(1);
    expect(place.summary().searches![0]).to.include({ outcome: 'none', knee: null, broke: 64 });
  });
});
