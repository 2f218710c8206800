/**
 * A large value as indented JSON, part by part: what `JSON.stringify(value, null, 2)` gives, from a generator that yields
 * between the parts. For documents that hold thousands of rows; see `turns.ts`.
 */
const INDENT = '  ';
/** Deeper than this a part is small enough for one go: the rows of the phases of a summary lie here. */
const DEPTH = 4;

export function* writingJson(value: unknown, indent = '', depth = DEPTH): Generator<void, string> {
  if (depth === 0 || typeof value !== 'object' || value === null) {
    yield;
    return JSON.stringify(value ?? null, null, INDENT.length).replaceAll('\n', `\n${indent}`);
  }
  const inner = indent + INDENT;
  const parts: string[] = [];
  const isList = Array.isArray(value);
  for (const [key, each] of Object.entries(value)) {
    if (each === undefined && !isList) continue;
    const name = isList ? '' : `${JSON.stringify(key)}: `;
    parts.push(`${inner}${name}${yield* writingJson(each, inner, depth - 1)}`);
  }
  const [open, close] = isList ? ['[', ']'] : ['{', '}'];
  return parts.length === 0 ? `${open}${close}` : `${open}\n${parts.join(',\n')}\n${indent}${close}`;
}
