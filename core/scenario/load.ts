/**
 * Text in, sound scenario out: read, desugar, validate, resolve. The command line calls it before it plans. All
 * mistakes that need no host are found in one pass and thrown together, each with its line and column.
 */
import { basename, dirname } from 'node:path';
import { BruntError, BruntErrors } from '../base/errors.js';
import { parseDuration } from '../base/grammar.js';
import type { Registry } from '../plugin/registry.js';
import { loadPlugins, resolveActors, resolveExporters } from './actors.js';
import { desugar, isObject } from './desugar.js';
import type { Document, Path } from './document.js';
import type { Draft } from './draft.js';
import { DURATION_MIN_MS, resolvePhases } from './phases.js';
import { Problems } from './problems.js';
import { readScenario } from './read.js';
import type { Scenario } from './scenario.js';
import { resolveThresholds } from './thresholds.js';
import { validate } from './validate.js';

export interface LoadInput {
  /** Absolute; null when the text came from standard input, whose relative paths start from the working directory. */
  readonly file: string | null;
  readonly text: string;
  readonly registry: Registry;
}

const WINDOW_DEFAULT_MS = 1000;

/** Throws BruntErrors. */
export async function loadScenario({ file, text, registry }: LoadInput): Promise<Scenario> {
  refuseFragment(file);
  const { document, problems, value } = readScenario(file, text);
  const areDeclared = isObject(value) && value['variables'] !== undefined;
  refuseVariables(value, [], areDeclared, problems);
  const desugared = desugar(value, document, problems);
  await validate(desugared, problems);
  const draft = isObject(desugared) ? (desugared as Draft) : {};
  const directory = file === null ? process.cwd() : dirname(file);
  const plugins = { names: soundNames(draft), directory };
  await loadPlugins(plugins, registry, problems);
  const actors = await resolveActors(draft, plugins, registry, problems);
  const folders = { directory, writeDirectory: process.cwd() };
  const scenario = {
    file,
    name: draft.name ?? nameOf(file),
    description: draft.description ?? '',
    tags: draft.tags ?? {},
    seed: draft.seed ?? null,
    windowMs: windowOf(draft, problems),
    plugins,
    actors,
    phases: resolvePhases(draft, actors, problems),
    thresholds: resolveThresholds(draft, problems),
    safety: draft.safety ?? {},
    probes: [],
    target: null,
    exporters: await resolveExporters(draft, folders, registry, problems),
    errors: (mistakes: Parameters<Scenario['errors']>[0]) => errorsOf(mistakes, document),
  };
  problems.throwIfAny();
  return scenario;
}

function refuseFragment(file: string | null): void {
  if (file === null || !basename(file).startsWith('_')) return;
  const message = `"${basename(file)}" is a fragment: a file whose name begins with "_" is not run by itself`;
  throw new BruntErrors([new BruntError({ code: 'E_FRAGMENT', message, place: { file } })]);
}

/**
 * A "${dir}" that stayed as it is would become a file of that name. Descriptions are free text. Where variables are
 * declared, that is told instead, once.
 */
function refuseVariables(value: unknown, path: Path, areDeclared: boolean, problems: Problems): void {
  if (typeof value === 'string') {
    const column = value.indexOf('${');
    if (column < 0 || path[path.length - 1] === 'description') return;
    const message = 'not in this version: variables ("${…}")';
    if (!areDeclared) problems.add({ path, column, code: 'E_NOT_YET', message, seen: value });
    problems.silence(path);
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries())
      refuseVariables(item, [...path, index], areDeclared, problems);
  } else if (isObject(value)) {
    for (const [key, item] of Object.entries(value)) {
      refuseVariables(item, [...path, key], areDeclared, problems);
    }
  }
}

function soundNames(draft: Draft): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(draft.plugins ?? {}).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** "01-quick-look.json" is "quick-look": what is no part of a name is left out. */
function nameOf(file: string | null): string {
  if (file === null) return 'stdin';
  const plain = basename(file)
    .replace(/\.jsonc?$/i, '')
    .toLowerCase();
  const name = plain
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '')
    .slice(0, 63);
  return name === '' ? 'scenario' : name;
}

function windowOf(draft: Draft, problems: Problems): number {
  if (draft.window === undefined) return WINDOW_DEFAULT_MS;
  const windowMs = parseDuration(draft.window);
  if (windowMs < DURATION_MIN_MS) {
    const message = `a window is at least ${DURATION_MIN_MS}ms`;
    problems.add({ path: ['window'], code: 'E_SCHEMA', message, seen: draft.window });
  }
  return windowMs;
}

function errorsOf(mistakes: Parameters<Scenario['errors']>[0], document: Document): BruntErrors {
  const problems = new Problems(document);
  for (const mistake of mistakes) problems.add(mistake);
  return problems.collected();
}
