/**
 * `brunt run FILE...`: scenarios and flags in; runs, their records, their summaries and one exit code out. All that is
 * to run is found sound before the first of it starts.
 */
import { resolve } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { BruntError, BruntErrors } from '../../core/base/errors.js';
import type { ExitCode } from '../../core/base/exit-codes.js';
import { EXIT, worstExit } from '../../core/base/exit-codes.js';
import { checkName, nameRun } from '../../core/record/names.js';
import type { Ahead } from '../../core/run/ahead.js';
import type { RunSummary } from '../../core/contract/summary.js';
import type { ExportFlags } from '../exporters.js';
import { chooseExporters } from '../exporters.js';
import { cleanLeftovers } from '../leftovers.js';
import { perform } from '../perform.js';
import type { Prepared } from '../prepare.js';
import { prepare, readSource } from '../prepare.js';
import type { SaidFlags } from '../said.js';
import { planFlags } from '../said.js';
import type { ScreenFlags } from '../screen.js';
import { putJson, say } from '../screen.js';
import { RUNS_DIR } from '../wire.js';

export interface RunFlags extends SaidFlags, ExportFlags, ScreenFlags {
  /** Doubts are failures: an untrustworthy run ends with 9. */
  readonly strict?: boolean;
  readonly name?: string;
  readonly repeat?: number;
}

/** `ahead`: serves the first of the runs. */
export async function runVerb(
  files: readonly string[],
  flags: RunFlags,
  ahead: Ahead | null,
): Promise<ExitCode> {
  // Before the first thread: V8 would collect, over and over, in those that have fallen silent.
  setFlagsFromString('--no-memory-reducer');
  ahead?.bootGuard();
  checkOneName(flags.name, files.length * (flags.repeat ?? 1));
  await cleanLeftovers();
  const first = await prepareAll(files, flags);
  const summaries: RunSummary[] = [];
  for (let round = 0; round < (flags.repeat ?? 1); round++) {
    // Repeats measure noise, not luck: the seed stays. The host is looked at anew.
    const prepared = round === 0 ? first : await prepareAll(files, flags, seedsOf(first));
    for (const one of prepared) {
      const unused = summaries.length === 0 ? ahead : null;
      summaries.push(await runOne(one, flags, files.length * (flags.repeat ?? 1), unused));
      if (summaries.at(-1)?.stopCause === 'signal') return conclude(summaries, flags);
    }
  }
  return conclude(summaries, flags);
}

/** Each of them, or every mistake in any. */
async function prepareAll(
  files: readonly string[],
  flags: RunFlags,
  seeds: readonly number[] = [],
): Promise<Prepared[]> {
  const said = await planFlags(flags);
  const all: Prepared[] = [];
  for (const [index, file] of files.entries()) {
    const seed = seeds[index];
    all.push(await prepare(await source(file), { ...said, ...(seed !== undefined && { seed }) }));
  }
  const refusals = all.flatMap((one) => one.refusals);
  if (refusals.length > 0) throw new BruntErrors(refusals);
  return all;
}

const seedsOf = (prepared: readonly Prepared[]): number[] => prepared.map(({ plan }) => plan.seed);

/** Standard input can be read once only. */
const inputs = new Map<string, ReturnType<typeof readSource>>();
function source(file: string): ReturnType<typeof readSource> {
  if (file !== '-') return readSource(file);
  const read = inputs.get(file) ?? readSource(file);
  inputs.set(file, read);
  return read;
}

async function runOne(
  prepared: Prepared,
  flags: RunFlags,
  runs: number,
  ahead: Ahead | null,
): Promise<RunSummary> {
  const exporters = await chooseExporters(prepared.plan.exporters, flags, prepared.registry);
  const overwritten = runs > 1 ? exporters.find(({ options }) => 'path' in options) : undefined;
  if (overwritten !== undefined) {
    throw new BruntError({
      code: 'E_USAGE',
      message: `${runs} runs would each replace the file of exporter "${overwritten.name}"`,
      place: { path: '--repeat' },
      hint: `Take the records instead: brunt report RUN --export ${overwritten.exporter.name}=FILE for each.`,
    });
  }
  const summary = await perform(prepared.plan, exporters, flags, ahead);
  if (flags.name !== undefined) {
    await nameRun(resolve(RUNS_DIR), flags.name, summary.run);
  }
  if (flags.quiet === true && flags.json !== true && summary.verdict !== 'passed') {
    for (const reason of summary.reasons) say(`brunt: ${reason}`);
  }
  return summary;
}

/** One name for one run. Throws E_USAGE. */
function checkOneName(name: string | undefined, runs: number): void {
  if (name === undefined) return;
  checkName(name);
  if (runs === 1) return;
  const message = `one name cannot be the name of ${runs} runs`;
  const hint = 'Name one afterwards: brunt runs name RUN @NAME.';
  throw new BruntError({ code: 'E_USAGE', message, hint, place: { path: '--name' } });
}

function conclude(summaries: readonly RunSummary[], flags: RunFlags): ExitCode {
  const codes = summaries.flatMap((summary) => [
    summary.exitCode,
    ...(flags.strict === true && !summary.trust.trustworthy ? [EXIT.untrustworthy] : []),
  ]);
  const exitCode = worstExit(codes);
  const [only] = summaries;
  if (flags.json === true) putJson(summaries.length === 1 ? only : { exitCode, runs: summaries });
  else if (summaries.length > 1 && flags.quiet !== true) say(roundsText(summaries));
  return exitCode;
}

function roundsText(summaries: readonly RunSummary[]): string {
  const rows = summaries.map(({ run, verdict, tookMs }) => {
    return ` ${verdict.padEnd(12)}${`${(tookMs / 1000).toFixed(1)} s`.padEnd(10)}${run}`;
  });
  return [` ${summaries.length} runs`, ...rows].join('\n');
}
