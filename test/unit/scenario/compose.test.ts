/** What is said beside a scenario, and in which order: variables, the environment, --var, --set, and secrets. */
import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BruntErrors } from '../../../core/base/errors.js';
import type { Plan, Profile } from '../../../core/contract/index.js';
import { buildPlan } from '../../../core/plan/build.js';
import { withRunNames } from '../../../core/plan/run-names.js';
import { withoutSecrets } from '../../../core/plan/secrets.js';
import type { LoadInput } from '../../../core/scenario/load.js';
import { loadScenario } from '../../../core/scenario/load.js';
import { HOST } from '../plugin/fixtures/lab.js';
import { registry } from '../plugin/fixtures/registry.js';

const PROFILE: Profile = {
  name: 'laptop',
  description: '',
  rank: 0,
  limits: {},
  reserve: { bytes: '512MiB', share: '5%' },
  maxDuration: '30m',
  gracefulStop: '10s',
  actorNice: 0,
};

const SCENARIO = {
  version: 1,
  variables: {
    workers: { default: 2, env: 'WORKERS' },
    level: '50%',
    key: { env: 'KEY', secret: true, default: 'none' },
  },
  actors: {
    burn: { instances: '${workers}', peak: '1cores' },
    toggle: { with: { key: 'a-${key}' } },
  },
  phases: [{ name: 'hold', duration: '10s', load: { burn: '${level}' } }],
};

type Beside = Partial<Pick<LoadInput, 'variables' | 'env' | 'set' | 'file'>>;

async function planOf(beside: Beside, scenario: unknown = SCENARIO): Promise<Plan> {
  const input = { file: null, text: JSON.stringify(scenario), registry, env: {}, ...beside };
  const loaded = await loadScenario(input);
  return buildPlan({ scenario: loaded, registry, host: HOST, profiles: [PROFILE], profile: 'laptop' });
}

async function told(beside: Beside, scenario: unknown = SCENARIO): Promise<string[]> {
  try {
    await planOf(beside, scenario);
  } catch (error) {
    if (!(error instanceof BruntErrors)) throw error;
    return error.errors.map(({ code, place, message }) => `${code} ${place?.path ?? ''} ${message}`);
  }
  return [];
}

const workers = (plan: Plan): number | undefined => plan.actors[0]?.instances;

describe('variables', () => {
  it('come from the default, the environment and the command line, the last one winning', async () => {
    expect(workers(await planOf({}))).to.equal(2);
    expect(workers(await planOf({ env: { WORKERS: '3' } }))).to.equal(3);
    expect(workers(await planOf({ env: { WORKERS: '3' }, variables: { workers: '4' } }))).to.equal(4);
    const set = ['actors.burn.instances=5'];
    expect(workers(await planOf({ env: { WORKERS: '3' }, variables: { workers: '4' }, set }))).to.equal(5);
  });

  it('are of the type of their default, and declared', async () => {
    expect(await told({ env: { WORKERS: 'many' } })).to.deep.equal([
      'E_VARIABLE variables.workers "many" is not a number, which variable "workers" is',
    ]);
    expect(await told({ variables: { worker: '1' } })).to.deep.equal([
      'E_VARIABLE --var worker variable "worker" is not declared',
    ]);
  });

  it('may be secret: the run has the value, the record the name', async () => {
    const plan = await planOf({ env: { KEY: 'hunter2' } });
    expect(plan.actors[1]?.options).to.deep.equal({ key: 'a-hunter2' });
    const written = JSON.stringify(withoutSecrets(plan));
    expect(written).to.include('a-${key}');
    expect(written).to.not.include('hunter2');
    const elsewhere = { ...SCENARIO, tags: { key: '${key}' } };
    expect(await told({}, elsewhere)).to.deep.equal([
      'E_VARIABLE tags.key a secret would show in the record here',
    ]);
  });

  it('of the run are filled in when it starts, and stand with exporters only', async () => {
    const run = '2026-11-21T10-14-03-quick-look-7f3a';
    expect(withRunNames({ path: 'r/${run.id}-${run.date}.json', n: 1 }, run)).to.deep.equal({
      path: `r/${run}-2026-11-21.json`,
      n: 1,
    });
    const early = { ...SCENARIO, tags: { run: '${run.id}' } };
    expect(await told({}, early)).to.deep.equal([
      'E_VARIABLE tags.run "run.id" is known only when the run starts',
    ]);
  });
});

describe('--set', () => {
  it('goes by dots, by a pointer, and to phases by name', async () => {
    expect((await planOf({ set: ['phases.hold.duration=5s'] })).durationMs).to.equal(5000);
    expect((await planOf({ set: ['/phases/0/duration=6s'] })).durationMs).to.equal(6000);
    const set = ['safety.limits."host.memory.available".stop=< 10%'];
    expect((await planOf({ set })).safety.limits[0]?.triggers[0]?.text).to.equal('< 10%');
  });

  it('reads a value by the type that the schema wants there', async () => {
    expect((await planOf({ set: ['seed=7', 'name=x7', 'tags.ticket=42'] })).tags).to.deep.equal({
      ticket: '42',
    });
    expect((await planOf({ set: ['actors.toggle.with.key=42'] })).actors[1]?.options).to.deep.equal({
      key: '42',
    });
    expect((await planOf({ set: ['actors.toggle=null'] })).actors).to.have.length(1);
  });

  it('says what it cannot find', async () => {
    expect(await told({ set: ['phases.hald.duration=5s'] })).to.deep.equal([
      'E_SET --set phases.hald.duration=5s there is no entry "hald"',
    ]);
    expect(await told({ set: ['nonsense'] })).to.deep.equal(['E_SET --set nonsense it is not PATH=VALUE']);
    expect((await told({ set: ['actors.burn.peek=1'] }))[0]).to.include('unknown key "peek"');
  });
});

describe('files', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'brunt-compose-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const write = (name: string, value: unknown): string => {
    const file = join(folder, name);
    writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value));
    return file;
  };

  it('play a recorded column, in its own unit', async () => {
    write('trace.csv', 'time,cores\n0,0.5\n1,1\n2,0.25\n');
    const load = { shape: 'trace', file: 'trace.csv', column: 'cores', unit: 'cores', every: '2s', speed: 2 };
    const phases = [{ name: 'x', duration: '3s', load: { burn: load } }];
    const plan = await planOf({ file: join(folder, 's.json') }, { ...SCENARIO, phases });
    expect(plan.phases[0]?.load['burn']).to.deep.equal([
      { startMs: 0, endMs: 1000, from: 0.5, to: 1 },
      { startMs: 1000, endMs: 2000, from: 1, to: 0.25 },
      { startMs: 2000, endMs: 3000, from: 0.25, to: 0.25 },
    ]);
    expect(plan.notes.join()).to.include('its last level stays until the end');
  });

  it('tell a mistake in the file that makes it', async () => {
    const base = write('_base.json', { ...SCENARIO, actors: { ...SCENARIO.actors, burn: { peak: '1G' } } });
    const text = JSON.stringify({ version: 1, extends: './_base.json', actors: { toggle: null } });
    const error: unknown = await loadScenario({
      file: join(folder, 's.json'),
      text,
      registry,
      env: {},
    }).catch((e: unknown) => e);
    expect(error).to.be.instanceOf(BruntErrors);
    expect((error as BruntErrors).errors.map(({ place }) => place?.file)).to.deep.equal([base]);
  });

  it('make no other actor walk elsewhere when one is added', async () => {
    const walk = { shape: 'walk', low: '10%', high: '90%', every: '100ms' };
    const one = { ...SCENARIO, seed: 9, phases: [{ name: 'x', duration: '3s', load: { burn: walk } }] };
    const two = {
      ...one,
      actors: { another: { uses: 'burn', peak: '1cores' }, ...one.actors },
      phases: [{ name: 'x', duration: '3s', load: { another: walk, burn: walk } }],
    };
    const [a, b] = [await planOf({}, one), await planOf({}, two)].map(({ phases }) => phases[0]!.load);
    expect(b!['burn']).to.deep.equal(a!['burn']);
    expect(b!['another']).to.not.deep.equal(a!['burn']);
  });
});
