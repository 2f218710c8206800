/**
 * Breaches of the schema in our own words: what the validator found enters, one mistake for each place goes to the
 * problems. `validate.ts` calls it; it knows no validator.
 */
import { assert } from '../base/assert.js';
import {
  GrammarError,
  parseAssertion,
  parseCap,
  parseCondition,
  parseDuration,
  parseDurations,
  parseLevel,
  parseLevelRange,
  parseLoad,
  parsePeak,
  parseTrigger,
  parseUntil,
} from '../base/grammar.js';
import { SHAPES } from '../base/shapes.js';
import { nearest, suggestion } from '../base/suggest.js';
import { isObject } from './desugar.js';
import type { Path } from './document.js';
import type { Problems } from './problems.js';
import type { SentenceFormat } from './schema-parts.js';
import { SENTENCES } from './schema-parts.js';

export interface Breach {
  readonly path: Path;
  /** Of JSON Schema: "required", "type" … */
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** The part of the schema that the keyword stands in. */
  readonly schema: Readonly<Record<string, unknown>>;
  readonly seen: unknown;
  /** About a key itself, not about its value. */
  readonly isOfName: boolean;
}

const PARSERS: Readonly<Record<SentenceFormat, (text: string) => unknown>> = {
  duration: parseDuration,
  durations: parseDurations,
  peak: parsePeak,
  level: parseLevel,
  levels: parseLevelRange,
  load: parseLoad,
  assertion: parseAssertion,
  cap: parseCap,
  condition: parseCondition,
  until: parseUntil,
  trigger: parseTrigger,
};

/** What is wrong with a sentence of this form, or null. */
export function grammarError(format: SentenceFormat, text: string): GrammarError | null {
  try {
    PARSERS[format](text);
    return null;
  } catch (error) {
    if (error instanceof GrammarError) return error;
    throw error;
  }
}

/** By object: keys that may not be there, and keys that should be. */
interface Found {
  readonly unknownKeys: Map<string, string[]>;
  readonly missing: Map<string, { readonly path: Path; readonly key: string }[]>;
}

export function reportBreaches(breaches: readonly Breach[], problems: Problems): void {
  const found: Found = { unknownKeys: new Map(), missing: new Map() };
  for (const breach of breaches) report(breach, problems, found);
  reportMissing(found, problems);
}

/** All that an object lacks stands at one place; a misspelt key explains the missing one. */
function reportMissing({ unknownKeys, missing }: Found, problems: Problems): void {
  for (const [here, keys] of missing) {
    const isMisspelt = (key: string): boolean =>
      unknownKeys.get(here)?.some((unknown) => nearest(unknown, [key]) !== undefined) === true;
    const lacking = keys.filter(({ key }) => !isMisspelt(key));
    const [first] = lacking;
    if (first === undefined) continue;
    const names = lacking.map(({ key }) => `"${key}"`).join(', ');
    const message = `${names} ${lacking.length === 1 ? 'is' : 'are'} missing`;
    problems.add({ path: first.path, code: 'E_SCHEMA', message });
  }
}

function report(breach: Breach, problems: Problems, { unknownKeys, missing }: Found): void {
  const { path, params, schema } = breach;
  const here = JSON.stringify(path);
  switch (breach.keyword) {
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
    case 'required':
      missing.set(here, [...(missing.get(here) ?? []), { path, key: String(params['missingProperty']) }]);
      return;
    case 'discriminator':
      reportShape(params['tagValue'], path, problems);
      return;
    case 'format':
      reportSentence(params['format'] as SentenceFormat, path, breach.seen, problems);
      return;
    default:
      // The name itself is told by `propertyNames`, which follows.
      if (!breach.isOfName) reportValue(breach, problems);
  }
}

function reportUnknownKey(
  key: string,
  path: Path,
  schema: Readonly<Record<string, unknown>>,
  problems: Problems,
): void {
  const whole = [...path, key];
  const later = (schema['later'] ?? []) as readonly string[];
  if (later.includes(key)) {
    problems.addKey(whole, { code: 'E_NOT_YET', message: `not in this version: "${key}"`, seen: key });
    return;
  }
  const known = Object.keys(schema['properties'] ?? {}).filter((k) => k !== '$schema');
  const hint = suggestion(
    key,
    nearest(key, [...known, ...later]) === undefined ? known : [...known, ...later],
  );
  problems.addKey(whole, { code: 'E_SCHEMA', message: `unknown key "${key}"`, seen: key, hint });
}

function nameMistake(key: string): { message: string; hint: string } {
  const hint = 'A name begins with a lower-case letter, then letters, digits and "-"; at most 63 in all.';
  if (!/^\d+$/.test(key)) return { message: `"${key}" is not a name`, hint };
  return {
    message: `"${key}" is not a name: JavaScript puts keys that look like numbers into another order`,
    hint,
  };
}

function reportShape(tag: unknown, path: Path, problems: Problems): void {
  if (tag === undefined) return; // Told by `required`.
  const spot = { path: [...path, 'shape'], seen: tag };
  const hint = typeof tag === 'string' ? suggestion(tag, SHAPES) : `Known: ${SHAPES.join(', ')}.`;
  problems.add({ ...spot, code: 'E_SCHEMA', message: `unknown shape ${JSON.stringify(tag)}`, hint });
}

function reportSentence(format: SentenceFormat, path: Path, text: unknown, problems: Problems): void {
  assert(typeof text === 'string', 'only text has a format');
  const error = grammarError(format, text);
  if (error !== null) problems.addGrammar({ path }, SENTENCES[format], text, error);
}

function reportValue(breach: Breach, problems: Problems): void {
  const { path, keyword, schema, seen } = breach;
  const wanted = wantedOf(schema);
  const message =
    COUNTED[keyword]?.(breach) ?? `${shown(seen)} is not ${wanted ?? `what the schema wants (${keyword})`}`;
  problems.add({ path, code: 'E_SCHEMA', message, seen, ...(wanted !== undefined && { wanted }) });
}

const limitOf = ({ params }: Breach): string => String(params['limit']);
/** Breaches of a number of entries, where the whole value would say nothing. */
const COUNTED: Readonly<Record<string, (breach: Breach) => string>> = {
  minItems: (breach) => `too few entries: at least ${limitOf(breach)}`,
  maxItems: (breach) => `too many entries: at most ${limitOf(breach)}`,
  minProperties: (breach) => `too few entries: at least ${limitOf(breach)}`,
  maxProperties: (breach) => `too many entries: at most ${limitOf(breach)}`,
};

function wantedOf(schema: unknown): string | undefined {
  const wanted = isObject(schema) ? schema['wanted'] : undefined;
  return typeof wanted === 'string' ? wanted : undefined;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}
