/**
 * Actors and exporters with what they use: the simulator is loaded, the options resolved, the control picked. The
 * draft enters, sound entries leave, mistakes go to the problems. `load.ts` calls it.
 */
import type { AnySimulator } from '../contract/plugin.js';
import type { ObjectSchema } from '../contract/schema-types.js';
import type { OptionFolders } from '../plugin/options.js';
import { resolveOptions } from '../plugin/options.js';
import type { PluginSources, Registry } from '../plugin/registry.js';
import type { ChosenControl } from './control.js';
import { chooseControl } from './control.js';
import type { Path } from './document.js';
import type { Draft, DraftActor, DraftUse } from './draft.js';
import type { Problems } from './problems.js';
import type { ScenarioActor, ScenarioExporter } from './scenario.js';

/** Loads every plugin that the scenario names, so that a wrong one is told where it is named. */
export async function loadPlugins(
  sources: PluginSources,
  registry: Registry,
  problems: Problems,
): Promise<void> {
  for (const short of Object.keys(sources.names)) {
    const path: Path = ['plugins', short];
    if (problems.touches(path)) continue;
    try {
      await registry.plugin(short, sources);
    } catch (error) {
      problems.addThrown({ path }, error);
    }
  }
}

export async function resolveActors(
  draft: Draft,
  sources: PluginSources,
  registry: Registry,
  problems: Problems,
): Promise<ScenarioActor[]> {
  const actors: ScenarioActor[] = [];
  for (const [name, actor] of Object.entries(draft.actors ?? {})) {
    if (actor === undefined) continue;
    const resolved = await resolveActor(name, actor, sources, registry, problems);
    if (resolved !== null) actors.push(resolved);
  }
  return actors;
}

async function resolveActor(
  name: string,
  actor: DraftActor,
  sources: PluginSources,
  registry: Registry,
  problems: Problems,
): Promise<ScenarioActor | null> {
  const path: Path = ['actors', name];
  const uses = actor.uses ?? name;
  const simulator = await findSimulator(name, actor, sources, registry, problems);
  if (simulator === null) return null;
  // Simulators write beside the file that says so, exporters beside the person.
  const folders = { directory: sources.directory, writeDirectory: sources.directory };
  const options = checkedOptions(simulator.options as ObjectSchema, actor, path, folders, problems);
  const chosen = problems.touches([...path, 'peak']) ? null : pickControl(simulator, actor, path, problems);
  if (options === null || chosen === null) return null;
  const { control, peak } = chosen;
  return { name, uses, options, unit: control.unit, peak, instances: actor.instances ?? null };
}

async function findSimulator(
  name: string,
  actor: DraftActor,
  sources: PluginSources,
  registry: Registry,
  problems: Problems,
): Promise<AnySimulator | null> {
  const path: Path = ['actors', name];
  const uses = actor.uses ?? name;
  if (problems.within([...path, 'uses']) || problems.touches(['plugins', uses.split('/')[0] ?? '']))
    return null;
  try {
    return (await registry.simulator(uses, sources)).simulator;
  } catch (error) {
    problems.addThrown(actor.uses === undefined ? { path, at: 'key' } : { path: [...path, 'uses'] }, error);
    return null;
  }
}

function pickControl(
  simulator: AnySimulator,
  actor: DraftActor,
  path: Path,
  problems: Problems,
): ChosenControl | null {
  const chosen = chooseControl(simulator, actor.peak);
  if ('control' in chosen) return chosen;
  problems.add({ path: actor.peak === undefined ? path : [...path, 'peak'], seen: actor.peak, ...chosen });
  return null;
}

/** Null when they are wrong. */
function checkedOptions(
  schema: ObjectSchema,
  { with: said }: DraftUse,
  path: Path,
  folders: OptionFolders,
  problems: Problems,
): Readonly<Record<string, unknown>> | null {
  if (problems.within([...path, 'with'])) return null;
  const resolved = resolveOptions(schema, said, folders);
  for (const problem of resolved.problems)
    problems.add({ ...problem, path: [...path, 'with', ...problem.path] });
  return resolved.problems.length === 0 ? resolved.options : null;
}

export async function resolveExporters(
  draft: Draft,
  folders: OptionFolders,
  registry: Registry,
  problems: Problems,
): Promise<ScenarioExporter[]> {
  const exporters: ScenarioExporter[] = [];
  for (const [name, exporter] of Object.entries(draft.exporters ?? {})) {
    const path: Path = ['exporters', name];
    if (exporter === undefined || problems.within([...path, 'uses'])) continue;
    const uses = exporter.uses ?? name;
    try {
      const loaded = await registry.exporter(uses);
      const options = checkedOptions(loaded.options as ObjectSchema, exporter, path, folders, problems);
      if (options !== null) exporters.push({ name, uses, options });
    } catch (error) {
      problems.addThrown(
        exporter.uses === undefined ? { path, at: 'key' } : { path: [...path, 'uses'] },
        error,
      );
    }
  }
  return exporters;
}
