/**
 * `brunt init [FOLDER]`: a template's files into a folder, the schema for the editor beside them, and a line for
 * .brunt/ in .gitignore. Replaces nothing without --force; what is in the way is told all at once, and nothing written.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { BruntError, BruntErrors, messageOf } from '../../core/base/errors.js';
import type { ExitCode } from '../../core/base/exit-codes.js';
import { EXIT } from '../../core/base/exit-codes.js';
import { suggestion } from '../../core/base/suggest.js';
import { templatesFolder } from '../inventory.js';
import { schemaText } from '../schema.js';
import { putJson, say } from '../screen.js';
import { TEMPLATES } from '../table.js';

export interface InitFlags {
  readonly template?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

const SCHEMA_FILE = 'brunt.schema.json';
const IGNORED = '.brunt/';

export async function initVerb(folder: string, flags: InitFlags): Promise<ExitCode> {
  const template = flags.template ?? 'quick';
  if (!TEMPLATES.includes(template)) {
    const hint = suggestion(template, TEMPLATES);
    throw new BruntError({ code: 'E_USAGE', message: `no template "${template}"`, hint });
  }
  const target = resolve(folder);
  const files = await filesOf(template);
  if (flags.force !== true) refuseReplacing(target, [...files.keys(), SCHEMA_FILE]);
  const written = await write(target, template, files);
  const next = nextSteps(relative(process.cwd(), target), template, files);
  if (flags.json === true) putJson({ folder: target, written, next });
  else {
    for (const name of written) say(`written  ${join(folder, name)}`);
    say(['', 'Next:', ...next.map((line) => `  ${line}`)].join('\n'));
  }
  return EXIT.passed;
}

/** Names in the new folder, and contents. */
async function filesOf(template: string): Promise<ReadonlyMap<string, string>> {
  const from = join(templatesFolder(), template);
  const names = existsSync(from) ? await readdir(from) : [];
  if (names.length === 0) return new Map([[`${template}.json`, await readFile(`${from}.json`, 'utf8')]]);
  const texts = names.map(async (name) => [name, await readFile(join(from, name), 'utf8')] as const);
  return new Map(await Promise.all(texts));
}

function refuseReplacing(target: string, names: readonly string[]): void {
  const there = names.map((name) => join(target, name)).filter((file) => existsSync(file));
  if (there.length === 0) return;
  throw new BruntErrors(
    there.map((file) => {
      const hint = 'Choose another folder, or replace it with --force.';
      return new BruntError({
        code: 'E_FILE_EXISTS',
        message: 'the file is there already',
        place: { file },
        hint,
      });
    }),
  );
}

async function write(
  target: string,
  template: string,
  files: ReadonlyMap<string, string>,
): Promise<string[]> {
  try {
    await mkdir(target, { recursive: true });
    for (const [name, text] of files) await writeFile(join(target, name), text);
    const plugins = template === 'plugin' ? { names: { mine: './plugin.js' }, directory: target } : null;
    await writeFile(join(target, SCHEMA_FILE), await schemaText(plugins));
    const isIgnored = await ignoreRecords(join(target, '.gitignore'));
    return [...files.keys(), SCHEMA_FILE, ...(isIgnored ? ['.gitignore'] : [])];
  } catch (cause) {
    if (cause instanceof BruntError) throw cause;
    const message = `cannot write there: ${messageOf(cause)}`;
    throw new BruntError({ code: 'E_FILE', message, place: { file: target }, cause });
  }
}

/** True when a line was added. */
async function ignoreRecords(file: string): Promise<boolean> {
  const text = (await stat(file).catch(() => null)) === null ? '' : await readFile(file, 'utf8');
  if (text.split(/\r?\n/).some((line) => /^\/?\.brunt\/?$/.test(line.trim()))) return false;
  const separator = text === '' || text.endsWith('\n') ? '' : '\n';
  await writeFile(file, `${text}${separator}${IGNORED}\n`);
  return true;
}

function nextSteps(folder: string, template: string, files: ReadonlyMap<string, string>): string[] {
  const brunt = process.env['npm_command'] === 'exec' ? 'npx brunt' : 'brunt';
  const scenario = files.has('scenario.json') ? 'scenario.json' : `${template}.json`;
  const profile = template === 'ci' ? ' --profile ci' : '';
  return [
    ...(folder === '' ? [] : [`cd ${/^[\w./-]+$/.test(folder) ? folder : JSON.stringify(folder)}`]),
    ...(template === 'plugin' ? [`${brunt} validate .`] : []),
    `${brunt} plan ${scenario}${profile}`,
    `${brunt} run ${scenario}${profile}`,
  ];
}
