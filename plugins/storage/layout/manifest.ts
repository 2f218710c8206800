/**
 * A layout that is read from a list of paths and sizes: CSV ("path,size", a header or none) or JSON (one array, or one
 * object a line). Paths lie below the root; a size may be left out for a file that is there. Called by `disk`, when the
 * plan is made and again by each instance.
 */
import { readFileSync } from 'node:fs';
import { messageOf } from '../../../core/base/errors.js';
import { parseQuantity } from '../../../core/base/grammar.js';
import { FILES_MAX } from './tree.js';

export interface ManifestEntry {
  readonly path: string;
  /** Null: as large as the file that is there. */
  readonly bytes: number | null;
}

/** Longer ones are no list that a person or program made for this. */
const TEXT_MAX = 256 * 2 ** 20;

/** Throws an Error of one sentence that says where in the list something is wrong. */
export function readManifest(file: string): readonly ManifestEntry[] {
  const text = readFileSync(file, 'utf8');
  if (text.length > TEXT_MAX) throw new Error(`${file} is longer than ${TEXT_MAX / 2 ** 20} MiB`);
  const entries = text.trimStart().startsWith('[') ? fromArray(text) : fromLines(text);
  if (entries.length === 0) throw new Error('it names no files');
  if (entries.length > FILES_MAX)
    throw new Error(`it names ${entries.length} files, and ${FILES_MAX} are the most`);
  const seen = new Set<string>();
  for (const { path } of entries) {
    if (seen.has(path)) throw new Error(`"${path}" is in it twice`);
    seen.add(path);
  }
  return entries;
}

function fromArray(text: string): ManifestEntry[] {
  const list = JSON.parse(text) as unknown[];
  return list.map((one, i) => entryOf(one, `entry ${i + 1}`));
}

function fromLines(text: string): ManifestEntry[] {
  const entries: ManifestEntry[] = [];
  let isFirst = true;
  for (const [i, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const where = `line ${i + 1}`;
    if (line.startsWith('{')) entries.push(entryOf(parsed(line, where), where));
    else {
      const { path, size } = cells(line);
      const isHeader = isFirst && path.toLowerCase() === 'path';
      if (!isHeader) entries.push(entryOf({ path, ...(size !== '' && { size }) }, where));
    }
    isFirst = false;
  }
  return entries;
}

/** The size is what stands behind the last comma; a path in quotes may have commas and doubled quotes in it. */
function cells(line: string): { readonly path: string; readonly size: string } {
  const quoted = /^"((?:[^"]|"")*)"\s*(?:,(.*))?$/.exec(line);
  if (quoted !== null)
    return { path: (quoted[1] as string).replaceAll('""', '"'), size: (quoted[2] ?? '').trim() };
  const comma = line.lastIndexOf(',');
  if (comma < 0) return { path: line, size: '' };
  return { path: line.slice(0, comma).trim(), size: line.slice(comma + 1).trim() };
}

function parsed(line: string, where: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch (error) {
    throw new Error(`${where}: ${messageOf(error)}`, { cause: error });
  }
}

function entryOf(value: unknown, where: string): ManifestEntry {
  const { path, size, bytes = size } = (value ?? {}) as Record<string, unknown>;
  if (typeof path !== 'string' || path === '') throw new Error(`${where} has no path`);
  const parts = path.split('/').filter((part) => part !== '.' && part !== '');
  if (path.startsWith('/') || parts.length === 0 || parts.includes('..') || path.includes('\0'))
    throw new Error(`${where}: "${path}" does not lie below the root`);
  return { path: parts.join('/'), bytes: bytes === undefined ? null : sizeOf(bytes, where) };
}

function sizeOf(value: unknown, where: string): number {
  const wrong = new Error(`${where}: ${JSON.stringify(value)} is no size: write bytes, or "64KiB"`);
  if (typeof value === 'string' && !/^\d+$/.test(value)) {
    let quantity;
    try {
      quantity = parseQuantity(value);
    } catch {
      throw wrong;
    }
    if (quantity.dimension !== 'bytes' || !Number.isInteger(quantity.value)) throw wrong;
    return quantity.value;
  }
  const bytes = Number(value);
  if (typeof value === 'boolean' || value === null || !Number.isSafeInteger(bytes) || bytes < 0) throw wrong;
  return bytes;
}

/** The folders that the paths name, each behind the one that it lies in. */
export function foldersIn(paths: readonly string[]): readonly string[] {
  const folders = new Set<string>();
  for (const path of paths) {
    for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) folders.add(path.slice(0, at));
  }
  return [...folders];
}
