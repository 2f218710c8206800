/**
 * Which resources somebody may be taking just now: numbers of grants and instants enter, who may grow leaves. Used by
 * the guard thread, which looks at those at the fast rate.
 */
import { SECOND } from '../base/clock.js';
import type { Resource } from '../contract/plugin.js';
import { RESOURCES } from './guard-board.js';

/**
 * For so long after a grant an actor may grow, and the guard looks at the fast rate however far the limits are: what
 * comes without warning is then met in 20 ms. Who makes 64 MiB last for longer takes less than 1 MiB in 100 ms.
 */
export const GROWING_NS = 10 * SECOND;

export class GrantWatch {
  readonly #made: (resource: Resource) => number;
  /** Of each resource: how many grants were made, and when the last of them was heard of. */
  readonly #grants = RESOURCES.map((resource) => ({ resource, made: 0, atNs: -Infinity }));

  /** @param made how many grants of it there were so far. */
  constructor(made: (resource: Resource) => number) {
    this.#made = made;
  }

  /** Whether anything was granted since the last look. */
  look(nowNs: number): boolean {
    let isAny = false;
    for (const grant of this.#grants) {
      const made = this.#made(grant.resource);
      if (made === grant.made) continue;
      [grant.made, grant.atNs, isAny] = [made, nowNs, true];
    }
    return isAny;
  }

  isGrowing(takes: Resource | null, nowNs: number): boolean {
    return this.#grants.some(({ resource, atNs }) => resource === takes && nowNs - atNs < GROWING_NS);
  }
}
