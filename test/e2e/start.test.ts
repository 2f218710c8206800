/** What a command needs not, it does not load; what has booted ahead of a plan is gone when there is none. */
import { spawn } from 'node:child_process';
import { expect } from 'chai';
import { readFileSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../cli/library.js';
import { Workplace } from '../support/cli.js';
import { childrenOf, eventually, isAlive } from '../support/processes.js';
import { ROOT } from '../support/root.js';

const SCENARIO = {
  version: 1,
  name: 'brief',
  actors: { burn: { uses: 'cpu', peak: '0.1cores', instances: 1 } },
  phases: [{ name: 'hold', duration: '200ms', load: { burn: '100%' } }],
};
const MAIN = join(ROOT, 'dist/cli/main.js');
const TRACE = new URL('../support/programs/module-trace.js', import.meta.url).href;

describe('the start of a command', () => {
  let place: Workplace;
  beforeEach(() => (place = new Workplace()));
  afterEach(() => place.remove());

  /** Names of the packages, and of our own modules, that the main thread of a command has loaded. */
  async function loaded(...args: string[]): Promise<{ packages: string[]; own: string[] }> {
    const file = join(place.dir, 'loaded.txt');
    const env = { ...process.env, BRUNT_TEST_TRACE: file };
    const child = spawn(process.execPath, ['--import', TRACE, MAIN, ...args], { cwd: place.dir, env });
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect(code).to.equal(0);
    const urls = readFileSync(file, 'utf8').trim().split('\n');
    unlinkSync(file);
    const packages = urls.flatMap((url) => /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1] ?? []);
    const own = urls.filter((url) => url.includes('/dist/')).map((url) => url.replace(/^.*\/dist\//, ''));
    return { packages: [...new Set(packages)].sort(), own };
  }

  it('loads nothing but the table of verbs for help', async () => {
    const { packages, own } = await loaded('--help');
    expect(packages).to.deep.equal([]);
    expect(own.length, own.join(' ')).to.be.within(1, 8);
    expect(own.filter((file) => file.includes('verbs'))).to.deep.equal([]);
  });

  it('loads few files, and nothing that compiles a schema, to validate', async () => {
    place.write('s.json', SCENARIO);
    const { packages, own } = await loaded('validate', 's.json');
    expect(packages.filter((name) => !name.includes('koffi'))).to.deep.equal([]);
    expect(own).to.include('core/scenario/made-validator.js');
    expect(own.length, own.join(' ')).to.be.lessThan(24);
  });

  it('loads neither ajv, probes nor targets to run what has none', async () => {
    place.write('s.json', SCENARIO);
    const { packages, own } = await loaded('run', 's.json', '--quiet');
    expect(packages).not.to.include('ajv').and.not.to.include('piscina');
    expect(
      own.filter((file) => /part-(probes|readings|target|watched|meter|tree)-/.test(file)),
    ).to.deep.equal([]);
    expect(own.length, own.join(' ')).to.be.lessThan(36);
  });
});

describe('what boots ahead of the plan', () => {
  let place: Workplace;
  beforeEach(() => (place = new Workplace()));
  afterEach(() => place.remove());

  it('is there while the plan is made, and serves the run', async () => {
    place.write('s.json', SCENARIO);
    const cli = place.start('run', 's.json');
    let first: number[] = [];
    await eventually('an agent boots', 15_000, () => (first = childrenOf(cli.pid)).length > 0);
    const { code, stderr } = await cli.done;
    expect(code, stderr).to.equal(0);
    const ready = place.events().flatMap((event) => (event.type === 'agent.ready' ? event.pid : []));
    expect(ready).to.deep.equal(first);
    expect(first.filter(isAlive)).to.deep.equal([]);
  });

  it('is gone before the command ends when the plan is refused', async () => {
    place.write('s.json', { ...SCENARIO, phases: [] });
    const cli = place.start('run', 's.json');
    let agents: number[] = [];
    const look = setInterval(() => (agents = [...new Set([...agents, ...childrenOf(cli.pid)])]), 5);
    const { code, stderr } = await cli.done;
    clearInterval(look);
    expect(code, stderr).to.equal(3);
    expect(agents.length, 'an agent was booting').to.equal(1);
    expect(agents.filter(isAlive)).to.deep.equal([]);
  });

  it('is gone when a program that uses the library is refused', async () => {
    const before = new Set(childrenOf(process.pid));
    const added = (): number[] => childrenOf(process.pid).filter((pid) => !before.has(pid));
    let error: unknown = null;
    const refused = run({ version: 1 }).catch((thrown: unknown) => (error = thrown));
    expect(added().length).to.equal(1);
    await refused;
    expect(String(error)).to.contain('missing');
    expect(added().filter(isAlive)).to.deep.equal([]);
  });

  it('fails the run in order when it is killed before there is a plan', async () => {
    place.write('s.json', SCENARIO);
    const cli = place.start('run', 's.json');
    let agents: number[] = [];
    await eventually('an agent boots', 15_000, () => (agents = childrenOf(cli.pid)).length > 0);
    process.kill(agents[0]!, 'SIGKILL');
    const { code, stderr } = await cli.done;
    expect(code, stderr).to.equal(6);
    expect(stderr).to.contain('SIGKILL');
  });
});
