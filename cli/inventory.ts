/**
 * All that has a name in this installation, as data: simulators, probes, exporters, shapes, profiles, templates. The
 * registry and the data files enter, descriptions leave. Called by list, describe and schema.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AnyExporter } from '../core/contract/exporter.js';
import type { Profile } from '../core/contract/plan.js';
import type { AnySimulator } from '../core/contract/plugin.js';
import type { AnyProbe } from '../core/contract/probe.js';
import { findInstallation } from './package.js';
import { loadProfiles } from './prepare.js';
import { makeRegistry } from './wire.js';
import { scenarioSchema } from '../core/scenario/schema.js';

export interface ShapeEntry {
  readonly name: string;
  readonly description: string;
  /** Its keys as JSON schema. */
  readonly properties: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly required: readonly string[];
}

export interface Template {
  readonly name: string;
  readonly description: string;
}

export interface Inventory {
  readonly simulators: readonly AnySimulator[];
  readonly shapes: readonly ShapeEntry[];
  readonly exporters: readonly AnyExporter[];
  readonly probes: readonly AnyProbe[];
  readonly profiles: readonly Profile[];
  readonly templates: readonly Template[];
}

export async function readInventory(): Promise<Inventory> {
  const registry = makeRegistry();
  const [simulators, probes, exporters, profiles, templates] = await Promise.all([
    Promise.all(registry.names('simulator').map(async (name) => (await registry.simulator(name)).simulator)),
    Promise.all(registry.names('probe').map(async (name) => (await registry.probe(name)).probe)),
    Promise.all(registry.names('exporter').map((name) => registry.exporter(name))),
    loadProfiles(),
    readTemplates(),
  ]);
  return { simulators, shapes: readShapes(), exporters, probes, profiles, templates };
}

/** From the schema, which says all that there is to say about them. */
function readShapes(): ShapeEntry[] {
  const found = new Map<string, ShapeEntry>();
  const visit = (schema: unknown): void => {
    if (typeof schema !== 'object' || schema === null) return;
    const { properties, required, description } = schema as Partial<ShapeEntry>;
    const name = properties?.['shape']?.['const'];
    if (properties !== undefined && typeof name === 'string') {
      const own = Object.fromEntries(Object.entries(properties).filter(([key]) => key !== 'shape'));
      const needed = (required ?? []).filter((key) => key !== 'shape');
      found.set(name, { name, description: description ?? '', properties: own, required: needed });
    }
    for (const part of Object.values(schema)) visit(part);
  };
  visit(scenarioSchema('desugared'));
  return [...found.values()];
}

/** Below `scenarios/templates`: a scenario each, or a folder. */
export function templatesFolder(): string {
  return join(findInstallation().root, 'scenarios', 'templates');
}

async function readTemplates(): Promise<Template[]> {
  const folder = templatesFolder();
  const entries = (await readdir(folder, { withFileTypes: true })).sort((a, b) =>
    a.name.localeCompare(b.name),
  );
  return Promise.all(
    entries.map(async (entry) => {
      const file = entry.isDirectory() ? join(folder, entry.name, 'package.json') : join(folder, entry.name);
      const { description } = JSON.parse(await readFile(file, 'utf8')) as { description: string };
      return { name: entry.name.replace(/\.json$/, ''), description };
    }),
  );
}
