/**
 * Can the figures be believed? The run's accumulator and what the orchestrator noticed go in; one line a check
 * comes out. A check that this run gives nothing to look at is null, which does not count against it.
 */
import { formatNumber, formatQuantity } from '../base/units.js';
import type { StopCause } from '../contract/events.js';
import type { Plan, PlannedActor } from '../contract/plan.js';
import type { TrustCheck, TrustReport } from '../contract/summary.js';
import type { RunAccumulator } from './accumulate.js';
import type { Held } from './expectations.js';
import { holdExpectations } from './expectations.js';
import type { ActorOperations } from './operation-totals.js';
import { operationTotals } from './operation-totals.js';

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
/** A declared kind of operation that no promise gives a share is missed when so many were done for each kind. */
const DONE_FOR_EACH_KIND = 100;
/** The same where a mix gives it a share: when so many of the kind were to be expected. */
const EXPECTED_OF_KIND = 20;
/** Held by the simulator's own account may exceed what the kernel's says by so much. */
const HELD_TOLERANCE = 0.1;
/** Windows may leave so much of a run uncovered: the rounding of their edges. */
const GAP_MAX_MS = 1;
/** Figures of a shorter run are not for comparing: lineage of every benchmark that was believed too soon. */
const COMPARABLE_MIN_MS = 30_000;
const COMPARABLE_RUNS = 3;

type Verdict = Pick<TrustCheck, 'ok' | 'detail'>;

export function checkTrust(input: TrustInput): TrustReport {
  const worked = input.plan.actors.map((actor) => ({
    actor,
    operations: operationTotals(input.accumulator, actor.name),
  }));
  const promised = worked.flatMap(({ actor, operations }) =>
    holdExpectations(actor, operations, input.accumulator),
  );
  const figures = new Set(promised.map(({ check }) => check));
  for (const own of ['bytes-match', 'mix']) figures.delete(own);
  const checks: TrustCheck[] = [
    { check: 'achieved', ...checkAchieved(input) },
    { check: 'actors-alive', ...checkActors(input) },
    { check: 'bytes-match', ...checkBytes(worked, promised) },
    { check: 'clock-jump', ...checkClock(input.facts) },
    { check: 'complete-windows', ...checkWindows(input) },
    { check: 'guard-lateness', ...checkGuard(input) },
    { check: 'held-measured', ...checkHeld(input) },
    { check: 'littles-law', ...checkLittle(input) },
    { check: 'lost-frames', ...checkFrames(input.facts) },
    { check: 'mix', ...checkPromise('mix', promised, 'no actor promises a mix') },
    { check: 'operations-done', ...checkOperations(input, worked) },
    { check: 'own-cpu', ...checkOwnCpu(input) },
    { check: 'refused-values', ...checkRefused(input.facts) },
    { check: 'restarts', ...checkRestarts(input.facts) },
    { check: 'run-ended', ...checkEnded(input.facts) },
    { check: 'unleased', ...checkUnleased(input.facts) },
    ...[...figures].map((check) => ({ check, ...checkPromise(check, promised, '') })),
  ];
  const trustworthy = checks.every((check) => check.ok !== false);
  return { trustworthy, checks, comparable: checkComparable(input, trustworthy) };
}

/** Whether this run's figures may stand beside those of others. */
function checkComparable({ accumulator }: TrustInput, trustworthy: boolean): TrustReport['comparable'] {
  const measured = accumulator.phaseTotals.filter((phase) => phase.measured);
  const spanMs = measured.reduce((sum, phase) => sum + phase.spanMs, 0);
  const text = `measured for ${formatNumber(spanMs / 1000)} s`;
  if (!trustworthy) return { ok: false, detail: 'not trustworthy' };
  if (spanMs < COMPARABLE_MIN_MS)
    return { ok: false, detail: `${text}, and ${COMPARABLE_MIN_MS / 1000} s are the least` };
  return { ok: true, detail: `${text}; ${COMPARABLE_RUNS} such runs are the least to compare` };
}

function verdict(ok: boolean | null, detail: string): Verdict {
  return { ok, detail };
}

function checkAchieved({ accumulator }: TrustInput): Verdict {
  const actors = accumulator.steadiness.actors.filter(({ windows }) => windows > 0);
  if (actors.length === 0)
    return verdict(null, 'no window in which an actor was asked for a constant amount or growth');
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

function checkOwnCpu({ facts: { ownCpuShare }, accumulator }: TrustInput): Verdict {
  if (ownCpuShare === null) return verdict(null, 'not known');
  const rss = accumulator.extremes('brunt.rss');
  const memory = rss === null ? '' : ` and ${formatQuantity(rss.max, 'bytes')}`;
  return verdict(
    ownCpuShare <= OWN_CPU_MAX,
    `the orchestrator used ${formatNumber(ownCpuShare * 100)} % of a core${memory}`,
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
  const coveredMs = phases.reduce((sum, phase) => sum + phase.spanMs, 0);
  const gapMs = accumulator.endMs - coveredMs;
  if (gapMs > GAP_MAX_MS)
    return verdict(false, `${formatNumber(gapMs)} ms of the run are in none of its ${windows} windows`);
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

/** A simulator says itself what it holds; the kernel's account of its threads or process must bear it out. */
function checkHeld({ accumulator }: TrustInput): Verdict {
  const { held } = accumulator.steadiness;
  if (held.length === 0) return verdict(null, 'nothing held that the kernel keeps an account of');
  const broken = held.filter(({ told, measured }) => measured < told * (1 - HELD_TOLERANCE));
  const texts = (broken.length > 0 ? broken : held).map(({ actor, dimension, told, measured }) => {
    const text = (amount: number): string => formatQuantity(amount, dimension);
    return `${actor} says ${text(told)}, the kernel ${text(measured)}`;
  });
  return verdict(broken.length === 0, texts.join('; '));
}

// ---- operations --------------------------------------------------------------

interface Worked {
  readonly actor: PlannedActor;
  readonly operations: ActorOperations;
}

/** Every kind that was to be done was done. */
function checkOperations({ plan, accumulator }: TrustInput, worked: readonly Worked[]): Verdict {
  const ran = new Set(accumulator.phaseTotals.map((phase) => phase.index));
  const loaded = worked.filter(
    ({ actor: { name, operations, control } }) =>
      operations.length > 0 &&
      (control === 'rate' || control === 'concurrency') &&
      plan.phases.some(
        ({ index, load }) => ran.has(index) && load[name]?.some((p) => p.from > 0 || p.to > 0),
      ),
  );
  if (loaded.length === 0) return verdict(null, 'no actor does operations');
  const idle = loaded.filter(({ operations }) => operations.done === 0).map(({ actor }) => actor.name);
  if (idle.length > 0) return verdict(false, `no operation was done by ${idle.join(', ')}`);
  let ok = true;
  const texts = loaded.map(({ actor, operations: { done, kinds } }) => {
    const wanted = kindsWanted(actor, done);
    const never = wanted.filter(({ name }) => (kinds.get(name)?.done ?? 0) === 0);
    ok &&= !never.some(({ isSure }) => isSure);
    const names = never.map(({ name }) => name).join(', ');
    return `${actor.name} ${formatNumber(done)}${names === '' ? '' : ` (never: ${names})`}`;
  });
  return verdict(ok, texts.join(', '));
}

/** Which kinds are to be done, and whether chance cannot explain it when one was not. */
function kindsWanted(
  { expects = [], operations }: PlannedActor,
  done: number,
): { readonly name: string; readonly isSure: boolean }[] {
  const shares = expects.flatMap((one) => (one.kind === 'mix' ? Object.entries(one.shares) : []));
  if (shares.length > 0) {
    return shares
      .filter(([, share]) => share > 0)
      .map(([name, share]) => ({ name, isSure: share * done >= EXPECTED_OF_KIND }));
  }
  const named = expects.flatMap((one) => (one.kind === 'operations' ? [one.operations] : []));
  const names = named.length > 0 ? named.flat() : operations;
  return names.map((name) => ({ name, isSure: done >= DONE_FOR_EACH_KIND * names.length }));
}

/** Bytes = operations × size, where a simulator says the size, and none without an operation anywhere. */
function checkBytes(worked: readonly Worked[], promised: readonly Held[]): Verdict {
  const orphans = worked.flatMap(({ actor, operations }) =>
    [...operations.kinds]
      .filter(([, { done, failed, bytes }]) => bytes > 0 && done <= failed)
      .map(([op]) => `${actor.name} ${op}: bytes without operations`),
  );
  if (orphans.length > 0) return verdict(false, orphans.join('; '));
  return checkPromise('bytes-match', promised, 'no operations of a known size');
}

/** Of one check over all actors: what is broken, else what holds. */
function checkPromise(check: string, promised: readonly Held[], nothing: string): Verdict {
  const of = promised.filter((one) => one.check === check);
  const say = (ok: boolean | null): string =>
    of
      .filter((one) => one.ok === ok)
      .map(({ detail }) => detail)
      .join('; ');
  if (of.some(({ ok }) => ok === false)) return verdict(false, say(false));
  if (of.some(({ ok }) => ok === true)) return verdict(true, say(true));
  return verdict(null, of.length > 0 ? say(null) : nothing);
}
