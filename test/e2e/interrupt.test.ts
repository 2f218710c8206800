/** Bad luck: signals, and SIGKILL of every part of the machine. */
import { expect } from 'chai';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Cli } from '../support/cli.js';
import { Workplace } from '../support/cli.js';
import { childrenOf, eventually, isAlive } from '../support/processes.js';
import { ROOT } from '../support/root.js';
import { LONG } from '../support/scenarios.js';

/** What the design promises after a SIGKILL. */
const GONE_MS = 5000;

describe('an interrupted run', () => {
  let place: Workplace;
  beforeEach(() => {
    place = new Workplace();
    place.write('long.json', {
      ...LONG,
      plugins: { scratcher: join(ROOT, 'dist/test/support/plugins/scratcher.js') },
      actors: { ...LONG.actors, scratcher: {} },
    });
  });
  afterEach(() => place.remove());

  /** Starts it and waits until every actor works and its scratch directory is there. */
  async function underLoad(): Promise<{ cli: Cli; agents: number[] }> {
    const cli = place.start('run', 'long.json');
    await cli.says(/hold/);
    await eventually('a scratch directory is there', 15_000, () => scratches().length === 1);
    const agents = childrenOf(cli.pid);
    expect(agents.length).to.equal(3);
    return { cli, agents };
  }

  const scratches = (): string[] => readdirSync(place.dir).filter((name) => name.startsWith('brunt-'));

  it('stops in order at the first SIGINT: summary, 130', async () => {
    const { cli, agents } = await underLoad();
    cli.child.kill('SIGINT');
    const { code, stderr } = await cli.done;
    expect(code, stderr).to.equal(130);
    expect(stderr).to.match(/^ ?INTERRUPTED/m);
    expect(place.summary()).to.include({ verdict: 'interrupted', exitCode: 130 });
    expect(agents.filter(isAlive)).to.deep.equal([]);
    expect(scratches()).to.deep.equal([]);
  });

  it('ends with 143 at SIGTERM', async () => {
    const { cli } = await underLoad();
    cli.child.kill('SIGTERM');
    expect((await cli.done).code).to.equal(143);
  });

  it('kills the agents at the second SIGINT and keeps the record', async () => {
    const { cli, agents } = await underLoad();
    cli.child.kill('SIGINT');
    cli.child.kill('SIGINT');
    const { code } = await cli.done;
    expect(code).to.equal(130);
    expect(agents.filter(isAlive)).to.deep.equal([]);
    expect(scratches()).to.deep.equal([]);
    expect((await place.run('report', '@last')).stderr).to.match(/INTERRUPTED/);
  });

  it('leaves nothing when the orchestrator is killed, and reports what was recorded', async () => {
    const { cli, agents } = await underLoad();
    process.kill(cli.pid, 'SIGKILL');
    await eventually('all agents are gone', GONE_MS, () => !agents.some(isAlive));
    await eventually('no scratch is left', GONE_MS, () => scratches().length === 0);
    const report = await place.run('report', '@last');
    expect(report.stderr)
      .to.match(/INCOMPLETE/)
      .and.to.contain('long');
    expect(report.stderr)
      .to.match(/NOT run-ended/)
      .and.not.to.match(/· 0 s ·/);
  });

  it('fails the run when an agent is killed, names it, and leaves nothing of it', async () => {
    const { cli, agents } = await underLoad();
    for (const pid of agents)
      if (place.events().some((e) => e.type === 'agent.ready' && e.agent === 'scratcher' && e.pid === pid))
        process.kill(pid, 'SIGKILL');
    const { code, stderr } = await cli.done;
    expect(code, stderr).to.equal(6);
    expect(stderr).to.match(/scratcher.*SIGKILL/);
    expect(agents.filter(isAlive)).to.deep.equal([]);
    expect(scratches()).to.deep.equal([]);
  });

  it('fails the run in order when an agent dies while it still starts', async () => {
    const cli = place.start('run', 'long.json');
    let agents: number[] = [];
    await eventually('agents were forked', 15_000, () => (agents = childrenOf(cli.pid)).length > 0);
    process.kill(agents[0]!, 'SIGKILL');
    const { code, stderr } = await cli.done;
    expect(code, stderr).to.equal(6);
    expect(stderr)
      .to.match(/^ ?ERROR/m)
      .and.to.contain('SIGKILL');
    expect(place.summary()).to.include({ verdict: 'error', exitCode: 6 });
  });

  it('leaves no process when all are killed at once; the next command removes the rest', async () => {
    const { cli, agents } = await underLoad();
    for (const pid of [cli.pid, ...agents]) process.kill(pid, 'SIGKILL');
    await eventually('all are gone', GONE_MS, () => ![cli.pid, ...agents].some(isAlive));
    expect(scratches().length).to.equal(1);
    const { code, stderr } = await place.run('clean');
    expect(code, stderr).to.equal(0);
    expect(scratches()).to.deep.equal([]);
    expect(existsSync(place.lastRecord())).to.equal(true);
    expect((await place.run('report', '@last')).stderr).to.match(/INCOMPLETE/);
  });
});
