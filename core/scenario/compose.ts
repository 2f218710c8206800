/**
 * A scenario with all that it extends: the first text enters, one value leaves, and Sources know who wrote which part
 * of it. Maps merge by key, null removes what was inherited, lists and scalars replace. `load.ts` calls it first.
 */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { BruntError, BruntErrors, messageOf } from '../base/errors.js';
import { isObject } from './desugar.js';
import type { Document, Path } from './document.js';
import { mergeLayers } from './merge.js';
import type { Problems } from './problems.js';
import { readScenario } from './read.js';
import type { Layer, Sources } from './sources.js';

/** Files of one composition, each counted as often as it is named. */
const FILES_MAX = 32;
/** Who a scenario is, and what its editor reads, is not inherited. */
const OWN_KEYS = ['name', '$schema'];

interface Composing {
  readonly problems: Problems;
  readonly sources: Sources;
}

/** Throws BruntErrors when a file is not JSON. */
export async function compose(file: string | null, text: string, composing: Composing): Promise<unknown> {
  const { value, origin } = await layerOf(file, text, file === null ? [] : [file], composing);
  composing.sources.root = origin;
  return value;
}

async function layerOf(
  file: string | null,
  text: string,
  chain: readonly string[],
  composing: Composing,
): Promise<Layer> {
  const { sources, problems } = composing;
  sources.files.push(file ?? '-');
  const { document, value } = readScenario(file, text, problems);
  const own: Layer = { value, origin: { document, children: null } };
  // A mistake before the whole is there stands in the text that is read.
  if (sources.root.document === null) sources.root = own.origin;
  if (!isObject(value) || value['extends'] === undefined) return own;
  const { extends: named, ...rest } = value;
  let base: Layer | null = null;
  for (const { path, name } of basesOf(named, document, problems)) {
    const layer = await readBase(name, path, document, chain, composing);
    if (layer === null) continue;
    base = base === null ? layer : mergeLayers(base, layer, []);
  }
  requireVersion(rest, base, document, problems);
  return base === null ? { ...own, value: rest } : mergeLayers(base, { ...own, value: rest }, []);
}

function basesOf(named: unknown, document: Document, problems: Problems): { path: Path; name: string }[] {
  const list = Array.isArray(named) ? (named as unknown[]) : [named];
  if (list.length === 0) {
    const message = 'too few entries: at least 1';
    problems.addIn(document, { path: ['extends'] }, { code: 'E_SCHEMA', message });
  }
  return list.flatMap((name, index) => {
    const path: Path = Array.isArray(named) ? ['extends', index] : ['extends'];
    if (typeof name === 'string' && name !== '' && !name.includes('${')) return [{ path, name }];
    const isVariable = typeof name === 'string' && name.includes('${');
    const shown = JSON.stringify(name);
    const message = isVariable ? '"extends" takes no variables' : `${shown} is not a path of a file`;
    problems.addIn(document, { path }, { code: 'E_SCHEMA', message, seen: name, wanted: 'a path as text' });
    return [];
  });
}

async function readBase(
  name: string,
  path: Path,
  document: Document,
  chain: readonly string[],
  composing: Composing,
): Promise<Layer | null> {
  const { problems, sources } = composing;
  const file = resolve(document.file === null ? process.cwd() : dirname(document.file), name);
  const refuse = (message: string, code: 'E_EXTENDS' | 'E_FILE'): null => {
    problems.addIn(document, { path }, { code, message, seen: name });
    return null;
  };
  if (chain.includes(file)) {
    const cycle = [...chain.slice(chain.indexOf(file)), file].map(shortName).join(' -> ');
    return refuse(`files extend each other: ${cycle}`, 'E_EXTENDS');
  }
  if (sources.files.length >= FILES_MAX)
    return refuse(`more than ${FILES_MAX} files in one scenario`, 'E_EXTENDS');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    return refuse(`cannot read it: ${messageOf(error)}`, 'E_FILE');
  }
  const layer = await layerOf(file, text, [...chain, file], composing);
  if (!isObject(layer.value)) throw notAnObject(file);
  const inherited = Object.entries(layer.value).filter(([key]) => !OWN_KEYS.includes(key));
  return { ...layer, value: Object.fromEntries(inherited) };
}

function notAnObject(file: string): BruntErrors {
  const message = 'a scenario is an object in braces';
  return new BruntErrors([
    new BruntError({ code: 'E_SCHEMA', message, place: { file, line: 1, column: 1 } }),
  ]);
}

const shortName = (file: string): string => file.slice(file.lastIndexOf('/') + 1);

/** Where an inherited version would hide that a file has none of its own. */
function requireVersion(
  own: Readonly<Record<string, unknown>>,
  base: Layer | null,
  document: Document,
  problems: Problems,
): void {
  if (own['version'] !== undefined || !isObject(base?.value) || base.value['version'] === undefined) return;
  problems.addIn(document, { path: [] }, { code: 'E_SCHEMA', message: '"version" is missing' });
}
