/**
 * Short forms become full ones: a load "10% -> 90%" the ramp it means, a threshold a list of objects. The plain value
 * enters and a new one leaves; wherever something moved, the document learns where it was written.
 */
import { parseLoad } from '../base/grammar.js';
import type { Document, Path } from './document.js';
import type { Problems } from './problems.js';
import { parsed } from './problems.js';

type Json = Record<string, unknown>;

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What is not of the expected type stays as it is: validation says so afterwards. */
export function desugar(value: unknown, document: Document, problems: Problems): unknown {
  if (!isObject(value)) return value;
  const result = structuredClone(value);
  if (Array.isArray(result['phases'])) {
    for (const [index, phase] of result['phases'].entries()) {
      if (isObject(phase) && isObject(phase['load'])) {
        desugarLoads(phase['load'], ['phases', index, 'load'], document, problems);
      }
    }
  }
  const thresholds = result['thresholds'];
  if (isObject(thresholds)) {
    for (const [key, said] of Object.entries(thresholds)) {
      thresholds[key] = thresholdList(said, ['thresholds', key], document);
    }
  }
  return result;
}

function desugarLoads(loads: Json, path: Path, document: Document, problems: Problems): void {
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
      document.alias([...spot, 'level'], spot, text.search(/\S/));
    } else {
      const arrow = text.indexOf('->');
      const to = text.slice(arrow + 2);
      loads[actor] = { shape: 'ramp', from: text.slice(0, arrow).trim(), to: to.trim() };
      document.alias([...spot, 'from'], spot, text.search(/\S/));
      document.alias([...spot, 'to'], spot, arrow + 2 + to.search(/\S/));
    }
  }
}

function thresholdList(said: unknown, path: Path, document: Document): unknown {
  if (!Array.isArray(said)) {
    if (typeof said !== 'string' && !isObject(said)) return said;
    document.alias([...path, 0], path);
  }
  return (Array.isArray(said) ? (said as unknown[]) : [said]).map((entry, index) => {
    if (typeof entry !== 'string') return entry;
    document.alias([...path, index, 'assert'], Array.isArray(said) ? [...path, index] : path);
    return { assert: entry };
  });
}
