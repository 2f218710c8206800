/**
 * The records of a directory as a person manages them: what there is, how each ended, and their removal. A directory
 * enters, entries leave. Called by `brunt runs`.
 */
import { readdir, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { reap } from '../agent/journal.js';
import { BruntError } from '../base/errors.js';
import type { ExitCode } from '../base/exit-codes.js';
import type { Verdict } from '../contract/summary.js';
import { isOwnerGone } from './clean.js';
import { listRuns } from './find.js';
import { JOURNAL } from './layout.js';
import { forgetName, namesOfRuns } from './names.js';
import { readRecord } from './read.js';

export interface RunEntry {
  readonly run: string;
  /** Names that people gave it. */
  readonly names: readonly string[];
  /** Null: its manifest cannot be read. */
  readonly scenario: string | null;
  readonly createdAt: string | null;
  /** Crashed: it ended without a summary. */
  readonly state: Verdict | 'running' | 'crashed' | 'damaged';
  /** Null: none was ever given. */
  readonly exitCode: ExitCode | null;
  readonly bytes: number;
}

/** Newest first. */
export async function describeRuns(runsDir: string): Promise<RunEntry[]> {
  const names = [...(await namesOfRuns(runsDir))];
  const entries: RunEntry[] = [];
  for (const run of (await listRuns(runsDir)).reverse()) {
    const own = names.filter(([, id]) => id === run).map(([name]) => name);
    entries.push(await describeRun(join(runsDir, run), own));
  }
  return entries;
}

async function describeRun(dir: string, names: readonly string[]): Promise<RunEntry> {
  const own = { run: basename(dir), names, bytes: await sizeOf(dir) };
  try {
    const { manifest, summary } = await readRecord(dir);
    const { createdAt, plan } = manifest;
    const unended = isOwnerGone(manifest) ? 'crashed' : 'running';
    const exitCode = summary?.exitCode ?? null;
    return { ...own, scenario: plan.name, createdAt, state: summary?.verdict ?? unended, exitCode };
  } catch (error) {
    if (!(error instanceof BruntError)) throw error;
    return { ...own, scenario: null, createdAt: null, state: 'damaged', exitCode: null };
  }
}

async function sizeOf(dir: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(dir, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
  }
  return bytes;
}

/** Removes a record and the names it had. Throws E_RUN_IN_USE. */
export async function removeRun(runsDir: string, { run, state, names }: RunEntry): Promise<void> {
  const dir = join(runsDir, run);
  const fail = (message: string, hint: string): BruntError =>
    new BruntError({ code: 'E_RUN_IN_USE', message, hint, place: { path: dir } });
  if (state === 'running') throw fail(`run ${run} is still going on`, 'Stop it first.');
  const journals = (await readdir(dir)).filter((name) => JOURNAL.test(name)).map((name) => join(dir, name));
  // A run that ended by itself has no agents any more; one that crashed may, and they write journals.
  if (journals.some((journal) => state === 'crashed' || reap(journal).left.length > 0)) {
    throw fail(
      `run ${run} left something behind that only its record names`,
      'Run `brunt clean` first; after a crash, ten seconds later.',
    );
  }
  await rm(dir, { recursive: true });
  for (const name of names) await forgetName(runsDir, name);
}
