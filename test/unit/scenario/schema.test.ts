import { expect } from 'chai';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { loadScenario } from '../../../core/scenario/load.js';
import { schemaText } from '../../../cli/schema.js';
import { Problems } from '../../../core/scenario/problems.js';
import { readScenario } from '../../../core/scenario/read.js';
import { scenarioSchema } from '../../../core/scenario/schema.js';
import { Sources } from '../../../core/scenario/sources.js';
import { registry } from '../plugin/fixtures/registry.js';
import { ROOT } from '../../support/root.js';

describe('the schema file', () => {
  const file = join(ROOT, 'scenarios', 'scenario.schema.json');

  it('is what the source and everything built in make (UPDATE_SCHEMA=1 rewrites it)', async () => {
    const text = await schemaText(null);
    if (process.env['UPDATE_SCHEMA'] === '1') writeFileSync(file, text);
    expect(readFileSync(file, 'utf8')).to.equal(text);
  });

  it('has each part once, and references that stand alone, as draft 7 wants them', () => {
    const whole = JSON.parse(readFileSync(file, 'utf8')) as { definitions: object };
    const seen = new Set<string>();
    const twice: string[] = [];
    const look = (value: unknown, path: string): void => {
      if (typeof value !== 'object' || value === null) return;
      const text = JSON.stringify(value);
      if (seen.has(text) && text.length > 2000) twice.push(path);
      seen.add(text);
      if ('$ref' in value) {
        expect(Object.keys(value), path).to.deep.equal(['$ref']);
        expect(Object.keys(whole.definitions)).to.include(String(value.$ref).replace('#/definitions/', ''));
      }
      for (const [key, part] of Object.entries(value)) look(part, `${path}/${key}`);
    };
    look(whole, '');
    expect(twice).to.deep.equal([]);
  });

  it('is a sound schema in both forms', () => {
    const ajv = new Ajv();
    for (const form of ['written', 'desugared'] as const) {
      expect(ajv.validateSchema(scenarioSchema(form)), JSON.stringify(ajv.errors)).to.equal(true);
    }
  });

  it('accepts for editors what brunt accepts, and refuses misspelt keys', () => {
    const check = new Ajv({ strict: false, validateFormats: false }).compile(
      JSON.parse(readFileSync(file, 'utf8')) as object,
    );
    const cases = join(ROOT, 'test', 'case');
    const good = readdirSync(cases).filter((name) => name.startsWith('good-'));
    for (const name of good) {
      const { value } = readScenario(
        null,
        readFileSync(join(cases, name, 'scenario.json'), 'utf8'),
        new Problems(new Sources()),
      );
      expect(check(value), `${name}: ${JSON.stringify(check.errors)}`).to.equal(true);
    }
    expect(check({ version: 1, actors: { a: {} }, phases: [{ name: 'x', duraton: '1s' }] })).to.equal(false);
    expect(check(JSON.parse(readFileSync(join(ROOT, 'scenarios', 'quick.json'), 'utf8')))).to.equal(true);
  });
});

describe('loading a scenario', () => {
  const text = (name: string): string =>
    JSON.stringify({
      version: 1,
      ...(name !== '' && { name }),
      actors: { burn: {} },
      phases: [{ name: 'x', duration: '1s' }],
    });

  const nameOf = async (file: string | null): Promise<string> =>
    (await loadScenario({ file, text: text(''), registry })).name;

  it('is named after its file', async () => {
    expect(await nameOf('/x/01-Quick look.json')).to.equal('quick-look');
    expect(await nameOf('/x/night.jsonc')).to.equal('night');
    expect(await nameOf('/x/42.json')).to.equal('scenario');
    expect(await nameOf(null)).to.equal('stdin');
    expect((await loadScenario({ file: null, text: text('mine'), registry })).name).to.equal('mine');
  });

  it('makes paths of options absolute from the file, those of exporters from the working directory', async () => {
    const scenario = await loadScenario({
      file: '/data/s.json',
      text: JSON.stringify({
        version: 1,
        safety: { writablePaths: ['a'] },
        actors: { queue: { with: { path: 'a/b.bin' } } },
        phases: [{ name: 'x', duration: '1s' }],
        exporters: { sink: {} },
      }),
      registry,
    });
    expect(scenario.actors[0]?.options['path']).to.equal('/data/a/b.bin');
    expect(scenario.exporters[0]?.options['path']).to.equal(join(process.cwd(), 'out.txt'));
  });

  it('does not change what a defect throws into a mistake of the scenario', async () => {
    const broken = { simulator: () => Promise.reject(new TypeError('defect')) } as unknown as typeof registry;
    const error: unknown = await loadScenario({ file: null, text: text(''), registry: broken }).catch(
      (e: unknown) => e,
    );
    expect(error).to.be.instanceOf(TypeError);
  });
});
