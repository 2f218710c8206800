/** A run's outcome as one document: made at its end, and again from the record of a run that had no end. */
import { EXIT, worstExit } from '../base/exit-codes.js';
import type { ExitCode } from '../base/exit-codes.js';
import type { Plan } from '../contract/plan.js';
import type {
  PhaseSummary,
  RunSummary,
  SafetySummary,
  ThresholdResult,
  Verdict,
} from '../contract/summary.js';
import { SUMMARY_VERSION } from '../contract/summary.js';
import type { RunAccumulator } from '../metrics/accumulate.js';
import { capNotes } from '../metrics/caps.js';
import { cyclesOf } from '../metrics/cycle.js';
import { leakOf } from '../metrics/leak.js';
import { sweepsOf } from '../metrics/sweep.js';
import { judge } from '../metrics/thresholds.js';
import { checkTrust } from '../metrics/trust.js';
import type { RunFacts } from './run-facts.js';

/** What only the process that ran knows; null when the summary is rebuilt from a record. */
export interface LiveFacts {
  readonly stopMs: number | null;
  readonly leftBehind: readonly string[];
  readonly heldAtStop: Readonly<Record<string, number>>;
  readonly absentSensors: readonly string[];
  readonly lost: { readonly windows: number; readonly events: number; readonly frames: number };
  readonly lateFrames: number;
  readonly refused: number;
  readonly clockJumpMs: number;
  readonly ownCpu: { readonly usedNs: number; readonly spanNs: number } | null;
}

export interface SummaryInput {
  readonly run: string;
  readonly plan: Plan;
  readonly record: string;
  readonly facts: RunFacts;
  readonly accumulator: RunAccumulator;
  /** What the accumulator says of them: with many series that takes a while, which the caller may spread. */
  readonly phases: readonly PhaseSummary[];
  readonly live: LiveFacts | null;
}

export function buildSummary(input: SummaryInput): RunSummary {
  const { run, plan, record, facts, accumulator, phases, live } = input;
  const hasStarted = facts.startedAt !== null;
  const thresholds = hasStarted ? judge(plan, accumulator) : [];
  const failed = thresholds.filter((t) => !t.ok && t.severity === 'fail');
  const exitCode = exitOf(facts, failed, live);
  const sweeps = sweepsOf(plan, accumulator);
  const cycles = cyclesOf(plan, accumulator);
  return {
    version: SUMMARY_VERSION,
    run,
    scenario: plan.name,
    description: plan.description,
    seed: plan.seed,
    verdict: live === null && !facts.hasEnded ? 'incomplete' : verdictOf(exitCode),
    exitCode,
    reasons: [...facts.reasons, ...failed.map((t) => `${t.text}: ${t.detail ?? 'did not hold'}`)],
    startedAt: facts.startedAt,
    plannedMs: plan.durationMs,
    tookMs: Math.max(facts.lastMs, accumulator.endMs),
    stopCause: facts.stopCause,
    thresholds,
    phases,
    actors: accumulator.actors().map((actor) => ({
      ...actor,
      failures: [
        ...(facts.failures.get(actor.actor) ?? []),
        ...(facts.restarts.get(actor.actor) ?? []).map((reason) => `started again: ${reason}`),
      ],
    })),
    ...(sweeps.length > 0 && { sweeps }),
    ...(cycles.length > 0 && { cycles }),
    ...(facts.searches.length > 0 && { searches: facts.searches }),
    trust: checkTrust({
      plan,
      accumulator,
      facts: {
        lostFrames: live?.lost.frames ?? null,
        lateFrames: live?.lateFrames ?? null,
        refused: live?.refused ?? null,
        clockJumpMs: live?.clockJumpMs ?? null,
        ownCpuShare: ownCpuShare(live),
        ended: facts.hasEnded || live !== null ? facts.stopCause : null,
        failures: facts.failures.size,
        hasEnded: facts.hasEnded || live !== null,
        restarts: new Map([...facts.restarts].map(([actor, reasons]) => [actor, reasons.length])),
        unleased: facts.unleased,
      },
    }),
    target: plan.target === undefined ? null : { memory: leakOf(accumulator) },
    safety: safetyOf(plan, facts, accumulator, live),
    after: {
      stopMs: live?.stopMs ?? null,
      leftBehind: live?.leftBehind ?? [],
      heldAtStop: live?.heldAtStop ?? {},
    },
    host: plan.host,
    record,
    lost: live?.lost ?? { windows: 0, events: 0, frames: 0 },
    notes: [...plan.notes, ...facts.notes, ...capNotes(plan, accumulator)],
  };
}

function exitOf(facts: RunFacts, failed: readonly ThresholdResult[], live: LiveFacts | null): ExitCode {
  const codes = new Set(facts.exits);
  if (failed.length > 0) codes.add(EXIT.threshold);
  if (live !== null && live.lost.windows + live.lost.events > 0) codes.add(EXIT.lostData);
  return worstExit(codes);
}

function verdictOf(exitCode: ExitCode): Verdict {
  switch (exitCode) {
    case EXIT.passed:
      return 'passed';
    case EXIT.threshold:
    case EXIT.regression:
    case EXIT.untrustworthy:
    case EXIT.lostData:
      return 'failed';
    case EXIT.safety:
      return 'stopped';
    case EXIT.interrupted:
    case EXIT.terminated:
      return 'interrupted';
    default:
      return 'error';
  }
}

function ownCpuShare(live: LiveFacts | null): number | null {
  const cpu = live?.ownCpu;
  return cpu && cpu.spanNs > 0 ? cpu.usedNs / cpu.spanNs : null;
}

/** The limit that came nearest to acting: its extreme reading over the run, by the share of the way that was left. */
function safetyOf(
  plan: Plan,
  facts: RunFacts,
  accumulator: RunAccumulator,
  live: LiveFacts | null,
): SafetySummary {
  let closest: SafetySummary['closest'] = null;
  let least = Infinity;
  for (const { sensor, unit, triggers } of plan.safety.limits) {
    const extremes = accumulator.extremes(sensor);
    if (extremes === null) continue;
    for (const { action, operator, bound } of triggers) {
      if (action === 'warn') continue;
      const value = operator === '<' ? extremes.min : extremes.max;
      const [room, whole] = operator === '<' ? [value - bound, value] : [bound - value, bound];
      const share = room / Math.max(Math.abs(whole), 1e-9);
      if (share >= least) continue;
      least = share;
      closest = { sensor, unit, value, action, bound };
    }
  }
  return {
    profile: plan.safety.profile,
    worst: facts.worst,
    actions: facts.actions,
    closest,
    absent: live?.absentSensors ?? [],
  };
}
