/**
 * What caps of the scenario did: the plan and the run's accumulator enter, a sentence for each actor that has one leaves.
 * The summary says it, so that nobody takes a cap for what the target can do.
 */
import { formatQuantity } from '../base/units.js';
import type { Plan, PlannedPacing } from '../contract/plan.js';
import type { RunAccumulator } from './accumulate.js';

export function capNotes({ actors }: Pick<Plan, 'actors'>, accumulator: RunAccumulator): string[] {
  return actors.flatMap(({ name, pacing }) => {
    const cap = capText(pacing);
    const ended = countOf('op.count', name, accumulator);
    if (cap === null || ended === 0) return [];
    const share = Math.min(1, countOf('op.capped', name, accumulator) / ended);
    const what =
      share === 0 ? 'held nothing back' : `held back ${formatQuantity(share, 'share')} of its operations`;
    return [`${name}: its cap of ${cap} ${what}`];
  });
}

function capText(pacing: PlannedPacing | undefined): string | null {
  const { operationsMax, bytesMax } = pacing ?? {};
  const caps = [
    ...(operationsMax === undefined ? [] : [formatQuantity(operationsMax, 'ops/s')]),
    ...(bytesMax === undefined ? [] : [formatQuantity(bytesMax, 'bytes/s')]),
  ];
  return caps.length === 0 ? null : caps.join(' and ');
}

/** Over the whole run, phases that are not measured too. */
function countOf(metric: string, actor: string, accumulator: RunAccumulator): number {
  let count = 0;
  for (const { series } of accumulator.phaseTotals) {
    for (const { metric: name, tags, total } of series.values()) {
      if (name !== metric || tags['actor'] !== actor) continue;
      const { point } = total.total();
      if (point.kind === 'counter') count += point.count;
    }
  }
  return count;
}
