/**
 * A short real run of one actor of a plugin, to see what its declarations cannot show: a plan enters, sentences about
 * what the simulator did wrong leave, or why it could not be tried. Called by core/check-plugin.ts.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatNumber } from '../base/units.js';
import type { RunEvent } from '../contract/events.js';
import { defineExporter } from '../contract/exporter.js';
import type { Plan } from '../contract/plan.js';
import type { RunSummary } from '../contract/summary.js';
import { startRun } from './orchestrator.js';
import { describeUnleased } from './run-facts.js';

/** The phases of a trial: `climb` to get there, `hold` to be judged. */
export const TRIAL_PHASES = [
  { name: 'climb', duration: '1s', load: { '*': '100%' } },
  { name: 'hold', duration: '1s', load: { '*': '100%' } },
] as const;
/** Far beyond all deadlines of a run of two seconds; then its agents are killed. */
const TRIAL_MAX_MS = 45_000;
/** Achieved may be off by so much before it is a fault: a trial is short and the host may be busy. */
const ACHIEVED_TOLERANCE = 0.5;

export interface TrialResult {
  readonly faults: readonly string[];
  /** Why nothing could be tried; null when it was. */
  readonly untried: string | null;
}

export async function tryOut(plan: Plan, version: string): Promise<TrialResult> {
  const runsDir = await mkdtemp(join(tmpdir(), 'brunt-trial-'));
  const events: RunEvent[] = [];
  try {
    const run = await startRun(plan, {
      runsDir,
      argv: [],
      version,
      screen: { isLive: false, color: false, columns: () => 80, rows: () => 24, write: () => undefined },
      exporters: [{ name: 'trial', exporter: collector(events), options: {} }],
    });
    const timer = setTimeout(() => run.kill(), TRIAL_MAX_MS);
    const summary = await run.done.finally(() => clearTimeout(timer));
    return judged(plan, events, summary);
  } finally {
    await rm(runsDir, { recursive: true, force: true });
  }
}

function collector(events: RunEvent[]): ReturnType<typeof defineExporter> {
  return defineExporter({
    name: 'trial',
    description: 'Keeps the events of a trial.',
    options: { type: 'object', properties: {} },
    open: () => ({ event: (event) => void events.push(event), end: () => undefined }),
  });
}

function judged(plan: Plan, events: readonly RunEvent[], summary: RunSummary): TrialResult {
  const lacking = events.find((event) => event.type === 'actor.failed' && event.code === 'E_UNAVAILABLE');
  if (lacking?.type === 'actor.failed') return { faults: [], untried: lacking.reason };
  if (summary.stopCause === 'safety')
    return { faults: [], untried: summary.reasons[0] ?? 'stopped by safety' };
  const faults = events.flatMap(faultIn);
  const doubt = (name: string): string | null => {
    const check = summary.trust.checks.find((one) => one.check === name);
    return check?.ok === false ? check.detail : null;
  };
  const [refused, idle] = [doubt('refused-values'), doubt('operations-done')];
  if (refused !== null) faults.push(`it reported what is no measurement: ${refused}`);
  faults.push(...summary.after.leftBehind.map((left) => `left behind: ${left}`));
  // Of a run that broke, what was done says nothing more.
  if (faults.length === 0 && idle !== null) faults.push(idle);
  if (faults.length === 0) faults.push(...achievedFaults(plan, summary));
  if (faults.length === 0 && summary.exitCode !== 0) faults.push(...summary.reasons);
  return { faults, untried: null };
}

function faultIn(event: RunEvent): string[] {
  switch (event.type) {
    case 'actor.failed': {
      const where = event.method === null || event.method === 'none' ? '' : ` in ${event.method}`;
      return [`it failed${where}: ${event.reason}`];
    }
    case 'actor.stuck':
      return [`it was stuck in ${event.method}: no sign of life for ${event.silentMs} ms`];
    case 'actor.unleased':
      return [`it takes without a lease: ${describeUnleased(event)}`];
    default:
      return [];
  }
}

function achievedFaults(plan: Plan, summary: RunSummary): string[] {
  return plan.actors.flatMap(({ name, control }) => {
    if (control === 'switch') return [];
    const hold = summary.actors
      .find(({ actor }) => actor === name)
      ?.phases.find(({ phase }) => phase === TRIAL_PHASES[1].name);
    const share = hold?.achieved ?? null;
    // Of concurrency there is none: how much is in flight is for the core alone to say.
    if (share === null && (control === 'amount' || control === 'growth'))
      return [`it never said what it holds of its ${control}: call achieved()`];
    if (share === null) return [];
    if (Math.abs(share - 1) <= ACHIEVED_TOLERANCE) return [];
    return [`of the ${control} that was asked it achieved ${formatNumber(share * 100)} %`];
  });
}
