import { expect } from 'chai';
import type { HostFacts, Plan, Profile } from '../../../core/contract/index.js';
import { BruntError, BruntErrors } from '../../../core/base/errors.js';
import { buildPlan } from '../../../core/plan/build.js';
import { drawPlan } from '../../../core/plan/draw.js';
import { Registry } from '../../../core/plugin/registry.js';
import { loadScenario } from '../../../core/scenario/load.js';
import { HOST } from '../plugin/fixtures/lab.js';
import { BUILT_INS, registry } from '../plugin/fixtures/registry.js';

const PROFILES: readonly Profile[] = [
  {
    name: 'laptop',
    rank: 0,
    description: '',
    limits: { 'host.memory.available': { warn: '< 25%', stop: '< 10% for 2s' } },
    reserve: { bytes: '512MiB', share: '5%' },
    maxDuration: '30m',
    gracefulStop: '10s',
    actorNice: 5,
  },
];

interface Given {
  readonly host?: HostFacts;
  readonly profile?: string;
  readonly seed?: number;
}

async function plan(scenario: object, { host = HOST, profile = 'laptop', seed }: Given = {}): Promise<Plan> {
  const text = JSON.stringify({
    version: 1,
    phases: [{ name: 'x', duration: '1s', load: { '*': '100%' } }],
    ...scenario,
  });
  const loaded = await loadScenario({ file: null, text, registry });
  return buildPlan({
    scenario: loaded,
    registry,
    host,
    profiles: PROFILES,
    profile,
    ...(seed !== undefined && { seed }),
  });
}

async function refused(work: Promise<unknown>): Promise<BruntErrors | BruntError> {
  const error: unknown = await work.then(
    () => new Error('nothing was refused'),
    (e: unknown) => e,
  );
  if (error instanceof BruntErrors || error instanceof BruntError) return error;
  throw error;
}

describe('plans', () => {
  it('are frozen all the way down', async () => {
    const made = await plan({ actors: { burn: {} } });
    const walk = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      expect(Object.isFrozen(value)).to.equal(true);
      for (const part of Object.values(value)) walk(part);
    };
    walk(made);
    // The host that was given, and the plugin's own metrics, are not.
    expect(Object.isFrozen(HOST)).to.equal(false);
  });

  it('take the given seed, else the scenario’s, else draw one', async () => {
    const actors = { burn: {} };
    expect((await plan({ actors, seed: 5 }, { seed: 9 })).seed).to.equal(9);
    expect((await plan({ actors, seed: 5 })).seed).to.equal(5);
    const drawn = await Promise.all([plan({ actors }), plan({ actors })]);
    expect(drawn[0].seed).to.be.within(0, 2 ** 32 - 1);
    expect(drawn[0].seed).to.not.equal(drawn[1].seed);
  });

  it('have instances enough for the cores that are asked for', async () => {
    const made = await plan({ actors: { burn: { peak: '100% of machine' } } });
    expect(made.actors[0]).to.include({ instances: 4 });
    expect(made.actors[0]?.shares).to.deep.equal([1, 1, 1, 1]);
  });

  it('have at least one instance where the quota is less than a core', async () => {
    const made = await plan(
      { actors: { queue: { instances: 'per-core' } } },
      { host: { ...HOST, quotaCores: 0.5 } },
    );
    expect(made.actors[0]?.instances).to.equal(1);
  });

  it('know the metrics of their actors only', async () => {
    const names = (made: Plan): string[] => made.catalogue.map(({ metric }) => metric);
    const burn = names(await plan({ actors: { burn: {} } }));
    expect(burn).to.include.members(['actor.asked', 'burn.rounds', 'host.scheduler.lag', 'safety.state']);
    expect(burn.filter((name) => name.startsWith('op.') || name.startsWith('hog.'))).to.deep.equal([]);
    expect(names(await plan({ actors: { queue: {} } }))).to.include('op.latency');
  });

  it('refuse a profile that nobody has', async () => {
    const error = await refused(plan({ actors: { burn: {} } }, { profile: 'laptp' }));
    expect(error).to.include({ code: 'E_USAGE', hint: 'Did you mean "laptop"?' });
  });

  it('refuse a base that is nothing on this host', async () => {
    const host = { ...HOST, memory: { ...HOST.memory, availableBytes: 0 } };
    const error = await refused(plan({ actors: { hog: { peak: '50% of available' } } }, { host }));
    expect(error.message).to.contain('available, which is 0 here');
  });

  it('tell what a plugin’s own code throws as the plugin’s fault', async () => {
    const url = new URL('../plugin/fixtures/faulty.js', import.meta.url).href;
    const faulty = new Registry([...BUILT_INS, { kind: 'simulator', name: 'faulty', url }]);
    for (const [fault, part] of [
      ['throw', 'no licence'],
      ['nan', 'estimate of cores is NaN'],
      ['instances', 'chose 0.5 instances'],
      ['crowd', '300 instances'],
    ] as const) {
      const text = JSON.stringify({
        version: 1,
        actors: { faulty: { with: { fault } } },
        phases: [{ name: 'x', duration: '1s', load: { '*': '100%' } }],
      });
      const scenario = await loadScenario({ file: null, text, registry: faulty });
      const host = { ...HOST, hostname: fault };
      const error = await refused(
        buildPlan({ scenario, registry: faulty, host, profiles: PROFILES, profile: 'laptop' }),
      );
      expect(error.message).to.contain(part);
      expect((error as BruntErrors).errors[0]?.place).to.include({ path: 'actors.faulty', line: 1 });
    }
  });
});

describe('a drawn plan', () => {
  it('fits 80 columns and shows phases, peaks, cost, limits and thresholds', async () => {
    const text = drawPlan(
      await plan({
        name: 'drawn',
        seed: 3,
        description:
          'A description that is quite a bit longer than a line of eighty columns can ever hold, so it wraps.',
        actors: { burn: {}, store: { uses: 'hog', peak: '25% of available' }, queue: {} },
        phases: [
          { name: 'climb', duration: '15s', load: { burn: '0% -> 80%', store: '10%' } },
          { name: 'a-phase-with-a-long-name', duration: '1m30s', measure: false, load: { '*': '80%' } },
          { name: 'rest', duration: '500ms' },
        ],
        thresholds: {
          'actor.achieved{phase:climb}': ['avg > 90%', { assert: 'min > 50%', severity: 'warn' }],
        },
      }),
    );
    for (const line of text.split('\n')) expect(line.length, line).to.be.at.most(80);
    expect(text).to.contain('drawn · 3 phases · 01:45 · seed 3');
    expect(text).to.match(/climb +00:00 \+15 s +burn 0% -> 80%, store 10%/);
    expect(text).to.contain('(not measured)');
    expect(text).to.match(/rest +01:45 \+500 ms +all idle/);
    expect(text).to.match(/store +hog +2\.5 GiB \(25% of available\) +1 +store/);
    expect(text).to.match(/memory +2\.66 GiB +of 10 GiB available \(26\.6 %\)/);
    expect(text).to.match(/host\.memory\.available +warn < 4 GiB, stop < 1\.6 GiB for 2 s/);
    expect(text).to.contain('actor.achieved{phase:climb} min > 50% (warns)');
  });

  it('never draws a load as nothing', async () => {
    const text = drawPlan(
      await plan({ actors: { burn: {} }, phases: [{ name: 'low', duration: '1s', load: { burn: '0.1%' } }] }),
    );
    expect(text).to.contain('▁▁▁▁▁▁▁▁');
  });
});
