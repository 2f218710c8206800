/** Scenarios of one storage actor, and what came of them: shared by the tests of `disk`, `block` and `files`. */
import type { RunSummary } from '../../core/contract/summary.js';

export interface SceneMore {
  readonly actor?: Readonly<Record<string, unknown>>;
  readonly [key: string]: unknown;
}

/** One actor of this simulator at 100 % for so long. `more`: of the scenario; its `actor` of the actor. */
export function storageScene(
  uses: string,
  options: Readonly<Record<string, unknown>>,
  more: SceneMore = {},
  duration = '1s',
): unknown {
  const { actor = {}, ...rest } = more;
  return {
    version: 1,
    safety: { writablePaths: ['data'] },
    actors: { [uses]: { peak: '8', ...actor, with: options } },
    phases: [{ name: 'load', duration, load: { [uses]: '100%' } }],
    ...rest,
  };
}

export interface Ended {
  readonly count: number;
  readonly errors: Readonly<Record<string, number>>;
}

/** Operations of a kind that ended, and how many of them failed, by code. */
export function ended(summary: RunSummary, op: string): Ended {
  const series = summary.phases.flatMap((phase) => phase.series).filter((s) => s.tags['op'] === op);
  const count = series.reduce((sum, s) => (s.metric === 'op.count' ? sum + (s.count ?? 0) : sum), 0);
  const errors: Record<string, number> = {};
  for (const s of series) {
    const code = s.tags['code'];
    if (s.metric === 'op.errors' && code !== undefined && (s.sum ?? 0) > 0)
      errors[code] = (errors[code] ?? 0) + (s.sum ?? 0);
  }
  return { count, errors };
}

/** Of a counter of the simulator, over all phases and tags but those named. */
export function counted(
  summary: RunSummary,
  metric: string,
  tags: Readonly<Record<string, string>> = {},
): number {
  const isAsked = (s: {
    readonly metric: string;
    readonly tags: Readonly<Record<string, string>>;
  }): boolean => s.metric === metric && Object.entries(tags).every(([name, value]) => s.tags[name] === value);
  const series = summary.phases.flatMap((phase) => phase.series).filter(isAsked);
  return series.reduce((sum, s) => sum + (s.sum ?? s.count ?? 0), 0);
}
