/**
 * `import { run, plan, validate } from 'brunt'`: brunt inside another program, such as somebody's test. A scenario and
 * options enter, a summary leaves. It touches no standard stream, no signal and no exit code; what is expected to go
 * wrong is thrown as BruntError or BruntErrors, and a run that did not pass is told by its summary.
 */
import { fileURLToPath } from 'node:url';
import { resolve } from 'node:path';
import { Ahead } from '../core/run/ahead.js';
import type { Screen } from '../core/contract/exporter.js';
import { defineExporter } from '../core/contract/exporter.js';
import { clean } from '../core/record/clean.js';
import { checkName, nameRun } from '../core/record/names.js';
import { startRun } from '../core/run/orchestrator.js';
import type { RunEvent } from '../core/contract/events.js';
import type { Window } from '../core/contract/metrics.js';
import type { Plan } from '../core/contract/plan.js';
import type { RunSummary } from '../core/contract/summary.js';
import type { ExporterUse } from '../core/run/fan-out.js';
import type { BruntError } from '../core/base/errors.js';
import { BruntErrors } from '../core/base/errors.js';
import { EXIT } from '../core/base/exit-codes.js';
import { expectedErrors } from './errors.js';
import { chooseExporters } from './exporters.js';
import { findInstallation } from './package.js';
import type { PlanFlags, Source } from './prepare.js';
import { prepare, readSource } from './prepare.js';
import { RUNS_DIR } from './wire.js';

export { BruntError, BruntErrors } from '../core/base/errors.js';
export { EXIT } from '../core/base/exit-codes.js';
export type { ExitCode } from '../core/base/exit-codes.js';
export type * from '../core/contract/index.js';

/** A file's path or URL, or the scenario itself; relative paths in the latter start from the working directory. */
export type ScenarioSource = string | URL | object;

/** The flags of `brunt plan`, under the same names and with the same meaning. */
export type PlanOptions = PlanFlags;

export interface RunOptions extends PlanOptions {
  /** Beside those of the scenario; each "name" or "name=file", as --export says them. */
  readonly export?: readonly string[];
  /** Names the record, for `brunt report @name`. */
  readonly name?: string;
  /** Where records go. Default: .brunt/runs below the working directory. */
  readonly runsDir?: string;
  /** Aborting it stops the run in order; the summary then says so. */
  readonly signal?: AbortSignal;
  readonly onWindow?: (window: Window) => void;
  readonly onEvent?: (event: RunEvent) => void;
}

export interface Validation {
  readonly ok: boolean;
  readonly errors: readonly BruntError[];
  /** What is only wrong with this host: sound, but it could not start here as it is. */
  readonly doubts: readonly BruntError[];
}

/** Runs a scenario to its end. Throws when it cannot start; what happens after that is in the summary. */
export async function run(scenario: ScenarioSource, options: RunOptions = {}): Promise<RunSummary> {
  options.signal?.throwIfAborted();
  const ahead = new Ahead();
  try {
    return await runWith(ahead, scenario, options);
  } finally {
    await ahead.end();
  }
}

async function runWith(ahead: Ahead, scenario: ScenarioSource, options: RunOptions): Promise<RunSummary> {
  const { plan, registry, refusals } = await prepare(await sourceOf(scenario), options);
  if (refusals.length > 0) throw new BruntErrors(refusals);
  const runsDir = resolve(options.runsDir ?? RUNS_DIR);
  if (options.name !== undefined) checkName(options.name);
  await clean(runsDir);
  const flags = { quiet: true, ...(options.export !== undefined && { export: options.export }) };
  const exporters = [...(await chooseExporters(plan.exporters, flags, registry)), listener(options)];
  const { version } = findInstallation();
  const deps = { runsDir, argv: [], version, screen: NO_SCREEN, exporters, ahead };
  const handle = await startRun(plan, deps);
  if (options.name !== undefined) await nameRun(runsDir, options.name, handle.run);
  const onAbort = (): void => handle.stop('person');
  options.signal?.addEventListener('abort', onAbort, { once: true });
  if (options.signal?.aborted === true) onAbort();
  try {
    return await handle.done;
  } finally {
    options.signal?.removeEventListener('abort', onAbort);
  }
}

/** What would run on this host. Starts nothing. Throws when there is no plan, or this host must not run it. */
export async function plan(scenario: ScenarioSource, options: PlanOptions = {}): Promise<Plan> {
  const prepared = await prepare(await sourceOf(scenario), options);
  if (prepared.refusals.length > 0) throw new BruntErrors(prepared.refusals);
  return prepared.plan;
}

/** All mistakes of a scenario in one pass. Throws nothing that is wrong with the scenario. */
export async function validate(scenario: ScenarioSource, options: PlanOptions = {}): Promise<Validation> {
  let found: readonly BruntError[];
  try {
    found = (await prepare(await sourceOf(scenario), options)).refusals;
  } catch (thrown) {
    const expected = expectedErrors(thrown);
    if (expected === null) throw thrown;
    found = expected;
  }
  const errors = found.filter(({ exitCode }) => exitCode !== EXIT.cannotStart);
  const doubts = found.filter(({ exitCode }) => exitCode === EXIT.cannotStart);
  return { ok: errors.length === 0, errors, doubts };
}

async function sourceOf(scenario: ScenarioSource): Promise<Source> {
  if (scenario instanceof URL) return readSource(resolve(fileURLToPath(scenario)));
  if (typeof scenario === 'string') return readSource(resolve(scenario));
  return { file: null, text: JSON.stringify(scenario, null, 2) };
}

/** Nobody looks: another program's streams are not brunt's to write to. */
const NO_SCREEN: Screen = {
  isLive: false,
  color: false,
  columns: () => 80,
  rows: () => 24,
  write: () => undefined,
};

/** The caller's own functions as an exporter: behind the same bounded queue as any other. */
function listener({ onWindow, onEvent }: RunOptions): ExporterUse {
  const exporter = defineExporter({
    name: 'library',
    description: 'The functions that a program gave to run().',
    options: { type: 'object', properties: {} },
    open: () => ({
      ...(onWindow !== undefined && { window: onWindow }),
      ...(onEvent !== undefined && { event: onEvent }),
      end: () => undefined,
    }),
  });
  return { name: exporter.name, exporter, options: {} };
}
