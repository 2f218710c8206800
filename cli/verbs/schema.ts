/**
 * `brunt schema [FILE]`: the JSON schema of scenarios with the options of everything built in, and of the plugins that
 * the scenario names. It goes to standard output, or into the file of --out.
 */
import { resolve } from 'node:path';
import { writeFileAtomic } from '../../core/base/atomic-file.js';
import { BruntError, messageOf } from '../../core/base/errors.js';
import { loadScenario } from '../../core/scenario/load.js';
import type { ExitCode } from '../../core/base/exit-codes.js';
import { EXIT } from '../../core/base/exit-codes.js';
import { readSource } from '../prepare.js';
import { schemaText } from '../schema.js';
import { putText, say } from '../screen.js';
import { makeRegistry } from '../wire.js';

export async function schemaVerb(file: string, flags: { readonly out?: string }): Promise<ExitCode> {
  const text = await schemaText(file === '' ? null : await pluginsOf(file));
  if (flags.out === undefined) putText(text);
  else await write(resolve(flags.out), text, flags.out);
  return EXIT.passed;
}

async function pluginsOf(file: string): Promise<Parameters<typeof schemaText>[0]> {
  const { plugins } = await loadScenario({ ...(await readSource(file)), registry: makeRegistry() });
  return plugins;
}

async function write(path: string, text: string, said: string): Promise<void> {
  try {
    await writeFileAtomic(path, text);
  } catch (cause) {
    const message = `cannot write the schema: ${messageOf(cause)}`;
    throw new BruntError({ code: 'E_FILE', message, place: { file: path }, cause });
  }
  say(`written  ${said}; name it in a scenario: "$schema": "./${said}"`);
}
