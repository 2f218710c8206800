import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { BruntError } from '../../../core/base/errors.js';
import { importPlugin } from '../../../core/plugin/load.js';
import { locatePlugin } from '../../../core/plugin/locate.js';
import { resolveOptions } from '../../../core/plugin/options.js';
import { Registry } from '../../../core/plugin/registry.js';
import { queue } from './fixtures/lab.js';
import { BUILT_INS, registry } from './fixtures/registry.js';

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => null,
    (e: unknown) => e,
  );
  if (error instanceof BruntError) return error.code;
  throw error instanceof Error ? error : new Error('nothing was refused');
}

let folder = '';
const put = (name: string, text: string): string => {
  const file = join(folder, name);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, text);
  return pathToFileURL(file).href;
};

const SIMULATOR = `{
  name: 'wave', description: 'Waves.', controls: [{ kind: 'switch', unit: 'switch' }],
  options: { type: 'object', properties: {} }, metrics: {}, start: () => ({ dispose() {} }),
}`;

/** In each suite that writes modules: a folder of its own for every test. */
function useFolder(): void {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'brunt-plugin-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
}

describe('plugins', () => {
  useFolder();

  it('are refused when they break the contract, with the reason', async () => {
    const faults: readonly (readonly [string, string, string])[] = [
      ['E_PLUGIN_LOAD', 'export const x = 1;', 'no plugin'],
      ['E_PLUGIN_LOAD', 'import "./not-there.mjs";', 'not-there'],
      ['E_PLUGIN_LOAD', 'export default {', 'cannot be imported'],
      ['E_PLUGIN_API', 'export default { name: "x", api: 2 };', 'API 2'],
      ['E_PLUGIN_API', 'export default { name: "x" };', 'nothing it names'],
      ['E_PLUGIN_LOAD', 'export default { api: 1 };', 'no name'],
      ['E_PLUGIN_LOAD', 'export default { api: 1, name: "x", simulators: [{}] };', 'a name'],
      [
        'E_PLUGIN_LOAD',
        `export default { api: 1, name: "x", simulators: [${SIMULATOR}, ${SIMULATOR}] };`,
        'two simulators',
      ],
      [
        'E_PLUGIN_LOAD',
        `export default { api: 1, name: "x", simulators: [${SIMULATOR.replace("'wave'", "'host'")}] };`,
        'reserved',
      ],
      [
        'E_PLUGIN_LOAD',
        `export default { api: 1, name: "x", simulators: [${SIMULATOR.replace("unit: 'switch'", "unit: 'bytes'")}] };`,
        'switch',
      ],
    ];
    for (const [index, [code, text, part]] of faults.entries()) {
      const error: unknown = await importPlugin(put(`fault-${index}.mjs`, text)).catch((e: unknown) => e);
      expect(error).to.be.instanceOf(BruntError);
      expect((error as BruntError).message).to.contain(part);
      expect((error as BruntError).code).to.equal(code);
    }
  });

  it('check the API before any of their functions is called', async () => {
    const text = `export default { name: 'x', api: 99, get simulators() { throw new Error('touched'); } };`;
    expect(await codeOf(importPlugin(put('old.mjs', text)))).to.equal('E_PLUGIN_API');
  });

  it('are found by path and by package name, from the folder that says so', () => {
    put('here.mjs', '');
    put('node_modules/by-main/package.json', '{ "name": "by-main", "main": "lib.js" }');
    put('node_modules/by-main/lib.js', '');
    put(
      'node_modules/@x/esm-only/package.json',
      '{ "name": "@x/esm-only", "type": "module", "exports": { ".": { "import": "./e.js" } } }',
    );
    put('node_modules/@x/esm-only/e.js', '');
    const inner = join(folder, 'a', 'b');
    mkdirSync(inner, { recursive: true });
    expect(locatePlugin('../../here.mjs', inner)).to.match(/here\.mjs$/);
    expect(locatePlugin('by-main', inner)).to.match(/by-main\/lib\.js$/);
    expect(locatePlugin('@x/esm-only', inner)).to.match(/esm-only\/e\.js$/);
    expect(() => locatePlugin('./here.mjs', inner)).to.throw(BruntError, 'no file');
    expect(() => locatePlugin('./', inner)).to.throw(BruntError, 'not a file');
    expect(() => locatePlugin('here.mjs', folder))
      .to.throw(BruntError, 'no package')
      .with.property('hint', 'For the file beside this one write "./here.mjs".');
    expect(() => locatePlugin('no-such-package', folder)).to.throw(BruntError, 'not installed');
  });

  it('may import brunt/plugin where it is not installed', () => {
    const module = put(
      'mine.mjs',
      `import { definePlugin, defineSimulator, PLUGIN_API } from 'brunt/plugin';
       if (PLUGIN_API !== 1) throw new Error('another contract');
       export default definePlugin({ name: 'mine', simulators: [defineSimulator(${SIMULATOR})] });`,
    );
    const loader = new URL('../../../core/plugin/load.js', import.meta.url).href;
    // In a process of its own: a resolve hook stays for the rest of the thread that registered it.
    const script = `
      const { importPlugin } = await import(${JSON.stringify(loader)});
      console.log((await importPlugin(${JSON.stringify(module)})).simulators[0].name);
      await importPlugin(${JSON.stringify(put('other.mjs', "import 'brunt/nothing';"))}).catch((e) => console.log(e.code));`;
    const out = execFileSync(process.execPath, ['--no-warnings', '--input-type=module', '-e', script], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect(out).to.equal('wave\nE_PLUGIN_LOAD\n');
  });
});

describe('the registry', () => {
  useFolder();

  it('imports a module only when it is named', async () => {
    const url = put('throws.mjs', 'throw new Error("imported")');
    const lazy = new Registry([...BUILT_INS, { kind: 'simulator', name: 'bomb', url }]);
    expect((await lazy.simulator('burn')).simulator.name).to.equal('burn');
    expect(await codeOf(lazy.simulator('bomb'))).to.equal('E_PLUGIN_LOAD');
  });

  it('names what it knows, and suggests', async () => {
    expect(registry.names('simulator')).to.deep.equal(['burn', 'hog', 'queue', 'toggle']);
    expect(registry.names('exporter')).to.deep.equal(['sink']);
    const error: unknown = await registry.simulator('ueue').catch((e: unknown) => e);
    expect(error).to.include({ code: 'E_NAME', hint: 'Did you mean "queue"?' });
    expect(await codeOf(registry.exporter('sonk'))).to.equal('E_NAME');
    expect(await codeOf(registry.simulator('toString/x'))).to.equal('E_NAME');
  });

  it('gives exporters, and refuses a module that is none', async () => {
    expect((await registry.exporter('sink')).name).to.equal('sink');
    const url = put('none.mjs', 'export default { name: "none" }');
    const wrong = new Registry([{ kind: 'exporter', name: 'none', url }]);
    expect(await codeOf(wrong.exporter('none'))).to.equal('E_PLUGIN_LOAD');
  });
});

describe('options', () => {
  const folders = { directory: '/from', writeDirectory: '/to' };

  it('arrive in base units, with defaults, frozen', () => {
    const { options, problems } = resolveOptions(
      queue.options,
      { mix: { put: '25%' }, sizes: ['4KiB', '1MB'], limit: '6/m', target: 'http://x/', path: 'a' },
      folders,
    );
    expect(problems).to.deep.equal([]);
    expect(options).to.deep.equal({
      path: '/to/a',
      mix: { put: 0.25 },
      sizes: [4096, 1e6],
      limit: 0.1,
      workers: 2,
      target: 'http://x/',
      strict: false,
    });
    expect(
      Object.isFrozen(options) && Object.isFrozen(options['mix']) && Object.isFrozen(options['sizes']),
    ).to.equal(true);
  });

  it('that are not said are absent, not empty', () => {
    expect(resolveOptions(queue.options, undefined, folders).options).to.deep.equal({
      workers: 2,
      strict: false,
    });
  });

  it('are all checked in one pass, each mistake with its path', () => {
    const { problems } = resolveOptions(
      queue.options,
      { mix: { put: 'x', got: 1 }, sizes: [5], workers: 0 },
      folders,
    );
    expect(problems.map(({ path, at, code }) => [path.join('.'), at, code])).to.deep.equal([
      ['mix.got', 'key', 'E_SCHEMA'],
      ['mix.put', 'value', 'E_GRAMMAR'],
      ['sizes.0', 'value', 'E_SCHEMA'],
      ['workers', 'value', 'E_SCHEMA'],
    ]);
  });
});
