/**
 * Names that people give to runs: `@main` is a file of that name beside the records, with the id of a run in it. Names
 * and ids enter and leave. Called by the CLI and, for what a person typed, by `find.ts`.
 */
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.js';
import { BruntError } from '../base/errors.js';

const NAME = /^@[a-z][a-z0-9._-]{0,62}$/;
/** Means the newest run, whatever anybody called it. */
const RESERVED = '@last';

/** Throws E_USAGE. The "@" may be left out. */
export function checkName(name: string): string {
  const full = name.startsWith('@') ? name : `@${name}`;
  if (NAME.test(full) && full !== RESERVED) return full;
  throw new BruntError({
    code: 'E_USAGE',
    message: full === RESERVED ? `${RESERVED} is always the newest run` : `"${name}" is not a name of a run`,
    wanted: 'such as @main',
    hint: 'Write a small letter, then letters, digits, ".", "_" or "-", such as @main.',
  });
}

/** Replaces what the name meant before. */
export async function nameRun(runsDir: string, name: string, run: string): Promise<void> {
  const full = checkName(name);
  await mkdir(runsDir, { recursive: true });
  await writeFileAtomic(join(runsDir, full), `${run}\n`);
}

/** The id that a name stands for, whether or not that run is still there; null when nobody gave this name. */
export async function namedRun(runsDir: string, name: string): Promise<string | null> {
  if (!NAME.test(name)) return null;
  try {
    return (await readFile(join(runsDir, name), 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** All names with their ids, sorted by name. */
export async function namesOfRuns(runsDir: string): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const entries = await readdir(runsDir).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  for (const name of entries.filter((entry) => NAME.test(entry)).sort()) {
    const run = await namedRun(runsDir, name);
    if (run !== null) found.set(name, run);
  }
  return found;
}

export async function forgetName(runsDir: string, name: string): Promise<void> {
  await rm(join(runsDir, checkName(name)), { force: true });
}
