/**
 * Counters that may not count: what was accumulated enters, a failed result leaves for each actor in which something
 * was counted that its plugin says must never happen. No scenario has to ask for it, and no phase is exempt.
 */
import { formatNumber } from '../base/units.js';
import type { Plan } from '../contract/plan.js';
import type { ThresholdResult } from '../contract/summary.js';
import type { RunAccumulator } from './accumulate.js';
import { ownerOf } from './selector.js';

interface Counted {
  count: number;
  readonly phases: Set<string>;
}

export function mustBeZero(
  { catalogue }: Pick<Plan, 'catalogue'>,
  accumulator: RunAccumulator,
): ThresholdResult[] {
  return catalogue.flatMap(({ metric, mustBeZero, unit }) => {
    if (mustBeZero !== true) return [];
    return [...countedBy(metric, accumulator)].map(([actor, { count, phases }]): ThresholdResult => {
      const selector = actor === null ? metric : `${metric}{actor:${actor}}`;
      const [first = ''] = phases;
      return {
        text: `${selector} count == 0`,
        selector,
        aggregate: 'count',
        value: count,
        unit,
        wanted: '== 0',
        ok: false,
        severity: 'fail',
        actor,
        phases: [...phases],
        detail: `${formatNumber(count)} counted, first in ${first}; this must never happen`,
      };
    });
  });
}

function countedBy(metric: string, accumulator: RunAccumulator): ReadonlyMap<string | null, Counted> {
  const found = new Map<string | null, Counted>();
  for (const phase of accumulator.phaseTotals) {
    for (const series of phase.series.values()) {
      const { point } = series.total.total();
      if (series.metric !== metric || point.kind !== 'counter' || point.count === 0) continue;
      const owner = ownerOf(series.tags);
      const counted = found.get(owner) ?? { count: 0, phases: new Set() };
      counted.count += point.count;
      counted.phases.add(phase.name);
      found.set(owner, counted);
    }
  }
  return found;
}
