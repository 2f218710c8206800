/**
 * The journal names what an agent makes outside memory before it makes it, so that whoever comes later can remove
 * it. The agent's main thread writes it; `reap` is used by the dying agent, the stop ladder and `brunt clean`.
 */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { dirname, isAbsolute, normalize, resolve } from 'node:path';
import { messageOf } from '../base/errors.js';

/** Only directories with this beginning, right inside the scratch root, are ever removed. */
const SCRATCH_PREFIX = 'brunt-';

type Line =
  | { readonly journal: 1; readonly root: string }
  | { readonly make: 'directory'; readonly path: string }
  | { readonly done: string };

export class Journal {
  readonly file: string;
  readonly #descriptor: number;

  /** Continues the file when it is there. `root`: where everything that is named will be. Throws what the filesystem throws. */
  constructor(file: string, root: string) {
    this.file = file;
    this.#descriptor = openSync(file, 'a', 0o600);
    if (readFileSync(file).length === 0) this.#append({ journal: 1, root: resolve(root) });
  }

  /** On disk before this returns: make the directory only afterwards. */
  directory(path: string): void {
    this.#append({ make: 'directory', path });
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
  const { root, paths } = namedIn(readFileSync(file, 'utf8'));
  const removed: string[] = [];
  const left: { path: string; reason: string }[] = [];
  for (const path of paths) {
    const refusal = refuse(path, root);
    if (refusal !== null) {
      left.push({ path, reason: refusal });
    } else if (existsSync(path)) {
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

function namedIn(text: string): { root: string | null; paths: Set<string> } {
  let root: string | null = null;
  const paths = new Set<string>();
  for (const line of text.split('\n')) {
    const entry = parse(line);
    if (entry === null) continue;
    if ('journal' in entry) root ??= entry.root;
    else if ('make' in entry) paths.add(entry.path);
    else paths.delete(entry.done);
  }
  return { root, paths };
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

export function scratchName(run: string, actor: string, instance: number): string {
  return `${SCRATCH_PREFIX}${run}-${actor}-${instance}`;
}
