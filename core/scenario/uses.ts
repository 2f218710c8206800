/**
 * What an entry uses, and its options: shared by actors, probes and exporters. An entry of the draft enters, the
 * loaded thing and sound options leave, mistakes go to the problems.
 */
import type { ObjectSchema } from '../contract/schema-types.js';
import type { ResolvedOptions } from '../plugin/options.js';
import { resolveOptions } from '../plugin/options.js';
import type { PluginSources, Registry } from '../plugin/registry.js';
import type { Path } from './document.js';
import type { Draft, DraftUse } from './draft.js';
import type { Problems } from './problems.js';
import type { ScenarioExporter, ScenarioProbe } from './scenario.js';
import type { Sources } from './sources.js';
import { parseDuration } from '../base/grammar.js';

export interface UseContext {
  readonly draft: Draft;
  readonly plugins: PluginSources;
  readonly registry: Registry;
  readonly sources: Sources;
  readonly problems: Problems;
  /** Absolute; null where the scenario says none. */
  readonly writablePaths: readonly string[] | null;
}

/** Loads every plugin that the scenario names, so that a wrong one is told where it is named. */
export async function loadPlugins({ plugins, registry, problems }: UseContext): Promise<void> {
  for (const short of Object.keys(plugins.names)) {
    const path: Path = ['plugins', short];
    if (problems.touches(path)) continue;
    try {
      await registry.plugin(short, plugins);
    } catch (error) {
      problems.addThrown({ path }, error);
    }
  }
}

/** Null when there is no such thing, or what names it is wrong. */
export async function findUsed<T>(
  path: Path,
  entry: DraftUse,
  { problems }: UseContext,
  find: (uses: string) => Promise<T>,
): Promise<T | null> {
  const uses = entry.uses ?? String(path[path.length - 1]);
  if (problems.within([...path, 'uses']) || problems.touches(['plugins', uses.split('/')[0] ?? '']))
    return null;
  try {
    return await find(uses);
  } catch (error) {
    problems.addThrown(entry.uses === undefined ? { path, at: 'key' } : { path: [...path, 'uses'] }, error);
    return null;
  }
}

/** Null when they are wrong. `writeDirectory`: for what is written beside the person, not beside the file. */
export function checkedOptions(
  schema: ObjectSchema,
  { with: said }: DraftUse,
  path: Path,
  { problems, sources }: UseContext,
  writeDirectory?: string,
): ResolvedOptions | null {
  const whole: Path = [...path, 'with'];
  if (problems.within(whole)) return null;
  const directory = sources.directoryOf(whole);
  const resolved = resolveOptions(schema, said, {
    directory,
    writeDirectory: writeDirectory ?? directory,
    ...(writeDirectory === undefined && {
      directoryAt: (inside: Path) => sources.directoryOf([...whole, ...inside]),
    }),
  });
  for (const problem of resolved.problems) problems.add({ ...problem, path: [...whole, ...problem.path] });
  return resolved.problems.length === 0 ? resolved : null;
}

export async function resolveExporters(context: UseContext): Promise<ScenarioExporter[]> {
  const exporters: ScenarioExporter[] = [];
  for (const [name, entry] of Object.entries(context.draft.exporters ?? {})) {
    const path: Path = ['exporters', name];
    if (entry === undefined) continue;
    const loaded = await findUsed(path, entry, context, (uses) => context.registry.exporter(uses));
    if (loaded === null) continue;
    const resolved = checkedOptions(loaded.options as ObjectSchema, entry, path, context, process.cwd());
    if (resolved !== null) exporters.push({ name, uses: entry.uses ?? name, options: resolved.options });
  }
  return exporters;
}

export async function resolveProbes(context: UseContext): Promise<ScenarioProbe[]> {
  const probes: ScenarioProbe[] = [];
  const { registry, plugins } = context;
  for (const [name, entry] of Object.entries(context.draft.probes ?? {})) {
    const path: Path = ['probes', name];
    if (entry === undefined) continue;
    const loaded = await findUsed(path, entry, context, (uses) => registry.probe(uses, plugins));
    if (loaded === null) continue;
    const resolved = checkedOptions(loaded.probe.options as ObjectSchema, entry, path, context);
    const everyMs = entry.every === undefined ? null : parseDuration(entry.every);
    if (resolved !== null)
      probes.push({ name, uses: entry.uses ?? name, options: resolved.options, everyMs });
  }
  return probes;
}
