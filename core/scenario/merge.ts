/**
 * One layer of a scenario over another. Both enter with their origins, the whole leaves with who wrote which part.
 * `compose.ts` calls it for every file that extends another.
 */
import { GrammarError, parseSelector, selectorText } from '../base/grammar.js';
import { isObject } from './desugar.js';
import type { Path } from './document.js';
import type { Layer, Origin } from './sources.js';
import { childOrigin } from './sources.js';

export function mergeLayers(base: Layer, own: Layer, path: Path): Layer {
  if (!isObject(base.value) || !isObject(own.value) || isWhole(path)) return own;
  const value: Record<string, unknown> = {};
  const children = new Map<string, Origin>();
  const put = (key: string, layer: Layer): void => {
    value[key] = layer.value;
    children.set(key, layer.origin);
  };
  for (const [key, inherited] of Object.entries(base.value)) {
    put(key, { value: inherited, origin: childOrigin(base.origin, key) });
  }
  for (const [key, said] of Object.entries(own.value)) {
    const known = knownAs(key, value, path);
    const layer: Layer = { value: said, origin: childOrigin(own.origin, key) };
    if (known === undefined) {
      put(key, layer);
      continue;
    }
    const inherited: Layer = {
      value: value[known],
      origin: childOrigin({ document: null, children }, known),
    };
    // A new spelling of a selector takes the place of the old one.
    if (known !== key || (said === null && !isLimit(path))) {
      // eslint-disable-next-line @typescript-eslint/no-dynamic-delete
      delete value[known];
      children.delete(known);
    }
    if (said === null && !isLimit(path)) continue;
    put(
      key,
      isVariables(path) ? overVariable(inherited, layer, [...path, key]) : over(inherited, layer, path, key),
    );
  }
  return { value, origin: { document: own.origin.document, children } };
}

function over(inherited: Layer, layer: Layer, path: Path, key: string): Layer {
  return mergeLayers(inherited, layer, [...path, key]);
}

/** A value where a variable is declared sets its default and keeps the rest. */
function overVariable(inherited: Layer, layer: Layer, path: Path): Layer {
  const declared = (one: Layer): Layer =>
    isObject(one.value)
      ? one
      : {
          value: { default: one.value },
          origin: { document: one.origin.document, children: new Map([['default', one.origin]]) },
        };
  return mergeLayers(declared(inherited), declared(layer), path);
}

const isVariables = (path: Path): boolean => path.length === 1 && path[0] === 'variables';
/** An assertion is one sentence with its notes: a part of an old one beside a new one would say what nobody said. */
const isWhole = (path: Path): boolean => path[0] === 'thresholds' && path.length === 2;
/** Limits are never removed: the profile's are judged with what stands here. */
const isLimit = (path: Path): boolean => path[0] === 'safety' && path[1] === 'limits' && path.length === 3;

/** The key under which the same thing is there already: selectors are compared by what they mean. */
function knownAs(key: string, value: Readonly<Record<string, unknown>>, path: Path): string | undefined {
  if (Object.hasOwn(value, key)) return key;
  if (path.length !== 1 || path[0] !== 'thresholds') return undefined;
  const meant = canonical(key);
  return Object.keys(value).find((other) => canonical(other) === meant);
}

/** A selector that does not parse is told later, and is only the same as itself. */
function canonical(key: string): string {
  try {
    return selectorText(parseSelector(key));
  } catch (error) {
    if (error instanceof GrammarError) return key;
    throw error;
  }
}
