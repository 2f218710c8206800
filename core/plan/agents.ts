/**
 * Which process an actor runs in: planned actors enter, agents leave. Built-in thread actors share one, each
 * process-lane actor has its own, and so has each third-party plugin.
 */
import type { PlannedAgent } from '../contract/plan.js';
import type { Placed } from './actors.js';

export function agentsOf(placed: readonly Placed[]): readonly PlannedAgent[] {
  const groups = new Map<string, { wish: string; actors: string[] }>();
  for (const { actor, loaded } of placed) {
    const [key, wish] =
      actor.lane === 'process'
        ? [`actor ${actor.name}`, actor.name]
        : loaded.builtIn
          ? ['shared', 'shared']
          : [`plugin ${loaded.module}`, loaded.plugin];
    const group = groups.get(key) ?? { wish, actors: [] };
    group.actors.push(actor.name);
    groups.set(key, group);
  }
  const taken = new Set<string>();
  return [...groups.values()].map(({ wish, actors }) => {
    const name = freeName(wish, taken);
    taken.add(name);
    return { name, actors };
  });
}

/** An actor may be called like a plugin, or "shared". */
function freeName(wish: string, taken: ReadonlySet<string>): string {
  let name = wish;
  for (let n = 2; taken.has(name); n++) name = `${wish}-${n}`;
  return name;
}
