/**
 * The desugared value against the schema: every breach becomes one mistake in our own words, at its place. `load.ts`
 * calls it; what is wrong is cut out of the value, so that the later steps see only what holds.
 */
import type { ErrorObject } from 'ajv';
import { grammarError, reportBreaches } from './breaches.js';
import { isObject } from './desugar.js';
import type { Path } from './document.js';
import type { Problems } from './problems.js';
import type { SentenceFormat } from './schema-parts.js';
import { SENTENCES } from './schema-parts.js';

type Check = (value: unknown) => readonly ErrorObject[];
type Validator = ((value: unknown) => boolean) & { errors?: readonly ErrorObject[] | null };
interface MadeValidator {
  readonly makeValidator: (formats: Readonly<Record<string, (text: string) => boolean>>) => Validator;
}

/** Written by the build, with `make-validator.ts`. */
const MADE = new URL('./made-validator.js', import.meta.url).href;
let made: Promise<Check> | null = null;

async function make(): Promise<Check> {
  const { makeValidator } = (await import(MADE)) as MadeValidator;
  const formats = Object.keys(SENTENCES) as SentenceFormat[];
  const validator = makeValidator(
    Object.fromEntries(formats.map((name) => [name, (text: string) => grammarError(name, text) === null])),
  );
  return (value) => (validator(value) ? [] : (validator.errors ?? []));
}

/** Reports what breaks the schema, and removes it from `value`. What a fragment lacks, others will say. */
export async function validate(value: unknown, problems: Problems, isFragment = false): Promise<void> {
  made ??= make();
  const check = await made;
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
