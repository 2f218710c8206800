/**
 * Where each part of a composed scenario was written: files laid over each other, short forms made long, variables put
 * in, values of the command line. The composing steps tell it; Problems ask it for the place of a mistake.
 */
import { dirname } from 'node:path';
import type { Place } from '../base/errors.js';
import type { Document, Path, Spot } from './document.js';
import { pathText } from './document.js';

/** Who wrote a value, and those parts of it that others wrote. Paths are the same in every file. */
export interface Origin {
  /** Null: the command line. */
  readonly document: Document | null;
  /** By key or index; null: all of it is of this document. */
  readonly children: ReadonlyMap<string, Origin> | null;
}

/** A value with who wrote which part of it. */
export interface Layer {
  readonly value: unknown;
  readonly origin: Origin;
}

interface Alias {
  readonly from: Path;
  readonly to: Path;
  readonly column: number;
}

export function childOrigin(origin: Origin, key: string | number): Origin {
  return origin.children?.get(String(key)) ?? { document: origin.document, children: null };
}

export class Sources {
  root: Origin = { document: null, children: null };
  /** In the order in which they were read; the one that is run comes first. */
  readonly files: string[] = [];
  readonly #aliases: Alias[] = [];
  /** By path as text: where in the string the first variable stood. */
  readonly #substituted = new Map<string, number>();

  /** What stands at `from` after desugaring was written at `to`, from this column of its string on. */
  alias(from: Path, to: Path, column = 0): void {
    this.#aliases.push({ from, to, column });
  }

  /** The text at this path is not what was written: behind this column nothing can be counted. */
  substituted(path: Path, column: number): void {
    this.#substituted.set(JSON.stringify(path), column);
  }

  place({ path: asked, at, column: askedColumn }: Spot): Place {
    const { path, column } = this.#written(asked, askedColumn);
    const limit = this.#substituted.get(JSON.stringify(path));
    const { document, depth } = this.#origin(path);
    if (document === null) return { file: '--set', path: pathText(path) };
    const counted = limit === undefined || column === undefined ? column : Math.min(column, limit);
    return document.place({
      path: path.slice(0, depth),
      ...(at !== undefined && { at }),
      ...(counted !== undefined && depth === path.length && { column: counted }),
    });
  }

  /** The folder of the file that says what stands at this path; the working directory for all that is in no file. */
  directoryOf(asked: Path): string {
    const { path } = this.#written(asked, undefined);
    const file = this.#origin(path).document?.file;
    return file == null ? process.cwd() : dirname(file);
  }

  /** The document, and how much of the path it can be asked about. */
  #origin(path: Path): { document: Document | null; depth: number } {
    let origin = this.root;
    for (const [depth, step] of path.entries()) {
      if (origin.children === null) return { document: origin.document, depth: path.length };
      const child = origin.children.get(String(step));
      // Missing in a composed map: the one who wrote last might have said it.
      if (child === undefined) return { document: origin.document, depth };
      origin = child;
    }
    return { document: origin.document, depth: path.length };
  }

  #written(path: Path, column: number | undefined): { path: Path; column: number | undefined } {
    // The longest match is the most particular rewriting of this path.
    const alias = this.#aliases
      .filter(({ from }) => from.every((step, i) => path[i] === step))
      .sort((a, b) => b.from.length - a.from.length)[0];
    if (alias === undefined) return { path, column };
    const isSame = path.length === alias.from.length;
    const inString =
      isSame && (column !== undefined || alias.column > 0) ? alias.column + (column ?? 0) : column;
    return { path: [...alias.to, ...path.slice(alias.from.length)], column: inString };
  }
}
