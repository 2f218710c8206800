/**
 * The contract check itself: what keeps the contract passes, and each breach is found, also where a plugin hangs, exits
 * or dies. Each check runs in processes of its own, as `brunt validate PATH` has them.
 */
import { expect } from 'chai';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Finding } from '../../core/check-plugin.js';
import { isPluginPath } from '../../cli/check-plugin.js';
import { checkPlugin } from '../../core/check-plugin.js';
import { readHostFacts, readProfiles, Registry } from '../../core/index.js';
import { readPresets } from '../../cli/wire.js';
import { ROOT } from '../support/root.js';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Without built-ins, so that these can be checked as plugins too. */
async function check(path: string): Promise<Finding[]> {
  const [host, presets] = await Promise.all([readHostFacts(), readPresets(ROOT)]);
  const profiles = readProfiles(presets);
  const registry = new Registry([]);
  return checkPlugin(path, { registry, host, profiles, profile: 'ci', version: 'test' });
}

const told = (findings: readonly Finding[]): string[] =>
  findings.map(({ code, place, message }) => `${code} ${place?.path ?? '-'}: ${message}`);

describe('the contract check', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'brunt-contract-'));
  });
  after(() => rmSync(folder, { recursive: true }));
  const put = (name: string, text: string): string => {
    const file = join(folder, name);
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, text);
    return file;
  };

  it('passes the built-in simulators, each tried with each of its controls', async () => {
    const [cpu, memory] = await Promise.all([
      check(here('../../plugins/cpu/index.js')),
      check(here('../../plugins/memory/index.js')),
    ]);
    expect(told([...cpu, ...memory])).to.deep.equal([]);
  });

  it('finds everything that declarations do wrong, in one pass', async () => {
    const file = put(
      'declares.mjs',
      `import { definePlugin, defineSimulator } from 'brunt/plugin';
       let calls = 0;
       export default definePlugin({ name: 'declares', simulators: [
         defineSimulator({
           name: 'options', description: ' ', controls: [{ kind: 'switch', unit: 'switch' }], metrics: {},
           options: { type: 'object', required: ['gone'], properties: {
             size: { type: 'string', format: 'bytes', default: 'large' },
             count: { type: 'integer', minimum: 5, maximum: 1 },
             list: { type: 'array', items: { type: 'date' } },
             extra: { type: 'string', minLength: 3 },
             mode: { type: 'string', enum: ['a', 'b'], default: 'c' },
             speed: { type: 'string', format: 'speed' },
           } },
           start() {},
         }),
         defineSimulator({
           name: 'metrics', description: 'M.', controls: [{ kind: 'switch', unit: 'switch' }],
           options: { type: 'object', properties: {} }, operations: ['get', 'get', 'Not This'], quietMs: -1,
           metrics: {
             time: { kind: 'trend', unit: 'ms', help: 'T.' },
             held: { kind: 'counter', unit: 'bytes', help: '', across: 'sum' },
             codes: { kind: 'counter', unit: 'count', help: 'C.', tags: { code: [] } },
           },
           start() {},
         }),
         defineSimulator({
           name: 'functions', description: 'F.', options: { type: 'object', properties: {} }, metrics: {},
           controls: [{ kind: 'amount', unit: 'bytes', bases: { none: () => NaN } }],
           needs: () => ['a-printer'], takes: 'cake', isolation: () => { throw new Error('no idea'); },
           defaultInstances: () => 0.5, estimate: () => ({ memoryBytes: calls++ }),
           start() {},
         }),
       ] });`,
    );
    const texts = told(await check(file)).map((text) => text.replace('E_PLUGIN_CONTRACT ', ''));
    expect(texts).to.have.members([
      'options: it has no description',
      'options: options.count: its minimum 5 is above its maximum 1',
      'options: options.list[]: "date" is no type that options may have',
      'options: options.list: a list needs "maxItems", above 0',
      'options: options.extra: the keyword "minLength" is not read for type string',
      'options: options.size: its default does not fit: "large" is not an amount of bytes: expected a number, not "large"',
      'options: options.mode: its default does not fit: "c" is none of "a", "b"',
      'options: options.speed: "speed" is no format; known are duration, bytes, percent, rate, path, run, url',
      'options: options: "gone" is required and not among the properties',
      'metrics: quietMs is no time above 0',
      'metrics: "Not This" is not a name for an operation',
      'metrics: an operation is declared twice',
      'metrics: metric "time": "ms" is no unit; known are ns, bytes, share, cores, count, celsius, hertz, ops/s, bytes/s, flop/s, state',
      'metrics: metric "held": it has no help',
      'metrics: metric "held": across is for gauges, and one of sum, mean, max, min',
      'metrics: metric "codes": each tag needs a list of its values',
      'functions: base "none" of the control in bytes is NaN on this host',
      'functions: needs is ["a-printer"], which is not known',
      'functions: isolation throws: no idea',
      'functions: takes is "cake", which is not known',
      'functions: defaultInstances is 0.5, no number of instances',
      'functions: estimate answers differently when asked twice (control amount, peak 1, 1 instances, 0 ms)',
    ]);
  });

  it('finds what an import leaves behind', async () => {
    const file = put(
      'leaves.mjs',
      `globalThis.myTable = new Map();
       Array.prototype.last = function () { return this.at(-1); };
       setInterval(() => undefined, 1000);
       process.on('SIGUSR2', () => undefined);
       process.env.MY_MODE = 'on';
       export default { api: 1, name: 'leaves', simulators: [] };`,
    );
    const findings = told(await check(file)).join('\n');
    for (const what of [
      'variable .*myTable',
      'Array .*last',
      'open.*Timeout',
      'listener.*SIGUSR2',
      'environment',
    ])
      expect(findings).to.match(new RegExp(what));
    expect(findings).to.contain('neither simulators nor probes');
  });

  it('survives plugins that do not let themselves be looked at', async () => {
    const spinning = put(
      'spinning.mjs',
      `export default { api: 1, name: 's', simulators: [{ name: 's', description: 'S.', metrics: {},
         controls: [{ kind: 'switch', unit: 'switch' }], options: { type: 'object', properties: {} },
         estimate() { for (;;); }, start() {} }] };`,
    );
    const paths = ['throws-at-import', 'exits-at-import', 'never-imports'].map((name) =>
      here(`../fault/${name}.js`),
    );
    const found = await Promise.all(
      [...paths, spinning, put('old.mjs', 'export default { api: 7 };')].map(check),
    );
    expect(found.map((findings) => told(findings).join())).to.deep.equal([
      'E_PLUGIN_LOAD -: the module cannot be imported: no licence file',
      'E_PLUGIN_CONTRACT -: its import ended the process (exit code 0)',
      'E_PLUGIN_LOAD -: its import can never settle',
      'E_PLUGIN_CONTRACT -: one of its pure functions did not end within 5 s',
      'E_PLUGIN_API -: the plugin is written for plugin API 7; this version of brunt has 1',
    ]);
  });

  const broken: readonly (readonly [string, readonly RegExp[]])[] = [
    ['throws-in-start', [/failed in start: the table is not there/]],
    ['throws-late', [/failed in run: the connection went away/]],
    ['throws-in-dispose', [/failed in dispose: the file is still open/]],
    ['never-settles', [/stuck in stepAsync/, /failed in stepAsync: .*did not stop/]],
    ['ignores-stop', [/failed in run: did not stop when asked/]],
    ['reports-nan', [/no measurement: \d+ values/]],
    ['takes-without-lease', [/without a lease: .*memory grew/, /without a lease: .*open files grew/]],
  ];
  it('finds in a short real run what declarations do not show', async () => {
    // Two at a time: each has an orchestrator's threads and an agent.
    const findings = new Map<string, string[]>();
    const left = [...broken];
    const work = async (): Promise<void> => {
      for (let next = left.shift(); next !== undefined; next = left.shift())
        findings.set(next[0], told(await check(here(`../fault/${next[0]}.js`))));
    };
    await Promise.all([work(), work()]);
    for (const [name, patterns] of broken) {
      const texts = findings.get(name) ?? [];
      expect(texts, name).to.have.length(patterns.length);
      patterns.forEach((pattern, index) => expect(texts[index], name).to.match(pattern));
      expect(
        texts.every((text) => text.startsWith('E_PLUGIN_CONTRACT faulty: ')),
        name,
      ).to.equal(true);
    }
  });

  it('says what it could not try, and why', async () => {
    const simulator = (
      name: string,
      more: string,
    ): string => `{ name: '${name}', description: 'D.', metrics: {},
      controls: [{ kind: 'switch', unit: 'switch' }], ${more} }`;
    const none = `options: { type: 'object', properties: {} }`;
    const file = put(
      'untried.mjs',
      `export default { api: 1, name: 'untried', simulators: [
        ${simulator('unsaid', `options: { type: 'object', required: ['key'], properties: { key: { type: 'string' } } }, start() {}`)},
        ${simulator('lacking', `${none}, start: (ctx) => ctx.unavailable('no such device')`)},
      ] };`,
    );
    const findings = await check(file);
    expect(told(findings)).to.deep.equal([
      'E_PLUGIN_UNTRIED unsaid: could not be tried: it has no default for "key"',
      'E_PLUGIN_UNTRIED lacking: could not be tried: no such device',
    ]);
    expect(findings.map(({ exitCode }) => exitCode)).to.deep.equal([7, 7]);
  });

  it('takes the folder of a package, and tells plugins from scenarios', async () => {
    put('package/package.json', '{ "name": "p", "type": "module", "exports": "./dist/index.js" }');
    expect(told(await check(join(folder, 'package')))[0]).to.match(
      /E_PLUGIN_LOAD .*dist\/index\.js", which is not there/,
    );
    put('package/dist/index.js', 'export default { api: 1 };');
    expect(told(await check(join(folder, 'package')))).to.deep.equal([
      'E_PLUGIN_LOAD -: the plugin has no name',
    ]);
    expect(['a.js', 'b.ts', 'c.mjs', join(folder, 'package')].every(isPluginPath)).to.equal(true);
    expect([put('s.json', '{}'), 's.jsonc', '-', folder].some(isPluginPath)).to.equal(false);
    expect(told(await check(join(folder, 'gone.mjs')))[0]).to.match(/^E_PLUGIN_LOAD .*there is no file/);
  });
});
