/**
 * The one source of the scenario's JSON schema. Two forms leave: the written one for editors, which knows the short
 * forms, and the desugared one that validate.ts compiles. `wanted` and `later` are for our own messages.
 */
type Schema = Readonly<Record<string, unknown>>;

/** The forms of text that `grammar.ts` parses, as schema formats, and how a message calls each. */
export const SENTENCES = {
  duration: 'a duration',
  peak: 'a peak',
  level: 'a level',
  load: 'a load',
  assertion: 'an assertion',
  trigger: 'a trigger',
} as const;
export type SentenceFormat = keyof typeof SENTENCES;

export const SCHEMA_ID = 'https://brunt.dev/schema/scenario.v1.json';

/** What the format knows and this version does not do yet, by where it stands. */
const LATER = {
  scenario: ['baseline', 'extends', 'probes', 'target', 'variables'],
  actor: ['arrival', 'inFlight', 'isolation', 'needs', 'onFailure', 'tags', 'thinkTime'],
  phase: ['otherwise', 'repeat', 'until'],
  shapes: ['bursts', 'sawtooth', 'search', 'sine', 'spike', 'square', 'trace', 'walk'],
  safety: ['erasableDevices', 'network', 'writablePaths'],
  threshold: ['abort', 'after', 'reason', 'window'],
};

const NAME = { type: 'string', pattern: '^[a-z][a-z0-9-]{0,62}$' };
const SENSOR = { type: 'string', pattern: '^[a-z][a-z0-9_-]*(\\.[a-z][a-z0-9_-]*)*$' };
const ACTIONS = ['warn', 'throttle', 'pause', 'stop', 'kill'];
const PROFILES = ['laptop', 'ci', 'server', 'lab'];

const text = (description: string): Schema => ({ type: 'string', description, wanted: 'text' });

const EXAMPLES: Readonly<Record<SentenceFormat, readonly string[]>> = {
  duration: ['30s', '1m30s', '250ms'],
  peak: ['2GiB', '60% of total', '500/s', '1.5cores'],
  level: ['60%', '2GiB'],
  load: ['60%', '10% -> 90%', '500/s -> 2000/s'],
  assertion: ['p99 < 50ms', 'avg > 95%', 'count == 0'],
  trigger: ['< 10%', '> 92C for 5s'],
};

const sentence = (format: SentenceFormat, description: string): Schema => ({
  type: 'string',
  format,
  description,
  examples: EXAMPLES[format],
  wanted: `${SENTENCES[format]} as text, such as ${EXAMPLES[format]
    .slice(0, 2)
    .map((e) => `"${e}"`)
    .join(' or ')}`,
});

const object = (
  properties: Schema,
  extra: {
    required?: readonly string[];
    later?: readonly string[];
    description?: string;
    wanted?: string;
  } = {},
): Schema => ({ type: 'object', additionalProperties: false, properties, wanted: 'an object', ...extra });

const map = (values: Schema, maxProperties: number, description: string, keys: Schema = NAME): Schema => ({
  type: 'object',
  maxProperties,
  propertyNames: keys,
  additionalProperties: values,
  description,
  wanted: 'an object of named entries',
});

const TAGS = map({ type: 'string', wanted: 'text' }, 16, 'Free words for the record: "suite": "nightly".', {
  type: 'string',
  pattern: '^[a-z][a-z0-9_-]*$',
});

const WITH: Schema = {
  type: 'object',
  description: 'Options of what is used.',
  wanted: 'an object of options',
};

const ACTOR = object(
  {
    uses: text("The simulator: a built-in's name, or plugin/simulator. Default: the actor's own name."),
    with: WITH,
    peak: sentence('peak', 'What 100 % means, for the actor as a whole. Its unit picks the control.'),
    instances: {
      type: ['integer', 'string'],
      minimum: 1,
      maximum: 256,
      pattern: '^per-core$',
      description: 'How many threads share the load. Default: what the simulator chooses.',
      wanted: 'a whole number from 1 to 256, or "per-core"',
    },
  },
  { later: LATER.actor, description: 'A named source of load.' },
);

const shape = (name: string, properties: Schema, required: readonly string[]): Schema =>
  object(
    { shape: { const: name, wanted: `"${name}"` }, ...properties },
    { required: ['shape', ...required] },
  );

const SHAPES: Schema = {
  type: 'object',
  required: ['shape'],
  discriminator: { propertyName: 'shape' },
  later: LATER.shapes,
  wanted: 'a load as text, such as "60%" or "10% -> 90%", or an object with "shape"',
  oneOf: [
    shape('hold', { level: sentence('level', 'The level, all the phase long.') }, ['level']),
    shape(
      'ramp',
      {
        from: sentence('level', 'The level at the start of the phase.'),
        to: sentence('level', 'The level at its end.'),
        curve: {
          enum: ['linear', 'exponential', 's-curve'],
          description: 'linear (default), exponential (slow at first), s-curve (slow at both ends).',
          wanted: 'one of "linear", "exponential", "s-curve"',
        },
      },
      ['from', 'to'],
    ),
    shape(
      'steps',
      {
        levels: {
          type: 'array',
          minItems: 2,
          maxItems: 64,
          items: sentence('level', 'One step.'),
          wanted: 'a list of 2 to 64 levels',
        },
        every: sentence('duration', 'Length of a step; the last one lasts to the end. Default: equal parts.'),
      },
      ['levels'],
    ),
  ],
};

const ASSERTION = sentence('assertion', 'AGGREGATE OPERATOR AMOUNT, such as "p99 < 50ms".');
const DETAILED = object(
  {
    assert: ASSERTION,
    severity: {
      enum: ['fail', 'warn'],
      description: 'warn: told, but the run passes. Default: fail.',
      wanted: '"fail" or "warn"',
    },
  },
  { required: ['assert'], later: LATER.threshold },
);

const USE = object(
  { uses: text("The exporter. Default: the entry's own name."), with: WITH },
  { description: 'A consumer of the numbers.' },
);

function phaseSchema(isWritten: boolean): Schema {
  const load = isWritten
    ? { anyOf: [sentence('load', 'A level, or from -> to over the phase.'), SHAPES] }
    : SHAPES;
  return object(
    {
      name: { ...NAME, description: 'Each phase has its own.', wanted: 'a name such as "climb"' },
      duration: sentence('duration', 'How long the phase lasts, at least 100ms.'),
      load: {
        type: 'object',
        additionalProperties: load,
        description: 'By actor, or "*" for every actor not named here. An actor that is not named is idle.',
        wanted: 'an object of loads by actor',
      },
      measure: {
        type: 'boolean',
        description: 'false: recorded and shown, never judged. Default: true.',
        wanted: 'true or false',
      },
      tags: TAGS,
    },
    { required: ['name', 'duration'], later: LATER.phase },
  );
}

const SAFETY = object(
  {
    profile: {
      enum: PROFILES,
      description: 'The profile that this scenario needs. The person grants it with --profile.',
      wanted: `one of ${PROFILES.map((p) => `"${p}"`).join(', ')}`,
    },
    maxDuration: sentence('duration', 'Ends the run at the latest. At most what the profile grants.'),
    gracefulStop: sentence('duration', 'Time to give everything back. At most what the profile grants.'),
    limits: map(
      {
        type: 'object',
        additionalProperties: false,
        properties: Object.fromEntries(
          ACTIONS.map((action) => [
            action,
            { ...sentence('trigger', `When to ${action}.`), type: ['string', 'null'] },
          ]),
        ),
        wanted: 'an object of triggers by action, such as { "stop": "< 10%" }',
      },
      64,
      'By sensor, by action. A scenario may only tighten what the profile says.',
      SENSOR,
    ),
  },
  { later: LATER.safety, description: 'What this scenario needs, and tighter limits of its own.' },
);

/** `written`: what a person may write; `desugared`: what is left of it after the short forms are gone. */
export function scenarioSchema(form: 'written' | 'desugared'): Schema {
  const isWritten = form === 'written';
  const list = {
    type: 'array',
    minItems: 1,
    maxItems: 32,
    items: isWritten ? { anyOf: [ASSERTION, DETAILED] } : DETAILED,
    wanted: 'an assertion such as "p99 < 50ms", a list of them, or objects with "assert"',
  };
  return object(
    {
      $schema: text('For editors.'),
      version: {
        const: 1,
        description: 'Version of the format.',
        wanted: '1, the version of the format that this brunt reads',
      },
      name: { ...NAME, description: 'Default: the file name.', wanted: 'a name such as "quick-look"' },
      description: text('One sentence: what this tries, and what it shows.'),
      tags: TAGS,
      seed: {
        type: 'integer',
        minimum: 0,
        maximum: 4_294_967_295,
        description: 'The same seed gives the same run. Default: drawn, and recorded.',
        wanted: 'a whole number from 0 to 4294967295',
      },
      window: sentence('duration', 'Numbers are closed so often. Default 1s, at least 100ms.'),
      plugins: map(
        text('A path that begins with "./", or the name of an installed package.'),
        16,
        'Plugins by short name; "uses" names them as plugin/simulator.',
      ),
      actors: { ...map(ACTOR, 64, 'Sources of load by name.'), minProperties: 1 },
      phases: {
        type: 'array',
        minItems: 1,
        maxItems: 256,
        items: phaseSchema(isWritten),
        description: 'One after the other.',
        wanted: 'a list of 1 to 256 phases',
      },
      safety: SAFETY,
      thresholds: {
        type: 'object',
        maxProperties: 256,
        additionalProperties: isWritten ? { anyOf: [ASSERTION, DETAILED, list] } : list,
        description: 'By selector, such as "op.latency{actor:db}": what must hold for the run to pass.',
        wanted: 'an object of assertions by selector',
      },
      exporters: map(USE, 16, 'Exporters by name.'),
    },
    {
      required: ['version', 'actors', 'phases'],
      later: LATER.scenario,
      wanted: 'a scenario, which is an object in braces',
    },
  );
}

const LINE_MAX = 110;

/** The text of scenarios/scenario.schema.json: the written form without our own keywords and formats. */
export function schemaFileText(): string {
  const head = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $id: SCHEMA_ID,
    title: 'brunt scenario',
  };
  const body = JSON.stringify({ ...head, ...scenarioSchema('written') }, (key, value: unknown) =>
    key === 'wanted' || key === 'later' || key === 'discriminator' ? undefined : value,
  );
  return `${shortLists(JSON.stringify(JSON.parse(body), null, 2))}\n`;
}

/** Lists of plain values on one line where they fit, as the formatter of this repository wants them. */
function shortLists(json: string): string {
  return json.replace(
    /^( *".*": )\[\n([^[\]{}]*?)\n *\](,?)$/gm,
    (whole, key: string, items: string, comma: string) => {
      const line = `${key}[${items.trim().replace(/,\n\s*/g, ', ')}]${comma}`;
      return line.length <= LINE_MAX ? line : whole;
    },
  );
}
