/**
 * One folder for each case: a scenario and what must come of it, either parts of the plan or the whole list of errors
 * as "line:column path message". Run against a host that never changes.
 */
import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BruntError, BruntErrors } from '../../core/base/errors.js';
import type { Plan, Profile } from '../../core/contract/index.js';
import { buildPlan } from '../../core/plan/build.js';
import { loadScenario } from '../../core/scenario/load.js';
import { HOST } from '../unit/plugin/fixtures/lab.js';
import { registry } from '../unit/plugin/fixtures/registry.js';
import { ROOT } from '../support/root.js';

const FOLDER = join(ROOT, 'test', 'case');

interface Expected {
  /** Granted; default laptop. */
  readonly profile?: string;
  readonly errors?: readonly string[];
  /** Code of every error, in the same order. */
  readonly codes?: readonly string[];
  /** Parts of the plan: what is said must be so, the rest may be anything. */
  readonly plan?: unknown;
}

const PROFILES: readonly Profile[] = ['laptop', 'ci', 'server', 'lab'].map((name, rank) => ({
  name,
  rank,
  description: '',
  limits: { 'host.memory.available': { stop: rank < 2 ? '< 10%' : '< 5%' } },
  reserve: { bytes: '512MiB', share: '5%' },
  maxDuration: ['30m', '1h', '24h', '72h'][rank]!,
  gracefulStop: '10s',
  actorNice: 0,
}));

function scenarioFile(folder: string): string {
  const file = readdirSync(folder).find((name) => /^_?[a-z-]*scenario\.json$/.test(name));
  if (file === undefined) throw new Error(`no scenario in ${folder}`);
  return join(folder, file);
}

async function planOf(file: string, profile: string): Promise<Plan> {
  const scenario = await loadScenario({ file, text: readFileSync(file, 'utf8'), registry });
  return buildPlan({ scenario, registry, host: HOST, profiles: PROFILES, profile });
}

function told(error: unknown): readonly BruntError[] {
  if (error instanceof BruntErrors) return error.errors;
  throw error;
}

function line({ place, message, hint }: BruntError): string {
  const at = place?.line === undefined ? '' : `${place.line}:${String(place.column)} `;
  const path = place?.path === undefined ? '' : `${place.path} `;
  return `${at}${path}${message}${hint === undefined ? '' : ` | ${hint}`}`.replaceAll(FOLDER, '<cases>');
}

/** An expected line that ends with "…" stands for whatever begins so: the words are another room's. */
function shortened(is: string, wanted: string | undefined): string {
  return wanted?.endsWith('…') === true && is.startsWith(wanted.slice(0, -1)) ? wanted : is;
}

/** Holds what is expected against the same part of what is. */
function part(whole: unknown, wanted: unknown): unknown {
  if (Array.isArray(wanted) && Array.isArray(whole)) {
    if (wanted.length !== whole.length) return whole;
    return wanted.map((item, i) => part(whole[i], item));
  }
  if (typeof wanted === 'object' && wanted !== null && typeof whole === 'object' && whole !== null) {
    const from = whole as Record<string, unknown>;
    return Object.fromEntries(Object.entries(wanted).map(([key, item]) => [key, part(from[key], item)]));
  }
  return whole;
}

describe('cases', () => {
  const folders = readdirSync(FOLDER, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const { name } of folders) {
    it(name.replaceAll('-', ' '), async () => {
      const folder = join(FOLDER, name);
      const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Expected;
      let errors: readonly BruntError[] = [];
      let plan: Plan | null = null;
      try {
        plan = await planOf(scenarioFile(folder), expected.profile ?? 'laptop');
      } catch (error) {
        errors = told(error);
      }
      expect(errors.map((error, i) => shortened(line(error), expected.errors?.[i]))).to.deep.equal(
        expected.errors ?? [],
      );
      if (expected.codes !== undefined) expect(errors.map(({ code }) => code)).to.deep.equal(expected.codes);
      for (const { place } of errors) expect(place?.file?.startsWith(folder)).to.equal(true);
      if (expected.plan === undefined) return;
      expect(part(plan, expected.plan)).to.deep.equal(expected.plan);
      expect(JSON.parse(JSON.stringify(plan))).to.deep.equal(plan);
    });
  }
});
