/** One run with a person at it: a plan and exporters in, screen, keys and signals around it, its summary out. */
import { resolve } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import type { Ahead } from '../core/run/ahead.js';
import type { Plan } from '../core/contract/plan.js';
import type { RunSummary } from '../core/contract/summary.js';
import type { RunDeps } from '../core/run/orchestrator.js';
import { startRun } from '../core/run/orchestrator.js';
import { openKeys } from './keys.js';
import { findInstallation } from './package.js';
import type { ScreenFlags } from './screen.js';
import { openScreen, say } from './screen.js';
import { heedSignals } from './signals.js';
import { RUNS_DIR } from './wire.js';

export async function perform(
  plan: Plan,
  exporters: RunDeps['exporters'],
  flags: ScreenFlags,
  ahead: Ahead | null,
): Promise<RunSummary> {
  const screen = openScreen(flags, () => keys?.lines() ?? []);
  const isSilent = screen.isLive || flags.quiet === true;
  const signals = heedSignals({
    announce: (text) => (isSilent ? undefined : say(text)),
    exit: (code) => process.exit(code),
  });
  // Only where somebody sees what a key does.
  const keys = screen.isLive ? openKeys(process.stdin, () => signals.raise('SIGINT')) : null;
  try {
    const { version } = findInstallation();
    const runsDir = resolve(RUNS_DIR);
    const argv = process.argv.slice(2);
    const deps = { runsDir, argv, version, screen, exporters, ...(ahead !== null && { ahead }) };
    const run = await startRun(plan, deps);
    rarelyCollect();
    signals.attach(run);
    keys?.attach(run);
    return await run.done;
  } finally {
    keys?.close();
    signals.close();
  }
}

/**
 * A run lives on frames that come and go, which V8 takes for growth: it would mark the whole heap every two seconds, on two
 * cores. With this it does when the heap has grown to four times of what it holds. Not before the threads are there, whose
 * boot it slows by a third; and not for programs that embed brunt: their heap is theirs.
 */
function rarelyCollect(): void {
  setFlagsFromString('--heap-growing-percent=300');
}
