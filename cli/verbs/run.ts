/** `brunt run FILE`: scenario and flags in; a run, its record, its summary and an exit code out. */
import { resolve } from 'node:path';
import { BruntErrors } from '../../core/base/errors.js';
import type { ExitCode } from '../../core/base/exit-codes.js';
import { EXIT, worstExit } from '../../core/base/exit-codes.js';
import type { RunSummary } from '../../core/contract/summary.js';
import type { Plan, RunDeps } from '../../core/index.js';
import type { ExportFlags } from '../exporters.js';
import { chooseExporters } from '../exporters.js';
import { openKeys } from '../keys.js';
import { cleanLeftovers } from '../leftovers.js';
import { findInstallation } from '../package.js';
import type { PlanFlags } from '../prepare.js';
import { prepare } from '../prepare.js';
import type { ScreenFlags } from '../screen.js';
import { openScreen, putJson, say } from '../screen.js';
import { heedSignals } from '../signals.js';
import { RUNS_DIR } from '../wire.js';

export interface RunFlags extends PlanFlags, ExportFlags, ScreenFlags {
  /** Doubts are failures: an untrustworthy run ends with 9. */
  readonly strict?: boolean;
}

export async function runVerb(file: string, flags: RunFlags): Promise<ExitCode> {
  await cleanLeftovers();
  const { plan, registry, refusals } = await prepare(file, flags);
  if (refusals.length > 0) throw new BruntErrors(refusals);
  const exporters = await chooseExporters(plan.exporters, flags, registry);
  const summary = await perform(plan, exporters, flags);
  if (flags.json === true) putJson(summary);
  else if (flags.quiet === true && summary.verdict !== 'passed') {
    for (const reason of summary.reasons) say(`brunt: ${reason}`);
  }
  const doubts = flags.strict === true && !summary.trust.trustworthy ? [EXIT.untrustworthy] : [];
  return worstExit([summary.exitCode, ...doubts]);
}

async function perform(plan: Plan, exporters: RunDeps['exporters'], flags: RunFlags): Promise<RunSummary> {
  const screen = openScreen(flags, () => keys?.lines() ?? []);
  const isSilent = screen.isLive || flags.quiet === true;
  const signals = heedSignals({
    announce: (text) => (isSilent ? undefined : say(text)),
    exit: (code) => process.exit(code),
  });
  // Only where somebody sees what a key does.
  const keys = screen.isLive ? openKeys(process.stdin, () => signals.raise('SIGINT')) : null;
  try {
    const { startRun } = await import('../../core/index.js');
    const { version } = findInstallation();
    const runsDir = resolve(RUNS_DIR);
    const run = await startRun(plan, { runsDir, argv: process.argv.slice(2), version, screen, exporters });
    signals.attach(run);
    keys?.attach(run);
    return await run.done;
  } finally {
    keys?.close();
    signals.close();
  }
}
