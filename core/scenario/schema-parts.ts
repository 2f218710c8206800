/** Building blocks of the scenario's schema: sentences, objects, maps, each with the words our messages use. */
export type Schema = Readonly<Record<string, unknown>>;

/** The forms of text that `grammar.ts` parses, as schema formats, and how a message calls each. */
export const SENTENCES = {
  duration: 'a duration',
  durations: 'a range of durations',
  peak: 'a peak',
  level: 'a level',
  levels: 'a range of levels',
  load: 'a load',
  assertion: 'an assertion',
  cap: 'a cap',
  condition: 'a condition',
  until: 'an end of a phase',
  trigger: 'a trigger',
} as const;
export type SentenceFormat = keyof typeof SENTENCES;

const EXAMPLES: Readonly<Record<SentenceFormat, readonly string[]>> = {
  duration: ['30s', '1m30s', '250ms'],
  durations: ['5s..20s', '10s'],
  peak: ['2GiB', '60% of total', '500/s', '1.5cores'],
  level: ['60%', '2GiB'],
  levels: ['30%..100%', '60%'],
  load: ['60%', '10% -> 90%', '500/s -> 2000/s'],
  assertion: ['p99 < 50ms', 'avg > 95%', 'count == 0', 'p95 <= phase(before) * 1.2'],
  cap: ['500/s', '20MiB/s'],
  condition: ['probe.up{probe:api} last == 1'],
  until: ['op.latency{actor:db} p99 > 200ms for 10s', 'steady rate op.count{actor:db}', 'done'],
  trigger: ['< 10%', '> 92C for 5s'],
};

export const NAME: Schema = { type: 'string', pattern: '^[a-z][a-z0-9-]{0,62}$' };

export const text = (description: string): Schema => ({ type: 'string', description, wanted: 'text' });

export const sentence = (format: SentenceFormat, description: string): Schema => ({
  type: 'string',
  format,
  description,
  examples: EXAMPLES[format],
  wanted: `${SENTENCES[format]} as text, such as ${EXAMPLES[format]
    .slice(0, 2)
    .map((e) => `"${e}"`)
    .join(' or ')}`,
});

export const flag = (description: string): Schema => ({
  type: 'boolean',
  description,
  wanted: 'true or false',
});

export const whole = (description: string, minimum: number, maximum: number): Schema => ({
  type: 'integer',
  minimum,
  maximum,
  description,
  wanted: `a whole number from ${minimum} to ${maximum}`,
});

export const choice = (values: readonly string[], description: string): Schema => ({
  enum: values,
  description,
  wanted: `one of ${values.map((v) => `"${v}"`).join(', ')}`,
});

export const list = (items: Schema, minItems: number, maxItems: number, description: string): Schema => ({
  type: 'array',
  minItems,
  maxItems,
  items,
  description,
  wanted: `a list of ${minItems} to ${maxItems} entries`,
});

export interface ObjectExtra {
  readonly required?: readonly string[];
  /** Keys that the format knows and this version does not do yet. */
  readonly later?: readonly string[];
  readonly description?: string;
  readonly wanted?: string;
}

export const object = (properties: Schema, extra: ObjectExtra = {}): Schema => ({
  type: 'object',
  additionalProperties: false,
  properties,
  wanted: 'an object',
  ...extra,
});

export const map = (
  values: Schema,
  maxProperties: number,
  description: string,
  keys: Schema = NAME,
): Schema => ({
  type: 'object',
  maxProperties,
  propertyNames: keys,
  additionalProperties: values,
  description,
  wanted: 'an object of named entries',
});

export const TAGS = map(
  { type: 'string', wanted: 'text' },
  16,
  'Free words for the record: "suite": "nightly".',
  { type: 'string', pattern: '^[a-z][a-z0-9_-]*$' },
);
