/**
 * The journal names what an agent makes outside memory before it makes it, so that whoever comes later can remove
 * it. The agent's main thread writes it; `reap` is used by the dying agent, the stop ladder and `brunt clean`.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname, isAbsolute, normalize, resolve, sep } from 'node:path';
import { messageOf } from '../base/errors.js';

/** Of scratch directories only those with this beginning, right inside the scratch root, are ever removed. */
const SCRATCH_PREFIX = 'brunt-';

type Line =
  | { readonly journal: 1; readonly root: string; readonly writable?: readonly string[] }
  | { readonly make: 'directory'; readonly path: string }
  /** A file or folder where the scenario allows writing; nothing was there before. */
  | { readonly make: 'claim'; readonly path: string }
  | { readonly done: string };

export class Journal {
  readonly file: string;
  readonly #descriptor: number;

  readonly #writable: readonly string[];

  /**
   * Continues the file when it is there. `root`: where scratch directories will be; `writable`: below which files and
   * folders may be claimed. Throws what the filesystem throws.
   */
  constructor(file: string, root: string, writable: readonly string[] = []) {
    this.#writable = writable;
    this.file = file;
    this.#descriptor = openSync(file, 'a', 0o600);
    if (readFileSync(file).length === 0) this.#append({ journal: 1, root: resolve(root), writable });
  }

  /** On disk before this returns: make the directory only afterwards. */
  directory(path: string): void {
    this.#append({ make: 'directory', path });
  }

  /**
   * The same for a file or folder of a simulator's own, below what the scenario allows to be written. Throws when it is
   * not, or when something is there already: what was there before the run is never removed.
   */
  claim(path: string): void {
    if (!isBelowAny(path, this.#writable))
      throw new Error(`${path} is below none of the paths that the scenario allows to be written`);
    if (isThere(path))
      throw new Error(`${path} is there already: only what is made by the run is removed after it`);
    this.#append({ make: 'claim', path });
  }

  done(path: string): void {
    this.#append({ done: path });
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #append(line: Line): void {
    writeSync(this.#descriptor, `${JSON.stringify(line)}\n`);
    fsyncSync(this.#descriptor);
  }
}

export interface Reaped {
  readonly removed: readonly string[];
  /** What is still there, each with the reason. */
  readonly left: readonly { readonly path: string; readonly reason: string }[];
}

/** Removes what the journal names and does not call done. Doing it twice changes nothing; a missing journal names nothing. */
export function reap(file: string): Reaped {
  if (!existsSync(file)) return { removed: [], left: [] };
  const { root, writable, paths } = namedIn(readFileSync(file, 'utf8'));
  const removed: string[] = [];
  const left: { path: string; reason: string }[] = [];
  for (const [path, make] of paths) {
    const refusal = make === 'claim' ? refuseClaim(path, writable) : refuse(path, root);
    if (refusal !== null) {
      left.push({ path, reason: refusal });
    } else if (isThere(path)) {
      try {
        rmSync(path, { recursive: true, maxRetries: 2 });
        removed.push(path);
      } catch (error) {
        left.push({ path, reason: messageOf(error) });
      }
    }
  }
  return { removed, left };
}

interface Named {
  readonly root: string | null;
  readonly writable: readonly string[];
  readonly paths: ReadonlyMap<string, 'directory' | 'claim'>;
}

function namedIn(text: string): Named {
  let root: string | null = null;
  let writable: readonly string[] = [];
  const paths = new Map<string, 'directory' | 'claim'>();
  for (const line of text.split('\n')) {
    const entry = parse(line);
    if (entry === null) continue;
    if ('journal' in entry) {
      root ??= entry.root;
      writable = entry.writable ?? [];
    } else if ('make' in entry) paths.set(entry.path, entry.make);
    else paths.delete(entry.done);
  }
  return { root, writable, paths };
}

/** Null for an empty line and for a last line that was cut off while it was written: what it names was never made. */
function parse(line: string): Line | null {
  if (line === '') return null;
  try {
    return JSON.parse(line) as Line;
  } catch {
    return null;
  }
}

function refuse(path: string, root: string | null): string | null {
  if (root === null) return 'the journal does not say where scratch directories are';
  const isInside = isAbsolute(path) && normalize(path) === path && dirname(path) === root;
  const name = path.slice(root.length + 1);
  return isInside && name.startsWith(SCRATCH_PREFIX) ? null : `not a scratch directory in ${root}`;
}

function refuseClaim(path: string, writable: readonly string[]): string | null {
  return isBelowAny(path, writable) ? null : 'not below a path that the scenario allowed to be written';
}

function isBelowAny(path: string, folders: readonly string[]): boolean {
  if (!isAbsolute(path) || normalize(path) !== path) return false;
  return folders.some(
    (folder) => path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep),
  );
}

/** Also a link that leads nowhere. */
function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

export function scratchName(run: string, actor: string, instance: number): string {
  return `${SCRATCH_PREFIX}${run}-${actor}-${instance}`;
}
