/** Probes on their own thread, against servers in processes of their own. */
import { expect } from 'chai';
import type { BruntError } from '../../../core/base/errors.js';
import { deferred } from '../../../core/base/deferred.js';
import { nowNs } from '../../../core/base/clock.js';
import type { PlannedProbe } from '../../../core/contract/plan.js';
import { LOGS_PER_SECOND } from '../../../core/probe/log-limit.js';
import type { ProbeLog } from '../../../core/probe/messages.js';
import type { Probes } from '../../../core/probe/probes.js';
import { startProbes } from '../../../core/probe/probes.js';
import { eventually } from '../../support/processes.js';
import type { TestServer } from '../../support/probing.js';
import { freePort, Numbers, probeOf, startServer } from '../../support/probing.js';

const WAIT_MS = 10_000;

describe('probes', () => {
  let server: TestServer | null = null;
  let probes: Probes | null = null;
  let logs: ProbeLog[] = [];
  const failure = { seen: deferred<BruntError>() };

  beforeEach(() => {
    logs = [];
    failure.seen = deferred();
  });
  afterEach(async () => {
    await probes?.stop();
    server?.stop();
    [probes, server] = [null, null];
  });

  async function start(...planned: PlannedProbe[]): Promise<Numbers> {
    probes = await startProbes({
      probes: planned,
      onLog: (log) => logs.push(log),
      onFailure: (error) => failure.seen.resolve(error),
      lookMs: 50,
    });
    probes.begin(nowNs());
    return new Numbers(probes.groups);
  }

  it('time an answer from when it was due until its end', async () => {
    server = await startServer('delay=30');
    const numbers = await start(await probeOf('http', { url: server.url, method: 'GET', timeout: 5000 }, 50));
    await eventually('ten samples', WAIT_MS, () => numbers.look().trend('probe.latency').count >= 10);
    // Timers of the server may be a millisecond early.
    expect(numbers.trend('probe.latency').min).to.be.within(28, 1000);
    expect(numbers.ratio('probe.errors')).to.include({ hits: 0 });
    expect(numbers.last('probe.up')).to.equal(1);
    expect(logs).to.deep.equal([]);
  });

  it('see a stall of one second from the due time, and count what they missed', async () => {
    server = await startServer();
    const numbers = await start(await probeOf('http', { url: server.url, method: 'GET', timeout: 5000 }, 50));
    await eventually('a sample', WAIT_MS, () => numbers.look().trend('probe.latency').count >= 3);
    await server.ask('/stall?ms=1000');
    await eventually('the stall', WAIT_MS, () => numbers.look().trend('probe.latency').max >= 900);
    expect(numbers.trend('probe.latency').max).to.be.lessThan(5000);
    expect(numbers.count('probe.missed')).to.be.within(15, 60);
    expect(numbers.ratio('probe.errors').hits).to.equal(0);
  });

  it('give up what hangs, one at a time', async () => {
    server = await startServer();
    const url = `${server.url}/hang`;
    const numbers = await start(await probeOf('http', { url, method: 'GET', timeout: 150 }, 20));
    await eventually('three failures', WAIT_MS, () => numbers.look().ratio('probe.errors').hits >= 3);
    await probes?.stop();
    numbers.look();
    expect(numbers.ratio('probe.errors').hits).to.equal(numbers.ratio('probe.errors').total);
    expect(numbers.trend('probe.latency').min).to.be.at.least(149);
    expect(numbers.last('probe.up')).to.equal(0);
    expect(numbers.count('probe.failures{kind:timeout}')).to.be.at.least(3);
    expect(numbers.count('probe.missed')).to.be.at.least(15);
    expect(logs.map(({ message }) => message)).to.deep.equal(['down: took longer than 150 ms']);
    // The one that asks, and at most one of the probe.
    expect(Number(await server.ask('/in-flight'))).to.be.at.most(2);
  });

  it('say how a server fails, and tell no latency of a quick refusal', async () => {
    server = await startServer();
    const { url } = server;
    const options = (path: string): object => ({ url: url + path, method: 'GET', timeout: 5000 });
    const up = await probeOf('http', { ...options('/') });
    const numbers = await start(
      { ...up, name: 'up' },
      { ...up, name: 'status', options: { ...options('/status') } },
      { ...up, name: 'expected', options: { ...options('/status'), expectStatus: 503 } },
      { ...up, name: 'reset', options: { ...options('/reset') } },
    );
    await eventually('samples of all', WAIT_MS, () => {
      numbers.look();
      return (
        numbers.count('probe.failures{kind:status}') > 2 && numbers.count('probe.failures{kind:reset}') > 2
      );
    });
    await server.ask('/die').catch(() => undefined);
    await eventually('refusals', WAIT_MS, () => numbers.look().count('probe.failures{kind:refused}') > 10);
    const count = numbers.trend('probe.latency').count;
    await eventually(
      'more refusals',
      WAIT_MS,
      () => numbers.look().count('probe.failures{kind:refused}') > 20,
    );
    expect(numbers.trend('probe.latency').count).to.equal(count);
    const of = (name: string): string[] =>
      logs.filter(({ probe }) => probe === name).map(({ message }) => message);
    expect(of('status')[0]).to.equal('down: status 503');
    expect(of('expected')[0]).to.match(/ECONNRE|hang up/);
    expect(of('up')[0]).to.match(/ECONNRE|hang up/);
  });

  it('connect to an address', async () => {
    server = await startServer();
    const open = await probeOf('tcp', { address: `127.0.0.1:${server.port}`, timeout: 5000 });
    const closed = { ...open, options: { address: `127.0.0.1:${await freePort()}`, timeout: 5000 } };
    const numbers = await start({ ...open, name: 'open' });
    await eventually('samples', WAIT_MS, () => numbers.look().trend('probe.latency').count >= 3);
    expect(numbers.ratio('probe.errors').hits).to.equal(0);
    await probes?.stop();
    const refused = await start({ ...closed, name: 'closed' });
    await eventually('refusals', WAIT_MS, () => refused.look().count('probe.failures{kind:refused}') >= 3);
    expect(refused.trend('probe.latency').count).to.equal(0);
  });

  it('tell how late a thread is woken', async () => {
    const numbers = await start(await probeOf('timer', {}, 10));
    await eventually('wakes', WAIT_MS, () => numbers.look().trend('probe.latency').count >= 50);
    const { count } = numbers.trend('probe.latency');
    // Each due instant was either taken or missed.
    expect(numbers.ratio('probe.errors')).to.include({ hits: 0 });
    expect(numbers.ratio('probe.errors').total).to.be.at.least(count);
  });

  it('begin at the instant they are given', async () => {
    const planned = await probeOf('timer', {}, 10);
    probes = await startProbes({
      probes: [planned],
      onLog: () => undefined,
      onFailure: (error) => failure.seen.resolve(error),
    });
    const numbers = new Numbers(probes.groups);
    const startNs = nowNs() + 400e6;
    probes.begin(startNs);
    await eventually('a sample', WAIT_MS, () => numbers.look().ratio('probe.errors').total > 0);
    expect(nowNs()).to.be.at.least(startNs);
  });

  it('record what a plugin measures itself, bound its log, and keep its prints off the screen', async () => {
    const numbers = await start(await probeOf('bad/chatty', {}, 20));
    await eventually('samples', WAIT_MS, () => numbers.look().ratio('probe.errors').total >= 6);
    await eventually('what was printed', WAIT_MS, () =>
      logs.some(({ message }) => message === 'printed by a probe'),
    );
    const { hits, total } = numbers.look().ratio('probe.errors');
    expect(hits).to.equal(Math.floor(total / 2));
    expect(numbers.last('probe.depth')).to.equal(total);
    // Within the first second or so.
    expect(logs.length).to.be.at.most(4 * LOGS_PER_SECOND);
  });

  it('wait for one that does not heed its signal, counting what is missed', async () => {
    const numbers = await start(await probeOf('bad/deaf', {}, 50));
    await eventually('two failures', WAIT_MS, () => numbers.look().ratio('probe.errors').hits >= 2);
    const texts = logs.map(({ message }) => message);
    expect(texts).to.not.include('two at a time');
    expect(texts.some((text) => text.startsWith('goes on although it was aborted'))).to.equal(true);
    expect(numbers.count('probe.missed')).to.be.at.least(6);
  });

  it('do not stop the main loop when one blocks, and are ended all the same', async () => {
    let turns = 0;
    const ticker = setInterval(() => turns++, 10);
    await start(await probeOf('bad/spins'), await probeOf('timer', {}, 10));
    const error = await failure.seen.promise;
    clearInterval(ticker);
    expect(error.code).to.equal('E_PROBE');
    expect(error.message).to.include('"bad-spins"');
    expect(turns).to.be.at.least(20);
    const fromMs = performance.now();
    await probes?.stop();
    expect(performance.now() - fromMs).to.be.lessThan(4000);
  });

  it('refuse the start when one cannot be opened, and say which', async () => {
    const planned = [await probeOf('timer'), await probeOf('bad/unopened')];
    const error: unknown = await startProbes({
      probes: planned,
      onLog: () => undefined,
      onFailure: (e) => failure.seen.resolve(e),
    }).catch((e: unknown) => e);
    expect(error).to.include({ code: 'E_PROBE_OPEN' });
    expect(String(error)).to.include('"bad-unopened" cannot be opened: no such device');
  });

  it('say so when their thread ends', async () => {
    await start(await probeOf('bad/exits'));
    const error = await failure.seen.promise;
    expect(error.code).to.equal('E_PROBE');
  });
});
