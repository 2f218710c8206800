/**
 * Where a plugin's module lies: a path or a package name and the folder that says it enter, a file URL leaves. The
 * registry calls it. Only what is named is looked for; nothing is scanned.
 */
import type { Stats } from 'node:fs';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { BruntError } from '../base/errors.js';

const isPath = (specifier: string): boolean => /^\.{1,2}(?:[/\\]|$)/.test(specifier) || isAbsolute(specifier);

/** Throws E_PLUGIN_LOAD when there is no such file or package. */
export function locatePlugin(specifier: string, directory: string): string {
  const file = isPath(specifier) ? fileAt(specifier, directory) : packageEntry(specifier, directory);
  return pathToFileURL(file).href;
}

function fail(message: string, hint?: string): BruntError {
  return new BruntError({ code: 'E_PLUGIN_LOAD', message, ...(hint !== undefined && { hint }) });
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined; // a part of the path is a file, or may not be looked into: nothing is there for us
  }
}

function fileAt(specifier: string, directory: string): string {
  const file = resolve(directory, specifier);
  const stat = statOf(file);
  if (stat === undefined) throw fail(`there is no file "${file}"`);
  if (!stat.isFile()) throw fail(`"${file}" is not a file`, 'Name the module itself, such as "./plugin.js".');
  return file;
}

function packageEntry(name: string, directory: string): string {
  if (/\.[cm]?[jt]s$/.test(name) && !name.startsWith('@') && existsSync(resolve(directory, name))) {
    throw fail(`there is no package "${name}"`, `For the file beside this one write "./${name}".`);
  }
  try {
    return createRequire(join(directory, 'scenario.json')).resolve(name);
  } catch (error) {
    // Packages that export to `import` only are invisible to require; every other failure means: not there.
    const entry = importEntry(name, directory);
    if (entry !== null) return entry;
    const hint = `Run: npm install --save-dev ${name}`;
    const detail = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    throw fail(`package "${name}" is not installed next to this file${detail}`, hint);
  }
}

/** The module of a package by its folder, or of a file by itself. Throws E_PLUGIN_LOAD when there is none. */
export function locateAt(path: string): string {
  if (statOf(path)?.isDirectory() !== true) return locatePlugin(resolve(path), dirname(path));
  if (!existsSync(join(path, 'package.json'))) throw fail(`the folder "${path}" has no package.json`);
  const entry = entryOf(path);
  if (existsSync(entry)) return pathToFileURL(entry).href;
  throw fail(`the package names "${entry}", which is not there`, 'Build the package first.');
}

/** What a package's manifest names as its entry, there or not. */
function entryOf(home: string): string {
  const manifest = readFileSync(join(home, 'package.json'), 'utf8');
  const { exports, main } = JSON.parse(manifest) as Record<string, unknown>;
  return join(home, condition(exports) ?? (typeof main === 'string' ? main : 'index.js'));
}

/** The entry of an ES module package: the first of exports' `import`, `node`, `default`, else `main`. */
function importEntry(name: string, directory: string): string | null {
  for (let folder = resolve(directory); ; folder = dirname(folder)) {
    const home = join(folder, 'node_modules', name);
    if (existsSync(join(home, 'package.json'))) {
      const entry = entryOf(home);
      return existsSync(entry) ? entry : null;
    }
    if (dirname(folder) === folder) return null;
  }
}

function condition(exports: unknown): string | null {
  if (typeof exports === 'string') return exports;
  if (typeof exports !== 'object' || exports === null) return null;
  const map = exports as Readonly<Record<string, unknown>>;
  for (const key of ['.', 'import', 'node', 'default']) {
    const entry = condition(map[key]);
    if (entry !== null) return entry;
  }
  return null;
}
