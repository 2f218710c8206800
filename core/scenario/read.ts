/**
 * Text in, document and plain value out: JSON with comments, trailing commas and a byte order mark. `compose.ts`
 * calls it for each file. Text that is not JSON throws at once; duplicate and unusable keys are noted and reading goes on.
 */
import type { Node, ParseError } from 'jsonc-parser';
import { parseTree, printParseErrorCode } from 'jsonc-parser';
import type { ErrorCode } from '../base/codes.js';
import type { Place } from '../base/errors.js';
import { BruntError, BruntErrors } from '../base/errors.js';
import type { Path } from './document.js';
import { Document } from './document.js';
import type { Problems } from './problems.js';

/** More than any person writes; keeps a wrong file from being read for minutes. */
const TEXT_MAX = 4 * 2 ** 20;
/** The format itself nests 8 deep; options may add a few. The parser recurses. */
const DEPTH_MAX = 64;

export interface ReadScenario {
  readonly document: Document;
  /** The plain JSON value; of equal keys the first. */
  readonly value: unknown;
}

/** Throws BruntErrors with E_JSON when the text is not JSON. */
export function readScenario(file: string | null, text: string, problems: Problems): ReadScenario {
  // Offsets then count from after the mark, as an editor shows columns.
  const plain = text.startsWith('\uFEFF') ? text.slice(1) : text;
  if (plain.length > TEXT_MAX) throw refused(`the text is longer than ${TEXT_MAX / 2 ** 20} MiB`, file);
  const tooDeep = deepAt(plain);
  if (tooDeep !== null)
    throw refused(`more than ${DEPTH_MAX} levels of brackets`, file, placeOf(file, plain, tooDeep));
  const errors: ParseError[] = [];
  const tree = parseTree(plain, errors, { allowTrailingComma: true });
  const first = errors[0];
  if (first !== undefined) {
    // One mistake of this kind makes others follow, so only the first is told.
    throw refused(syntaxMessage(first, plain), file, placeOf(file, plain, first.offset));
  }
  if (tree === undefined) throw refused('the text is empty', file, placeOf(file, plain, 0));
  const document = new Document(file, plain, tree);
  return { document, value: valueOf(tree, [], document, problems) };
}

function refused(message: string, file: string | null, place?: Place): BruntErrors {
  const code: ErrorCode = 'E_JSON';
  return new BruntErrors([new BruntError({ code, message, place: place ?? { file: file ?? '-' } })]);
}

function placeOf(file: string | null, text: string, offset: number): Place {
  return new Document(file, text, { type: 'null', offset: 0, length: 0 }).placeAt(offset, []);
}

/** Strings and comments whole, so that brackets inside them do not count. */
const BRACKETS = /"(?:[^"\\\r\n]|\\.)*"|\/\/[^\r\n]*|\/\*[^]*?\*\/|[{}[\]]/g;

/** Offset of the bracket that opens one level too many, or null. */
function deepAt(text: string): number | null {
  let depth = 0;
  for (const { 0: token, index } of text.matchAll(BRACKETS)) {
    if (token === '{' || token === '[') depth++;
    if (token === '}' || token === ']') depth--;
    if (depth > DEPTH_MAX) return index;
  }
  return null;
}

const SYNTAX: Readonly<Record<string, string>> = {
  InvalidSymbol: 'this is no JSON value; text stands in double quotes',
  InvalidNumberFormat: 'this is no JSON number',
  PropertyNameExpected: 'expected a key in double quotes',
  ValueExpected: 'expected a value',
  ColonExpected: 'expected ":" after the key',
  CommaExpected: 'expected "," before this',
  CloseBraceExpected: 'expected "}"',
  CloseBracketExpected: 'expected "]"',
  EndOfFileExpected: 'expected nothing more after the scenario',
  UnexpectedEndOfComment: 'a comment is not closed',
  UnexpectedEndOfString: 'a string is not closed on its line',
  UnexpectedEndOfNumber: 'a number is not complete',
  InvalidUnicode: 'an escape "\\u" takes four hexadecimal digits',
  InvalidEscapeCharacter: 'this escape is not known in JSON',
  InvalidCharacter: 'a control character stands in a string; write it as an escape',
};

function syntaxMessage(error: ParseError, text: string): string {
  const name = printParseErrorCode(error.error);
  const seen = text.slice(error.offset, error.offset + Math.min(20, error.length));
  const shown = seen === '' ? '' : `, at ${JSON.stringify(seen)}`;
  return `not JSON: ${SYNTAX[name] ?? name}${shown}`;
}

function valueOf(node: Node, path: Path, document: Document, problems: Problems): unknown {
  if (node.type === 'array') {
    return (node.children ?? []).map((child, i) => valueOf(child, [...path, i], document, problems));
  }
  if (node.type !== 'object') return node.value as unknown;
  const result: Record<string, unknown> = {};
  const firstOffset = new Map<string, number>();
  for (const property of node.children ?? []) {
    const [keyNode, valueNode] = property.children ?? [];
    if (keyNode === undefined || valueNode === undefined) continue; // Cannot be: the text parsed without error.
    const key = String(keyNode.value);
    const first = firstOffset.get(key);
    if (first !== undefined) {
      const { line, column } = document.placeAt(first, []);
      const message = `key "${key}" appears twice; the first is at ${String(line)}:${String(column)}`;
      problems.addAt(document, keyNode.offset, [...path, key], {
        code: 'E_DUPLICATE_KEY',
        message,
        hint: 'Keep one of them.',
      });
      continue;
    }
    firstOffset.set(key, keyNode.offset);
    if (key === '__proto__') {
      problems.addAt(document, keyNode.offset, [...path, key], {
        code: 'E_SCHEMA',
        message: 'unknown key "__proto__"',
      });
      continue;
    }
    result[key] = valueOf(valueNode, [...path, key], document, problems);
  }
  return result;
}
