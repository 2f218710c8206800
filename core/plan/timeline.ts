/**
 * An actor's timeline as the words that its instances read: phases of the plan enter, a shared buffer in the
 * layout of contract/control-block.ts leaves. Agents call it when they load an actor,
 * when the run starts, when phases move and when a search takes its next step.
 */
import { assert } from '../base/assert.js';
import { MS } from '../base/clock.js';
import type { TimelineView } from '../contract/control-block.js';
import { openTimeline, PIECE_WORDS, PIECES_MAX, timelineBytes } from '../contract/control-block.js';
import type { Piece, PlannedPhase } from '../contract/plan.js';

/** Start instants are NaN until setStarts: a reader that is early asks for nothing. */
export function makeTimeline(phases: readonly PlannedPhase[], actor: string): TimelineView {
  const load = phases.map((phase) => (Object.hasOwn(phase.load, actor) ? (phase.load[actor] ?? []) : []));
  const kept = phases.map(({ search }) => (search?.actor === actor ? searchPieces(search.stepsMax) : 0));
  const count = load.reduce((sum, pieces, i) => sum + Math.max(pieces.length, kept[i] ?? 0), 0);
  assert(count <= PIECES_MAX, `the plan bounds the pieces of ${actor}`);
  const buffer = new SharedArrayBuffer(timelineBytes(phases.length, count));
  new Float64Array(buffer, 0, 1)[0] = phases.length;
  const view = openTimeline(buffer);
  view.starts.fill(Number.NaN);
  let next = 0;
  for (const [index, pieces] of load.entries()) {
    view.firstPiece[index] = next;
    view.sharing[index] = phases[index]?.instances?.[actor] ?? 0;
    for (const { startMs, endMs, from, to } of pieces) {
      view.pieces.set([startMs * MS, endMs * MS, from, to], PIECE_WORDS * next++);
    }
    for (let left = (kept[index] ?? 0) - pieces.length; left > 0; left--) {
      view.pieces.set([Infinity, Infinity, NaN, NaN], PIECE_WORDS * next++);
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

/** Every step may be followed by a rest. */
export function searchPieces(stepsMax: number): number {
  return 2 * stepsMax;
}

/**
 * Sets all pieces that a search has come to in its phase; saying the same again changes nothing. What is new begins in
 * the future, so whoever reads meanwhile finds the past as it was. The caller raises `go` afterwards.
 */
export function setPieces(view: TimelineView, phase: number, pieces: readonly Piece[]): void {
  const first = view.firstPiece[phase] ?? 0;
  const room = (view.firstPiece[phase + 1] ?? 0) - first;
  assert(pieces.length <= room, 'the plan bounds the steps of a search');
  for (const [index, { startMs, endMs, from, to }] of pieces.entries()) {
    const at = PIECE_WORDS * (first + index);
    view.pieces.set([endMs * MS, from, to], at + 1);
    view.pieces[at] = startMs * MS; // last: until then the piece is not there
  }
  view.edits[0] = (view.edits[0] ?? 0) + 1;
}
