/**
 * The schema of an option that --set names: its path and the composed scenario enter, the plugin's own schema there
 * leaves, as far as it can be known before the scenario is validated.
 */
import { BruntError } from '../base/errors.js';
import type { Registry } from '../plugin/registry.js';
import { isObject } from './desugar.js';
import type { Schema } from './schema-parts.js';
import type { OptionsAt } from './set.js';
import { below } from './set.js';

/** Undefined for what is not built in: the type of the value that stood there decides then, or JSON. */
export function optionsAt(registry: Registry): OptionsAt {
  return async (steps, root) => {
    const [kind, name, key, ...rest] = steps;
    if (key !== 'with' || typeof kind !== 'string' || !isObject(root)) return undefined;
    const entries = root[kind];
    const entry = isObject(entries) ? entries[String(name)] : undefined;
    const uses = isObject(entry) && typeof entry['uses'] === 'string' ? entry['uses'] : String(name);
    try {
      return below(await schemaOf(kind, uses, registry), rest);
    } catch (error) {
      // What is not there is told when the scenario is resolved.
      if (error instanceof BruntError) return undefined;
      throw error;
    }
  };
}

async function schemaOf(kind: string, uses: string, registry: Registry): Promise<Schema | undefined> {
  switch (kind) {
    case 'actors':
      return (await registry.simulator(uses)).simulator.options as Schema;
    case 'probes':
      return (await registry.probe(uses)).probe.options as Schema;
    case 'exporters':
      return (await registry.exporter(uses)).options as Schema;
    default:
      return undefined;
  }
}
