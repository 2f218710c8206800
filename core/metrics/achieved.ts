/**
 * The derived series `actor.achieved`: what was done of what was asked, for each actor in one window. Points of
 * the window in, points to add to it out; called by the window store when it closes a window.
 */
import type { SeriesPoint } from '../contract/metrics.js';
import type { PlannedActor } from '../contract/plan.js';

interface Told {
  asked?: SeriesPoint['point'] & { kind: 'gauge' };
  held?: SeriesPoint['point'] & { kind: 'gauge' };
  done: number;
  due: number;
}

/**
 * Held over asked (averages weighted by time) for amounts, growth and concurrency; operations done over due for rates, where
 * due is what the arrival process drew. Where nothing was asked there is no point: nothing asked is no data.
 */
export function achievedPoints(
  actors: readonly Pick<PlannedActor, 'name' | 'control'>[],
  series: readonly SeriesPoint[],
  windowNs: number,
): SeriesPoint[] {
  const told = collect(series);
  const points: SeriesPoint[] = [];
  for (const { name, control } of actors) {
    const of = told.get(name);
    if (of === undefined) continue;
    const share = control === 'rate' ? ofRate(of) : control === 'switch' ? null : ofAmount(of);
    if (share === null) continue;
    const { avg, last } = share;
    // One value a window, so that its extremes over a phase are those of closed windows.
    const point = {
      kind: 'gauge',
      avg,
      min: avg,
      max: avg,
      last,
      coveredNs: of.asked?.coveredNs ?? windowNs,
    } as const;
    points.push({ metric: 'actor.achieved', tags: { actor: name }, point });
  }
  return points;
}

function collect(series: readonly SeriesPoint[]): Map<string, Told> {
  const told = new Map<string, Told>();
  for (const { metric, tags, point } of series) {
    const actor = tags['actor'];
    if (actor === undefined) continue;
    const of = told.get(actor) ?? { done: 0, due: 0 };
    if (metric === 'actor.asked' && point.kind === 'gauge') of.asked = point;
    else if (metric === 'actor.held' && point.kind === 'gauge') of.held = point;
    else if (metric === 'op.count' && point.kind === 'counter') of.done += point.count;
    else if (metric === 'op.due' && point.kind === 'counter') of.due += point.count;
    else continue;
    told.set(actor, of);
  }
  return told;
}

function ofRate({ done, due }: Told): { avg: number; last: number } | null {
  return due > 0 ? { avg: done / due, last: done / due } : null;
}

function ofAmount({ asked, held }: Told): { avg: number; last: number } | null {
  if (asked === undefined || asked.avg <= 0 || held === undefined) return null;
  const avg = held.avg / asked.avg;
  return { avg, last: asked.last > 0 ? held.last / asked.last : avg };
}
