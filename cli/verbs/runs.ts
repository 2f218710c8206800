/** `brunt runs [list | rm RUN... | prune --keep N | name RUN @NAME]`: the records below .brunt/runs. */
import { basename, resolve } from 'node:path';
import { BruntError } from '../../core/base/errors.js';
import type { ExitCode } from '../../core/base/exit-codes.js';
import { EXIT } from '../../core/base/exit-codes.js';
import { suggestion } from '../../core/base/suggest.js';
import { formatQuantity } from '../../core/base/units.js';
import { findRun } from '../../core/record/find.js';
import type { RunEntry } from '../../core/record/manage.js';
import { describeRuns, removeRun } from '../../core/record/manage.js';
import { checkName, nameRun } from '../../core/record/names.js';
import { table } from '../columns.js';
import { cleanLeftovers } from '../leftovers.js';
import { putJson, say } from '../screen.js';
import { RUNS_ACTIONS } from '../table.js';
import { RUNS_DIR } from '../wire.js';

export interface RunsFlags {
  readonly json?: boolean;
  readonly keep?: number;
}

export async function runsVerb(
  action: string,
  names: readonly string[],
  flags: RunsFlags,
): Promise<ExitCode> {
  const runsDir = resolve(RUNS_DIR);
  if (flags.keep !== undefined && action !== 'prune')
    throw usage('--keep belongs to prune', 'brunt runs prune --keep N');
  switch (action) {
    case '':
    case 'list':
      if (names.length > 0) throw usage('list takes no run', 'brunt runs, or brunt report RUN');
      return list(await describeRuns(runsDir), flags);
    case 'rm':
      if (names.length === 0) throw usage('rm needs runs', 'brunt runs rm RUN...');
      return remove(runsDir, await entriesOf(runsDir, names), flags);
    case 'prune':
      if (flags.keep === undefined || names.length > 0)
        throw usage('prune needs to know how many stay', 'brunt runs prune --keep N');
      return remove(runsDir, await oldOnes(runsDir, flags.keep), flags);
    case 'name':
      return giveName(runsDir, names, flags);
    default:
      throw usage(`runs does not know "${action}"`, suggestion(action, RUNS_ACTIONS));
  }
}

function usage(message: string, hint: string): BruntError {
  return new BruntError({ code: 'E_USAGE', message, hint });
}

function list(entries: readonly RunEntry[], flags: RunsFlags): ExitCode {
  if (flags.json === true) putJson({ runs: entries });
  else if (entries.length === 0) say('there are no runs here');
  else say(table(entries.map(row), { width: 120, indent: 0 }).join('\n'));
  return EXIT.passed;
}

function row({ run, names, state, createdAt, bytes }: RunEntry): string[] {
  const age = createdAt === null ? '' : `${ageText(Date.now() - Date.parse(createdAt))} ago`;
  return [state, age, formatQuantity(bytes, 'bytes'), [run, ...names].join(' ')];
}

/** One unit is enough to find one's run by. */
function ageText(ageMs: number): string {
  const days = Math.floor(ageMs / 86_400_000);
  return days >= 2 ? `${days} days` : formatQuantity(Math.floor(Math.max(0, ageMs) / 1000) * 1e9, 'time');
}

/** Found all before any is removed. */
async function entriesOf(runsDir: string, names: readonly string[]): Promise<RunEntry[]> {
  const found = new Set<string>();
  for (const name of names) found.add(basename(await findRun(runsDir, name)));
  return (await describeRuns(runsDir)).filter(({ run }) => found.has(run));
}

/** All but the newest and the named; what is going on is not old. */
async function oldOnes(runsDir: string, keep: number): Promise<RunEntry[]> {
  const entries = await describeRuns(runsDir);
  return entries.slice(keep).filter(({ names, state }) => names.length === 0 && state !== 'running');
}

async function remove(runsDir: string, entries: readonly RunEntry[], flags: RunsFlags): Promise<ExitCode> {
  await cleanLeftovers();
  const removed: string[] = [];
  for (const entry of entries) {
    await removeRun(runsDir, entry);
    removed.push(entry.run);
    if (flags.json !== true) say(`removed  ${entry.run}`);
  }
  if (flags.json === true) putJson({ removed });
  else if (removed.length === 0) say('nothing to remove');
  return EXIT.passed;
}

async function giveName(runsDir: string, names: readonly string[], flags: RunsFlags): Promise<ExitCode> {
  const [run, name] = names;
  if (run === undefined || name === undefined || names.length > 2)
    throw usage('name needs a run and its name', 'brunt runs name RUN @NAME');
  const full = checkName(name);
  const id = basename(await findRun(runsDir, run));
  await nameRun(runsDir, full, id);
  if (flags.json === true) putJson({ name: full, run: id });
  else say(`${full}  ${id}`);
  return EXIT.passed;
}
