/**
 * Single lines about a run: an event or the state in, one line out. The live screen prints the noteworthy events
 * above itself; without a live screen the plain lines are all there is until the summary.
 */
import { formatClock } from '../../core/base/units.js';
import type { RunEvent } from '../../core/contract/events.js';
import type { Piece, Plan } from '../../core/contract/plan.js';
import { heldUnit } from '../../core/contract/plan.js';
import type { RunState } from './state.js';
import { formatOf, formatValue, printable, phaseTitle } from './text.js';

/** What a person should see when it happens; null for what the record alone keeps. */
export function eventLine(event: RunEvent): string | null {
  const text = describe(event);
  return text === null ? null : ` ${formatClock(event.atMs)} ${printable(text)}`;
}

function describe(event: RunEvent): string | null {
  switch (event.type) {
    case 'run.stopping':
      return event.cause === 'completed' ? null : `stopping: ${event.reason}`;
    case 'agent.lost':
      return `agent ${event.agent} is gone (${event.cause}); it ran ${event.actors.join(', ')}`;
    case 'agent.output':
      return `${event.agent}: ${event.text}`;
    case 'actor.failed':
      return `actor ${event.actor} failed${event.method === null ? '' : ` in ${event.method}`}: ${event.reason}`;
    case 'actor.stuck':
      return `actor ${event.actor} is stuck in ${event.method}, silent for ${formatValue(event.silentMs * 1e6, 'ns')}`;
    case 'actor.unleased':
      return `${event.actors.join(', ')} took ${event.resource} without a lease: ${formatValue(event.grown, event.resource === 'memory' ? 'bytes' : 'count')} more than before`;
    case 'actor.log':
      return event.level === 'debug' ? null : `${event.actor}: ${event.message}`;
    case 'probe.log':
      return event.level === 'debug' ? null : `probe ${event.probe}: ${event.message}`;
    case 'target.output':
      return `target: ${event.text}`;
    case 'target.ready':
      return `target ready after ${formatValue(event.tookMs * 1e6, 'ns')}`;
    case 'target.ended':
      return event.wasAsked ? null : `target ended: ${event.cause}`;
    case 'search.step':
    case 'search.ended':
      return event.text;
    case 'stop.rung':
      return event.rung === 'terminate' || event.rung === 'kill'
        ? `${event.rung} ${event.agent}: ${event.detail}`
        : null;
    case 'safety.action':
      return `safety ${event.from} -> ${event.to}: ${safetyReason(event)} · ${event.effect}`;
    case 'lease.denied':
      return `${event.actor} waits for ${event.resource}: ${event.limit} grants no more now`;
    case 'person.scaled':
      return `load scaled to ${formatValue(event.scale, 'share')} by hand`;
    case 'exporter.failed':
      return `exporter ${event.exporter}: ${event.reason}`;
    case 'note':
      return event.message;
    default:
      return null;
  }
}

function safetyReason(event: RunEvent & { type: 'safety.action' }): string {
  const { limit, value, bound, unit, source } = event;
  return `${limit} ${formatValue(value, unit)}, limit ${formatValue(bound, unit)} (${source})`;
}

/** One line at the start of a phase: its length, and what each actor is asked. */
export function phaseLine(plan: Plan, phaseIndex: number, atMs: number): string | null {
  const phase = plan.phases[phaseIndex];
  if (phase === undefined) return null;
  const loads = Object.entries(phase.load).map(([actor, pieces]) =>
    phase.search?.actor === actor ? `${actor} searched` : `${actor} ${levels(pieces)}`,
  );
  const load = loads.length > 0 ? loads.join(', ') : 'no load';
  const measured = phase.measure ? '' : ', not measured';
  return ` ${formatClock(atMs)} ${phaseTitle(phase)} (${formatClock(phase.durationMs)}${measured}): ${load}`;
}

function levels(pieces: readonly Piece[]): string {
  const ends = pieces.flatMap(({ from, to }) => [from, to]);
  const [first, last] = [ends[0] ?? 0, ends.at(-1) ?? 0];
  const share = (level: number): string => formatValue(level, 'share');
  const isStraight = ends.every((level) => level >= Math.min(first, last) && level <= Math.max(first, last));
  if (!isStraight) return `${share(Math.min(...ends))} to ${share(Math.max(...ends))}`;
  return first === last ? share(first) : `${share(first)} -> ${share(last)}`;
}

/** One line of figures: asked, achieved, the nearest limit, the state of the gate. */
export function stateLine(state: RunState, atMs: number): string {
  const actors = state.actors().flatMap(({ actor, asked, held, whole }) => {
    if (held === null) return [];
    const unit = heldUnit(actor);
    const of = whole === null ? formatValue(held, unit) : formatOf(held, whole, unit);
    return [`${actor.name} ${of}${asked === null ? '' : ` (asked ${formatValue(asked, unit)})`}`];
  });
  const [nearest] = state.limits();
  const limit = nearest && [
    `${nearest.sensor} ${formatValue(nearest.value, nearest.unit)}, ` +
      `${nearest.action} at ${formatValue(nearest.bound, nearest.unit)}`,
  ];
  const phase = state.window?.phase ?? '';
  return ` ${formatClock(atMs)} ${[phase, ...actors, ...(limit ?? []), `safety ${state.safety}`].join(' · ')}`;
}
