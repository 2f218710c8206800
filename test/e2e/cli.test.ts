/** Verbs around a run, as a person types them: init, list, describe, schema, doctor, runs, and the flags of run. */
import { expect } from 'chai';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plan } from '../../core/contract/plan.js';
import type { RunSummary } from '../../core/contract/summary.js';
import { KINDS, TEMPLATES } from '../../cli/table.js';
import type { Finished } from '../support/cli.js';
import { Workplace } from '../support/cli.js';

const TINY = {
  version: 1,
  seed: 5,
  actors: { memory: { peak: '8MiB' }, cpu: { peak: '0.1cores' } },
  phases: [{ name: 'hold', duration: '400ms', load: { '*': '100%' } }],
  thresholds: { 'memory.taken': 'count > 0B', 'actor.held{actor:cpu}': 'max >= 0cores' },
};

describe('verbs', () => {
  const place = new Workplace();
  after(() => place.remove());
  const path = (...names: string[]): string => join(place.dir, ...names);
  const passed = async (...args: string[]): Promise<Finished> => {
    const finished = await place.run(...args);
    expect(finished.code, `${args.join(' ')}: ${finished.stderr}`).to.equal(0);
    return finished;
  };
  const json = async <T>(...args: string[]): Promise<T> =>
    JSON.parse((await passed(...args, '--json')).stdout) as T;

  describe('init', () => {
    it('writes every template, each of which validates', async () => {
      const scenarios: string[] = [];
      for (const template of TEMPLATES) {
        const { written, next } = await json<{ written: string[]; next: string[] }>(
          ...['init', template, '--template', template],
        );
        expect(written).to.include.members(['brunt.schema.json', '.gitignore']);
        for (const name of written) expect(existsSync(path(template, name)), name).to.equal(true);
        scenarios.push(join(template, /run (\S+)/.exec(next.at(-1) ?? '')?.[1] ?? ''));
      }
      await passed('validate', ...scenarios, '--profile', 'ci');
    });

    it('replaces nothing, unless told to', async () => {
      mkdirSync(path('mine'));
      writeFileSync(path('mine', 'quick.json'), 'mine');
      writeFileSync(path('mine', '.gitignore'), 'node_modules');
      const refused = await place.run('init', 'mine');
      expect(refused.code).to.equal(3);
      expect(refused.stderr).to.include('E_FILE_EXISTS').and.include('--force');
      expect(readFileSync(path('mine', 'quick.json'), 'utf8')).to.equal('mine');
      expect(existsSync(path('mine', 'brunt.schema.json'))).to.equal(false);
      await passed('init', 'mine', '--force');
      await passed('init', 'mine', '--force');
      expect(readFileSync(path('mine', 'quick.json'), 'utf8')).to.include('"$schema"');
      expect(readFileSync(path('mine', '.gitignore'), 'utf8')).to.equal('node_modules\n.brunt/\n');
    });
  });

  it('lists every kind, for people and for programs', async () => {
    const all = await json<Record<string, { name: string; description: string }[]>>('list');
    expect([...Object.keys(all), 'runs'].sort()).to.deep.equal([...KINDS].sort());
    for (const entry of Object.values(all).flat()) expect(entry.description, entry.name).to.match(/\S/);
    const { stdout, stderr } = await passed('list', 'simulators');
    expect(stdout).to.equal('');
    expect(stderr).to.match(/^ {2}memory {2}/m);
  });

  it('describes what it lists, and error codes', async () => {
    for (const name of ['cpu', 'ramp', 'E_PEAK']) {
      const { stderr } = await passed('describe', name);
      expect(stderr).to.include(`${name} (`);
    }
    const memory = await json<{
      controls: { bases: object }[];
      metrics: { help: string }[];
      example: object;
    }>('describe', 'memory');
    expect(memory.controls[0]?.bases).to.have.keys('available', 'total');
    expect(memory.metrics.every(({ help }) => help !== '')).to.equal(true);
    place.write('example.json', memory.example);
    await passed('validate', 'example.json');
  });

  it('prints a schema with the options of built-ins, and of the plugins of a scenario', async () => {
    const { stdout } = await passed('schema');
    expect(stdout).to.include('"period"'); // of cpu
    await passed('init', 'own', '--template', 'plugin');
    await passed('schema', join('own', 'scenario.json'), '--out', 'own.schema.json');
    const own = readFileSync(path('own.schema.json'), 'utf8');
    expect(own).to.include('"mine/hash"').and.include('Size of one block.');
  });

  it('says what this host can do', async () => {
    const { capabilities, sensors, clock } = await json<{
      capabilities: { how: string; enables: string }[];
      sensors: { sensor: string; isHere: boolean; value: number | null }[];
      clock: { resolutionNs: number };
    }>('doctor');
    for (const { how, enables } of capabilities) expect(how + enables).to.match(/\w/);
    expect(sensors.filter(({ isHere }) => !isHere).every(({ value }) => value === null)).to.equal(true);
    expect(clock.resolutionNs).to.be.greaterThan(0);
    expect((await passed('doctor')).stderr).to.match(/^sensors$/m);
  });

  it('plans with values from files of the environment, variables and --set, the later the stronger', async () => {
    place.write('said.json', {
      ...TINY,
      variables: { amount: { default: '4MiB', env: 'AMOUNT' } },
      actors: { memory: { peak: '${amount}' }, cpu: {} },
      phases: [
        { name: 'climb', duration: '1s', load: { '*': '50%' } },
        { name: 'hold', duration: '1s', load: { '*': '50%' }, until: 'actor.held{actor:cpu} last > 0cores' },
      ],
    });
    place.write('said.env', 'AMOUNT=5MiB\n');
    const peak = async (...flags: string[]): Promise<string | undefined> => {
      const plan = await json<Plan>('plan', 'said.json', ...flags);
      return plan.actors.find(({ name }) => name === 'memory')?.peak.text;
    };
    expect(await peak()).to.equal('4MiB');
    expect(await peak('--env-from', 'said.env')).to.equal('5MiB');
    const both = ['--env-from', 'said.env', '--var', 'amount=6MiB'];
    expect(await peak(...both)).to.equal('6MiB');
    expect(await peak(...both, '--set', 'actors.memory.peak=7MiB')).to.equal('7MiB');
    const { stderr } = await passed('plan', 'said.json', ...both, '--only', 'cpu');
    expect(stderr).to.include('Partial run').and.include('precedence').and.include('--var amount=6MiB');
    const needed = await place.run('plan', 'said.json', '--only', 'memory');
    expect(needed.code).to.equal(2);
    expect(needed.stderr).to.include('which depends on an actor that is left out');
    const none = await place.run('plan', 'said.json', '--env-from', 'none.env');
    expect([none.code, none.stderr.includes('E_FILE')]).to.deep.equal([3, true]);
  });

  describe('flags of run, and runs', () => {
    const runs = () =>
      json<{ runs: { run: string; names: string[]; state: string; bytes: number }[] }>('runs');

    it('names and tags a run, changes values, and finds it by its name', async () => {
      place.write('tiny.json', TINY);
      const summary = await json<RunSummary>(
        ...['run', 'tiny.json', '--name', 'first', '--tag', 'suite=e2e'],
        ...['--set', 'phases.hold.duration=300ms', '--set', 'seed=9'],
      );
      expect(summary).to.include({ seed: 9, plannedMs: 300 });
      const manifest = JSON.parse(readFileSync(join(summary.record, 'run.json'), 'utf8')) as {
        plan: { tags: object };
      };
      expect(manifest.plan.tags).to.deep.equal({ suite: 'e2e' });
      expect((await json<RunSummary>('report', '@first')).run).to.equal(summary.run);
      const wrong = await place.run('report', '@frist');
      expect(wrong.stderr).to.include('Did you mean "@first"?');
    });

    it('repeats with one seed and takes the worst exit code', async () => {
      place.write('failing.json', {
        ...TINY,
        seed: undefined,
        thresholds: { 'memory.taken': 'count > 1TiB' },
      });
      const { code, stdout } = await place.run('run', 'failing.json', '--repeat', '2', '--json');
      const { exitCode, runs: all } = JSON.parse(stdout) as { exitCode: number; runs: RunSummary[] };
      expect([code, exitCode]).to.deep.equal([4, 4]);
      expect(all.length).to.equal(2);
      expect(new Set(all.map(({ seed }) => seed)).size).to.equal(1);
      const refused = await place.run('run', 'tiny.json', '--repeat', '2', '--export', 'json=one.json');
      expect(refused.code).to.equal(2);
      expect(refused.stderr).to.include('would each replace the file');
    });

    it('leaves actors out with --only, and says that the run is partial', async () => {
      const { actors, thresholds, notes } = await json<RunSummary>('run', 'tiny.json', '--only', 'cpu');
      expect(actors.map(({ actor }) => actor)).to.deep.equal(['cpu']);
      expect(thresholds.map(({ selector }) => selector)).to.deep.equal(['actor.held{actor:cpu}']);
      expect(notes.join('\n'))
        .to.match(/Partial run.*without "memory"/)
        .and.match(/Not judged.*memory\.taken/);
      const unknown = await place.run('run', 'tiny.json', '--only', 'cpx');
      expect(unknown.code).to.equal(2);
      expect(unknown.stderr).to.include('Did you mean "cpu"?');
    });

    it('lists, names, prunes and removes records', async () => {
      const { runs: all } = await runs();
      expect(all.length).to.equal(4);
      expect(all.at(-1)).to.deep.include({ names: ['@first'], state: 'passed' });
      for (const { bytes } of all) expect(bytes).to.be.greaterThan(100);
      await passed('runs', 'name', '@last', '@newest');
      expect((await runs()).runs[0]?.names).to.deep.equal(['@newest']);
      const { removed } = await json<{ removed: string[] }>('runs', 'prune', '--keep', '1');
      expect(removed.length).to.equal(2);
      await passed('runs', 'rm', '@first');
      expect((await runs()).runs.map(({ names }) => names)).to.deep.equal([['@newest']]);
      expect(existsSync(path('.brunt/runs/@first'))).to.equal(false);
    });
  });
});
