/** The compiled command, started as a process: help, mistakes in arguments, places of mistakes in files, streams. */
import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findInstallation } from '../../../cli/package.js';
import { VERBS } from '../../../cli/table.js';

const MAIN = fileURLToPath(new URL('../../../cli/main.js', import.meta.url));

interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

describe('command line', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'brunt-cli-test-'));
  });
  afterEach(() => rm(dir, { recursive: true }));

  function brunt(args: readonly string[], { env = {}, input = '' } = {}): Promise<Finished> {
    return new Promise((resolve) => {
      const options = { cwd: dir, env: { ...process.env, NO_COLOR: '1', COLUMNS: '80', ...env } };
      const child = execFile(process.execPath, [MAIN, ...args], options, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      });
      child.stdin?.end(input);
    });
  }
  const file = async (name: string, content: unknown): Promise<string> => {
    await writeFile(join(dir, name), typeof content === 'string' ? content : JSON.stringify(content));
    return name;
  };
  const good = {
    version: 1,
    actors: { cpu: { peak: '1core' } },
    phases: [{ name: 'hold', duration: '1s', load: { cpu: '10%' } }],
  };

  it('helps on standard output, with every verb', async () => {
    const { code, stdout, stderr } = await brunt(['--help']);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    for (const { name } of VERBS) expect(stdout).to.match(new RegExp(`^  ${name} `, 'm'));
    expect(stdout.split('\n').filter((line) => line.length > 100)).to.deep.equal([]);
    expect((await brunt(['run', '--help'])).stdout).to.include('--export <name[=file]>');
  });

  it('says its version', async () => {
    expect((await brunt(['--version'])).stdout.trim()).to.equal(findInstallation().version);
  });

  const mistakes: readonly (readonly [string[], RegExp])[] = [
    [[], /Usage: brunt/],
    [['rnu', 'x.json'], /unknown command 'rnu'\n\(Did you mean run\?\)/],
    [['run', 'x.json', '--qiet'], /unknown option '--qiet'\n\(Did you mean --quiet\?\)/],
    [['run'], /missing required argument 'files'/],
    [['plan', 'a.json', 'b.json'], /too many arguments/],
    [['run', 'x.json', '--repeat', '0'], /--repeat is a whole number from 1/],
    [['run', 'x.json', '--tag', 'nightly'], /needs a "=" between name and value/],
    [['run', 'x.json', '--var', 'Dir=x'], /"Dir" is not a name/],
    [['run', 'x.json', '--name', '@last'], /@last is always the newest run/],
    [['run', 'x.json', '--name', '@a', '--repeat', '2'], /one name cannot be the name of 2 runs/],
    [['list', 'simulator'], /Did you mean "simulators"\?/],
    [['describe', 'memroy'], /Did you mean "memory"\?/],
    [['init', '--template', 'quik'], /Did you mean "quick"\?/],
    [['completion', 'bsh'], /Did you mean "bash"\?/],
    [['runs', 'remove'], /runs does not know "remove"/],
    [['runs', 'prune'], /prune needs to know how many stay/],
    [['runs', 'rm', '--keep', '1'], /--keep belongs to prune/],
    [['run', 'x.json', '--seed', '-1'], /A seed is a whole number/],
    [['run', 'x.json', '--profile'], /argument missing/],
  ];
  for (const [args, words] of mistakes) {
    it(`answers "brunt ${args.join(' ')}" with 2 and nothing on standard output`, async () => {
      const { code, stdout, stderr } = await brunt(args);
      expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' });
      expect(stderr).to.match(words);
    });
  }

  it('refuses a switch variable that is neither yes nor no', async () => {
    const { code, stderr } = await brunt(['clean'], { env: { BRUNT_JSON: 'perhaps' } });
    expect(code).to.equal(2);
    expect(stderr).to.include('BRUNT_JSON  E_USAGE');
    expect((await brunt(['clean'], { env: { BRUNT_JSON: '0' } })).stdout).to.equal('');
    expect((await brunt(['clean'], { env: { BRUNT_JSON: '1' } })).stdout).to.include('"removed"');
  });

  it('cleans nothing where nothing is', async () => {
    const { code, stderr } = await brunt(['clean']);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: 'nothing was left behind\n' });
  });

  it('accepts a good scenario, from a file and from standard input', async () => {
    const { code, stderr } = await brunt(['validate', await file('good.json', good), '-'], {
      input: JSON.stringify(good),
    });
    expect(stderr).to.equal('2 files valid\n');
    expect(code).to.equal(0);
  });

  it('tells every mistake with file, line and column, and the same as JSON', async () => {
    const bad = '{\n  "version": 1,\n  "actors": { "cpu": { "instanses": 2 } },\n  "phases": []\n}\n';
    const name = await file('bad.json', bad);
    const text = await brunt(['validate', await file('good.json', good), name]);
    expect(text.code).to.equal(3);
    expect(text.stdout).to.equal('');
    expect(text.stderr).to.match(/^ {2}bad\.json:3:\d+ {2}actors\.cpu\.instanses {2}E_SCHEMA$/m);
    expect(text.stderr).to.include('Did you mean "instances"?');
    const json = JSON.parse((await brunt(['validate', name, '--json'])).stdout) as {
      ok: boolean;
      errors: { code: string; line: number }[];
    };
    expect(json.ok).to.equal(false);
    expect(json.errors.map(({ code, line }) => [code, line])).to.deep.include(['E_SCHEMA', 3]);
  });

  it('refuses a file that is not there, for every verb that takes one', async () => {
    for (const verb of ['run', 'plan', 'validate']) {
      const { code, stderr } = await brunt([verb, 'none.json']);
      expect(code, verb).to.equal(3);
      expect(stderr, verb).to.include('none.json  E_FILE');
    }
  });

  it('answers a failed --json command with one object', async () => {
    const { code, stdout } = await brunt(['plan', 'none.json', '--json']);
    expect(code).to.equal(3);
    expect(JSON.parse(stdout)).to.deep.include({ ok: false });
  });

  it('plans: for people on standard error, for programs on standard output', async () => {
    const name = await file('good.json', good);
    const text = await brunt(['plan', name]);
    expect({ code: text.code, stdout: text.stdout }).to.deep.equal({ code: 0, stdout: '' });
    expect(text.stderr).to.include('hold');
    const { code, stdout } = await brunt(['plan', name, '--json'], { env: { BRUNT_PROFILE: 'server' } });
    expect(code).to.equal(0);
    expect(JSON.parse(stdout)).to.deep.include({ name: 'good', durationMs: 1000 });
    expect((JSON.parse(stdout) as { safety: { profile: string } }).safety.profile).to.equal('server');
  });

  it('knows its exporters, and what they need', async () => {
    const name = await file('good.json', good);
    const unknown = await brunt(['run', name, '--export', 'jsn=x']);
    expect(unknown.code).to.equal(2);
    expect(unknown.stderr).to.include('Did you mean "json"?');
    const lacking = await brunt(['run', name, '--export', 'json']);
    expect(lacking.code).to.equal(2);
    expect(lacking.stderr).to.include('--export json=FILE');
  });

  it('finds no run where there is none', async () => {
    const { code, stderr } = await brunt(['report']);
    expect(code).to.equal(3);
    expect(stderr).to.include('E_RUN_UNKNOWN');
  });
});
