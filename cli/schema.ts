/**
 * The schema of scenarios as an editor gets it: everything built in, and the plugins of a scenario where one is given.
 * Text leaves. Called by the verbs schema and init.
 */
import type { ObjectSchema } from '../core/contract/schema-types.js';
import type { PluginSources } from '../core/plugin/registry.js';
import type { Described } from '../core/scenario/schema.js';
import { mergedSchema, schemaFileText } from '../core/scenario/schema.js';
import { readInventory } from './inventory.js';
import { makeRegistry } from './wire.js';

export async function schemaText(plugins: PluginSources | null): Promise<string> {
  const { simulators, probes, exporters } = await readInventory();
  const named = plugins === null ? { simulators: [], probes: [] } : await partsOf(plugins);
  return schemaFileText(
    mergedSchema(
      [...simulators.map((one) => described(one.name, one)), ...named.simulators],
      [...probes.map((one) => described(one.name, one)), ...named.probes],
      exporters.map((one) => described(one.name, one)),
    ),
  );
}

/** What plugins bring, under the names by which `uses` finds them. */
async function partsOf(plugins: PluginSources): Promise<{ simulators: Described[]; probes: Described[] }> {
  const registry = makeRegistry();
  const parts: { simulators: Described[]; probes: Described[] } = { simulators: [], probes: [] };
  for (const short of Object.keys(plugins.names)) {
    const { plugin } = await registry.plugin(short, plugins);
    parts.simulators.push(...named(short, plugin.simulators ?? []));
    parts.probes.push(...named(short, plugin.probes ?? []));
  }
  return parts;
}

interface Part {
  readonly name: string;
  readonly description: string;
  readonly options: unknown;
}

/** The short name alone will do where a plugin has one. */
function named(short: string, all: readonly Part[]): Described[] {
  return all.flatMap((one) => {
    const full = described(`${short}/${one.name}`, one);
    return all.length === 1 ? [described(short, one), full] : [full];
  });
}

function described(name: string, { description, options }: Omit<Part, 'name'>): Described {
  return { name, description, options: options as ObjectSchema };
}
