/**
 * Ten thousand scenario files that somebody or something has spoilt: whatever is in them, there is a plan or a list of
 * expected errors, soon. BRUNT_FUZZ_RUNS raises the number; the seed that failed is in the message of the failure.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BruntError, BruntErrors } from '../../core/base/errors.js';
import { EXIT } from '../../core/base/exit-codes.js';
import type { Profile } from '../../core/contract/index.js';
import { buildPlan } from '../../core/plan/build.js';
import { loadScenario } from '../../core/scenario/load.js';
import { Cli, Workplace } from '../support/cli.js';
import { ROOT } from '../support/root.js';
import { HOST } from '../unit/plugin/fixtures/lab.js';
import { registry } from '../unit/plugin/fixtures/registry.js';

const RUNS = Number(process.env['BRUNT_FUZZ_RUNS'] ?? 10_000);
/** A hundred times what the slowest takes on an idle machine. */
const ONE_MS_MAX = 5000;
const SAMPLE = 6;
const CASES = join(ROOT, 'test', 'case');
const EXITS: readonly number[] = [EXIT.invalid, EXIT.cannotStart];

const PROFILE: Profile = {
  name: 'lab',
  description: '',
  rank: 3,
  limits: { 'host.memory.available': { stop: '< 5%' } },
  reserve: { bytes: '512MiB', share: '5%' },
  maxDuration: '72h',
  gracefulStop: '10s',
  actorNice: 0,
};

const TEXTS = readdirSync(CASES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap(({ name }) => {
    const folder = join(CASES, name);
    return readdirSync(folder)
      .filter((file) => /scenario\.json$/.test(file))
      .map((file) => readFileSync(join(folder, file), 'utf8'));
  })
  // What is in it is imported as code; spoilt code is another test's subject.
  .filter((text) => !text.includes('"plugins"'));

/** Words that mean something somewhere, where they mean nothing or too much. */
const VALUES = [
  null,
  true,
  0,
  -1,
  1e308,
  0.5,
  '',
  ' ',
  '${dir}',
  '${',
  '${host.tmp}',
  '${run.id}',
  '100%',
  '150%',
  '1ns',
  '99999999d',
  '0s',
  '10% -> 90%',
  '5s..1s',
  'limit',
  'done',
  'steady rate op.count',
  'p99 < 5ms for 1s',
  'avg <= phase(x) * 2',
  '*',
  '__proto__',
  'constructor',
  'toString',
  '\u0000',
  '\ud800',
  '999999999999999999999999999999GiB',
  [],
  [[]],
  {},
  { shape: 'sine', low: '0%', high: '100%', every: '1ms' },
  { shape: 'bursts', level: '1%..9%', on: '1us', off: '0s' },
  { shape: 'trace', file: '/dev/null', column: 'a', unit: '%' },
  { uses: 'queue', peak: '3', inFlight: 2 },
] as const;

type Mutation = readonly [where: number, what: number, value: number];

const mutations = fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat()), { minLength: 1, maxLength: 4 });

/** Replaces, removes, adds, renames or doubles something at any depth. */
function restructured(text: string, all: readonly Mutation[]): string {
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch {
    // Not plain JSON: such a text is spoilt byte by byte only.
    return text;
  }
  for (const [where, what, value] of all) mutate(root, where, what, value);
  return JSON.stringify(root);
}

function mutate(root: unknown, where: number, what: number, value: number): void {
  const spots: [Record<string, unknown>, string][] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const key of Object.keys(node)) {
      spots.push([node as Record<string, unknown>, key]);
      visit((node as Record<string, unknown>)[key]);
    }
  };
  visit(root);
  const [node, key] = spots[where % spots.length] ?? [];
  if (node === undefined || key === undefined) return;
  const other = structuredClone(VALUES[value % VALUES.length]);
  const [from, name] = spots[value % spots.length] ?? [];
  switch (what % 5) {
    case 0:
      node[key] = other;
      return;
    case 1:
      Reflect.deleteProperty(node, key);
      return;
    case 2:
      node[name ?? 'x'] = other;
      return;
    case 3:
      node[key] = from === undefined || name === undefined ? other : structuredClone(from[name]);
      return;
    default:
      if (typeof node[key] === 'string') node[key] = spoilt(node[key], [[where, what, value]]);
  }
}

const PIECES = [
  '{',
  '}',
  '"',
  ',',
  ':',
  '[',
  '//',
  '/*',
  '\\',
  '\\u12',
  '${',
  '%',
  '\ufeff',
  '\u0000',
  '-',
  '9e9',
];

function spoilt(text: string, all: readonly Mutation[]): string {
  return all.reduce((result, [where, what, value]) => {
    const at = where % (result.length + 1);
    const piece = PIECES[value % PIECES.length] ?? '';
    if (what % 3 === 0) return result.slice(0, at) + piece + result.slice(at);
    if (what % 3 === 1) return result.slice(0, at) + result.slice(at + 1 + (value % 20));
    return result.slice(0, at) + result.slice(value % (result.length + 1));
  }, text);
}

const spoiltTexts = fc
  .tuple(fc.constantFrom(...TEXTS), mutations, fc.boolean())
  .map(([text, all, isByte]) => (isByte ? spoilt(text, all) : restructured(text, all)));

function expectedOnly(error: unknown): void {
  const errors = error instanceof BruntErrors ? error.errors : [error];
  expect(errors.length).to.be.greaterThan(0);
  for (const one of errors) {
    if (!(one instanceof BruntError)) throw one;
    expect(EXITS, `${one.code}: ${one.message}`).to.include(one.exitCode);
    expect(one.message).to.not.equal('');
  }
}

describe('spoilt scenarios', () => {
  it('give a plan or expected errors, never a defect, never late', async function () {
    this.timeout(50_000 + RUNS * 20);
    await fc.assert(
      fc.asyncProperty(spoiltTexts, async (text) => {
        const from = performance.now();
        try {
          const scenario = await loadScenario({ file: join(CASES, 'fuzz.json'), text, registry, env: {} });
          const input = { scenario, registry, host: HOST, profiles: [PROFILE], profile: 'lab', seed: 1 };
          JSON.stringify(await buildPlan(input));
        } catch (error) {
          expectedOnly(error);
        }
        expect(performance.now() - from).to.be.below(ONE_MS_MAX);
      }),
      { numRuns: RUNS },
    );
  });

  it('end the command with 0, 3 or 7 and no stack trace', async () => {
    const place = new Workplace();
    try {
      const seed = Math.floor(Math.random() * 2 ** 31);
      const texts = fc.sample(spoiltTexts, { numRuns: SAMPLE, seed });
      for (const [index, text] of texts.entries()) {
        const file = place.write(`spoilt-${index}.json`, text);
        const { code, stderr } = await new Cli(place.dir, ['validate', file]).done;
        expect([0, 3, 7], `seed ${seed}, text ${index}:\n${text}\n${stderr}`).to.include(code);
        expect(stderr, `seed ${seed}, text ${index}`).to.not.match(/^\s+at .*:\d+:\d+\)?$/m);
      }
    } finally {
      place.remove();
    }
  });
});
