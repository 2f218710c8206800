/**
 * Run records by name: what a person typed comes in, a directory leaves. Called by the CLI and by clean.
 */
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { BruntError } from '../base/errors.js';
import { suggestion } from '../base/suggest.js';
import { FILES } from './layout.js';
import { namedRun, namesOfRuns } from './names.js';

/** `2026-11-21T10-14-03`, with which every id begins. */
const TIME_CHARS = 19;
/** Enough to recognise one's own run by. */
const SHOWN_MAX = 5;

/** Ids of the records in a directory, oldest first; none when there is no directory. */
export async function listRuns(runsDir: string): Promise<string[]> {
  let names: string[];
  try {
    names = await readdir(runsDir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  const runs = await Promise.all(
    names.map(async (name) => ({ name, madeMs: await recordMadeMs(join(runsDir, name)) })),
  );
  const seconds = (name: string): string => name.slice(0, TIME_CHARS);
  return runs
    .filter((run) => run.madeMs !== null)
    .sort((a, b) => seconds(a.name).localeCompare(seconds(b.name)) || (a.madeMs ?? 0) - (b.madeMs ?? 0))
    .map((run) => run.name);
}

/**
 * The directory of `@last`, a given name, an id, the beginning of one id only, or a path to a record. Rejects with
 * E_RUN_UNKNOWN, with a suggestion.
 */
export async function findRun(runsDir: string, name: string): Promise<string> {
  const runs = await listRuns(runsDir);
  const last = runs.at(-1);
  if (name === '@last' && last !== undefined) return join(runsDir, last);
  const id = (await namedRun(runsDir, name)) ?? name;
  if (runs.includes(id)) return join(runsDir, id);
  if ((await recordMadeMs(resolve(name))) !== null) return resolve(name);
  const matches = runs.filter((run) => run.startsWith(name));
  const [only] = matches;
  if (only !== undefined && matches.length === 1) return join(runsDir, only);
  throw new BruntError({
    code: 'E_RUN_UNKNOWN',
    ...complaint(name, runs, matches, [...(await namesOfRuns(runsDir)).keys()]),
    place: { path: runsDir },
  });
}

function complaint(
  name: string,
  runs: readonly string[],
  matches: readonly string[],
  given: readonly string[],
): { message: string; hint: string } {
  if (runs.length === 0) {
    return { message: `no run "${name}": there are no runs here`, hint: 'Make one: brunt run FILE' };
  }
  const newest = (names: readonly string[]): string[] => names.slice(-SHOWN_MAX).reverse();
  if (matches.length > 1) {
    return {
      message: `"${name}" begins ${matches.length} runs`,
      hint: `Newest: ${newest(matches).join(', ')}.`,
    };
  }
  return { message: `no run "${name}"`, hint: suggestion(name, ['@last', ...given, ...newest(runs)]) };
}

/** When its manifest was written; null when the directory is no record. */
async function recordMadeMs(dir: string): Promise<number | null> {
  try {
    return (await stat(join(dir, FILES.manifest))).mtimeMs;
  } catch {
    return null; // Whatever stands in the way, this is not a record that can be read.
  }
}
