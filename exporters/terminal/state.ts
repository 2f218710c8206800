/**
 * What the screen knows of the run: windows and events go in, the figures of now are read by live and plain. Uses
 * nothing but the exporter contract, so that any exporter could draw the same.
 */
import type { SafetyState } from '../../core/base/sentences.js';
import { SAFETY_STATES } from '../../core/base/sentences.js';
import type { RunEvent } from '../../core/contract/events.js';
import type { Point, SeriesPoint, Window } from '../../core/contract/metrics.js';
import type { Plan, PlannedActor, PlannedLimit } from '../../core/contract/plan.js';

/** Columns of a sparkline. */
const HISTORY = 6;

export interface ActorNow {
  readonly actor: PlannedActor;
  /** In the unit that `heldUnit` says; null: not measured (yet). */
  readonly asked: number | null;
  readonly held: number | null;
  /** What these may be at most, in the same unit; null for a growth, whose peak is a speed. */
  readonly whole: number | null;
  /** What was held in the last windows, as shares of that, or of the most among them. */
  readonly history: readonly number[];
}

export interface LimitNow {
  readonly sensor: string;
  readonly unit: string;
  readonly value: number;
  /** The next action, and the reading at which it comes. */
  readonly action: string;
  readonly bound: number;
  /** Distance to it, in the sensor's unit (0: beyond) and as a share of the reading or of the bound. */
  readonly room: number;
  readonly share: number;
}

export class RunState {
  readonly plan: Plan;
  #window: Window | null = null;
  #histories = new Map<string, number[]>();
  safety: SafetyState = 'ok';
  /** Null before the start instant. */
  phaseIndex: number | null = null;
  agentsReady = 0;
  /** Why the run is ending, once it is. */
  stopping: string | null = null;

  constructor(plan: Plan) {
    this.plan = plan;
  }

  get window(): Window | null {
    return this.#window;
  }

  onWindow(window: Window): void {
    this.#window = window;
    for (const actor of this.plan.actors) {
      const held = heldIn(window, actor);
      if (held === null) continue;
      const history = this.#histories.get(actor.name) ?? [];
      this.#histories.set(actor.name, [...history, held].slice(-HISTORY));
    }
    const state = valueOf(seriesOf(window, 'safety.state')[0]?.point);
    if (state !== null) this.safety = SAFETY_STATES[state] ?? this.safety;
  }

  onEvent(event: RunEvent): void {
    if (event.type === 'agent.ready') this.agentsReady++;
    if (event.type === 'phase.started') this.phaseIndex = event.phaseIndex;
    if (event.type === 'safety.action') this.safety = event.to;
    if (event.type === 'run.stopping') this.stopping = event.reason;
  }

  actors(): ActorNow[] {
    return this.plan.actors.map((actor) => {
      const whole = actor.control === 'growth' ? null : actor.peak.amount;
      const history = this.#histories.get(actor.name) ?? [];
      const most = whole ?? Math.max(1, ...history);
      return {
        actor,
        asked: this.#window && sum(seriesOf(this.#window, 'actor.asked', actor.name)),
        held: this.#window && heldIn(this.#window, actor),
        whole,
        history: history.map((held) => held / most),
      };
    });
  }

  /** Limits that have a reading, nearest first. */
  limits(): LimitNow[] {
    const window = this.#window;
    if (window === null) return [];
    return this.plan.safety.limits
      .flatMap((limit) => {
        const value = valueOf(seriesOf(window, limit.sensor)[0]?.point);
        return value === null ? [] : (nextAction(limit, value) ?? []);
      })
      .sort((a, b) => a.share - b.share);
  }

  /** The reading of a metric in the last window, worst for a trend; null without one. */
  now(metric: string, actor?: string): number | null {
    return this.#window && valueOf(seriesOf(this.#window, metric, actor)[0]?.point);
  }
}

function seriesOf(window: Window, metric: string, actor?: string): SeriesPoint[] {
  return window.series.filter(
    (each) => each.metric === metric && (actor === undefined || each.tags['actor'] === actor),
  );
}

function valueOf(point: Point | undefined): number | null {
  switch (point?.kind) {
    case undefined:
      return null;
    case 'gauge':
      return point.last;
    case 'trend':
      return point.count > 0 ? point.max : null;
    case 'counter':
      return point.count;
    case 'ratio':
      return point.total > 0 ? point.hits / point.total : null;
  }
}

/** What the actor really holds or does; of a rate, the operations done a second. */
function heldIn(window: Window, { name, unit }: PlannedActor): number | null {
  const held = sum(seriesOf(window, 'actor.held', name));
  if (held !== null || unit !== 'ops/s') return held;
  const done = seriesOf(window, 'op.count', name);
  if (done.length === 0) return null;
  const count = done.reduce((total, { point }) => total + (point.kind === 'counter' ? point.count : 0), 0);
  return count / ((window.endMs - window.startMs) / 1000);
}

function sum(series: readonly SeriesPoint[]): number | null {
  const gauges = series.flatMap(({ point }) => (point.kind === 'gauge' ? [point.avg] : []));
  return gauges.length === 0 ? null : gauges.reduce((a, b) => a + b, 0);
}

/** The mildest action that is still ahead (a warning acts on nothing); when none is, the harshest, with no room. */
function nextAction({ sensor, unit, triggers }: PlannedLimit, value: number): LimitNow | null {
  const acting = triggers
    .filter(({ action }) => action !== 'warn')
    .sort((a, b) => SAFETY_STATES.indexOf(a.action) - SAFETY_STATES.indexOf(b.action));
  const roomTo = (operator: '<' | '>', bound: number): number =>
    operator === '<' ? value - bound : bound - value;
  const next = acting.find(({ operator, bound }) => roomTo(operator, bound) > 0) ?? acting.at(-1);
  if (next === undefined) return null;
  const room = Math.max(0, roomTo(next.operator, next.bound));
  const whole = Math.abs(next.operator === '<' ? value : next.bound);
  const share = whole > 0 ? Math.min(1, room / whole) : 0;
  return { sensor, unit, value, action: next.action, bound: next.bound, room, share };
}
