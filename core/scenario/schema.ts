/**
 * The schema as editors get it: the written form with "${name}" and null where they may stand, the options of every
 * simulator, probe and exporter that is given, and without our own keywords. What stands in several places is there
 * once, under "definitions", as draft 7 calls them. `brunt schema` prints it.
 */
import type { ObjectSchema } from '../contract/schema-types.js';
import type { Schema } from './schema-parts.js';
import { scenarioSchema, WITH } from './schema-form.js';

export { scenarioSchema } from './schema-form.js';

export const SCHEMA_ID = 'https://brunt.dev/schema/scenario.v1.json';

/** A simulator, probe or exporter as far as the schema is concerned; `name` as `uses` names it. */
export interface Described {
  readonly name: string;
  readonly description: string;
  readonly options: ObjectSchema;
}

const OWN_KEYWORDS = ['wanted', 'later', 'discriminator', 'access'];
const VARIABLE: Schema = {
  type: 'string',
  pattern: '\\$\\{[^}]+\\}',
  description: 'The value of a variable.',
};

/** Stands alone in its object: draft 7 looks at nothing that is beside it. */
const reference = (name: string): Schema => ({ $ref: `#/definitions/${name}` });

export function mergedSchema(
  simulators: readonly Described[] = [],
  probes: readonly Described[] = [],
  exporters: readonly Described[] = [],
): Schema {
  const { properties, ...rest } = editable(scenarioSchema('written')) as Schema & { properties: Schema };
  const actors = withOptions(properties['actors'], simulators, 'simulator');
  const probing = withOptions(properties['probes'], probes, 'probe');
  const exporting = withOptions(properties['exporters'], exporters, 'exporter');
  const merged = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $id: SCHEMA_ID,
    title: 'brunt scenario',
    ...rest,
    properties: {
      ...properties,
      actors: actors.entries,
      probes: probing.entries,
      exporters: exporting.entries,
    },
    definitions: {
      variable: VARIABLE,
      ...actors.definitions,
      ...probing.definitions,
      ...exporting.definitions,
    },
  };
  const whole = JSON.stringify(merged, (key, value: unknown) =>
    OWN_KEYWORDS.includes(key) && !isProperty(key, value) ? undefined : value,
  );
  return JSON.parse(whole) as Schema;
}

/** An option may have the name of one of our keywords; what is under it is then a schema. */
function isProperty(key: string, value: unknown): boolean {
  return key !== 'discriminator' && isSchema(value);
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Maps may hold null (which removes an inherited entry), and values of any type may be a variable. */
function editable(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(editable);
  if (!isSchema(schema)) return schema;
  const { description, properties, additionalProperties, propertyNames, items, anyOf, oneOf, ...rest } =
    schema;
  const result = {
    ...rest,
    ...(description !== undefined && { description }),
    ...(propertyNames !== undefined && { propertyNames }),
    ...(isSchema(properties) && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([key, value]) => [
          key,
          FIXED.includes(key) ? value : editable(value),
        ]),
      ),
    }),
    ...(additionalProperties !== undefined && {
      additionalProperties: isSchema(additionalProperties)
        ? { anyOf: [editable(additionalProperties), { type: 'null' }] }
        : additionalProperties,
    }),
    ...(items !== undefined && { items: editable(items) }),
    ...(anyOf !== undefined && { anyOf: editable(anyOf) }),
    ...(oneOf !== undefined && { oneOf: editable(oneOf) }),
  };
  return isValue(schema) ? orVariable(result) : result;
}

/** Read before variables are, so that none may stand there. */
const FIXED = ['$schema', 'version', 'extends', 'variables', 'shape'];

function isValue({ type, enum: values, pattern }: Schema): boolean {
  return (
    ['integer', 'number', 'boolean'].includes(String(type)) || values !== undefined || pattern !== undefined
  );
}

function orVariable({ description, ...value }: Schema): Schema {
  return { ...(description !== undefined && { description }), anyOf: [value, reference('variable')] };
}

interface Entries {
  readonly entries: unknown;
  readonly definitions: Schema;
}

/**
 * An entry is described by its "uses", and by its own name where it says none: a branch for each. A plugin's
 * options stay free where what is used is not known here.
 */
function withOptions(entries: unknown, known: readonly Described[], kind: string): Entries {
  if (!isSchema(entries) || known.length === 0) return { entries, definitions: {} };
  const { additionalProperties, ...rest } = entries;
  const [entry] = (additionalProperties as { anyOf: readonly Schema[] }).anyOf;
  const optionsOf = (name: string): Schema => ({
    properties: { with: reference(definitionOf(kind, name)) },
  });
  const own = known.map(({ name, description }) => [
    name,
    {
      description,
      anyOf: [
        { allOf: [reference(kind)], if: { not: { required: ['uses'] } }, then: optionsOf(name) },
        { type: 'null' },
      ],
    },
  ]);
  return {
    entries: {
      ...rest,
      properties: Object.fromEntries(own) as Schema,
      additionalProperties: { anyOf: [reference(kind), { type: 'null' }] },
    },
    definitions: {
      [kind]: {
        ...usingOneOf(entry as Schema & { properties: Schema }, known, kind),
        allOf: known.map(({ name }) => ({
          if: { required: ['uses'], properties: { uses: { const: name } } },
          then: optionsOf(name),
        })),
      },
      ...Object.fromEntries(known.map((one) => [definitionOf(kind, one.name), optionsSchema(one)])),
    },
  };
}

function usingOneOf(
  { properties, ...others }: Schema & { properties: Schema },
  known: readonly Described[],
  kind: string,
): Schema {
  const uses = {
    ...(properties['uses'] as Schema),
    examples: known.map(({ name }) => name),
    markdownDescription: `The ${kind}. Built in: ${known.map(({ name, description }) => `\`${name}\` (${description})`).join(', ')}.`,
  };
  return { ...others, properties: { ...properties, uses } };
}

/** A slash would be a step of the pointer; no name has a dot. */
const definitionOf = (kind: string, name: string): string => `${kind}.${name.replace('/', '.')}`;

/** Unit formats are sentences of ours: an editor takes any text there. */
function optionsSchema({ description, options }: Described): Schema {
  return {
    ...(editable(closed(options)) as Schema),
    description: `${String(WITH['description'])} ${description}`,
  };
}

function closed(schema: unknown): unknown {
  if (!isSchema(schema)) return schema;
  const { properties, items } = schema;
  return {
    ...schema,
    ...(isSchema(properties) && {
      additionalProperties: false,
      properties: Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, closed(value)])),
    }),
    ...(items !== undefined && { items: closed(items) }),
  };
}

const LINE_MAX = 110;

/** The text of scenarios/scenario.schema.json, as the formatter of this repository wants it. */
export function schemaFileText(schema: Schema): string {
  return `${shortLists(JSON.stringify(schema, null, 2))}\n`;
}

/** Lists of plain values on one line where they fit. */
function shortLists(json: string): string {
  return json.replace(
    /^( *(?:".*": )?)\[\n((?: *(?:"(?:[^"\\]|\\.)*"|[\w.+-]+),?\n)+) *\](,?)$/gm,
    (whole, key: string, items: string, comma: string) => {
      const line = `${key}[${items.trim().replace(/,\n\s*/g, ', ')}]${comma}`;
      return line.length <= LINE_MAX ? line : whole;
    },
  );
}
