/** The example plugin as its README says: built, loaded by path and by package name, against real servers. */
import { expect } from 'chai';
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readFileSync } from 'node:fs';
import type { AddressInfo, Server } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { SeriesSummary } from '../../core/contract/summary.js';
import { Workplace } from '../support/cli.js';
import { compile, installBrunt } from '../support/newcomer.js';
import { ROOT } from '../support/root.js';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const STRIPS_TYPES = major > 22 || (major === 22 && minor >= 18);

/** Says every 20th message wrongly back, and hangs up instead of answering every 30th. */
function badServer(): Server {
  let messages = 0;
  return createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', (message: Buffer) => {
      messages++;
      if (messages % 30 === 0) socket.resetAndDestroy();
      else socket.write(messages % 20 === 0 ? Buffer.alloc(message.length) : message);
    });
  });
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

describe('the example plugin', () => {
  const place = new Workplace();
  const plugin = join(place.dir, 'echo-plugin');
  let server: ChildProcess | undefined;
  let port = 0;

  before(async () => {
    cpSync(join(ROOT, 'examples/echo-plugin'), plugin, {
      recursive: true,
      filter: (path) => !/echo-plugin[/\\](node_modules|dist)$/.test(path),
    });
    installBrunt(plugin);
    expect(compile(plugin)).to.equal('');
    server = spawn(process.execPath, [join(plugin, 'dist/server.js'), '0'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [said] = (await once(server.stdout!, 'data')) as [Buffer];
    port = Number(/:(\d+)/.exec(said.toString())?.[1]);
  });
  after(async () => {
    if (server !== undefined) {
      const ended = once(server, 'exit');
      server.kill();
      await ended;
    }
    place.remove();
  });

  const scenario = (uses: string, on: number, peak: string, duration: string): object => ({
    version: 1,
    window: '250ms',
    seed: 3,
    plugins: { echo: uses },
    actors: { clients: { uses: 'echo', peak, with: { port: on } } },
    phases: [{ name: 'hold', duration, load: { clients: '100%' } }],
  });
  const series = (): readonly SeriesSummary[] => place.summary().phases[0]?.series ?? [];
  const sumOf = (metric: string, tags: Record<string, string> = {}): number =>
    series()
      .filter(
        (one) =>
          one.metric === metric && Object.entries(tags).every(([key, value]) => one.tags[key] === value),
      )
      .reduce((sum, one) => sum + (one.sum ?? one.count ?? 0), 0);

  it('does what it is asked by path, and its figures add up', async () => {
    place.write('path.json', scenario('./echo-plugin/dist/plugin.js', port, '100/s', '1500ms'));
    const { code, stderr } = await place.run('run', 'path.json');
    expect(code, stderr).to.equal(0);
    const operations = sumOf('op.count', { op: 'echo' });
    expect(operations).to.be.within(100, 151);
    expect(sumOf('op.bytes')).to.equal(operations * 64);
    expect(sumOf('echo.mismatches')).to.equal(0);
    expect(place.events().some(({ type }) => type === 'actor.failed')).to.equal(false);
  });

  it('is loaded by its package name, and finds brunt/plugin without an installation of its own', async () => {
    for (const part of ['package.json', 'dist'])
      cpSync(join(plugin, part), join(place.dir, 'node_modules/brunt-plugin-echo', part), {
        recursive: true,
      });
    place.write('name.json', scenario('brunt-plugin-echo', port, '4', '1s'));
    const { code, stderr } = await place.run('run', 'name.json');
    expect(code, stderr).to.equal(0);
    expect(sumOf('op.count')).to.be.greaterThan(100);
    expect(place.events().filter(({ type }) => type === 'agent.ready')).to.have.length(1);
  });

  it('counts what a bad server does: wrong replies, and failures by the system’s code', async () => {
    const bad = badServer();
    try {
      place.write('bad.json', scenario('./echo-plugin/dist/plugin.js', await listen(bad), '200/s', '1500ms'));
      const { code, stderr } = await place.run('run', 'bad.json');
      expect(code, stderr).to.equal(0);
    } finally {
      bad.close();
    }
    expect(sumOf('echo.mismatches')).to.be.greaterThan(2);
    const resets = series().find((one) => one.metric === 'op.errors' && one.tags['code'] === 'ECONNRESET');
    expect(resets?.sum ?? resets?.count).to.be.greaterThan(2);
    expect(sumOf('echo.connects', { why: 'again' })).to.be.greaterThan(2);
  });

  it('says that it could not start when nobody listens', async () => {
    const closed = createServer();
    const free = await listen(closed);
    closed.close();
    await once(closed, 'close');
    place.write('none.json', scenario('./echo-plugin/dist/plugin.js', free, '100/s', '1s'));
    const { code, stderr } = await place.run('run', 'none.json');
    expect(code, stderr).to.equal(7);
    expect(stderr).to.match(/no echo server at 127\.0\.0\.1:\d+: .*ECONNREFUSED/s);
  });

  it('is valid, and so is its scenario', async () => {
    const entry = join(plugin, 'dist/plugin.js');
    const text = readFileSync(entry, 'utf8').replace('default: 7007', `default: ${port}`);
    place.write('echo-plugin/dist/here.js', text);
    const { code, stderr } = await place.run(
      'validate',
      'echo-plugin/dist/here.js',
      'echo-plugin/scenarios/echo.json',
    );
    expect(code, stderr).to.equal(0);
    expect(stderr).to.contain('2 files valid');
  });

  it('is loaded as TypeScript where Node reads it, and refused with a reason where not', async () => {
    place.write('typed.json', scenario('./echo-plugin/src/plugin.ts', port, '50/s', '500ms'));
    const { code, stderr } = await place.run('run', 'typed.json');
    expect(code, stderr).to.equal(STRIPS_TYPES ? 0 : 3);
    if (!STRIPS_TYPES) expect(stderr).to.contain('Node loads TypeScript from 22.18 on');
  });
});
