/**
 * An actor's timeline as the words that its instances read: phases of the plan enter, a shared buffer in the
 * layout of contract/control-block.ts leaves. Agents call it when they load an actor,
 * when the run starts and when phases move.
 */
import { assert } from '../base/assert.js';
import { MS } from '../base/clock.js';
import type { TimelineView } from '../contract/control-block.js';
import { openTimeline, PIECE_WORDS, PIECES_MAX, timelineBytes } from '../contract/control-block.js';
import type { PlannedPhase } from '../contract/plan.js';

/** Start instants are NaN until setStarts: a reader that is early asks for nothing. */
export function makeTimeline(phases: readonly PlannedPhase[], actor: string): TimelineView {
  const load = phases.map((phase) => (Object.hasOwn(phase.load, actor) ? (phase.load[actor] ?? []) : []));
  const count = load.reduce((sum, pieces) => sum + pieces.length, 0);
  assert(count <= PIECES_MAX, `the plan bounds the pieces of ${actor}`);
  const buffer = new SharedArrayBuffer(timelineBytes(phases.length, count));
  new Float64Array(buffer, 0, 1)[0] = phases.length;
  const view = openTimeline(buffer);
  view.starts.fill(Number.NaN);
  let next = 0;
  for (const [index, pieces] of load.entries()) {
    view.firstPiece[index] = next;
    for (const { startMs, endMs, from, to } of pieces) {
      view.pieces.set([startMs * MS, endMs * MS, from, to], PIECE_WORDS * next++);
    }
  }
  view.firstPiece[phases.length] = next;
  return view;
}

/**
 * Sets the start instant of each phase and of the end, and again when phases have moved. They only ever move up, and
 * are written in order, so that whoever reads meanwhile finds instants that ascend. The caller raises `go` afterwards.
 */
export function setStarts(view: TimelineView, startsNs: readonly number[]): void {
  assert(startsNs.length === view.phases + 1, 'a start for each phase, and the end');
  for (const [index, startNs] of startsNs.entries()) view.starts[index] = startNs;
}
