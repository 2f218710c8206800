/** Timelines for tests of the thread side. */
import type { TimelineView } from '../../../core/contract/control-block.js';
import type { Piece } from '../../../core/contract/plan.js';
import { PhaseClock } from '../../../core/plan/clock.js';
import { makeTimeline, setStarts } from '../../../core/plan/timeline.js';
import { phasesOf } from '../../support/agent-harness.js';

export const MS = 1e6;
/** The start instant of these timelines. */
export const START_NS = 5_000 * MS;

export const line = (startMs: number, endMs: number, from: number, to: number = from): Piece => ({
  startMs,
  endMs,
  from,
  to,
});

/** One phase for each list of pieces, as long as its last piece ends; an empty list with a length is an idle phase. */
export function timelineOf(...phases: (readonly Piece[] | number)[]): TimelineView {
  const planned = phasesOf(
    ...phases.map((phase, index) =>
      typeof phase === 'number'
        ? { name: `p${index}`, durationMs: phase, load: {} }
        : { name: `p${index}`, durationMs: phase[phase.length - 1]!.endMs, load: { a: [...phase] } },
    ),
  );
  const view = makeTimeline(planned, 'a');
  setStarts(view, new PhaseClock(planned, 1000).startsNs(START_NS));
  return view;
}
