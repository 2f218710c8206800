/**
 * Cycles, round by round: the plan and what was accumulated enter; whether the figures that a cycle tracks are steady
 * leaves (asked by `core/run/phase-desk.ts` after each round), and its table (for the summary).
 */
import type { CycleRow, CycleSummary, TrackedFigure } from '../contract/cycle.js';
import type { Plan, PlannedCycle } from '../contract/plan.js';
import type { RunAccumulator } from './accumulate.js';
import { aggregateOf } from './aggregate.js';
import { PHASE_TAG, ROUND_TAG } from './selector.js';
import { ROUNDS, steadiness } from './steady.js';
import { figuresOf } from './sweep.js';
import { resultUnit } from './threshold-units.js';
import type { PhaseTotals } from './totals.js';

/** What of the cycle is tracked, as it is after this round. */
export function trackedOf(
  { until }: PlannedCycle,
  round: number,
  { phases, actors }: Pick<Plan, 'phases' | 'actors'>,
  run: RunAccumulator,
): TrackedFigure[] {
  const first = Math.max(1, round - ROUNDS + 1);
  const rounds = Array.from({ length: round - first + 1 }, (_, i) => first + i);
  return until.flatMap(({ sentence: { aggregate, selector }, text }): TrackedFigure[] => {
    const each = rounds.map((number) => {
      const tags = { ...selector.tags, [ROUND_TAG]: [String(number)] };
      return run.select({ metric: selector.metric, tags });
    });
    const broken = run.phaseTotals
      .filter(({ name, incomplete }) => incomplete > 0 && selector.tags[PHASE_TAG]?.includes(name))
      .map((phase) => phase.round);
    const { load = {} } = phases.find(({ name }) => selector.tags[PHASE_TAG]?.includes(name)) ?? {};
    // Others may have ended there what they had begun before.
    const isMeant = (owner: string | null): boolean =>
      owner === null || !actors.some(({ name }) => name === owner) || Object.hasOwn(load, owner);
    const owners = new Set(each.flat().flatMap(({ actor }) => (isMeant(actor) ? [actor] : [])));
    if (owners.size === 0) owners.add(null);
    return [...owners].map((owner): TrackedFigure => {
      const values = each.map((selections, i) => {
        const of = selections.find(({ actor }) => actor === owner);
        const isWhole = !broken.includes(rounds[i] ?? 0);
        return of === undefined || !isWhole ? null : aggregateOf(of.total, aggregate, of);
      });
      const steady = steadiness(values.filter((value) => value !== null));
      const unit = each.flat().find(({ actor }) => actor === owner)?.unit ?? 'count';
      return {
        text,
        owner,
        unit: resultUnit(run.kindOf(selector.metric), unit, aggregate),
        rounds: values,
        isSteady: steady?.isSteady ?? null,
        mean: steady?.mean ?? null,
        excursion: steady?.excursion ?? null,
        drift: steady?.drift ?? null,
      };
    });
  });
}

export function cyclesOf(plan: CyclesPlan, run: RunAccumulator): CycleSummary[] {
  const { phases, actors, cycles = [] } = plan;
  const all = run.phaseTotals;
  return cycles.flatMap((cycle): CycleSummary[] => {
    const rounds = wholeRounds(cycle, plan, all);
    if (rounds === 0) return [];
    const over = Math.min(ROUNDS, rounds);
    const tracked = trackedOf(cycle, rounds, plan, run);
    const own = phases.slice(cycle.firstPhase, cycle.firstPhase + cycle.phases);
    const rows = own.flatMap(({ name, load }) => {
      const totals = all.filter(({ name: one, round }) => one === name && isAmong(round, rounds, over));
      const loaded = actors.filter((actor) => load[actor.name] !== undefined);
      return loaded.map((actor): CycleRow => ({
        phase: name,
        actor: actor.name,
        ...figuresOf(actor.name, totals),
      }));
    });
    const isSteady = tracked.length === 0 ? null : tracked.every((one) => one.isSteady === true);
    return [{ cycle: cycle.name, rounds, isSteady, tracked, over, phases: rows }];
  });
}

type CyclesPlan = Pick<Plan, 'phases' | 'actors' | 'cycles' | 'windowMs'>;

/** A round that was cut off has windows all the same. The very last window of a run may be short by what none waited for. */
function wholeRounds(
  { firstPhase, phases: count, rounds }: PlannedCycle,
  { phases, windowMs }: CyclesPlan,
  all: readonly PhaseTotals[],
): number {
  const isWhole = (index: number): boolean => {
    const [planned, totals] = [phases[index], all.find((one) => one.index === index)];
    if (planned === undefined || totals === undefined) return false;
    return planned.until !== undefined || totals.spanMs >= planned.durationMs - windowMs / 2;
  };
  let whole = 0;
  const isRound = (round: number): boolean =>
    Array.from({ length: count }, (_, i) => firstPhase + round * count + i).every(isWhole);
  while (whole < rounds && isRound(whole)) whole++;
  return whole;
}

function isAmong(round: number | null, last: number, count: number): boolean {
  return round !== null && round <= last && round > last - count;
}
