/** In which dimension the bound of a threshold is written, and in which unit its value is told. */
import type { Aggregate } from '../base/sentences.js';
import type { Dimension } from '../base/units.js';
import type { CatalogueEntry, MetricKind, MetricUnit } from '../contract/metrics.js';

const DIMENSION: Readonly<Record<MetricUnit, Dimension | null>> = {
  ns: 'time',
  bytes: 'bytes',
  share: 'share',
  cores: 'cores',
  count: 'count',
  celsius: 'celsius',
  hertz: 'hertz',
  'ops/s': 'ops/s',
  'bytes/s': 'bytes/s',
  'flop/s': 'ops/s',
  state: null,
};
/** Dimensions that have a "per time": what rates and drifts are compared with. */
const PER_SECOND: Readonly<Partial<Record<MetricUnit, Dimension>>> = {
  ns: 'time/s',
  bytes: 'bytes/s',
  share: 'share/s',
  count: 'ops/s',
};
/** Each actor has these in the unit of its own peak; which one is known only where the selector names it. */
const IN_UNIT_OF_ACTOR: readonly string[] = ['actor.asked', 'actor.held'];
const AMOUNT_UNITS: readonly MetricUnit[] = ['count', 'bytes', 'cores', 'ops/s', 'bytes/s'];

/** The dimensions that a bound on this aggregate may be written in; none: it cannot be bounded. */
export function dimensionsOf(
  entry: Pick<CatalogueEntry, 'metric' | 'kind' | 'unit'>,
  aggregate: Aggregate,
): Dimension[] {
  const units = IN_UNIT_OF_ACTOR.includes(entry.metric) ? AMOUNT_UNITS : [entry.unit];
  if (aggregate === 'count' && entry.kind !== 'counter') return ['count'];
  const isPerSecond = aggregate === 'rate' || aggregate === 'slope';
  return units.flatMap((unit) => (isPerSecond ? PER_SECOND[unit] : DIMENSION[unit]) ?? []);
}

/** The unit of the value that `aggregateOf` gives. */
export function resultUnit(
  kind: MetricKind,
  unit: MetricUnit,
  aggregate: Aggregate,
): MetricUnit | 'per-second' {
  if (aggregate === 'rate' || aggregate === 'slope') {
    if (unit === 'count') return 'ops/s';
    return unit === 'bytes' ? 'bytes/s' : 'per-second';
  }
  return aggregate === 'count' && kind !== 'counter' ? 'count' : unit;
}
