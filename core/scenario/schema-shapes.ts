/** The shapes of a load, as schema: what each needs and what it means. `schema.ts` puts them into phases. */
import type { ShapeName } from '../base/shapes.js';
import type { Schema } from './schema-parts.js';
import { choice, list, object, sentence, text, whole } from './schema-parts.js';

const level = (description: string): Schema => sentence('level', description);
const LOW_HIGH = { low: level('The lowest level.'), high: level('The highest level.') };
const every = (description: string): Schema => sentence('duration', description);

const SLO_EXAMPLES = ['op.latency{actor:db} p99 < 5ms'];

interface ShapeSchema {
  readonly description: string;
  readonly properties: Schema;
  readonly required: readonly string[];
}

const SHAPE_SCHEMAS: Readonly<Record<ShapeName, ShapeSchema>> = {
  hold: {
    description: 'One level, all the phase long.',
    properties: { level: level('The level, all the phase long.') },
    required: ['level'],
  },
  ramp: {
    description: 'From one level to another over the phase.',
    properties: {
      from: level('The level at the start of the phase.'),
      to: level('The level at its end.'),
      curve: choice(
        ['linear', 'exponential', 's-curve'],
        'linear (default), exponential (slow at first), s-curve (slow at both ends).',
      ),
    },
    required: ['from', 'to'],
  },
  steps: {
    description: 'Some levels, one after the other.',
    properties: {
      levels: {
        ...list(level('One step.'), 2, 64, 'The steps.'),
        wanted: 'a list of 2 to 64 levels',
      },
      every: every('Length of a step; the last one lasts to the end. Default: equal parts.'),
    },
    required: ['levels'],
  },
  sweep: {
    description:
      'One level a round, or one number of instances, each as long as the phase: the summary has a table of them.',
    properties: {
      levels: {
        ...list(level('The level of one round.'), 1, 64, 'The levels, one after the other.'),
        wanted: 'a list of 1 to 64 levels',
      },
      instances: {
        ...list(
          whole('So many share the level.', 1, 256),
          1,
          16,
          'All levels with each of these numbers of instances.',
        ),
        wanted: 'a list of 1 to 16 whole numbers',
      },
    },
    required: ['levels'],
  },
  spike: {
    description: 'Low, with a sharp stretch of high at the end of every period.',
    properties: {
      ...LOW_HIGH,
      every: every('From one spike to the next.'),
      width: sentence('duration', 'How long a spike lasts. Default: a tenth of "every".'),
    },
    required: ['low', 'high', 'every'],
  },
  square: {
    description: 'High and low by turns, beginning with high.',
    properties: {
      ...LOW_HIGH,
      every: every('From one high stretch to the next.'),
      width: sentence('duration', 'How long it is high. Default: half of "every".'),
    },
    required: ['low', 'high', 'every'],
  },
  sawtooth: {
    description: 'Rises from low to high, falls at once, and again.',
    properties: { ...LOW_HIGH, every: every('Length of one tooth.') },
    required: ['low', 'high', 'every'],
  },
  sine: {
    description: 'A smooth wave that begins at low.',
    properties: { ...LOW_HIGH, every: every('Length of one wave.') },
    required: ['low', 'high', 'every'],
  },
  walk: {
    description: 'Wanders between low and high; the same seed gives the same walk.',
    properties: { ...LOW_HIGH, every: every('From one turn to the next.') },
    required: ['low', 'high', 'every'],
  },
  bursts: {
    description: 'Off and on by turns for drawn times; the same seed gives the same bursts.',
    properties: {
      level: sentence('levels', 'Level of a burst, drawn from this range for each.'),
      on: sentence('durations', 'How long a burst lasts, drawn from this range.'),
      off: sentence('durations', 'How long it is off before each burst, drawn from this range.'),
    },
    required: ['level', 'on', 'off'],
  },
  trace: {
    description: 'The levels of a recorded column.',
    properties: {
      file: text('CSV with a line of headings, or NDJSON (.ndjson, .jsonl).'),
      column: text('Heading of the column, or key in each object.'),
      unit: text('Unit of its numbers, as after a number in a level: "%", "/s", "MiB"; "" for a count.'),
      every: every('Between two rows. Default: 1s.'),
      speed: {
        type: 'number',
        exclusiveMinimum: 0,
        maximum: 1e6,
        description: 'How many times faster than it was recorded. Default: 1.',
        wanted: 'a number above 0',
      },
    },
    required: ['file', 'column', 'unit'],
  },
  search: {
    description:
      'Raises the level, doubling it, until a condition breaks, halves what is left, and tells the highest level that holds.',
    properties: {
      while: {
        ...sentence('condition', 'What must hold at a level: one condition, or all of a list.'),
        type: ['string', 'array'],
        items: sentence('condition', 'What must hold at a level.'),
        minItems: 1,
        maxItems: 8,
        examples: SLO_EXAMPLES,
        wanted: `a condition, or a list of them, such as "${SLO_EXAMPLES[0]}"`,
      },
      low: level('The first level, from which it is raised.'),
      high: level('The highest level. Default: 100%.'),
      every: every('How long each level is judged, a multiple of the window.'),
      settle: sentence(
        'duration',
        'Left alone at each new level before it is judged; so long a rate rests where it broke. Default: a fifth of "every".',
      ),
      resolution: level('How near the levels that hold and break come to each other. Default: 5%.'),
    },
    required: ['while', 'low', 'every'],
  },
};

export const SHAPES_SCHEMA: Schema = {
  type: 'object',
  required: ['shape'],
  discriminator: { propertyName: 'shape' },
  wanted: 'a load as text, such as "60%" or "10% -> 90%", or an object with "shape"',
  oneOf: Object.entries(SHAPE_SCHEMAS).map(([name, { description, properties, required }]) =>
    object(
      { shape: { const: name, description, wanted: `"${name}"` }, ...properties },
      { required: ['shape', ...required], description },
    ),
  ),
};
