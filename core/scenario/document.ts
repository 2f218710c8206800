/**
 * The text of a scenario with the way back from any value to its line and column. `read.ts` makes it; every later
 * step asks it for places, so that an error always stands where the person wrote the mistake.
 */
import type { Node } from 'jsonc-parser';
import type { Place } from '../base/errors.js';

export type Path = readonly (string | number)[];

/** Where in the text: a value, or the key that names it; `column` counts from 0 inside the string. */
export interface Spot {
  readonly path: Path;
  readonly at?: 'value' | 'key';
  readonly column?: number;
}

interface Alias {
  readonly from: Path;
  readonly to: Path;
  readonly column: number;
}

export class Document {
  /** Absolute, or null for standard input. */
  readonly file: string | null;
  readonly text: string;
  readonly #tree: Node;
  readonly #aliases: Alias[] = [];

  constructor(file: string | null, text: string, tree: Node) {
    this.file = file;
    this.text = text;
    this.#tree = tree;
  }

  /** What stands at `from` after desugaring was written at `to`, from this column of its string on. */
  alias(from: Path, to: Path, column = 0): void {
    this.#aliases.push({ from, to, column });
  }

  place(spot: Spot): Place {
    const { path, column } = this.#written(spot.path, spot.column);
    const found = this.#find(path);
    const isWhole = found.depth === path.length;
    const node = spot.at === 'key' && isWhole ? (found.key ?? found.value) : found.value;
    const offset = isWhole && column !== undefined ? offsetInString(this.text, node, column) : node.offset;
    return this.placeAt(offset, path.slice(0, found.depth));
  }

  placeAt(offset: number, path: Path): Place {
    const before = this.text.slice(0, offset);
    const lineStart = Math.max(before.lastIndexOf('\n'), before.lastIndexOf('\r')) + 1;
    const line = before.split(/\r\n|\r|\n/).length;
    return {
      file: this.file ?? '-',
      line,
      column: offset - lineStart + 1,
      ...(path.length > 0 && { path: pathText(path) }),
    };
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

  /** The deepest node along the path that was written, and its key. */
  #find(path: Path): { value: Node; key: Node | null; depth: number } {
    let value = this.#tree;
    let key: Node | null = null;
    for (const [depth, step] of path.entries()) {
      const next = childOf(value, step);
      if (next === null) return { value, key, depth };
      ({ value, key } = next);
    }
    return { value, key, depth: path.length };
  }
}

function childOf(node: Node, step: string | number): { value: Node; key: Node | null } | null {
  if (node.type === 'array') {
    const value = typeof step === 'number' ? node.children?.[step] : undefined;
    return value === undefined ? null : { value, key: null };
  }
  if (node.type !== 'object') return null;
  for (const property of node.children ?? []) {
    const [key, value] = property.children ?? [];
    if (key !== undefined && value !== undefined && key.value === step) return { value, key };
  }
  return null;
}

/** Walks the raw characters, since an escape is several of them for one of the string's. */
function offsetInString(text: string, node: Node, column: number): number {
  if (text[node.offset] !== '"') return node.offset;
  let offset = node.offset + 1;
  for (let seen = 0; seen < column && offset < node.offset + node.length - 1; seen++) {
    if (text[offset] !== '\\') offset += 1;
    else offset += text[offset + 1] === 'u' ? 6 : 2;
  }
  return offset;
}

/** `actors.hog.peak`, `phases[0].load`, `thresholds["op.latency{actor:db}"]`. */
export function pathText(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    if (!/^[A-Za-z$_*][\w-]*$/.test(step)) return `${text}[${JSON.stringify(step)}]`;
    return text === '' ? step : `${text}.${step}`;
  }, '');
}
