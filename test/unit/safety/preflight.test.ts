import { expect } from 'chai';
import type { HostFacts, ResourceEstimate } from '../../../core/contract/host.js';
import type { Plan, PlannedActor } from '../../../core/contract/plan.js';
import type { ScenarioSafety } from '../../../core/safety/limits.js';
import { mergeLimits } from '../../../core/safety/limits.js';
import { preflight, preflightNotes } from '../../../core/safety/preflight.js';
import { GiB, HOST, preset } from './fixtures.js';

function actor(name: string, estimate: ResourceEstimate, more: Partial<PlannedActor> = {}): PlannedActor {
  return {
    name,
    simulator: 'memory/hold',
    module: 'file:///none.js',
    builtIn: true,
    options: {},
    control: 'amount',
    unit: 'bytes',
    peak: { amount: 1, text: '1' },
    instances: 1,
    shares: [1],
    lane: 'process',
    takes: 'memory',
    sharedBytes: 0,
    quietMs: 3000,
    operations: [],
    metrics: {},
    estimate,
    ...more,
  };
}

function plan(
  actors: readonly PlannedActor[],
  options: { readonly profile?: string; readonly safety?: ScenarioSafety; readonly host?: HostFacts } = {},
): Plan {
  const total = (key: keyof ResourceEstimate): number =>
    actors.reduce((sum, a) => sum + (a.estimate[key] ?? 0), 0);
  const host = options.host ?? HOST;
  return {
    version: 1,
    name: 'test',
    description: '',
    scenarioFile: null,
    tags: {},
    seed: 1,
    windowMs: 1000,
    durationMs: 1000,
    host,
    actors,
    phases: [],
    agents: actors.map((a) => ({ name: a.name, actors: [a.name] })),
    safety: mergeLimits(preset(options.profile ?? 'laptop'), options.safety ?? {}, host).safety,
    thresholds: [],
    exporters: [],
    catalogue: [],
    estimate: {
      memoryBytes: total('memoryBytes'),
      cores: total('cores'),
      realTimeCores: total('realTimeCores'),
      threads: total('threads'),
    },
    notes: [],
  };
}

const codes = (p: Plan, absent: readonly string[] = []): string[] =>
  preflight(p, p.host, absent).map((e) => e.code);

describe('preflight', () => {
  it('lets pass what fits between reserve and stop bound', () => {
    // 16 GiB available; laptop stops at 10 % of 20 GiB.
    expect(codes(plan([actor('hog', { memoryBytes: 14 * GiB })]))).to.deep.equal([]);
  });

  it('refuses what would reach the stop bound, with what is asked, there, and the way out', () => {
    const errors = preflight(plan([actor('hog', { memoryBytes: 15 * GiB })]), HOST, []);
    expect(errors).to.have.lengthOf(1);
    expect(errors[0]).to.include({ code: 'E_HOST', exitCode: 7, wanted: 'at most 14 GiB' });
    expect(errors[0]!.message).to.contain('15 GiB').and.to.contain('stops the run at "< 10%"');
    expect(errors[0]!.hint).to.contain('"hog"');
    expect(errors[0]!.place).to.deep.equal({ path: 'actors.hog.peak' });
  });

  it('refuses what would need the reserve, and names the control group when that is the bound', () => {
    const memory = { totalBytes: GiB, availableBytes: GiB, boundBy: 'cgroup', swapFreeBytes: null } as const;
    const small = { ...HOST, memory };
    const p = plan([actor('hog', { memoryBytes: 0.6 * GiB })], { profile: 'lab', host: small });
    const [error] = preflight(p, small, []);
    expect(error!.message).to.contain('512 MiB are kept in reserve').and.to.contain('control group');
  });

  it('adds up all actors but those that grow, which their leases bound, and says so', () => {
    const two = [actor('a', { memoryBytes: 8 * GiB }), actor('b', { memoryBytes: 8 * GiB })];
    expect(codes(plan(two))).to.deep.equal(['E_HOST']);
    const grows = plan([actor('leak', { memoryBytes: 900 * GiB }, { control: 'growth', unit: 'bytes/s' })]);
    expect(codes(grows)).to.deep.equal([]);
    expect(preflightNotes(grows, HOST, []).join()).to.contain('"leak" grows');
  });

  it('refuses an actor that asks for more cores than the quota, and only notes contention', () => {
    const burn = (name: string, amount: number): PlannedActor =>
      actor(name, { cores: amount }, { unit: 'cores', peak: { amount, text: `${amount}` }, takes: null });
    expect(codes(plan([burn('x', 3)]))).to.deep.equal(['E_HOST']);
    const both = plan([burn('x', 2), burn('y', 2)]);
    expect(codes(both)).to.deep.equal([]);
    expect(preflightNotes(both, HOST, []).join()).to.contain('contend');
  });

  it('refuses real-time threads that would leave nothing to those that stop them, all actors together', () => {
    const urgent = (name: string, cores: number): PlannedActor =>
      actor(
        name,
        { cores, realTimeCores: cores },
        { unit: 'cores', peak: { amount: cores, text: '' }, takes: null },
      );
    const on = (cores: number, ...actors: PlannedActor[]): string[] =>
      preflight(
        plan(actors, { host: { ...HOST, cores, quotaCores: cores } }),
        { ...HOST, cores, quotaCores: cores },
        [],
      ).map((error) => error.message);
    expect(on(2, urgent('x', 1.8))).to.deep.equal([]);
    expect(on(2, urgent('x', 1.9)).join()).to.contain('(x) ask for 1.9 cores of 2 cores');
    expect(on(2, urgent('x', 1), urgent('y', 1)).join()).to.contain('(x, y) ask for 2 cores');
    expect(on(16, urgent('x', 15)), 'a whole one is left').to.deep.equal([]);
    expect(on(16, urgent('x', 15.1))).to.have.length(1);
  });

  it('refuses more threads or open files than there may be', () => {
    expect(codes(plan([actor('many', { threads: 501 })]))).to.deep.equal(['E_HOST']);
    expect(codes(plan([actor('open', { openFiles: 1025 })]))).to.deep.equal(['E_HOST']);
    expect(codes(plan([actor('open', { openFiles: 800 }), actor('more', { openFiles: 800 })]))).to.deep.equal(
      [],
    );
    const silent = { ...HOST, openFiles: null, pids: null };
    const p = plan([actor('open', { openFiles: 1e9, threads: 1e9 })], { host: silent });
    expect(codes(p)).to.deep.equal([]);
  });

  it('refuses a limit of the scenario on a sensor that is absent, and notes one of the profile', () => {
    const heat = 'host.cpu.temperature';
    expect(codes(plan([]), [heat])).to.deep.equal([]);
    expect(preflightNotes(plan([]), HOST, [heat]).join()).to.contain(heat);
    const asked = plan([], { safety: { limits: { [heat]: { stop: '> 90C' } } } });
    expect(codes(asked, [heat])).to.deep.equal(['E_LIMIT_SENSOR']);
    expect(codes(asked)).to.deep.equal([]);
  });
});
