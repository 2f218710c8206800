/**
 * The safety gate: readings and an instant in, changes of state and the tick rate out. It knows no sensor, clock or
 * process, so that every run of it can be repeated; the guard thread feeds it and carries out what it decides.
 */
import { must } from '../base/assert.js';
import { MS, SECOND } from '../base/clock.js';
import type { SafetyState } from '../base/sentences.js';
import { SAFETY_STATES } from '../base/sentences.js';
import type { MetricUnit } from '../contract/metrics.js';
import type { PlannedLimit, PlannedTrigger } from '../contract/plan.js';
import { SENSORS } from './sensor-table.js';
import { Trail } from './trail.js';

/** An action is taken back only when the reading has been back, by the margin, for so long. */
export const CLEAR_HOLD_NS = 10 * SECOND;
/** "Back", for stocks: so many points of the total beyond the bound. */
export const CLEAR_POINTS = 0.05;
/** "Back", for what has no total (pressure, temperature, lateness): this part of the bound. */
export const CLEAR_SHARE_OF_BOUND = 0.05;
/** A stock that reaches its stop bound sooner than this is throttled early. */
export const LOOK_AHEAD_NS = 500 * MS;
/** A limit is near when its next bound is this close in time … */
export const NEAR_NS = 2 * SECOND;
/** … or this close in points of the total. */
export const NEAR_POINTS = 0.02;
/** Below this part of the total a move between ticks is noise, not a trend. */
export const MOVING_SHARE = 0.002;
export const FAR_HZ = 10;
export const NEAR_HZ = 50;

/** What the orchestrator multiplies the level of the endangering actors with. */
export const SCALE_OF: Readonly<Record<SafetyState, number>> = {
  ok: 1,
  warn: 1,
  throttle: 0.5,
  pause: 0,
  stop: 0,
  kill: 0,
};

export interface GateChange {
  /** The sensor whose limit changed. */
  readonly limit: string;
  readonly from: SafetyState;
  readonly to: SafetyState;
  readonly value: number;
  /** Of the trigger that decided; when it eases, of the one that had. */
  readonly bound: number;
  readonly unit: MetricUnit;
  readonly source: 'profile' | 'scenario' | 'look-ahead';
}

export interface GateStep {
  /** The worst of all limits. */
  readonly state: SafetyState;
  readonly changes: readonly GateChange[];
  readonly tickHz: number;
  /** Sensors whose limits are near: those to look at at the fast rate. */
  readonly near: readonly string[];
}

interface TriggerState {
  readonly trigger: PlannedTrigger;
  readonly source: GateChange['source'];
  readonly severity: number;
  beyondSinceNs: number | null;
  backSinceNs: number | null;
  isActive: boolean;
}

interface LimitState {
  readonly limit: PlannedLimit;
  readonly total: number | null;
  readonly triggers: readonly TriggerState[];
  /** Throttles early; only stocks that have a stop or kill bound. */
  readonly ahead: TriggerState | null;
  readonly trail: Trail;
  /** By the newest reading. */
  isNear: boolean;
  state: SafetyState;
  /** The trigger that gave the state, kept for the change that ends it. */
  decidedBy: TriggerState | null;
}

export interface GateOptions {
  readonly limits: readonly PlannedLimit[];
  /** 100 % of the sensors in bytes. */
  readonly totalBytes: number;
  /** Default CLEAR_HOLD_NS. */
  readonly clearHoldNs?: number;
}

export class Gate {
  readonly #limits: readonly LimitState[];
  readonly #clearHoldNs: number;

  constructor(options: GateOptions) {
    this.#clearHoldNs = options.clearHoldNs ?? CLEAR_HOLD_NS;
    this.#limits = options.limits.map((limit) => stateOf(limit, options.totalBytes));
  }

  /** @param read a new reading of a sensor, null when there is none: its limit then stays as it is. */
  step(nowNs: number, read: (sensor: string) => number | null): GateStep {
    const changes: GateChange[] = [];
    const near: string[] = [];
    let worst = 0;
    for (const limit of this.#limits) {
      const value = read(limit.limit.sensor);
      if (value !== null && Number.isFinite(value)) {
        const change = advance(limit, nowNs, value, this.#clearHoldNs);
        if (change !== null) changes.push(change);
        limit.isNear = nears(limit, value);
      }
      if (limit.isNear) near.push(limit.limit.sensor);
      worst = Math.max(worst, SAFETY_STATES.indexOf(limit.state));
    }
    const state = must(SAFETY_STATES[worst], 'state');
    return { state, changes, tickHz: near.length > 0 ? NEAR_HZ : FAR_HZ, near };
  }
}

function stateOf(limit: PlannedLimit, totalBytes: number): LimitState {
  const isStock = SENSORS[limit.sensor]?.isStock === true;
  const stop =
    limit.triggers.find((t) => t.action === 'stop') ?? limit.triggers.find((t) => t.action === 'kill');
  return {
    limit,
    total: !isStock ? null : limit.unit === 'bytes' ? totalBytes : 1,
    triggers: limit.triggers.map((trigger) => triggerState(trigger, trigger.source)),
    ahead:
      isStock && stop !== undefined
        ? triggerState({ ...stop, action: 'throttle', forMs: 0 }, 'look-ahead')
        : null,
    trail: new Trail(),
    isNear: false,
    state: 'ok',
    decidedBy: null,
  };
}

function triggerState(trigger: PlannedTrigger, source: GateChange['source']): TriggerState {
  const severity = SAFETY_STATES.indexOf(trigger.action);
  return { trigger, source, severity, beyondSinceNs: null, backSinceNs: null, isActive: false };
}

function advance(limit: LimitState, nowNs: number, value: number, clearHoldNs: number): GateChange | null {
  limit.trail.add(nowNs, value);
  for (const trigger of limit.triggers) {
    const { operator, bound } = trigger.trigger;
    const isBeyond = operator === '<' ? value < bound : value > bound;
    move(trigger, { nowNs, isBeyond, isBack: isBack(limit, trigger.trigger, value), clearHoldNs });
  }
  if (limit.ahead !== null) {
    const leftNs = timeToNs(limit, limit.ahead.trigger, value);
    const isBeyond = leftNs < LOOK_AHEAD_NS;
    move(limit.ahead, { nowNs, isBeyond, isBack: !isBeyond, clearHoldNs });
  }
  return settle(limit, value);
}

interface Look {
  readonly nowNs: number;
  readonly isBeyond: boolean;
  readonly isBack: boolean;
  readonly clearHoldNs: number;
}

/** Up as soon as the hold time is over; down only after the clear hold back; stop and kill never come down. */
function move(state: TriggerState, { nowNs, isBeyond, isBack, clearHoldNs }: Look): void {
  if (isBeyond) state.beyondSinceNs ??= nowNs;
  else state.beyondSinceNs = null;
  if (state.isActive) {
    if (state.severity >= SAFETY_STATES.indexOf('stop')) return;
    if (!isBack) state.backSinceNs = null;
    else state.backSinceNs ??= nowNs;
    if (state.backSinceNs !== null && nowNs - state.backSinceNs >= clearHoldNs) state.isActive = false;
  } else if (state.beyondSinceNs !== null && nowNs - state.beyondSinceNs >= state.trigger.forMs * MS) {
    state.isActive = true;
    state.backSinceNs = null;
  }
}

function isBack(limit: LimitState, { operator, bound }: PlannedTrigger, value: number): boolean {
  // Where less room than the margin is left on the safe side, half of that room must do.
  const room = limit.total === null ? Infinity : operator === '<' ? limit.total - bound : bound;
  const wanted = limit.total === null ? Math.abs(bound) * CLEAR_SHARE_OF_BOUND : limit.total * CLEAR_POINTS;
  const margin = Math.min(wanted, Math.max(0, room) / 2);
  return operator === '<' ? value >= bound + margin : value <= bound - margin;
}

/** The most severe active trigger gives the limit's state; between equals a bound that was crossed tells more. */
function settle(limit: LimitState, value: number): GateChange | null {
  let winner: TriggerState | null = null;
  for (const trigger of limit.ahead === null ? limit.triggers : [...limit.triggers, limit.ahead]) {
    if (trigger.isActive && trigger.severity > (winner?.severity ?? 0)) winner = trigger;
  }
  const to = winner?.trigger.action ?? 'ok';
  if (to === limit.state) return null;
  const from = limit.state;
  const eases = (winner?.severity ?? 0) < SAFETY_STATES.indexOf(from);
  const teller = must(eases ? limit.decidedBy : winner, 'deciding trigger');
  [limit.state, limit.decidedBy] = [to, winner];
  const { sensor, unit } = limit.limit;
  return { limit: sensor, from, to, value, bound: teller.trigger.bound, unit, source: teller.source };
}

/** Until the bound is reached at the present speed; Infinity when at rest or moving away; 0 when beyond. */
function timeToNs(limit: LimitState, { operator, bound }: PlannedTrigger, value: number): number {
  const left = operator === '<' ? value - bound : bound - value;
  if (left <= 0) return 0;
  const speed = limit.trail.speedTowards(operator, (limit.total ?? 1) * MOVING_SHARE);
  return speed > 0 ? left / speed : Infinity;
}

function nears(limit: LimitState, value: number): boolean {
  return limit.triggers.some(({ trigger, isActive }) => {
    if (trigger.action === 'warn' || isActive) return false;
    const left = trigger.operator === '<' ? value - trigger.bound : trigger.bound - value;
    const small =
      limit.total === null ? Math.abs(trigger.bound) * CLEAR_SHARE_OF_BOUND : limit.total * NEAR_POINTS;
    return left < small || (limit.total !== null && timeToNs(limit, trigger, value) < NEAR_NS);
  });
}
