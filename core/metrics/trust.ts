/**
 * Can the figures be believed? The run's accumulator and what the orchestrator noticed go in; one line a check
 * comes out. A check that this run gives nothing to look at is null, which does not count against it.
 */
import { formatNumber, formatQuantity } from '../base/units.js';
import type { StopCause } from '../contract/events.js';
import type { Plan, PlannedActor } from '../contract/plan.js';
import type { TrustCheck, TrustReport } from '../contract/summary.js';
import type { RunAccumulator } from './accumulate.js';

/** Null: not known (a run that is read back from its record). */
export interface TrustFacts {
  readonly lostFrames: number | null;
  readonly lateFrames: number | null;
  readonly refused: number | null;
  readonly clockJumpMs: number | null;
  readonly ownCpuShare: number | null;
  readonly ended: StopCause | null;
  /** False: the process that ran it was gone before its end, and this is what its record holds. */
  readonly hasEnded: boolean;
  /** How often each actor was started again. */
  readonly restarts: ReadonlyMap<string, number>;
  /** Actors of which an instance failed. */
  readonly failures: number;
  /** What actors took without a lease, a sentence each. */
  readonly unleased: readonly string[];
}

export interface TrustInput {
  readonly plan: Pick<Plan, 'actors' | 'phases'>;
  readonly accumulator: RunAccumulator;
  readonly facts: TrustFacts;
}

/** The wall clock may move so much against the monotonic one; more means a suspend or a clock that was set. */
const CLOCK_JUMP_MAX_MS = 250;
/** Of one core: above it the orchestrator is part of the load. */
const OWN_CPU_MAX = 0.5;
/** A guard that came later than this was not watching. */
const GUARD_LATENESS_MAX_NS = 500e6;
/** Little's law: measured operations in service may exceed those asked for by so much, for what the edges cut. */
const LITTLE_TOLERANCE = 0.1;
/** Bytes an operation may stand beside the block size by so much (the last block of a file is short). */
const BYTES_TOLERANCE = 0.01;

type Verdict = Pick<TrustCheck, 'ok' | 'detail'>;

export function checkTrust(input: TrustInput): TrustReport {
  const checks: TrustCheck[] = [
    { check: 'achieved', ...checkAchieved(input) },
    { check: 'actors-alive', ...checkActors(input) },
    { check: 'bytes-match', ...checkBytes(input) },
    { check: 'clock-jump', ...checkClock(input.facts) },
    { check: 'complete-windows', ...checkWindows(input) },
    { check: 'guard-lateness', ...checkGuard(input) },
    { check: 'littles-law', ...checkLittle(input) },
    { check: 'lost-frames', ...checkFrames(input.facts) },
    { check: 'operations-done', ...checkOperations(input) },
    { check: 'own-cpu', ...checkOwnCpu(input.facts) },
    { check: 'refused-values', ...checkRefused(input.facts) },
    { check: 'restarts', ...checkRestarts(input.facts) },
    { check: 'run-ended', ...checkEnded(input.facts) },
    { check: 'unleased', ...checkUnleased(input.facts) },
  ];
  return { trustworthy: checks.every((check) => check.ok !== false), checks };
}

function verdict(ok: boolean | null, detail: string): Verdict {
  return { ok, detail };
}

function checkAchieved({ accumulator }: TrustInput): Verdict {
  const actors = accumulator.steadiness.actors.filter(({ windows }) => windows > 0);
  if (actors.length === 0)
    return verdict(null, 'no window in which an actor was asked for a constant amount');
  const off = actors.filter((actor) => actor.off > 0);
  const windows = actors.reduce((sum, actor) => sum + actor.windows, 0);
  if (off.length === 0)
    return verdict(true, `within 10 % of what was asked in all ${windows} steady windows`);
  const texts = off.map(({ actor, off: count, windows: of, worst }) => {
    const at = worst === null ? '' : `, at worst ${formatNumber(worst.share * 100)} % in ${worst.phase}`;
    return `${actor}: ${count} of ${of} steady windows beyond 10 %${at}`;
  });
  return verdict(false, texts.join('; '));
}

function checkActors({ facts }: TrustInput): Verdict {
  if (facts.failures === 0) return verdict(true, 'no actor failed');
  return verdict(false, `${facts.failures} actors failed: the load was not the one planned`);
}

function checkRestarts({ restarts }: TrustFacts): Verdict {
  if (restarts.size === 0) return verdict(true, 'no actor was started again');
  const texts = [...restarts].map(([actor, times]) => `${actor} ${times === 1 ? 'once' : `${times} times`}`);
  return verdict(false, `started again: ${texts.join(', ')}; the load was not the one planned`);
}

function checkEnded({ hasEnded }: TrustFacts): Verdict {
  if (hasEnded) return verdict(true, 'the run came to its end');
  return verdict(false, 'the run did not end itself: what came after its last window is not known');
}

function checkFrames({ lostFrames, lateFrames }: TrustFacts): Verdict {
  if (lostFrames === null || lateFrames === null) return verdict(null, 'not known from a record');
  const late = lateFrames > 0 ? `, ${lateFrames} late` : '';
  return verdict(lostFrames === 0, `${lostFrames} lost${late}`);
}

function checkRefused({ refused }: TrustFacts): Verdict {
  if (refused === null) return verdict(null, 'not known from a record');
  return verdict(refused === 0, `${refused} values were not finite or negative`);
}

/** What is taken without a lease is beyond what the safety ledger knows of, and beyond what was planned. */
function checkUnleased({ unleased }: TrustFacts): Verdict {
  if (unleased.length === 0) return verdict(true, 'nothing was taken beyond leases and allowance');
  return verdict(false, unleased.join('; '));
}

function checkClock({ clockJumpMs }: TrustFacts): Verdict {
  if (clockJumpMs === null) return verdict(null, 'not known from a record');
  const detail = `wall and monotonic clock differ by ${formatNumber(clockJumpMs)} ms over the run`;
  return verdict(clockJumpMs <= CLOCK_JUMP_MAX_MS, detail);
}

function checkOwnCpu({ ownCpuShare }: TrustFacts): Verdict {
  if (ownCpuShare === null) return verdict(null, 'not known');
  return verdict(
    ownCpuShare <= OWN_CPU_MAX,
    `the orchestrator used ${formatNumber(ownCpuShare * 100)} % of a core`,
  );
}

function checkGuard({ accumulator }: TrustInput): Verdict {
  const late = accumulator.extremes('host.guard.lateness');
  if (late === null) return verdict(null, 'the guard told no lateness');
  return verdict(late.max <= GUARD_LATENESS_MAX_NS, `latest tick ${formatQuantity(late.max, 'time')} late`);
}

/** When the run was cut short, its last window was too: its sources ended at different moments. */
function checkWindows({ accumulator, facts }: TrustInput): Verdict {
  const phases = accumulator.phaseTotals;
  const windows = phases.reduce((sum, phase) => sum + phase.windows, 0);
  if (windows === 0) return verdict(null, 'no windows');
  const incomplete = phases.reduce((sum, phase) => sum + phase.incomplete, 0);
  const allowed = facts.ended === 'completed' ? 0 : 1;
  return verdict(incomplete <= allowed, `${windows - incomplete} of ${windows} windows had every source`);
}

function checkLittle({ accumulator }: TrustInput): Verdict {
  const { little } = accumulator.steadiness;
  if (little.length === 0) return verdict(null, 'no steady stretch of 10 s with a fixed concurrency');
  const broken = little.filter((check) => check.inService > check.concurrency * (1 + LITTLE_TOLERANCE));
  const text = (broken.length > 0 ? broken : little).map(
    ({ actor, phase, inService, concurrency }) =>
      `${actor} in ${phase}: ${formatNumber(inService)} in service of ${formatNumber(concurrency)} in flight`,
  );
  return verdict(broken.length === 0, text.join('; '));
}

// ---- operations --------------------------------------------------------------

interface Operations {
  readonly actor: PlannedActor;
  /** By kind of operation. */
  readonly kinds: ReadonlyMap<
    string,
    { readonly done: number; readonly failed: number; readonly bytes: number }
  >;
  readonly done: number;
}

/** Over all phases, measured or not. */
function operationsOf({ accumulator }: TrustInput, actor: PlannedActor): Operations {
  const kinds = new Map<string, { done: number; failed: number; bytes: number }>();
  for (const phase of accumulator.phaseTotals) {
    for (const { metric, tags, total } of phase.series.values()) {
      if (tags['actor'] !== actor.name || !metric.startsWith('op.')) continue;
      const op = tags['op'] ?? '';
      const kind = kinds.get(op) ?? { done: 0, failed: 0, bytes: 0 };
      const { point } = total.total();
      if (metric === 'op.count' && point.kind === 'counter') kind.done += point.count;
      else if (metric === 'op.bytes' && point.kind === 'counter') kind.bytes += point.count;
      else if (metric === 'op.errors' && point.kind === 'ratio') kind.failed += point.hits;
      else continue;
      kinds.set(op, kind);
    }
  }
  const done = [...kinds.values()].reduce((sum, kind) => sum + kind.done, 0);
  return { actor, kinds, done };
}

function checkOperations(input: TrustInput): Verdict {
  const { plan, accumulator } = input;
  const ran = new Set(accumulator.phaseTotals.map((phase) => phase.index));
  const loaded = plan.actors.filter(
    ({ name, operations, control }) =>
      operations.length > 0 &&
      (control === 'rate' || control === 'concurrency') &&
      plan.phases.some(
        ({ index, load }) => ran.has(index) && load[name]?.some((p) => p.from > 0 || p.to > 0),
      ),
  );
  if (loaded.length === 0) return verdict(null, 'no actor does operations');
  const all = loaded.map((actor) => operationsOf(input, actor));
  const idle = all.filter(({ done }) => done === 0).map(({ actor }) => actor.name);
  if (idle.length > 0) return verdict(false, `no operation was done by ${idle.join(', ')}`);
  const text = all.map(({ actor, done, kinds }) => {
    const never = actor.operations.filter((op) => (kinds.get(op)?.done ?? 0) === 0);
    return `${actor.name} ${formatNumber(done)}${never.length > 0 ? ` (never: ${never.join(', ')})` : ''}`;
  });
  return verdict(true, text.join(', '));
}

/** Bytes = operations × size, where a built-in simulator has one size for all its blocks. */
function checkBytes(input: TrustInput): Verdict {
  const told: string[] = [];
  const wrong: string[] = [];
  for (const actor of input.plan.actors) {
    const size = actor.builtIn ? actor.options['blockSize'] : undefined;
    for (const [op, { done, failed, bytes }] of operationsOf(input, actor).kinds) {
      const good = done - failed;
      const name = `${actor.name} ${op}`.trim();
      if (bytes > 0 && good <= 0) wrong.push(`${name}: bytes without operations`);
      if (typeof size !== 'number' || bytes === 0 || good <= 0) continue;
      const each = bytes / good;
      const text = `${name}: ${formatQuantity(each, 'bytes')} an operation of ${formatQuantity(size, 'bytes')}`;
      (Math.abs(each / size - 1) <= BYTES_TOLERANCE ? told : wrong).push(text);
    }
  }
  if (wrong.length > 0) return verdict(false, wrong.join('; '));
  return told.length > 0 ? verdict(true, told.join('; ')) : verdict(null, 'no operations of one known size');
}
