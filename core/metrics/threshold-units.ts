/** In which dimension the bound of a threshold is written, and in which unit its value is told. */
import type { Aggregate } from '../base/sentences.js';
import type { Dimension } from '../base/units.js';
import { dimensionOfUnit } from '../base/units.js';
import type { CatalogueEntry, MetricKind, MetricUnit } from '../contract/metrics.js';

/** Dimensions that have a "per time": what rates and drifts are compared with. */
const PER_SECOND: Readonly<Partial<Record<MetricUnit, Dimension>>> = {
  ns: 'time/s',
  bytes: 'bytes/s',
  share: 'share/s',
  count: 'ops/s',
};
/** A speed of arithmetic is compared with a plain "per second"; a state with nothing. */
function boundDimension(unit: MetricUnit): Dimension | null {
  return unit === 'flop/s' ? 'ops/s' : dimensionOfUnit(unit);
}

/** Told per second. */
function isPerTime(aggregate: Aggregate): boolean {
  return aggregate === 'rate' || aggregate === 'slope' || aggregate === 'drift';
}

/**
 * The dimensions that a bound on this aggregate may be written in; none: it cannot be bounded. For what is in the
 * unit of its actor (`actor.asked`, `actor.held`) the caller has put that unit into the entry.
 */
export function dimensionsOf(
  { kind, unit }: Pick<CatalogueEntry, 'kind' | 'unit'>,
  aggregate: Aggregate,
): Dimension[] {
  if (aggregate === 'count' && kind !== 'counter') return ['count'];
  const dimension = isPerTime(aggregate) ? PER_SECOND[unit] : boundDimension(unit);
  return dimension === undefined || dimension === null ? [] : [dimension];
}

/** The unit of the value that `aggregateOf` gives. */
export function resultUnit(
  kind: MetricKind,
  unit: MetricUnit,
  aggregate: Aggregate,
): MetricUnit | 'per-second' {
  if (isPerTime(aggregate)) {
    if (unit === 'count') return 'ops/s';
    return unit === 'bytes' ? 'bytes/s' : 'per-second';
  }
  return aggregate === 'count' && kind !== 'counter' ? 'count' : unit;
}
