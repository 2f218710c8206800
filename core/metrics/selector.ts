/** Which series a selector of a threshold means. */
import type { Selector } from '../base/sentences.js';
import type { Tags } from '../contract/metrics.js';

/** In a selector: any value, as long as the tag is there. */
const ANY = '*';

/** These are not tags of a series but of the window it stands in. */
export const PHASE_TAG = 'phase';
export const ROUND_TAG = 'round';

/** Whose a series is: figures of different owners are never mixed. Null: of the machine or of the run. */
export function ownerOf(tags: Tags): string | null {
  return tags['actor'] ?? tags['probe'] ?? null;
}

/** True when a selector looks at windows of this phase; without a tag `phase` at every measured one. */
export function looksAt(
  { tags }: Selector,
  {
    phase,
    round,
    measured,
  }: { readonly phase: string; readonly round: number | null; readonly measured: boolean },
  phases: readonly string[] | undefined = tags[PHASE_TAG],
): boolean {
  const rounds = tags[ROUND_TAG];
  if (rounds !== undefined && !rounds.includes(String(round ?? 1))) return false;
  return phases === undefined ? measured : phases.includes(phase);
}

/** True when the metric is the same and every tag named has one of the values given; `phase` and `round` are not looked at. */
export function matches(selector: Selector, metric: string, tags: Tags): boolean {
  if (metric !== selector.metric) return false;
  return Object.entries(selector.tags).every(([name, values]) => {
    if (name === PHASE_TAG || name === ROUND_TAG) return true;
    const value = tags[name];
    return value !== undefined && (values.includes(value) || values.includes(ANY));
  });
}

/** Actors or probes that the selector names one by one. */
export function namedOwners({ tags }: Selector): readonly string[] {
  return (tags['actor'] ?? tags['probe'] ?? []).filter((name) => name !== ANY);
}

/** The same selector whatever the error code. */
export function anyCode({ metric, tags }: Selector): Selector {
  return { metric, tags: Object.fromEntries(Object.entries(tags).filter(([name]) => name !== 'code')) };
}
