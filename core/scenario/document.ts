/**
 * One text with the way back from any value in it to its line and column. `read.ts` makes it; `sources.ts` asks it
 * for places, so that an error always stands where the person wrote the mistake.
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

export class Document {
  /** Absolute, or null for standard input. */
  readonly file: string | null;
  readonly text: string;
  readonly #tree: Node;

  constructor(file: string | null, text: string, tree: Node) {
    this.file = file;
    this.text = text;
    this.#tree = tree;
  }

  /** The place of a path in this text: of the deepest part of it that was written. */
  place({ path, at, column }: Spot): Place {
    const found = this.#find(path);
    const isWhole = found.depth === path.length;
    const node = at === 'key' && isWhole ? (found.key ?? found.value) : found.value;
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
