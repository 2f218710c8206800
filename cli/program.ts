/**
 * The command line: verbs and flags in one place. Arguments in, the exit code out. A verb's code is imported only
 * when it is called, so that help and mistakes answer at once. Called by main.
 */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { ExitCode } from '../core/base/exit-codes.js';
import { EXIT } from '../core/base/exit-codes.js';
import { BruntError } from '../core/base/errors.js';
import { say } from './screen.js';

const SEED_MAX = 2 ** 32 - 1;
const BUILT_IN_EXPORTERS = 'json, ndjson, terminal';

/** Throws what the verbs throw; mistakes in the arguments are told here and answered with 2. */
export async function runProgram(args: readonly string[], version: string): Promise<ExitCode> {
  let code: ExitCode = EXIT.passed;
  const program = makeProgram(version, (ended) => (code = ended));
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const isHelp = error.code === 'commander.helpDisplayed' || error.code === 'commander.version';
    return isHelp ? EXIT.passed : EXIT.usage;
  }
}

function makeProgram(version: string, end: (code: ExitCode) => void): Command {
  const program = new Command('brunt')
    .description('Loads a machine within limits that it never crosses, and says what happened.')
    .version(version)
    .exitOverride()
    .configureOutput({ writeErr: (text) => say(text.trimEnd()) })
    .showHelpAfterError('(brunt --help, or brunt VERB --help)')
    .addHelpText('after', EXAMPLES);

  program
    .command('run')
    .description('run a scenario, show it, keep a record of it')
    .argument('<file>', 'the scenario; - reads standard input')
    .addOption(profileOption())
    .addOption(new Option('--seed <n>', 'of every random number').argParser(parseSeed).env('BRUNT_SEED'))
    .addOption(exportOption())
    .addOption(new Option('--json', 'the summary as one JSON object on standard output; no screen'))
    .addOption(new Option('--strict', 'doubts are failures: an untrustworthy run ends with 9'))
    .addOption(new Option('--quiet', 'no screen, no summary: only what went wrong'))
    .addOption(new Option('--no-color', 'no colour (also: NO_COLOR)'))
    .action(async (file: string, flags: Flags) =>
      end(await (await import('./verbs/run.js')).runVerb(file, withSwitches(flags))),
    );

  program
    .command('plan')
    .description('show what a scenario would do on this host; starts nothing')
    .argument('<file>', 'the scenario; - reads standard input')
    .addOption(profileOption())
    .addOption(new Option('--json', 'the plan as one JSON object on standard output'))
    .action(async (file: string, flags: Flags) =>
      end(await (await import('./verbs/plan.js')).planVerb(file, withSwitches(flags))),
    );

  program
    .command('validate')
    .description('check scenarios; every mistake with its place')
    .argument('<files...>', 'scenarios; - reads standard input')
    .addOption(profileOption())
    .addOption(new Option('--json', '{ ok, errors, doubts } on standard output'))
    .addOption(new Option('--strict', 'doubts are failures: what this host could not start is an error'))
    .action(async (files: string[], flags: Flags) =>
      end(await (await import('./verbs/validate.js')).validateVerb(files, withSwitches(flags))),
    );

  program
    .command('report')
    .description('show a run again from its record, or export it; also a crashed one')
    .argument('[run]', 'its id, the beginning of it, a path, or @last', '@last')
    .addOption(exportOption())
    .addOption(new Option('--json', 'the summary as one JSON object on standard output'))
    .addOption(new Option('--quiet', 'no summary on the screen'))
    .addOption(new Option('--no-color', 'no colour (also: NO_COLOR)'))
    .action(async (run: string, flags: Flags) =>
      end(await (await import('./verbs/report.js')).reportVerb(run, withSwitches(flags))),
    );

  program
    .command('clean')
    .description('remove what dead runs left behind (every run and report does it too)')
    .addOption(new Option('--json', '{ removed, left } on standard output'))
    .action(async (flags: Flags) =>
      end(await (await import('./verbs/clean.js')).cleanVerb(withSwitches(flags))),
    );
  return program;
}

interface Flags {
  readonly profile?: string;
  readonly seed?: number;
  readonly export?: readonly string[];
  readonly json?: boolean;
  readonly strict?: boolean;
  readonly quiet?: boolean;
  readonly color?: boolean;
}

const profileOption = (): Option =>
  new Option('--profile <name>', 'the safety profile you grant: laptop (default), ci, server, lab').env(
    'BRUNT_PROFILE',
  );

const exportOption = (): Option =>
  new Option('--export <name[=file]>', `also write to an exporter (${BUILT_IN_EXPORTERS}); repeatable`)
    .argParser((spec: string, before: readonly string[] | undefined) => [...(before ?? []), spec])
    .env('BRUNT_EXPORT');

function parseSeed(text: string): number {
  const seed = Number(text);
  if (/^\d+$/.test(text) && seed <= SEED_MAX) return seed;
  throw new InvalidArgumentError(`A seed is a whole number from 0 to ${SEED_MAX}.`);
}

const YES: readonly string[] = ['1', 'true', 'yes'];
const SWITCHES = { json: 'BRUNT_JSON', strict: 'BRUNT_STRICT', quiet: 'BRUNT_QUIET' } as const;

/** Whether these arguments ask for JSON, also when they are otherwise wrong. */
export function asksForJson(args: readonly string[]): boolean {
  return args.includes('--json') || YES.includes(process.env[SWITCHES.json] ?? '');
}

/** A switch may be set by its variable; there, unlike in commander, "0" and "false" are no. */
function withSwitches(flags: Flags): Flags {
  const fromEnv = Object.entries(SWITCHES).map(([name, variable]) => [name, switchOf(variable)] as const);
  return { ...Object.fromEntries(fromEnv.filter(([, on]) => on)), ...flags };
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

const EXAMPLES = `
Examples:
  brunt plan scenarios/quick.json
  brunt run scenarios/quick.json --export json=summary.json
  brunt report @last

For people on standard error, for programs on standard output. A flag may be given as BRUNT_PROFILE,
BRUNT_SEED, BRUNT_EXPORT, BRUNT_JSON, BRUNT_STRICT or BRUNT_QUIET.
Exit codes: 0 passed, 2 command line, 3 scenario, 4 threshold, 5 safety, 6 actor, 7 could not start,
9 untrustworthy (--strict), 10 data lost, 130/143 stopped by a signal, 1 a defect of brunt.`;
