/**
 * Short forms become full ones: a load "10% -> 90%" the ramp it means, a threshold a list of objects. The plain value
 * enters and a new one leaves; wherever something moved, the sources learn where it was written.
 */
import { parseLoad } from '../base/grammar.js';
import type { Path } from './document.js';
import type { Problems } from './problems.js';
import { parsed } from './problems.js';
import type { Sources } from './sources.js';

type Json = Record<string, unknown>;

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What is not of the expected type stays as it is: validation says so afterwards. */
export function desugar(value: unknown, sources: Sources, problems: Problems): unknown {
  if (!isObject(value)) return value;
  const result = structuredClone(value);
  if (Array.isArray(result['phases'])) {
    for (const [index, phase] of result['phases'].entries()) {
      if (isObject(phase) && isObject(phase['load'])) {
        desugarLoads(phase['load'], ['phases', index, 'load'], sources, problems);
      }
    }
  }
  const thresholds = result['thresholds'];
  if (isObject(thresholds)) {
    for (const [key, said] of Object.entries(thresholds)) {
      thresholds[key] = thresholdList(said, ['thresholds', key], sources);
    }
  }
  return result;
}

function desugarLoads(loads: Json, path: Path, sources: Sources, problems: Problems): void {
  for (const [actor, text] of Object.entries(loads)) {
    if (typeof text !== 'string') continue;
    const spot = [...path, actor];
    const sentence = parsed(problems, { path: spot }, 'a load', text, parseLoad);
    if (sentence === null) {
      // Already told; nothing more can be said of it.
      // eslint-disable-next-line @typescript-eslint/no-dynamic-delete
      delete loads[actor];
    } else if (sentence.to === undefined) {
      loads[actor] = { shape: 'hold', level: text.trim() };
      sources.alias([...spot, 'level'], spot, text.search(/\S/));
    } else {
      const arrow = text.indexOf('->');
      const to = text.slice(arrow + 2);
      loads[actor] = { shape: 'ramp', from: text.slice(0, arrow).trim(), to: to.trim() };
      sources.alias([...spot, 'from'], spot, text.search(/\S/));
      sources.alias([...spot, 'to'], spot, arrow + 2 + to.search(/\S/));
    }
  }
}

function thresholdList(said: unknown, path: Path, sources: Sources): unknown {
  if (!Array.isArray(said)) {
    if (typeof said !== 'string' && !isObject(said)) return said;
    sources.alias([...path, 0], path);
  }
  return (Array.isArray(said) ? (said as unknown[]) : [said]).map((entry, index) => {
    if (typeof entry !== 'string') return entry;
    sources.alias([...path, index, 'assert'], Array.isArray(said) ? [...path, index] : path);
    return { assert: entry };
  });
}
