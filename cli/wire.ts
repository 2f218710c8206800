/**
 * What is built in: the one list of simulators, probes and exporters, and the safety profiles as files of the package.
 * Leaves a registry and texts; imports none of what it names. Called by the verbs.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuiltIn } from '../core/plugin/registry.js';
import { Registry } from '../core/plugin/registry.js';

const SIMULATORS = ['block', 'cpu', 'disk', 'files', 'memory'];
const PROBES = ['http', 'tcp', 'timer'];
const EXPORTERS = ['json', 'ndjson', 'terminal'];

/** Where records go: below the working directory, as the scenario's own relative paths do. */
export const RUNS_DIR = join('.brunt', 'runs');

export function makeRegistry(): Registry {
  const builtIns = (
    kind: BuiltIn['kind'],
    names: readonly string[],
    folderOf: (name: string) => string,
  ): BuiltIn[] =>
    names.map((name) => ({
      kind,
      name,
      url: new URL(`../${folderOf(name)}/index.js`, import.meta.url).href,
    }));
  return new Registry([
    ...builtIns('simulator', SIMULATORS, (name) => `plugins/${name}`),
    ...builtIns('exporter', EXPORTERS, (name) => `exporters/${name}`),
    ...builtIns('probe', PROBES, () => 'plugins/probes'),
  ]);
}

export async function readPresets(root: string): Promise<{ file: string; text: string }[]> {
  const folder = join(root, 'scenarios', 'presets');
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json')).sort();
  const files = names.map((name) => join(folder, name));
  return Promise.all(files.map(async (file) => ({ file, text: await readFile(file, 'utf8') })));
}
