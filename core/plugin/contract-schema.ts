/**
 * Whether an options schema is of the subset that brunt reads, and its defaults fit it. A schema enters, sentences
 * about what is wrong leave. Called by the contract check; the loader only looks at the outermost shape.
 */
import type { ObjectSchema, ValueSchema } from '../contract/schema-types.js';
import { resolveOptions } from './options.js';

const COMMON = ['type', 'description'];
const KEYWORDS: Readonly<Record<string, readonly string[]>> = {
  string: ['format', 'access', 'enum', 'default', 'pattern'],
  number: ['minimum', 'maximum', 'default'],
  integer: ['minimum', 'maximum', 'default'],
  boolean: ['default'],
  array: ['items', 'maxItems', 'default'],
  object: ['properties', 'required'],
};
const FORMATS = ['duration', 'bytes', 'percent', 'rate', 'path', 'run', 'url'];
const FOLDERS = { directory: '/', writeDirectory: '/' };

type Loose = Readonly<Record<string, unknown>>;

const isLoose = (value: unknown): value is Loose =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Each sentence begins with the path of the option that it is about. */
export function schemaFaults(schema: unknown, path = 'options'): string[] {
  if (!isLoose(schema)) return [`${path}: is not a schema`];
  const type = String(schema['type']);
  const known = KEYWORDS[type];
  if (known === undefined) return [`${path}: "${type}" is no type that options may have`];
  const strange = Object.keys(schema).filter((key) => !COMMON.includes(key) && !known.includes(key));
  const faults = strange.map((key) => `${path}: the keyword "${key}" is not read for type ${type}`);
  faults.push(...(type === 'object' ? objectFaults(schema, path) : leafFaults(schema, type, path)));
  if (faults.length > 0 || schema['default'] === undefined) return faults;
  return defaultFaults(schema as unknown as ValueSchema, path);
}

function objectFaults(schema: Loose, path: string): string[] {
  const properties = schema['properties'];
  if (!isLoose(properties)) return [`${path}: an object schema has "properties"`];
  const faults = Object.entries(properties).flatMap(([key, value]) => schemaFaults(value, `${path}.${key}`));
  const required = Array.isArray(schema['required']) ? (schema['required'] as unknown[]) : [];
  for (const key of required) {
    if (typeof key !== 'string' || !Object.hasOwn(properties, key))
      faults.push(`${path}: "${String(key)}" is required and not among the properties`);
  }
  return faults;
}

function leafFaults(schema: Loose, type: string, path: string): string[] {
  if (type === 'array') {
    const faults = schemaFaults(schema['items'], `${path}[]`);
    const max = schema['maxItems'];
    if (!Number.isInteger(max) || Number(max) < 1) faults.push(`${path}: a list needs "maxItems", above 0`);
    return faults;
  }
  if (type !== 'string') {
    const { minimum = -Infinity, maximum = Infinity } = schema as { minimum?: number; maximum?: number };
    return minimum <= maximum ? [] : [`${path}: its minimum ${minimum} is above its maximum ${maximum}`];
  }
  const { format, access, pattern } = schema;
  const values = schema['enum'];
  const faults: string[] = [];
  if (format !== undefined && !FORMATS.some((known) => known === format))
    faults.push(`${path}: ${JSON.stringify(format)} is no format; known are ${FORMATS.join(', ')}`);
  if (access !== undefined && (format !== 'path' || (access !== 'read' && access !== 'write')))
    faults.push(`${path}: "access" is "read" or "write", and stands beside the format "path"`);
  if (values !== undefined && (!Array.isArray(values) || values.length === 0))
    faults.push(`${path}: "enum" is a list of what is allowed`);
  if (pattern !== undefined && !isPattern(pattern))
    faults.push(`${path}: its pattern is no regular expression`);
  return faults;
}

function isPattern(pattern: unknown): boolean {
  try {
    new RegExp(String(pattern), 'u');
    return typeof pattern === 'string';
  } catch {
    return false; // which is the answer
  }
}

function defaultFaults(schema: ValueSchema, path: string): string[] {
  const alone: ObjectSchema = { type: 'object', properties: { it: schema } };
  const { problems } = resolveOptions(alone, {}, FOLDERS);
  return problems.map(({ message }) => `${path}: its default does not fit: ${message}`);
}

/** Options that have to be said, since they have no default. */
export function unsaid(schema: ObjectSchema): string[] {
  return (schema.required ?? []).filter((key) => {
    const property = schema.properties[key];
    return property !== undefined && !('default' in property);
  });
}

const EXAMPLES: Readonly<Record<string, string>> = {
  duration: '1s',
  bytes: '1MiB',
  percent: '50%',
  rate: '10/s',
  path: '/nowhere',
  url: 'http://127.0.0.1:1/',
};

/** Something that fits, for an option without a default; undefined where nothing can be made up. */
export function madeUp(schema: ValueSchema): unknown {
  switch (schema.type) {
    case 'string':
      if (schema.pattern !== undefined) return undefined;
      return schema.enum?.[0] ?? EXAMPLES[schema.format ?? ''] ?? 'x';
    case 'boolean':
      return false;
    case 'array':
      return [];
    case 'object':
      return Object.fromEntries(unsaid(schema).map((key) => [key, madeUp(schema.properties[key] ?? schema)]));
    default:
      return schema.minimum ?? schema.maximum ?? 1;
  }
}
