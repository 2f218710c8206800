/**
 * The command line: arguments in, the exit code out. The table says which verbs and flags there are; a verb's code is
 * imported only when it is called, so that help and mistakes answer at once. Called by `command.ts`.
 */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { ExitCode } from '../core/base/exit-codes.js';
import { EXIT } from '../core/base/exit-codes.js';
import { BruntError } from '../core/base/errors.js';
import type { Ahead } from '../core/run/ahead.js';
import { rootHelp, verbNotes } from './help.js';
import type { SaidFlags } from './said.js';
import { say } from './screen.js';
import type { FlagSpec, VerbSpec } from './table.js';
import { envOf, flagText, VERBS } from './table.js';

const SEED_MAX = 2 ** 32 - 1;
const COUNT_MAX = 10_000;

/** Flags as commander gives them, by their names in camel case. */
export interface Flags extends SaidFlags {
  readonly export?: readonly string[];
  readonly name?: string;
  readonly repeat?: number;
  readonly keep?: number;
  readonly template?: string;
  readonly out?: string;
  readonly force?: boolean;
  readonly json?: boolean;
  readonly strict?: boolean;
  readonly quiet?: boolean;
  readonly color?: boolean;
}

/** What each verb does; `first` and `rest` are its arguments. */
type Action = (
  first: string,
  rest: readonly string[],
  flags: Flags,
  ahead: Ahead | null,
) => Promise<ExitCode>;

const ACTIONS: Readonly<Record<string, Action>> = {
  init: async (folder, _, flags) => (await verbs()).initVerb(folder, flags),
  validate: async (file, rest, flags) => (await verbs()).validateVerb([file, ...rest], flags),
  plan: async (file, _, flags) => (await verbs()).planVerb(file, flags),
  run: async (file, rest, flags, ahead) => (await verbs()).runVerb([file, ...rest], flags, ahead),
  report: async (run, _, flags) => (await verbs()).reportVerb(run, flags),
  list: async (kind, _, flags) => (await verbs()).listVerb(kind, flags),
  describe: async (name, _, flags) => (await verbs()).describeVerb(name, flags),
  schema: async (file, _, flags) => (await verbs()).schemaVerb(file, flags),
  doctor: async (_, __, flags) => (await verbs()).doctorVerb(flags),
  runs: async (action, names, flags) => (await verbs()).runsVerb(action, names, flags),
  clean: async (_, __, flags) => (await verbs()).cleanVerb(flags),
  completion: async (shell) => (await verbs()).completionVerb(shell),
};

/** All in one: they share most of what they need, and the bundle makes two files of it instead of dozens. */
const verbs = (): Promise<typeof import('./verbs/index.js')> => import('./verbs/index.js');

/** Throws what the verbs throw; mistakes in the arguments are told here and answered with 2. */
export async function runProgram(
  args: readonly string[],
  version: string,
  ahead: Ahead | null,
): Promise<ExitCode> {
  let code: ExitCode = EXIT.passed;
  const program = makeProgram(version, ahead, (ended) => (code = ended));
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const isHelp = error.code === 'commander.helpDisplayed' || error.code === 'commander.version';
    return isHelp ? EXIT.passed : EXIT.usage;
  }
}

function makeProgram(version: string, ahead: Ahead | null, end: (code: ExitCode) => void): Command {
  const program = new Command('brunt')
    .version(version)
    .exitOverride()
    .configureOutput({ writeErr: (text) => say(text.trimEnd()) })
    .showHelpAfterError('(brunt --help, or brunt VERB --help)');
  program.helpInformation = rootHelp;
  for (const verb of VERBS) addVerb(program, verb, ahead, end);
  return program;
}

function addVerb(program: Command, verb: VerbSpec, ahead: Ahead | null, end: (code: ExitCode) => void): void {
  const command = program.command(verb.name).description(verb.summary);
  for (const argument of verb.arguments) command.argument(argument.name, argument.help);
  for (const flag of verb.flags) command.addOption(optionOf(flag));
  command.addHelpText('after', verbNotes(verb));
  command.action(async (...given: unknown[]) => {
    const values = given.slice(0, verb.arguments.length).flat() as (string | undefined)[];
    const [first = '', ...rest] = values.filter((value) => value !== undefined);
    const flags = given[verb.arguments.length] as Flags;
    const action = ACTIONS[verb.name];
    if (action !== undefined) end(await action(first, rest, withSwitches(verb, flags), ahead));
  });
}

function optionOf(flag: FlagSpec): Option {
  const option = new Option(flagText(flag), flag.help);
  if (flag.value !== undefined && flag.env === true) option.env(envOf(flag));
  if (flag.repeats === true) {
    option.argParser((text: string, before: readonly string[] | undefined) => [...(before ?? []), text]);
  } else if (flag.name === 'seed') {
    option.argParser((text) => whole(text, 0, SEED_MAX, 'A seed'));
  } else if (flag.value === 'n') {
    option.argParser((text) => whole(text, flag.name === 'keep' ? 0 : 1, COUNT_MAX, `--${flag.name}`));
  }
  return option;
}

function whole(text: string, min: number, max: number, what: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new InvalidArgumentError(`${what} is a whole number from ${min} to ${max}.`);
}

const YES: readonly string[] = ['1', 'true', 'yes'];

/** Whether these arguments ask for JSON, also when they are otherwise wrong. */
export function asksForJson(args: readonly string[]): boolean {
  return args.includes('--json') || YES.includes(process.env['BRUNT_JSON'] ?? '');
}

/** A switch may be set by its variable; there, unlike in commander, "0" and "false" are no. */
function withSwitches(verb: VerbSpec, flags: Flags): Flags {
  const switches = verb.flags.filter(({ value, env }) => value === undefined && env === true);
  const on = switches.filter((flag) => switchOf(envOf(flag)));
  return { ...Object.fromEntries(on.map(({ name }) => [name, true])), ...flags };
}

function switchOf(variable: string): boolean {
  const text = process.env[variable] ?? '';
  if (['', '0', 'false', 'no'].includes(text)) return false;
  if (YES.includes(text)) return true;
  throw new BruntError({
    code: 'E_USAGE',
    message: `"${text}" is neither yes nor no`,
    place: { path: variable },
    hint: 'Set it to 1 or 0.',
  });
}
