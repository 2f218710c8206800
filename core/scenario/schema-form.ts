/**
 * The one source of the scenario's JSON schema. Two forms leave: the desugared one that validate.ts compiles, and the
 * written one, with the short forms, of which schema.ts makes what editors get.
 */
import { SAFETY_STATES } from '../base/sentences.js';
import type { Capability } from '../contract/host.js';
import type { Schema } from './schema-parts.js';
import { choice, flag, list, map, NAME, object, sentence, TAGS, text, whole } from './schema-parts.js';
import { SHAPES_SCHEMA } from './schema-shapes.js';

const PROFILES = ['laptop', 'ci', 'server', 'lab'];
const CAPABILITIES = [
  'linux',
  'root',
  'libc',
  'nice',
  'cgroup1',
  'cgroup2',
  'psi',
  'alarm',
] as const satisfies readonly Capability[];
const SENSOR = { type: 'string', pattern: '^[a-z][a-z0-9_-]*(\\.[a-z][a-z0-9_-]*)*$' };

/** What an actor, a probe or an exporter is told beside what it uses. */
export const WITH: Schema = {
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
    arrival: choice(
      ['constant', 'poisson', 'uniform'],
      'How operations fall due, where the peak is a rate. Default: constant.',
    ),
    inFlight: whole(
      'How many operations may be under way, where the peak is a rate. What is due beyond it waits. Default: 64.',
      1,
      1_000_000,
    ),
    thinkTime: sentence('duration', 'Rest between two operations of one place, where the peak is in flight.'),
    burst: whole(
      'So many operations of an instance in a row, then all its places rest for thinkTime. Where the peak is in flight.',
      1,
      1_000_000_000,
    ),
    cap: {
      ...sentence('cap', 'At most so many operations, or bytes, a second. Where the peak is in flight.'),
      type: ['string', 'array'],
      items: sentence('cap', 'At most so much a second.'),
      minItems: 1,
      maxItems: 2,
      wanted: 'a cap such as "500/s" or "20MiB/s", or a list of both',
    },
    pacing: choice(
      ['wait', 'precise'],
      'precise: does not sleep for the last 200 us before an operation is due (stepAsync: the last 2 ms), which costs that much of a core. Default: wait.',
    ),
    isolation: choice(
      ['thread', 'process', 'contained'],
      'process: an agent process of its own. Never less than the simulator asks for.',
    ),
    onFailure: choice(
      ['stop-run', 'restart', 'continue'],
      'What a failure of the actor means. Default: stop-run.',
    ),
    needs: list(
      choice(CAPABILITIES, 'What the host must have.'),
      0,
      CAPABILITIES.length,
      'Without these on the host the run does not start (exit 7).',
    ),
    tags: TAGS,
  },
  { description: 'A named source of load.' },
);

const ASSERTION = sentence('assertion', 'AGGREGATE OPERATOR AMOUNT, such as "p99 < 50ms".');
const DETAILED = object(
  {
    assert: ASSERTION,
    severity: choice(['fail', 'warn'], 'warn: told, but the run passes. Default: fail.'),
    window: sentence('duration', 'It must hold in every stretch of this length, a multiple of the window.'),
    abort: flag('Ends the run as soon as it fails. Default: false.'),
    after: sentence('duration', 'Time measured before it may abort the run. Default: none.'),
    reason: text('Why this bound: shown when it fails.'),
  },
  { required: ['assert'] },
);

const USE = object(
  { uses: text("The exporter. Default: the entry's own name."), with: WITH },
  { description: 'A consumer of the numbers.' },
);

const PROBE = object(
  {
    uses: text("The probe: a built-in's name, or plugin/probe. Default: the entry's own name."),
    with: WITH,
    every: sentence('duration', 'From one sample to the next. Default: what the probe chooses.'),
  },
  { description: 'A periodic measurement of what is under test.' },
);

const TARGET = object(
  {
    command: {
      ...list(text('Program or argument.'), 1, 256, 'The program and its arguments; no shell reads it.'),
      wanted: 'a list of the program and its arguments',
    },
    pid: whole('A process that runs: it is measured with all it started, and never ended.', 1, 2 ** 22),
    pidFile: text('A file that holds its number when the run starts. Relative to the file that says it.'),
    cwd: text('Working directory. Default: the folder of the file that says it.'),
    env: map(text('Value.'), 64, "Added to brunt's own environment.", {
      type: 'string',
      pattern: '^[A-Za-z_][A-Za-z0-9_]*$',
    }),
    ready: sentence('condition', 'The load waits until this holds.'),
  },
  {
    later: ['isolation', 'limits'],
    description:
      'What the load is put beside: a command that the run starts and stops, or a process that runs.',
  },
);

const SAFETY = object(
  {
    profile: choice(PROFILES, 'The profile that this scenario needs. The person grants it with --profile.'),
    maxDuration: sentence('duration', 'Ends the run at the latest. At most what the profile grants.'),
    gracefulStop: sentence('duration', 'Time to give everything back. At most what the profile grants.'),
    writablePaths: list(
      text('A folder or file.'),
      0,
      64,
      'Where actors may write; nowhere else but in scratch files.',
    ),
    erasableDevices: list(
      {
        type: 'string',
        pattern: '^(/dev/disk/by-id/[^/]+|wwid:.+|loop:/.+|diskseq:[0-9]+:[0-9a-f]{8}(:p[0-9]+)?)$',
        wanted: 'a device by its own id, as "brunt plan" tells it, such as "/dev/disk/by-id/nvme-…"',
      },
      0,
      16,
      'Block devices whose data may be destroyed.',
    ),
    network: choice(['none', 'loopback', 'private', 'any'], 'How far actors may reach. Default: loopback.'),
    limits: map(
      {
        type: 'object',
        additionalProperties: false,
        properties: Object.fromEntries(
          SAFETY_STATES.slice(1).map((action) => [
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
  { description: 'What this scenario needs, and tighter limits of its own.' },
);

const VARIABLE = object({
  default: {
    type: ['string', 'number', 'boolean'],
    description: 'Taken when nobody gives a value; its type is the type of the variable.',
    wanted: 'text, a number, true or false',
  },
  env: {
    type: 'string',
    pattern: '^[A-Za-z_][A-Za-z0-9_]*$',
    description: 'The environment variable that gives its value.',
    wanted: 'the name of an environment variable',
  },
  description: text('What it is for.'),
  secret: flag('true: the record keeps its name only. Default: false.'),
});

/** What stands beside a value that is composed of files and never part of what is left. */
const COMPOSING: Schema = {
  extends: {
    type: ['string', 'array'],
    items: { type: 'string', wanted: 'a path' },
    minItems: 1,
    maxItems: 8,
    description: 'A file, or several, that this one is laid over. Relative to this file.',
    wanted: 'a path, or a list of paths',
  },
  variables: map(
    {
      anyOf: [{ type: ['string', 'number', 'boolean'] }, VARIABLE],
      wanted: 'a value, or an object with "default", "env", "description", "secret"',
    },
    64,
    'Used as "${name}" wherever a value stands. A value is short for { "default": value }.',
  ),
};

const CYCLE = object(
  {
    rounds: whole('How often its phases are gone through, at most.', 2, 1000),
    until: {
      ...sentence('until', 'Ends it after the round in which this is steady: one, or all of a list.'),
      type: ['string', 'array'],
      items: sentence('until', 'What is to be steady from round to round.'),
      minItems: 1,
      maxItems: 16,
    },
    otherwise: choice(['fail', 'continue'], 'When it never was steady: fail the run (default), or continue.'),
  },
  { required: ['rounds'] },
);

function phaseSchema(isWritten: boolean): Schema {
  const load = isWritten
    ? { anyOf: [sentence('load', 'A level, or from -> to over the phase.'), SHAPES_SCHEMA] }
    : SHAPES_SCHEMA;
  return object(
    {
      name: { ...NAME, description: 'Each phase has its own.', wanted: 'a name such as "climb"' },
      duration: sentence('duration', 'How long the phase lasts at most, at least 100ms.'),
      load: {
        type: 'object',
        additionalProperties: load,
        description: 'By actor, or "*" for every actor not named here. An actor that is not named is idle.',
        wanted: 'an object of loads by actor',
      },
      until: sentence('until', 'Ends the phase early: a condition, "steady …", or "done".'),
      otherwise: choice(
        ['fail', 'continue'],
        'When "until" never held: fail the run (default), or continue.',
      ),
      measure: flag('false: recorded and shown, never judged. Default: true.'),
      repeat: whole('How many rounds of the phase there are, one after the other. Default: 1.', 1, 1000),
      cycle: { ...NAME, description: 'The cycle that it is a phase of.', wanted: 'the name of a cycle' },
      tags: TAGS,
    },
    { required: ['name', 'duration'] },
  );
}

/** `written`: what a person may write; `desugared`: what is left of it after the short forms are gone. */
export function scenarioSchema(form: 'written' | 'desugared'): Schema {
  const isWritten = form === 'written';
  const assertions = {
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
      ...(isWritten && COMPOSING),
      tags: TAGS,
      seed: whole('The same seed gives the same run. Default: drawn, and recorded.', 0, 4_294_967_295),
      window: sentence('duration', 'Numbers are closed so often. Default 1s, at least 100ms.'),
      plugins: map(
        text('A path that begins with "./", or the name of an installed package.'),
        16,
        'Plugins by short name; "uses" names them as plugin/simulator.',
      ),
      target: TARGET,
      probes: map(PROBE, 16, 'Measurements of what is under test, by name.'),
      actors: { ...map(ACTOR, 64, 'Sources of load by name.'), minProperties: 1 },
      cycles: map(CYCLE, 16, 'Phases in a row that are gone through round by round, by name.'),
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
        additionalProperties: isWritten ? { anyOf: [ASSERTION, DETAILED, assertions] } : assertions,
        description: 'By selector, such as "op.latency{actor:db}": what must hold for the run to pass.',
        wanted: 'an object of assertions by selector',
      },
      exporters: map(USE, 16, 'Exporters by name.'),
    },
    {
      required: isWritten ? ['version'] : ['version', 'actors', 'phases'],
      later: ['baseline'],
      wanted: 'a scenario, which is an object in braces',
    },
  );
}
