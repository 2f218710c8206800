/**
 * Text in, sound scenario out: read, compose, substitute, desugar, validate, resolve. The command line calls it before
 * it plans. All mistakes that need no host are found in one pass and thrown together, each where it was written.
 */
import { basename, dirname, resolve } from 'node:path';
import { BruntError, BruntErrors } from '../base/errors.js';
import { parseDuration } from '../base/grammar.js';
import type { Registry } from '../plugin/registry.js';
import { resolveActors } from './actors.js';
import { compose } from './compose.js';
import { desugar, isObject } from './desugar.js';
import type { Draft } from './draft.js';
import { optionsAt } from './options-at.js';
import { resolveCycles } from './cycles.js';
import { DURATION_MIN_MS, resolvePhases } from './phases.js';
import type { Mistake } from './problems.js';
import { Problems } from './problems.js';
import type { Scenario } from './scenario.js';
import { applySets } from './set.js';
import { Sources } from './sources.js';
import type { SecretText } from './substitute.js';
import { substitute } from './substitute.js';
import { resolveTarget } from './target.js';
import { resolveThresholds } from './thresholds.js';
import type { UseContext } from './uses.js';
import { loadPlugins, resolveExporters, resolveProbes } from './uses.js';
import { validate } from './validate.js';
import { resolveVariables } from './variables.js';
import { resolveSafety } from './writable.js';

export interface LoadInput {
  /** Absolute; null when the text came from standard input, whose relative paths start from the working directory. */
  readonly file: string | null;
  readonly text: string;
  readonly registry: Registry;
  /** Values of --var. */
  readonly variables?: Readonly<Record<string, string>>;
  /** What variables may be read from; default: the environment of this process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Texts of --set, each "path=value". */
  readonly set?: readonly string[];
}

const WINDOW_DEFAULT_MS = 1000;

/** Throws BruntErrors; for a sound fragment with E_FRAGMENT and nothing else. */
export async function loadScenario(input: LoadInput): Promise<Scenario> {
  const { file, registry } = input;
  const sources = new Sources();
  const problems = new Problems(sources);
  const isFragment = file !== null && basename(file).startsWith('_');
  const { value, secrets } = await filledIn(input, isFragment, sources, problems);
  const desugared = desugar(value, sources, problems);
  await validate(desugared, problems, isFragment);
  if (isFragment) throw fragment(file, problems);
  const draft = isObject(desugared) ? (desugared as Draft) : {};
  const scenario = await resolveDraft(draft, { file, registry, sources, problems, secrets });
  problems.throwIfAny();
  return scenario;
}

/** One value of all files, without variables. */
async function filledIn(
  { file, text, registry, variables = {}, env = process.env, set = [] }: LoadInput,
  isFragment: boolean,
  sources: Sources,
  problems: Problems,
): Promise<{ value: unknown; secrets: readonly SecretText[] }> {
  const composed = await compose(file, text, { sources, problems });
  const layer = await applySets(
    { value: composed, origin: sources.root },
    set,
    optionsAt(registry),
    problems,
  );
  sources.root = layer.origin;
  if (!isObject(layer.value)) return { value: layer.value, secrets: [] };
  const directory = file === null ? process.cwd() : dirname(file);
  const values = resolveVariables(
    layer.value['variables'],
    { variables, env, directory, isFragment },
    problems,
  );
  return substitute(layer.value, values, sources, problems);
}

/** A fragment is checked key by key, and never run. */
function fragment(file: string, problems: Problems): BruntErrors {
  if (!problems.isEmpty) return problems.collected();
  const message = `"${basename(file)}" is a fragment: a file whose name begins with "_" is not run by itself`;
  const hint = 'Run a file that extends it.';
  return new BruntErrors([new BruntError({ code: 'E_FRAGMENT', message, place: { file }, hint })]);
}

interface Resolving extends Pick<UseContext, 'registry' | 'sources' | 'problems'> {
  readonly file: string | null;
  readonly secrets: readonly SecretText[];
}

async function resolveDraft(
  draft: Draft,
  { file, registry, sources, problems, secrets }: Resolving,
): Promise<Scenario> {
  const plugins = { names: pluginFiles(draft, sources), directory: sources.directoryOf(['plugins']) };
  const safety = resolveSafety(draft, sources);
  const writablePaths = safety.writablePaths ?? null;
  const context = { draft, plugins, registry, sources, problems, writablePaths };
  await loadPlugins(context);
  const actors = await resolveActors(context);
  const probes = await resolveProbes(context);
  const windowMs = windowOf(draft, problems);
  return {
    file,
    name: draft.name ?? nameOf(file),
    description: draft.description ?? '',
    tags: draft.tags ?? {},
    seed: draft.seed ?? null,
    windowMs,
    plugins,
    actors,
    phases: await resolvePhases({ draft, actors, problems, sources, windowMs }),
    cycles: resolveCycles(draft, problems),
    thresholds: resolveThresholds(draft, windowMs, problems),
    safety,
    probes,
    target: resolveTarget(draft, sources, problems),
    exporters: await resolveExporters(context),
    secrets,
    errors: (mistakes: readonly Mistake[]) => errorsOf(mistakes, sources),
    place: (path) => sources.place({ path, at: 'value' }),
  };
}

/** Paths absolute, each from the file that says it; names of packages as they are. */
function pluginFiles(draft: Draft, sources: Sources): Readonly<Record<string, string>> {
  const entries = Object.entries(draft.plugins ?? {}).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return Object.fromEntries(
    entries.map(([short, said]) => [
      short,
      /^\.{1,2}\//.test(said) ? resolve(sources.directoryOf(['plugins', short]), said) : said,
    ]),
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
  if (windowMs >= DURATION_MIN_MS) return windowMs;
  const message = `a window is at least ${DURATION_MIN_MS}ms`;
  problems.add({ path: ['window'], code: 'E_SCHEMA', message, seen: draft.window });
  return WINDOW_DEFAULT_MS;
}

function errorsOf(mistakes: readonly Mistake[], sources: Sources): BruntErrors {
  const problems = new Problems(sources);
  for (const mistake of mistakes) problems.add(mistake);
  return problems.collected();
}
