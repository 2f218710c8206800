/**
 * What each variable of a scenario is: its declaration, the environment and the command line enter, values leave. Text
 * is read as the type of the default. `substitute.ts` puts the values in.
 */
import { tmpdir, availableParallelism } from 'node:os';
import { suggestion } from '../base/suggest.js';
import { isObject } from './desugar.js';
import type { Path } from './document.js';
import type { Problems } from './problems.js';

export type VariableValue = string | number | boolean;

export interface Variable {
  /** Null: nobody said it, which is told; what is computed from it stays silent. */
  readonly value: VariableValue | null;
  readonly isSecret: boolean;
}

export interface VariableInput {
  /** Of --var. */
  readonly variables: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder of the file that is run. */
  readonly directory: string;
  /** A fragment is filled in by others: what has no value there is no mistake. */
  readonly isFragment: boolean;
}

/** Left as they are in the options of exporters, until the run has them. */
export const RUN_NAMES = ['run.id', 'run.date'];
const KEYS = ['default', 'env', 'description', 'secret'];
const NAME = /^[a-z][a-z0-9-]{0,62}$/;

export function builtInVariables({ directory }: Pick<VariableInput, 'directory'>): Map<string, Variable> {
  const values: [string, VariableValue][] = [
    ['host.tmp', tmpdir()],
    ['host.cores', availableParallelism()],
    ['scenario.dir', directory],
  ];
  return new Map(values.map(([name, value]) => [name, { value, isSecret: false }]));
}

export function resolveVariables(
  declared: unknown,
  input: VariableInput,
  problems: Problems,
): Map<string, Variable> {
  const builtIns = builtInVariables(input);
  const result = new Map(builtIns);
  if (declared !== undefined && !isObject(declared)) {
    const message = `${JSON.stringify(declared)} is not an object of named entries`;
    problems.add({ path: ['variables'], code: 'E_SCHEMA', message });
  }
  const entries = isObject(declared) ? declared : {};
  for (const [name, entry] of Object.entries(entries)) {
    const variable = resolveVariable(name, entry, builtIns, input, problems);
    result.set(name, variable);
  }
  for (const name of Object.keys(input.variables)) {
    if (Object.hasOwn(entries, name)) continue;
    const hint = suggestion(name, Object.keys(entries));
    const message = `variable "${name}" is not declared`;
    problems.addOutside(`--var ${name}`, { code: 'E_VARIABLE', message, hint });
  }
  return result;
}

function resolveVariable(
  name: string,
  entry: unknown,
  builtIns: ReadonlyMap<string, Variable>,
  input: VariableInput,
  problems: Problems,
): Variable {
  const path: Path = ['variables', name];
  const unknown: Variable = { value: null, isSecret: false };
  if (!NAME.test(name)) {
    const hint = 'A name begins with a lower-case letter, then letters, digits and "-"; at most 63 in all.';
    problems.add({ path, at: 'key', code: 'E_SCHEMA', message: `"${name}" is not a name`, hint });
    return unknown;
  }
  const declared = isObject(entry) ? entry : { default: entry };
  if (!isSound(declared, path, problems)) return unknown;
  const { default: said, env, secret } = declared;
  const isSecret = secret === true;
  const fallback = said === undefined ? null : withBuiltIns(said as VariableValue, path, builtIns, problems);
  const given = givenText(name, typeof env === 'string' ? env : null, input);
  if (given !== null) return { value: readAs(given, said, path, name, isSecret, problems), isSecret };
  if (fallback === null && said === undefined && !input.isFragment) {
    const from = typeof env === 'string' ? ` or ${env}=…` : '';
    const message = `variable "${name}" needs a value: --var ${name}=…${from}`;
    const hint = 'Or give it a "default".';
    problems.add({ path, code: 'E_VARIABLE', message, hint });
  }
  return { value: fallback, isSecret };
}

/** One mistake each; false when there is one. */
function isSound(declared: Readonly<Record<string, unknown>>, path: Path, problems: Problems): boolean {
  let sound = true;
  const refuse = (key: string, wanted: string): void => {
    sound = false;
    const seen = declared[key];
    const message = `${JSON.stringify(seen)} is not ${wanted}`;
    problems.add({ path: [...path, key], code: 'E_SCHEMA', message, seen, wanted });
  };
  for (const key of Object.keys(declared)) {
    if (KEYS.includes(key)) continue;
    sound = false;
    const message = `unknown key "${key}"`;
    problems.addKey([...path, key], { code: 'E_SCHEMA', message, hint: suggestion(key, KEYS) });
  }
  const { default: value, env, description, secret } = declared;
  if (value !== undefined && !['string', 'number', 'boolean'].includes(typeof value))
    refuse('default', 'text, a number, true or false');
  if (env !== undefined && (typeof env !== 'string' || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(env)))
    refuse('env', 'the name of an environment variable');
  if (description !== undefined && typeof description !== 'string') refuse('description', 'text');
  if (secret !== undefined && typeof secret !== 'boolean') refuse('secret', 'true or false');
  return sound;
}

/** The command line wins over the environment. */
function givenText(name: string, env: string | null, { variables, env: all }: VariableInput): string | null {
  if (Object.hasOwn(variables, name)) return variables[name] ?? null;
  return env === null ? null : (all[env] ?? null);
}

function readAs(
  given: string,
  said: unknown,
  path: Path,
  name: string,
  isSecret: boolean,
  problems: Problems,
): VariableValue | null {
  if (typeof said === 'number') {
    const value = Number(given);
    if (given.trim() !== '' && Number.isFinite(value)) return value;
  } else if (typeof said === 'boolean') {
    if (given === 'true' || given === 'false') return given === 'true';
  } else {
    return given;
  }
  const wanted = typeof said === 'number' ? 'a number' : 'true or false';
  const shown = isSecret ? 'what was given' : JSON.stringify(given);
  const message = `${shown} is not ${wanted}, which variable "${name}" is`;
  problems.add({ path, code: 'E_VARIABLE', message, wanted });
  return null;
}

/** Defaults may use what is built in, and no other variables. */
function withBuiltIns(
  said: VariableValue,
  path: Path,
  builtIns: ReadonlyMap<string, Variable>,
  problems: Problems,
): VariableValue | null {
  if (typeof said !== 'string') return said;
  const unknown: string[] = [];
  const value = said.replace(/\$\{([^}]*)\}/g, (whole, name: string) => {
    const found = builtIns.get(name)?.value;
    if (found !== undefined && found !== null) return String(found);
    unknown.push(name);
    const message = `a default may use ${[...builtIns.keys()].join(', ')}, not "${name}"`;
    problems.add({ path, code: 'E_VARIABLE', message, seen: name });
    return whole;
  });
  return unknown.length === 0 ? value : null;
}
