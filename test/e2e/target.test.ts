/** A run beside a target: it waits until the target is ready, measures it from outside, and leaves nothing behind. */
import { expect } from 'chai';
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAssertion, parseSelector } from '../../core/base/grammar.js';
import type { RunEvent } from '../../core/contract/events.js';
import type { Window } from '../../core/contract/metrics.js';
import type { Plan, PlannedCommand, PlannedProbe, PlannedTarget } from '../../core/contract/plan.js';
import { catalogueOf } from '../../core/plan/catalogue.js';
import { decodeWindow } from '../../core/record/codec.js';
import { readHostFacts } from '../../core/safety/host-facts.js';
import { Workplace } from '../support/cli.js';
import { eventually, isAlive } from '../support/processes.js';
import { freePort, probeOf, SERVER } from '../support/probing.js';

const RUN_PLAN = fileURLToPath(new URL('../support/programs/run-plan.js', import.meta.url));
const WAIT_MS = 20_000;
const GONE_MS = 5000;

describe('a run beside a target', () => {
  let place: Workplace;
  let port = 0;
  const running: ChildProcess[] = [];
  beforeEach(async () => {
    place = new Workplace();
    port = await freePort();
  });
  afterEach(() => {
    for (const child of running.splice(0)) child.kill('SIGKILL');
    place.remove();
  });

  const READY = 'probe.up{probe:api} last == 1';

  function targetOf(words: readonly string[], ready: string | null = READY): PlannedCommand {
    const [selector = '', ...assertion] = (ready ?? '').split(' ');
    return {
      command: [process.execPath, SERVER, String(port), ...words],
      cwd: place.dir,
      env: {},
      ready:
        ready === null
          ? null
          : {
              selector: parseSelector(selector),
              assertion: parseAssertion(assertion.join(' ')),
              text: ready,
            },
    };
  }

  async function api(path = '/', everyMs = 50): Promise<PlannedProbe> {
    const url = `http://127.0.0.1:${port}${path}`;
    return { ...(await probeOf('http', { url, method: 'GET', timeout: 5000 }, everyMs)), name: 'api' };
  }

  async function start(
    parts: { target?: PlannedTarget; probes: PlannedProbe[] },
    durationMs = 1500,
  ): Promise<ChildProcess> {
    const plan: Plan = {
      ...(await emptyPlan(durationMs)),
      ...parts,
      catalogue: catalogueOf([], { probes: parts.probes, hasTarget: parts.target !== undefined }),
    };
    place.write('plan.json', plan);
    const runs = join(place.dir, '.brunt/runs');
    const child = spawn(process.execPath, [RUN_PLAN, join(place.dir, 'plan.json'), runs], {
      cwd: place.dir,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    running.push(child);
    return child;
  }

  const exitOf = async (child: ChildProcess): Promise<number | null> =>
    ((await once(child, 'exit')) as [number | null])[0];

  const eventsNow = (): RunEvent[] => {
    try {
      return place.events();
    } catch {
      return []; // no record yet, or half a line
    }
  };

  async function event<T extends RunEvent['type']>(type: T): Promise<RunEvent & { type: T }> {
    const find = (): (RunEvent & { type: T }) | undefined =>
      eventsNow().find((e): e is RunEvent & { type: T } => e.type === type);
    await eventually(`event ${type}`, WAIT_MS, () => find() !== undefined);
    return find()!;
  }

  function windows(): Window[] {
    const text = readFileSync(join(place.lastRecord(), 'windows.ndjson'), 'utf8');
    return text.split('\n').flatMap((line) => decodeWindow(line) ?? []);
  }

  it('starts it, waits until it is ready, measures it, ends it', async () => {
    const child = await start({ target: targetOf(['delay=20', 'leak=40', 'child']), probes: [await api()] });
    expect(await exitOf(child)).to.equal(0);
    const events = place.events();
    const order = events.map(({ type }) => type).filter((type) => /^target|^run/.test(type));
    expect(order.filter((type) => type !== 'target.output')).to.deep.equal([
      'run.starting',
      'target.started',
      'target.ready',
      'run.started',
      'run.stopping',
      'target.ended',
      'run.ended',
    ]);
    expect(events.find((e) => e.type === 'target.ended')).to.include({ wasAsked: true });
    expect(events.find((e) => e.type === 'target.output')).to.include({ text: `listening ${port}` });
    // What the probe saw before the start instant, refusals and all, is no part of the run.
    const { phases } = place.summary();
    const of = (metric: string): NonNullable<(typeof phases)[0]>['series'][0] | undefined =>
      phases[0]?.series.find((series) => series.metric === metric);
    expect(of('probe.errors')).to.include({ sum: 0 });
    expect(of('probe.latency')?.min).to.be.at.least(18e6);
    expect(of('probe.latency')?.count).to.be.within(5, 31);
    expect(of('probe.up')).to.include({ min: 1, last: 1 });
    expect(of('target.restarts')).to.include({ count: 0 });
    const rss = windows().flatMap(({ series }) =>
      series.flatMap(({ metric, point }) =>
        metric === 'target.rss' && point.kind === 'gauge' ? [point.last] : [],
      ),
    );
    expect(rss.length).to.be.at.least(3);
    expect(rss.at(-1)! - rss[0]!).to.be.greaterThan(10 * 2 ** 20);
    const pid = (await event('target.started')).pid;
    expect(isAlive(pid)).to.equal(false);
  });

  it('does not start what is never ready: the target ends, or its condition cannot hold', async () => {
    const impossible = targetOf([]);
    const died = await start({
      target: { ...impossible, command: ['node', '-e', 'process.exit(5)'] },
      probes: [await api()],
    });
    expect(await exitOf(died)).to.equal(7);
    expect(place.summary().reasons[0]).to.match(/ended before it was ready: exit code 5/);
  });

  it('fails when the target ends by itself', async () => {
    const child = await start({ target: targetOf([]), probes: [await api()] }, 60_000);
    await event('run.started');
    await fetch(`http://127.0.0.1:${port}/die`).catch(() => undefined);
    expect(await exitOf(child)).to.equal(6);
    expect(place.summary()).to.include({ stopCause: 'target', exitCode: 6 });
    expect(place.summary().reasons[0]).to.include('exit code 3');
  });

  it('leaves nothing of it when the orchestrator is killed', async () => {
    const child = await start({ target: targetOf(['child', 'escape']), probes: [await api()] }, 60_000);
    await event('run.started');
    const { pid } = await event('target.started');
    const pids = [pid, ...childPids(pid)];
    expect(pids.filter(isAlive).length).to.equal(3);
    child.kill('SIGKILL');
    await eventually('all of it is gone', GONE_MS, () => pids.filter(isAlive).length === 0);
  });

  it('gives up a wait for readiness when it is told to stop', async () => {
    const child = await start({
      target: targetOf([], 'probe.up{probe:api} last == 2'),
      probes: [await api()],
    });
    const { pid } = await event('target.started');
    child.kill('SIGTERM');
    expect(await exitOf(child)).to.equal(143);
    expect(isAlive(pid)).to.equal(false);
  });

  it('sees a stall of the service from outside, and that it came back', async () => {
    const child = await start({ target: targetOf([]), probes: [await api()] }, 3500);
    await event('run.started');
    await fetch(`http://127.0.0.1:${port}/stall?ms=1000`);
    expect(await exitOf(child)).to.equal(0);
    const { phases } = place.summary();
    const latency = phases[0]?.series.find(({ metric }) => metric === 'probe.latency');
    expect(latency?.max).to.be.within(900e6, 4000e6);
    const missed = phases[0]?.series.find(({ metric }) => metric === 'probe.missed');
    expect(missed?.count).to.be.at.least(10);
  });
});

function childPids(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1');
  return text
    .split(' ')
    .filter((word) => word !== '')
    .map(Number);
}

/** No actors: what is measured here is the target. */
async function emptyPlan(durationMs: number): Promise<Plan> {
  return {
    version: 1,
    name: 'beside-a-target',
    description: '',
    scenarioFile: null,
    tags: {},
    seed: 1,
    windowMs: 250,
    durationMs,
    host: await readHostFacts(),
    actors: [],
    phases: [{ index: 0, name: 'watch', startMs: 0, durationMs, measure: true, load: {} }],
    agents: [],
    safety: {
      profile: 'laptop',
      limits: [],
      reserveBytes: 0,
      maxDurationMs: 120_000,
      gracefulStopMs: 5000,
      actorNice: 0,
    },
    thresholds: [],
    exporters: [],
    catalogue: [],
    estimate: {},
    notes: [],
  };
}
