/**
 * Operations timed by the core, as a user sees them: a plugin that measures nothing against a real server in a process
 * of its own, and what the run's summary, windows and screen say of it.
 */
import { expect } from 'chai';
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { RunSummary, SeriesSummary } from '../../core/contract/summary.js';
import type { Finished } from '../support/cli.js';
import { Workplace } from '../support/cli.js';

const compiled = (name: string): string => fileURLToPath(new URL(`../support/${name}.js`, import.meta.url));

class StallingServer {
  readonly #child: ChildProcess;
  port = 0;

  constructor(afterMs: number, stallMs: number) {
    const args = [compiled('programs/stalling-server'), String(afterMs), String(stallMs)];
    this.#child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  }

  async listening(): Promise<void> {
    const [line] = (await once(this.#child.stdout!.setEncoding('utf8'), 'data')) as [string];
    this.port = Number(line);
  }

  async close(): Promise<void> {
    const gone = once(this.#child, 'exit');
    this.#child.stdin!.end();
    await gone;
  }
}

function scenario(actors: object, durationS: number, more: object = {}): object {
  return {
    version: 1,
    name: 'operations',
    seed: 7,
    plugins: { echo: compiled('plugins/line-echo') },
    actors,
    phases: [{ name: 'hold', duration: `${durationS}s`, load: { '*': '100%' } }],
    ...more,
  };
}

function seriesOf(summary: RunSummary, metric: string, actor: string): SeriesSummary {
  const [phase] = summary.phases;
  const found = phase?.series.find((one) => one.metric === metric && one.tags['actor'] === actor);
  if (found === undefined) throw new Error(`no ${metric} of ${actor}`);
  return found;
}

describe('operations timed by the core', () => {
  const place = new Workplace();
  const server = new StallingServer(1500, 1000);
  let finished: Finished;
  let summary: RunSummary;

  before(async () => {
    await server.listening();
    const actors = { clients: { uses: 'echo', peak: '500/s', with: { port: server.port } } };
    const thresholds = {
      'op.latency{actor:clients}': 'p99 < 100ms',
      'op.errors{actor:clients}': 'count == 0',
    };
    place.write('stall.json', scenario(actors, 4, { thresholds }));
    finished = await place.run('run', 'stall.json');
    summary = place.summary();
  });
  after(async () => {
    await server.close();
    place.remove();
  });

  it('a stall of one second in four is a p99 of nearly a second, not of milliseconds', () => {
    const latency = seriesOf(summary, 'op.latency', 'clients');
    // 500 of 2000 operations fell due in the stall; of those the worst 20 waited for 960 ms and more. A busy host
    // adds to it. Timed from its start each would have waited for little: 64 at most were started in the stall.
    expect(latency.quantiles?.p99, 'p99').to.be.within(930e6, 1400e6);
    expect(latency.quantiles?.p50, 'p50').to.be.lessThan(300e6);
    expect(latency.max).to.be.within(980e6, 2000e6);
    expect(latency.count).to.be.within(1950, 2000);
  });

  it('tells apart what waited for its turn and what the server took, and accounts for all that fell due', () => {
    const one = (metric: string): SeriesSummary => seriesOf(summary, metric, 'clients');
    const [latency, service, wait] = [one('op.latency'), one('op.service'), one('op.wait')];
    expect(service.sum! + wait.sum!).to.be.closeTo(latency.sum!, latency.sum! * 1e-6);
    expect(one('op.queued').count).to.be.greaterThan(300);
    expect(one('op.due').count).to.equal(latency.count! + one('op.unfinished').count!);
    expect(one('op.due').count).to.be.within(1990, 2000);
    expect(one('op.bytes').count).to.equal(8 * latency.count!);
  });

  it('judges it by thresholds and draws it', () => {
    expect(finished.code, finished.stderr).to.equal(4);
    expect(summary.thresholds.map(({ aggregate, ok }) => [aggregate, ok])).to.deep.include.members([
      ['p99', false],
      ['count', true],
    ]);
    expect(finished.stderr).to.match(/from intended start +ops +rate\/s +p50 +p99 +p99\.9 +max/);
    expect(finished.stderr).to.match(/clients echo +hold +\d{4} /);
    expect(finished.stderr).to.match(/ of it waiting /);
  });

  it('is not to be trusted: in the second of the stall not half of what fell due was done', () => {
    const check = summary.trust.checks.find((one) => one.check === 'achieved');
    expect(check).to.deep.include({ ok: false });
    expect(check?.detail).to.match(/^clients: \d of \d steady windows beyond 10 %/);
    expect(summary.trust.checks).to.deep.include.members([
      {
        check: 'operations-done',
        ok: true,
        detail: `clients ${seriesOf(summary, 'op.count', 'clients').count!}`,
      },
    ]);
  });

  it('a run in which no operation was done is not to be trusted, and says whose', async () => {
    const dead = new StallingServer(-1, 0);
    await dead.listening();
    try {
      const actors = { clients: { uses: 'echo', peak: '4', with: { port: dead.port, connections: 1 } } };
      place.write('dead.json', scenario(actors, 2));
      const { code, stderr } = await place.run('run', 'dead.json', '--strict');
      expect(code, stderr).to.equal(9);
      expect(stderr).to.match(/NOT operations-done: no operation was done by clients/);
      expect(seriesOf(place.summary(), 'op.unfinished', 'clients').count).to.equal(4);
    } finally {
      await dead.close();
    }
  });

  it('ends with 7 when the target is not there', async () => {
    place.write('absent.json', scenario({ clients: { uses: 'echo', with: { port: 1 } } }, 2));
    const { code, stderr } = await place.run('run', 'absent.json');
    expect(code, stderr).to.equal(7);
    expect(stderr).to.contain('no server at port 1');
  });
});
