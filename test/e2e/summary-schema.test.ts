/** The published schema of summary.json against the summary of a real run: it names every key that is there. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Workplace } from '../support/cli.js';
import { ROOT } from '../support/root.js';
import { SHORT } from '../support/scenarios.js';

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
}

const schema = JSON.parse(readFileSync(join(ROOT, 'scenarios/summary.schema.json'), 'utf8')) as Schema;

/** Paths of keys that the schema does not name. */
function unnamed(value: unknown, known: Schema, path: string): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => unnamed(item, known.items ?? {}, `${path}[]`));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) => {
    const part = known.properties?.[key] ?? known.additionalProperties;
    return part === undefined ? [`${path}.${key}`] : unnamed(child, part, `${path}.${key}`);
  });
}

describe('the schema of summary.json', () => {
  const place = new Workplace();
  after(() => place.remove());

  it('holds for a real summary, on disk, exported and on standard output, and names all of it', async () => {
    place.write('short.json', { ...SHORT, thresholds: { 'actor.held{actor:memory}': 'max >= 48MiB' } });
    const { code, stdout, stderr } = await place.run(
      'run',
      'short.json',
      '--json',
      '--export',
      'json=out.json',
    );
    expect(code, stderr).to.be.oneOf([0, 4]); // a busy machine may not hold as much: that is not the point here
    const validate = new Ajv2020({ allErrors: true, strict: false }).compile(schema);
    const texts = [
      stdout,
      readFileSync(join(place.dir, 'out.json'), 'utf8'),
      readFileSync(join(place.lastRecord(), 'summary.json'), 'utf8'),
    ];
    for (const text of texts) {
      const summary: unknown = JSON.parse(text);
      expect(validate(summary), JSON.stringify(validate.errors)).to.equal(true);
      expect([...new Set(unnamed(summary, schema, ''))]).to.deep.equal([]);
    }
  });
});
