/**
 * What flags say beside the scenario: "name=value" texts and files in, values for the plan out. Throws E_USAGE with
 * the flag as its place. Called by the verbs that make a plan.
 */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { BruntError, messageOf } from '../core/base/errors.js';
import type { PlanFlags } from './prepare.js';

export interface SaidFlags {
  readonly profile?: string;
  readonly seed?: number;
  readonly set?: readonly string[];
  readonly var?: readonly string[];
  readonly envFrom?: string;
  readonly only?: readonly string[];
  readonly tag?: readonly string[];
}

const NAME = /^[a-z][a-zA-Z0-9_-]*$/;
const TAG = /^[a-z][a-z0-9_-]*$/;
const PATH = /./;
/** As many as a scenario itself may have. */
const TAGS_MAX = 16;

export async function planFlags(flags: SaidFlags): Promise<PlanFlags> {
  const { profile, seed, set, only } = flags;
  for (const spec of set ?? []) split('set', spec, PATH);
  const tags = pairs('tag', flags.tag, TAG);
  if (Object.keys(tags ?? {}).length > TAGS_MAX) throw usage('--tag', `more than ${TAGS_MAX} tags`);
  const variables = pairs('var', flags.var, NAME);
  const env = flags.envFrom === undefined ? undefined : await readEnv(flags.envFrom);
  return {
    ...(profile !== undefined && { profile }),
    ...(seed !== undefined && { seed }),
    ...(set !== undefined && { set }),
    ...(only !== undefined && { only }),
    ...(tags !== undefined && { tags }),
    ...(variables !== undefined && { variables }),
    ...(env !== undefined && { env }),
  };
}

/** The last one wins where a name is said twice, as with any flag. */
function pairs(
  flag: string,
  specs: readonly string[] | undefined,
  name: RegExp,
): Readonly<Record<string, string>> | undefined {
  if (specs === undefined) return undefined;
  return Object.fromEntries(specs.map((spec) => split(flag, spec, name)));
}

function split(flag: string, spec: string, name: RegExp): [string, string] {
  const at = spec.indexOf('=');
  const [key, value] = [spec.slice(0, Math.max(0, at)), spec.slice(at + 1)];
  if (at > 0 && name.test(key)) return [key, value];
  const what = at > 0 ? `"${key}" is not a name` : 'it needs a "=" between name and value';
  throw usage(`--${flag} ${spec}`, what, `Write --${flag} ${flag === 'set' ? 'path' : 'name'}=value.`);
}

/** What the process itself has wins over the file, as everywhere else. */
async function readEnv(file: string): Promise<NodeJS.ProcessEnv> {
  try {
    return { ...parseEnv(await readFile(file, 'utf8')), ...process.env };
  } catch (cause) {
    throw new BruntError({
      code: 'E_FILE',
      message: `cannot read the environment: ${messageOf(cause)}`,
      place: { file: resolve(file), path: '--env-from' },
      cause,
    });
  }
}

function usage(path: string, message: string, hint?: string): BruntError {
  return new BruntError({
    code: 'E_USAGE',
    message,
    place: { path },
    ...(hint !== undefined && { hint }),
  });
}
