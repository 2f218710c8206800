/** The walls of the house: who imports whom, no cycles, one place for each third-party package. */
import { expect } from 'chai';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { ROOT } from '../support/root.js';

const FOLDERS = ['core', 'plugins', 'exporters', 'cli', 'bench'];

/** What each room may import beside itself, `core/base` and `core/contract`. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  'core/base': [],
  'core/contract': [],
  'core/linux': [],
  'core/metrics': ['core/plan'],
  'core/plugin': [],
  'core/scenario': ['core/plugin'],
  'core/plan': ['core/plugin', 'core/scenario', 'core/metrics', 'core/safety'],
  'core/safety': ['core/linux', 'core/metrics'],
  'core/actor': ['core/linux', 'core/plugin', 'core/metrics'],
  'core/agent': ['core/linux', 'core/metrics', 'core/plan', 'core/actor'],
  'core/probe': ['core/plugin', 'core/metrics', 'core/agent'],
  'core/target': ['core/agent', 'core/linux', 'core/metrics'],
  'core/record': ['core/linux', 'core/agent', 'core/metrics'],
  'core/run': [
    'core/agent',
    'core/metrics',
    'core/plan',
    'core/probe',
    'core/record',
    'core/safety',
    'core/target',
    'core/linux',
  ],
  core: ['core/*'],
  plugins: ['core/linux'],
  exporters: [],
  cli: ['core', 'core/*', 'plugins', 'exporters'],
  bench: ['core', 'core/*', 'plugins', 'exporters', 'cli'],
};

/** The one place that may import each third-party package; benches may stand beside it. */
const HOME_OF: Record<string, string> = {
  ajv: 'core/scenario/',
  commander: 'cli/',
  'hdr-histogram-js': 'bench/',
  'jsonc-parser': 'core/scenario/',
  koffi: 'core/linux/foreign.ts',
  picocolors: 'exporters/terminal/',
  piscina: 'core/agent/pool.ts',
  prettier: 'bench/page.ts',
  'prom-client': 'bench/',
  rxjs: 'core/run/streams.ts',
  systeminformation: 'core/safety/host-facts.ts',
  tdigest: 'core/metrics/digest.ts',
};

interface Import {
  readonly from: string;
  readonly to: string;
}

const files = FOLDERS.flatMap((folder) => sources(join(ROOT, folder))).map((file) => relative(ROOT, file));
const imports = files.flatMap((from) => importsOf(from));

function sources(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
}

function importsOf(from: string): Import[] {
  const text = readFileSync(join(ROOT, from), 'utf8');
  const specifiers = text.matchAll(/(?:^|\s)(?:import|export)\s[^;]*?from\s+'([^']+)'|import\('([^']+)'\)/g);
  return [...specifiers].map((match) => {
    const specifier = match[1] ?? match[2] ?? '';
    const to = specifier.startsWith('.')
      ? normalize(join(dirname(from), specifier)).replace(/\.js$/, '.ts')
      : specifier;
    return { from, to };
  });
}

function roomOf(file: string): string {
  const [top = '', second = ''] = file.split('/');
  return top === 'core' ? (second.endsWith('.ts') ? 'core' : `core/${second}`) : top;
}

/** What stands under several plugins and is none itself. */
const PLUGIN_FLOORS: Record<string, readonly string[]> = { storage: ['disk', 'block', 'files'] };

function mayImport(from: string, to: string): boolean {
  const [here, there] = [roomOf(from), roomOf(to)];
  if (here === there) {
    // A plugin or exporter knows nothing of its neighbours, but of the floor that they share.
    const [mine = '', other = ''] = [from.split('/')[1], to.split('/')[1]];
    if (here === 'plugins' && PLUGIN_FLOORS[other]?.includes(mine) === true) return true;
    return !['plugins', 'exporters'].includes(here) || mine === other;
  }
  if (there === 'core/base') return true;
  if (there === 'core/contract') return here !== 'core/base';
  return (MAY_IMPORT[here] ?? []).some(
    (allowed) => allowed === there || (allowed === 'core/*' && there.startsWith('core/')),
  );
}

describe('the house', () => {
  it('was really read', () => {
    expect(files.length).to.be.greaterThan(50);
    expect(imports.length).to.be.greaterThan(200);
  });

  it('has walls: each room imports only what it may', () => {
    const ours = imports.filter(({ to }) => files.includes(to));
    const breaches = ours.filter(({ from, to }) => !mayImport(from, to));
    expect(breaches.map(({ from, to }) => `${from} imports ${to}`)).to.deep.equal([]);
  });

  it('imports only files that exist', () => {
    const missing = imports.filter(({ to }) => to.endsWith('.ts') && !files.includes(to));
    expect(missing.map(({ from, to }) => `${from} imports ${to}`)).to.deep.equal([]);
  });

  it('has no cycles, type imports included', () => {
    const next = new Map(
      files.map((file) => [file, imports.filter((i) => i.from === file).map((i) => i.to)]),
    );
    const done = new Set<string>();
    const cycles: string[] = [];
    const visit = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
      if (done.has(file) || path.includes(file)) return;
      for (const to of next.get(file) ?? []) visit(to, [...path, file]);
      done.add(file);
    };
    for (const file of files) visit(file, []);
    expect(cycles).to.deep.equal([]);
  });

  it('imports each third-party package in one place', () => {
    const foreign = imports.filter(({ to }) => !to.startsWith('node:') && !to.endsWith('.ts'));
    const misplaced = foreign.filter(({ from, to }) => {
      const name = to.startsWith('@') ? to.split('/').slice(0, 2).join('/') : (to.split('/')[0] ?? '');
      const home = HOME_OF[name];
      return home === undefined || !(from.startsWith(home) || from.startsWith('bench/'));
    });
    expect(misplaced.map(({ from, to }) => `${from} imports ${to}`)).to.deep.equal([]);
  });

  it('touches argv, standard streams and exit codes in cli only', () => {
    const pattern = /\bprocess\.(argv|stdin|stdout|stderr|exitCode)\b|\bprocess\.exit\(|\bconsole\./;
    // An agent is a program of its own: it reads its arguments, ends itself, and its output is a pipe.
    const exempt = ['core/agent/main.ts', 'core/agent/agent.ts', 'core/target/keeper.ts'];
    const offenders = files.filter(
      (file) =>
        !file.startsWith('cli/') &&
        !file.startsWith('bench/') &&
        !exempt.includes(file) &&
        pattern.test(code(file)),
    );
    expect(offenders).to.deep.equal([]);
  });

  it('keeps chance and the wall clock out of simulators', () => {
    const offenders = files.filter(
      (file) => file.startsWith('plugins/') && /\b(Math\.random|Date\.now|new Date)\b/.test(code(file)),
    );
    expect(offenders).to.deep.equal([]);
  });
});

/** A file's text without its comments. */
function code(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, '');
}
