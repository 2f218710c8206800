/**
 * The desugared value against the schema: every breach becomes one mistake in our own words, at its place. `load.ts`
 * calls it; what is wrong is cut out of the value, so that the later steps see only what holds. Imports ajv lazily.
 */
import type { ErrorObject } from 'ajv';
import { grammarError, reportBreaches } from './breaches.js';
import { isObject } from './desugar.js';
import type { Path } from './document.js';
import type { Problems } from './problems.js';
import type { SentenceFormat } from './schema-parts.js';
import { scenarioSchema } from './schema-form.js';
import { SENTENCES } from './schema-parts.js';

type Check = (value: unknown) => readonly ErrorObject[];
let compiled: Promise<Check> | null = null;

async function compile(): Promise<Check> {
  const { Ajv } = await import('ajv');
  const ajv = new Ajv({
    // The schema is our own and its test checks it: compiling the meta-schema would take a third of the time.
    meta: false,
    validateSchema: false,
    allErrors: true,
    verbose: true,
    discriminator: true,
    allowUnionTypes: true,
    strictRequired: false,
    strictTypes: false,
  });
  ajv.addVocabulary(['wanted', 'later']);
  for (const format of Object.keys(SENTENCES) as SentenceFormat[]) {
    ajv.addFormat(format, (text: string) => grammarError(format, text) === null);
  }
  const validate = ajv.compile(scenarioSchema('desugared'));
  return (value) => (validate(value) ? [] : (validate.errors ?? []));
}

/** Reports what breaks the schema, and removes it from `value`. What a fragment lacks, others will say. */
export async function validate(value: unknown, problems: Problems, isFragment = false): Promise<void> {
  compiled ??= compile();
  const check = await compiled;
  const errors = check(value)
    .map((error) => ({ error, path: pathOf(error, value) }))
    .filter(({ error, path }) => !isFragment || error.keyword !== 'required' || path.length > 0);
  reportBreaches(
    errors.map(({ error, path }) => ({
      path,
      keyword: error.keyword,
      params: error.params as Readonly<Record<string, unknown>>,
      schema: error.parentSchema ?? {},
      seen: error.data,
      isOfName: error.propertyName !== undefined,
    })),
    problems,
  );
  for (const { error, path } of errors) cut(value, error, path);
}

/** JSON pointers do not tell "0" from 0; the value does. */
function pathOf(error: ErrorObject, root: unknown): Path {
  const steps = error.instancePath.split('/').slice(1);
  let value = root;
  return steps.map((raw) => {
    const key = raw.replaceAll('~1', '/').replaceAll('~0', '~');
    const step = Array.isArray(value) ? Number(key) : key;
    value = (value as Readonly<Record<string | number, unknown>>)[step];
    return step;
  });
}

/** Removes what is wrong. A missing key leaves the rest of its object; in lists a hole stays, so that indices hold. */
function cut(root: unknown, error: ErrorObject, path: Path): void {
  if (['required', 'propertyNames'].includes(error.keyword) || error.propertyName !== undefined) return;
  const extra = (error.params as { additionalProperty?: string }).additionalProperty;
  const whole = extra === undefined ? path : [...path, extra];
  const last = whole[whole.length - 1];
  let parent: unknown = root;
  for (const step of whole.slice(0, -1)) {
    parent =
      isObject(parent) || Array.isArray(parent)
        ? (parent as Record<string | number, unknown>)[step]
        : undefined;
  }
  if (Array.isArray(parent) && typeof last === 'number') parent[last] = undefined;
  // eslint-disable-next-line @typescript-eslint/no-dynamic-delete
  else if (isObject(parent) && last !== undefined) delete parent[last];
}
