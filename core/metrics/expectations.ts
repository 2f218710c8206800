/**
 * What simulators promised, held against what was counted: planned actors with their expectations and the run's
 * accumulator go in; for each check a sentence of what held and of what did not comes out. The trust checks read them.
 */
import { formatNumber, formatQuantity } from '../base/units.js';
import type { Dimension } from '../base/units.js';
import type { Expectation, FigureExpectation } from '../contract/expectation.js';
import type { MetricUnit, Point } from '../contract/metrics.js';
import type { PlannedActor } from '../contract/plan.js';
import type { RunAccumulator } from './accumulate.js';
import type { ActorOperations } from './operation-totals.js';
import { joinPoints, mergePoints } from './points.js';

/** A mix is kept within so much of each share. */
const MIX_TOLERANCE = 0.01;
/** Chance alone goes beyond in 6 of 100,000 cases. */
const STANDARD_ERRORS = 4;
/** What a sum of bytes may be off by: rounding of doubles. */
const ROUNDING = 1e-9;

/** One thing that was held against a promise. Null: there is nothing to hold it against. */
export interface Held {
  readonly check: string;
  readonly ok: boolean | null;
  readonly detail: string;
}

/** All that this actor promised, but for which kinds of operation there are. */
export function holdExpectations(
  actor: PlannedActor,
  operations: ActorOperations,
  accumulator: RunAccumulator,
): Held[] {
  return (actor.expects ?? []).flatMap((expectation): Held[] => {
    switch (expectation.kind) {
      case 'operations':
        return [];
      case 'bytes':
        return [holdBytes(expectation, operations, actor)];
      case 'mix':
        return [holdMix(expectation, operations, actor)];
      case 'figure':
        return [holdFigure(expectation, operations, actor, accumulator)];
    }
  });
}

function holdBytes(
  { operation, min, max }: Expectation & { kind: 'bytes' },
  { kinds }: ActorOperations,
  { name }: PlannedActor,
): Held {
  const check = 'bytes-match';
  const { done, failed, bytes } = kinds.get(operation) ?? { done: 0, failed: 0, bytes: 0 };
  const good = done - failed;
  if (good <= 0) return { check, ok: null, detail: `${name} ${operation}: none` };
  const each = bytes / good;
  const size = (amount: number): string => formatQuantity(amount, 'bytes');
  const wanted = min === max ? size(min) : `${size(min)} to ${size(max)}`;
  const ok = each >= min * (1 - ROUNDING) && each <= max * (1 + ROUNDING);
  return { check, ok, detail: `${name} ${operation}: ${size(each)} an operation of ${wanted}` };
}

function holdMix(
  { shares }: Expectation & { kind: 'mix' },
  { kinds, done }: ActorOperations,
  { name }: PlannedActor,
): Held {
  const check = 'mix';
  if (done === 0) return { check, ok: null, detail: `${name}: no operation` };
  const names = [...new Set([...Object.keys(shares), ...kinds.keys()])];
  let ok = true;
  const parts = names.map((kind) => {
    const wanted = shares[kind] ?? 0;
    const seen = (kinds.get(kind)?.done ?? 0) / done;
    ok &&= Math.abs(seen - wanted) <= Math.max(MIX_TOLERANCE, chance(wanted, done));
    return `${kind} ${percent(seen)} of ${percent(wanted)}`;
  });
  return { check, ok, detail: `${name}: ${parts.join(', ')}` };
}

function holdFigure(
  { check, metric, min, max, near, within = 0 }: FigureExpectation,
  operations: ActorOperations,
  actor: PlannedActor,
  accumulator: RunAccumulator,
): Held {
  const of = (name: string): Figure | null => figureOf(`${actor.simulator}.${name}`, actor.name, accumulator);
  const name = `${actor.name} ${metric}`;
  const figure = of(metric);
  const wanted = typeof near === 'object' ? (of(near.metric)?.value ?? null) : near;
  if (figure === null || wanted === null) {
    const hasWorked = operations.done > 0 || actor.operations.length === 0;
    const lacking = figure === null || typeof near !== 'object' ? metric : near.metric;
    return { check, ok: hasWorked ? false : null, detail: `${name}: ${lacking} was promised and never told` };
  }
  const { value, unit, marks } = figure;
  const slack = (bound: number): number => (marks === null ? 0 : chance(bound, marks));
  const say = (amount: number): string => quantity(amount, unit);
  const broken: string[] = [];
  if (min !== undefined && value < min - slack(min)) broken.push(`at least ${say(min)} promised`);
  if (max !== undefined && value > max + slack(max)) broken.push(`at most ${say(max)} promised`);
  if (wanted !== undefined && Math.abs(value - wanted) > Math.max(within, slack(wanted)))
    broken.push(`${say(wanted)} ± ${say(within)} promised`);
  const promise = broken.length > 0 ? `, ${broken.join(', ')}` : '';
  return { check, ok: broken.length === 0, detail: `${name}: ${say(value)}${promise}` };
}

/** So far a share that was drawn n times may stand from its probability. */
function chance(share: number, n: number): number {
  const p = Math.min(1, Math.max(0, share));
  // The add-one keeps a share of 0 or 1 from having no chance at all with few draws.
  return STANDARD_ERRORS * Math.sqrt((p * (1 - p)) / n) + 1 / n;
}

interface Figure {
  readonly value: number;
  readonly unit: MetricUnit;
  /** Of a ratio. */
  readonly marks: number | null;
}

/** One number for a metric of an actor over the whole run, whatever was measured; null without data. */
function figureOf(metric: string, actor: string, accumulator: RunAccumulator): Figure | null {
  let sum: Point | null = null;
  const across = accumulator.acrossOf(metric);
  for (const phase of accumulator.phaseTotals) {
    let here: Point | null = null;
    for (const series of phase.series.values()) {
      if (series.metric !== metric || series.tags['actor'] !== actor) continue;
      const { point } = series.total.total();
      here = here === null ? point : mergePoints(here, point, across);
    }
    if (here !== null) sum = sum === null ? here : joinPoints(sum, here);
  }
  if (sum === null) return null;
  const value = valueOf(sum);
  if (value === null) return null;
  const marks = sum.kind === 'ratio' ? sum.total : null;
  return { value, unit: accumulator.unitOf(metric, { actor }), marks };
}

function valueOf(point: Point): number | null {
  switch (point.kind) {
    case 'counter':
      return point.count;
    case 'gauge':
      return point.last;
    case 'ratio':
      return point.total > 0 ? point.hits / point.total : null;
    case 'trend':
      return point.count > 0 ? point.sum / point.count : null;
  }
}

const DIMENSIONS: Partial<Readonly<Record<MetricUnit, Dimension>>> = { ns: 'time', bytes: 'bytes' };

function quantity(amount: number, unit: MetricUnit): string {
  if (unit === 'share') return percent(amount);
  const dimension = DIMENSIONS[unit];
  return dimension === undefined ? formatNumber(amount) : formatQuantity(amount, dimension);
}

function percent(share: number): string {
  return `${formatNumber(share * 100)} %`;
}
