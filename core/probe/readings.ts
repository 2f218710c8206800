/**
 * What probes have said since they began, for a condition that is to hold before there are windows: the recorders of
 * the probes in, one figure for a selector out. Reads them in place of a frame builder of the run, never beside one.
 */
import { nowNs } from '../base/clock.js';
import type { Assertion, Selector } from '../base/sentences.js';
import { MS } from '../base/clock.js';
import type { FrameSeries } from '../contract/messages.js';
import type { Point } from '../contract/metrics.js';
import { aggregateOf } from '../metrics/aggregate.js';
import { compare, fixedBound } from '../metrics/compare.js';
import type { FrameGroup } from '../metrics/frame-builder.js';
import { FrameBuilder } from '../metrics/frame-builder.js';
import { matches } from '../metrics/selector.js';
import type { Increase } from '../metrics/source-state.js';
import { SourceState } from '../metrics/source-state.js';
import { SeriesTotal, sideBySide } from '../metrics/totals.js';

interface Known {
  readonly series: FrameSeries;
  readonly total: SeriesTotal;
}

export class Readings {
  readonly #builder = new FrameBuilder();
  readonly #state = new SourceState();
  readonly #known = new Map<number, Known>();
  readonly #sinceNs = nowNs();
  #turn = 0;
  #holdsSinceNs: number | null = null;

  constructor(groups: readonly FrameGroup[]) {
    for (const group of groups) this.#builder.add(group);
  }

  /** True when the assertion holds for all that was read so far, and has for as long as it asks. */
  hold(selector: Selector, { aggregate, operator, operand, forMs = 0 }: Assertion): boolean {
    this.#read();
    const value = this.#value(selector, aggregate);
    const bound = fixedBound(operand);
    if (value === null || bound === null || !compare(value, operator, bound)) {
      this.#holdsSinceNs = null;
      return false;
    }
    this.#holdsSinceNs ??= nowNs();
    return nowNs() - this.#holdsSinceNs >= forMs * MS;
  }

  /** Null: nothing to tell yet. */
  #value(selector: Selector, aggregate: Assertion['aggregate']): number | null {
    const found = [...this.#known.values()].filter(({ series }) =>
      matches(selector, series.metric, series.tags),
    );
    const [first] = found;
    if (first === undefined) return null;
    const total = sideBySide(
      found.map((known) => known.total.total()),
      'min',
    );
    const spanMs = (nowNs() - this.#sinceNs) / MS;
    return aggregateOf(total, aggregate, { spanMs, unit: first.series.unit });
  }

  #read(): void {
    const toNs = nowNs();
    const frame = this.#builder.build({ window: this.#turn++, fromNs: this.#sinceNs, toNs });
    if (frame === null) return;
    this.#builder.ack(frame.seq);
    this.#state.apply(frame, (series, increase) => this.#include(series, increase));
  }

  #include(series: FrameSeries, increase: Increase): void {
    let known = this.#known.get(series.id);
    if (known === undefined) {
      known = { series, total: new SeriesTotal(increase.kind) };
      this.#known.set(series.id, known);
    }
    known.total.add(pointOf(increase), (nowNs() - this.#sinceNs) / MS);
  }
}

function pointOf(increase: Increase): Point {
  if (increase.kind !== 'gauge') return increase;
  const { integral, coveredNs, last, min, max } = increase;
  return { kind: 'gauge', avg: integral / coveredNs, min, max, last, coveredNs };
}
