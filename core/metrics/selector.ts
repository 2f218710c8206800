/** Which series a selector of a threshold means. */
import type { Selector } from '../base/sentences.js';
import type { Tags } from '../contract/metrics.js';

/** In a selector: any value, as long as the tag is there. */
const ANY = '*';

/** Phases are not tags of a series but of the window it stands in. */
export const PHASE_TAG = 'phase';

/** True when the metric is the same and every tag named has one of the values given; `phase` is not looked at. */
export function matches(selector: Selector, metric: string, tags: Tags): boolean {
  if (metric !== selector.metric) return false;
  return Object.entries(selector.tags).every(([name, values]) => {
    if (name === PHASE_TAG) return true;
    const value = tags[name];
    return value !== undefined && (values.includes(value) || values.includes(ANY));
  });
}
