/**
 * The desugared value against the schema: every breach becomes one mistake in our own words, at its place. `load.ts`
 * calls it; what is wrong is cut out of the value, so that the later steps see only what holds. Imports ajv lazily.
 */
import type { ErrorObject } from 'ajv';
import { assert } from '../base/assert.js';
import {
  GrammarError,
  parseAssertion,
  parseDuration,
  parseLevel,
  parseLoad,
  parsePeak,
  parseTrigger,
} from '../base/grammar.js';
import { nearest, suggestion } from '../base/suggest.js';
import { isObject } from './desugar.js';
import type { Path } from './document.js';
import type { Problems } from './problems.js';
import type { SentenceFormat } from './schema.js';
import { scenarioSchema, SENTENCES } from './schema.js';

const PARSERS: Readonly<Record<SentenceFormat, (text: string) => unknown>> = {
  duration: parseDuration,
  peak: parsePeak,
  level: parseLevel,
  load: parseLoad,
  assertion: parseAssertion,
  trigger: parseTrigger,
};

type Check = (value: unknown) => readonly ErrorObject[];
let compiled: Promise<Check> | null = null;

async function compile(): Promise<Check> {
  const { Ajv } = await import('ajv');
  const ajv = new Ajv({
    allErrors: true,
    verbose: true,
    discriminator: true,
    allowUnionTypes: true,
    strictRequired: false,
    strictTypes: false,
  });
  ajv.addVocabulary(['wanted', 'later']);
  for (const [format, parse] of Object.entries(PARSERS)) {
    ajv.addFormat(format, (text: string) => grammarError(parse, text) === null);
  }
  const validate = ajv.compile(scenarioSchema('desugared'));
  return (value) => (validate(value) ? [] : (validate.errors ?? []));
}

function grammarError(parse: (text: string) => unknown, text: string): GrammarError | null {
  try {
    parse(text);
    return null;
  } catch (error) {
    if (error instanceof GrammarError) return error;
    throw error;
  }
}

/** Reports what breaks the schema, and removes it from `value`. */
export async function validate(value: unknown, problems: Problems): Promise<void> {
  compiled ??= compile();
  const check = await compiled;
  const errors = check(value).map((error) => ({ error, path: pathOf(error, value) }));
  // Keys before what is missing: a misspelt key explains the missing one.
  const order = (keyword: string): number => (keyword === 'required' ? 1 : 0);
  errors.sort((a, b) => order(a.error.keyword) - order(b.error.keyword));
  const unknownKeys = new Map<string, string[]>();
  for (const { error, path } of errors) report(error, path, problems, unknownKeys);
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

function report(
  error: ErrorObject,
  path: Path,
  problems: Problems,
  unknownKeys: Map<string, string[]>,
): void {
  const schema = error.parentSchema as Readonly<Record<string, unknown>>;
  const params = error.params as Readonly<Record<string, unknown>>;
  const here = JSON.stringify(path);
  switch (error.keyword) {
    case 'additionalProperties': {
      const key = String(params['additionalProperty']);
      unknownKeys.set(here, [...(unknownKeys.get(here) ?? []), key]);
      reportUnknownKey(key, path, schema, problems);
      return;
    }
    case 'propertyNames': {
      const key = String(params['propertyName']);
      problems.add({ path: [...path, key], at: 'key', code: 'E_SCHEMA', seen: key, ...nameMistake(key) });
      return;
    }
    case 'required': {
      const key = String(params['missingProperty']);
      if (unknownKeys.get(here)?.some((unknown) => nearest(unknown, [key]) !== undefined) === true) return;
      const wanted = wantedOf((schema['properties'] as Record<string, unknown> | undefined)?.[key]);
      const told = wanted === undefined ? {} : { wanted };
      problems.add({ path, code: 'E_SCHEMA', message: `"${key}" is missing`, ...told });
      return;
    }
    case 'discriminator':
      reportShape(params['tagValue'], path, schema, problems);
      return;
    case 'format':
      reportSentence(params['format'] as SentenceFormat, path, error.data, problems);
      return;
    default:
      // The name itself is told by `propertyNames`, which follows.
      if (error.propertyName === undefined) reportValue(error, path, schema, problems);
  }
}

function reportUnknownKey(
  key: string,
  path: Path,
  schema: Readonly<Record<string, unknown>>,
  problems: Problems,
): void {
  const spot = { path: [...path, key], at: 'key' as const, seen: key };
  const later = (schema['later'] ?? []) as readonly string[];
  if (later.includes(key)) {
    problems.add({ ...spot, code: 'E_NOT_YET', message: `not in this version: "${key}"` });
    return;
  }
  const known = Object.keys(schema['properties'] ?? {}).filter((k) => k !== '$schema');
  const hint = suggestion(
    key,
    nearest(key, [...known, ...later]) === undefined ? known : [...known, ...later],
  );
  problems.add({ ...spot, code: 'E_SCHEMA', message: `unknown key "${key}"`, hint });
}

function nameMistake(key: string): { message: string; hint: string } {
  const hint = 'A name begins with a lower-case letter, then letters, digits and "-"; at most 63 in all.';
  if (!/^\d+$/.test(key)) return { message: `"${key}" is not a name`, hint };
  return {
    message: `"${key}" is not a name: JavaScript puts keys that look like numbers into another order`,
    hint,
  };
}

function reportShape(
  tag: unknown,
  path: Path,
  schema: Readonly<Record<string, unknown>>,
  problems: Problems,
): void {
  const later = schema['later'] as readonly string[];
  const known = (schema['oneOf'] as readonly { properties: { shape: { const: string } } }[]).map(
    ({ properties }) => properties.shape.const,
  );
  if (tag === undefined) return; // Told by `required`.
  const spot = { path: [...path, 'shape'], seen: tag };
  if (typeof tag === 'string' && later.includes(tag)) {
    problems.add({ ...spot, code: 'E_NOT_YET', message: `not in this version: shape "${tag}"` });
    return;
  }
  const hint = typeof tag === 'string' ? suggestion(tag, known) : `Known: ${known.join(', ')}.`;
  problems.add({ ...spot, code: 'E_SCHEMA', message: `unknown shape ${JSON.stringify(tag)}`, hint });
}

function reportSentence(format: SentenceFormat, path: Path, text: unknown, problems: Problems): void {
  assert(typeof text === 'string', 'only text has a format');
  const error = grammarError(PARSERS[format], text);
  if (error !== null) problems.addGrammar({ path }, SENTENCES[format], text, error);
}

function reportValue(
  error: ErrorObject,
  path: Path,
  schema: Readonly<Record<string, unknown>>,
  problems: Problems,
): void {
  const wanted = wantedOf(schema);
  const seen = shown(error.data);
  const message =
    COUNTED[error.keyword]?.(error) ??
    (wanted === undefined ? `${seen}: ${error.message ?? ''}` : `${seen} is not ${wanted}`);
  problems.add({
    path,
    code: 'E_SCHEMA',
    message,
    seen: error.data,
    ...(wanted !== undefined && { wanted }),
  });
}

const limitOf = (error: ErrorObject): string => String((error.params as { limit?: unknown }).limit);
/** Breaches of a number of entries, where the whole value would say nothing. */
const COUNTED: Readonly<Record<string, (error: ErrorObject) => string>> = {
  minItems: (error) => `too few entries: at least ${limitOf(error)}`,
  maxItems: (error) => `too many entries: at most ${limitOf(error)}`,
  minProperties: (error) => `too few entries: at least ${limitOf(error)}`,
  maxProperties: (error) => `too many entries: at most ${limitOf(error)}`,
};

function wantedOf(schema: unknown): string | undefined {
  const wanted = isObject(schema) ? schema['wanted'] : undefined;
  return typeof wanted === 'string' ? wanted : undefined;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
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
