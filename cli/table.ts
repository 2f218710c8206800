/**
 * The one table of verbs and flags. The program, its help, shell completion and docs/cli.md are made from it; nothing
 * enters, data leaves.
 */

/** What a shell may offer for a value. */
export type Completes = 'file' | 'folder' | 'run' | readonly string[];

export interface FlagSpec {
  readonly name: string;
  /** How its value is called; absent: a switch. */
  readonly value?: string;
  readonly help: string;
  readonly repeats?: true;
  /** May also be set by BRUNT_<NAME>. */
  readonly env?: true;
  readonly completes?: Completes;
}

export interface ArgumentSpec {
  /** As commander writes it: <files...>, [run]. */
  readonly name: string;
  readonly help: string;
  readonly completes?: Completes;
}

export interface VerbSpec {
  readonly name: string;
  /** Heading in the root help. */
  readonly group: 'Begin' | 'Run and look' | 'Look up' | 'Look after';
  readonly summary: string;
  readonly arguments: readonly ArgumentSpec[];
  readonly flags: readonly FlagSpec[];
  readonly examples: readonly string[];
  /** What the summary does not say. */
  readonly more?: string;
}

export const PROFILES = ['laptop', 'ci', 'server', 'lab'];
export const KINDS = ['simulators', 'shapes', 'exporters', 'probes', 'profiles', 'runs', 'templates'];
export const TEMPLATES = ['quick', 'cpu', 'memory', 'ci', 'plugin'];
export const SHELLS = ['bash', 'zsh', 'fish'];
export const RUNS_ACTIONS = ['list', 'rm', 'prune', 'name'];

const json = (what: string): FlagSpec => ({
  name: 'json',
  env: true,
  help: `${what} as one JSON object on standard output`,
});
const PROFILE: FlagSpec = {
  name: 'profile',
  value: 'name',
  env: true,
  completes: PROFILES,
  help: 'the safety profile you grant: laptop (default), ci, server, lab',
};
const SEED: FlagSpec = {
  name: 'seed',
  value: 'n',
  env: true,
  help: 'of every random number (default: the scenario’s, else drawn and recorded)',
};
const SAID: readonly FlagSpec[] = [
  {
    name: 'set',
    value: 'path=value',
    repeats: true,
    help: 'change one value of the scenario: phases.hold.duration=5s; repeatable',
  },
  {
    name: 'var',
    value: 'name=value',
    repeats: true,
    help: 'give a variable of the scenario its value; repeatable',
  },
  {
    // Not --env-file: Node looks for that in all arguments and itself ends with 9 when there is no such file.
    name: 'env-from',
    value: 'file',
    env: true,
    completes: 'file',
    help: 'read the environment of variables from a file too (NAME=value lines)',
  },
];
const ONLY: FlagSpec = {
  name: 'only',
  value: 'actor',
  repeats: true,
  help: 'leave all other actors out: a partial run, and said so; repeatable',
};
const EXPORT: FlagSpec = {
  name: 'export',
  value: 'name[=file]',
  repeats: true,
  env: true,
  help: 'also write to an exporter (brunt list exporters); repeatable',
};
const NO_COLOR: FlagSpec = { name: 'no-color', help: 'no colour (also: NO_COLOR)' };
const FILE = 'the scenario; - reads standard input';

export const VERBS: readonly VerbSpec[] = [
  {
    name: 'init',
    group: 'Begin',
    summary: 'write a first scenario, or a plugin, into a folder',
    arguments: [{ name: '[folder]', help: 'where (default: the working directory)', completes: 'folder' }],
    flags: [
      {
        name: 'template',
        value: 'name',
        completes: TEMPLATES,
        help: `what to begin with: ${TEMPLATES.join(', ')} (default: quick)`,
      },
      { name: 'force', help: 'replace files that are there' },
      json('{ folder, written, next }'),
    ],
    examples: ['brunt init', 'brunt init load --template memory', 'brunt init my-plugin --template plugin'],
    more: 'Nothing that is there is replaced without --force. A .gitignore gets a line for .brunt/.',
  },
  {
    name: 'validate',
    group: 'Begin',
    summary: 'check scenarios and plugins; every mistake with its place',
    arguments: [
      {
        name: '<files...>',
        help: 'scenarios or plugins; - reads a scenario from standard input',
        completes: 'file',
      },
    ],
    flags: [
      PROFILE,
      ...SAID,
      json('{ ok, errors, doubts }'),
      { name: 'strict', env: true, help: 'doubts are failures: what this host could not start is an error' },
    ],
    examples: ['brunt validate scenarios/*.json', 'brunt validate ./my-plugin'],
  },
  {
    name: 'plan',
    group: 'Begin',
    summary: 'show what a scenario would do on this host; starts nothing',
    arguments: [{ name: '<file>', help: FILE, completes: 'file' }],
    flags: [PROFILE, SEED, ...SAID, ONLY, json('the plan')],
    examples: ['brunt plan scenarios/quick.json', 'brunt plan soak.json --profile server --json'],
  },
  {
    name: 'run',
    group: 'Run and look',
    summary: 'run a scenario, show it, keep a record of it',
    arguments: [
      {
        name: '<files...>',
        help: 'scenarios, one after the other; - reads standard input',
        completes: 'file',
      },
    ],
    flags: [
      PROFILE,
      SEED,
      ...SAID,
      ONLY,
      EXPORT,
      { name: 'name', value: 'name', help: 'name the record, for brunt report @name' },
      { name: 'tag', value: 'key=value', repeats: true, help: 'note a word in the record; repeatable' },
      {
        name: 'repeat',
        value: 'n',
        env: true,
        help: 'run so many times with the same seed; several files take turns; the worst exit code counts',
      },
      json('the summary'),
      { name: 'strict', env: true, help: 'doubts are failures: an untrustworthy run ends with 9' },
      { name: 'quiet', env: true, help: 'no screen, no summary: only what went wrong' },
      NO_COLOR,
    ],
    examples: [
      'brunt run scenarios/quick.json',
      'brunt run soak.json --profile server --set phases.hold.duration=1m',
      'brunt run gate.json --json --strict --export ndjson=all.ndjson > summary.json',
    ],
    more:
      'On a live screen: p pauses, + and - scale, s stops, ? helps. Ctrl-C stops and gives everything back;\n' +
      'twice ends the agents at once. With several runs --json gives { exitCode, runs }.',
  },
  {
    name: 'report',
    group: 'Run and look',
    summary: 'show a run again from its record, or export it; also a crashed one',
    arguments: [
      {
        name: '[run]',
        help: 'its id, the beginning of it, a path, @name, or @last (default)',
        completes: 'run',
      },
    ],
    flags: [
      EXPORT,
      json('the summary'),
      { name: 'quiet', env: true, help: 'no summary on the screen' },
      NO_COLOR,
    ],
    examples: ['brunt report', 'brunt report @main --export json=main.json'],
  },
  {
    name: 'list',
    group: 'Look up',
    summary: 'what there is: simulators, shapes, exporters, probes, profiles, templates, runs',
    arguments: [{ name: '[kind]', help: `${KINDS.join(', ')} (default: all but runs)`, completes: KINDS }],
    flags: [json('the same')],
    examples: ['brunt list', 'brunt list simulators --json'],
  },
  {
    name: 'describe',
    group: 'Look up',
    summary: 'all about a simulator, shape, exporter, probe, profile or error code',
    arguments: [{ name: '<name>', help: 'its name; kind:name where two things share one' }],
    flags: [json('the same')],
    examples: ['brunt describe memory', 'brunt describe ramp', 'brunt describe E_PEAK'],
  },
  {
    name: 'schema',
    group: 'Look up',
    summary: 'the JSON schema of scenarios, for editors, with all options of plugins',
    arguments: [
      { name: '[file]', help: 'a scenario: the plugins it names are in the schema too', completes: 'file' },
    ],
    flags: [{ name: 'out', value: 'file', completes: 'file', help: 'write it to a file' }],
    examples: ['brunt schema --out brunt.schema.json', 'brunt schema cache.json --out cache.schema.json'],
    more: 'Name the file in a scenario: "$schema": "./brunt.schema.json".',
  },
  {
    name: 'doctor',
    group: 'Look up',
    summary: 'what this host can do, what it lacks, and how to get it',
    arguments: [],
    flags: [json('the same')],
    examples: ['brunt doctor'],
  },
  {
    name: 'runs',
    group: 'Look after',
    summary: 'list, remove, prune and name records of runs',
    arguments: [
      { name: '[action]', help: 'list (default), rm RUN..., prune, name RUN @NAME', completes: RUNS_ACTIONS },
      { name: '[names...]', help: 'runs, as report takes them', completes: 'run' },
    ],
    flags: [
      { name: 'keep', value: 'n', help: 'prune: how many of the newest stay; named ones always do' },
      json('what there is, or what was done,'),
    ],
    examples: [
      'brunt runs',
      'brunt runs name @last @main',
      'brunt runs prune --keep 20',
      'brunt runs rm @old',
    ],
  },
  {
    name: 'clean',
    group: 'Look after',
    summary: 'remove what dead runs left behind (every run and report does it too)',
    arguments: [],
    flags: [json('{ removed, left }')],
    examples: ['brunt clean'],
  },
  {
    name: 'completion',
    group: 'Look after',
    summary: 'print a completion script for a shell',
    arguments: [{ name: '<shell>', help: SHELLS.join(', '), completes: SHELLS }],
    flags: [],
    examples: [
      'source <(brunt completion bash)',
      'brunt completion zsh > ~/.zfunc/_brunt',
      'brunt completion fish > ~/.config/fish/completions/brunt.fish',
    ],
  },
];

export function envOf({ name }: Pick<FlagSpec, 'name'>): string {
  return `BRUNT_${name.toUpperCase().replaceAll('-', '_')}`;
}

export function flagText({ name, value }: FlagSpec): string {
  return value === undefined ? `--${name}` : `--${name} <${value}>`;
}
