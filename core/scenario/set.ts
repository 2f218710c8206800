/**
 * The values of --set: "path=value" texts and the composed scenario enter, the scenario with them leaves. A path is
 * dotted ("safety.limits.\"host.tasks\".stop") or a JSON pointer, phases go by name; the schema's type there says how a
 * value is read.
 */
import { suggestion } from '../base/suggest.js';
import { isObject } from './desugar.js';
import type { Problems } from './problems.js';
import { scenarioSchema } from './schema-form.js';
import type { Schema } from './schema-parts.js';
import type { Layer, Origin } from './sources.js';
import { childOrigin } from './sources.js';

type Steps = readonly (string | number)[];

const OUTSIDE: Origin = { document: null, children: null };
/** Far deeper than the format is. */
const STEPS_MAX = 16;

/** Called for what is under "with", whose schema belongs to a plugin; undefined when it is not known. */
export type OptionsAt = (steps: Steps, root: unknown) => Promise<Schema | undefined>;

export async function applySets(
  layer: Layer,
  sets: readonly string[],
  optionsAt: OptionsAt,
  problems: Problems,
): Promise<Layer> {
  let result = layer;
  for (const set of sets) {
    const parsed = parseSet(set, problems);
    if (parsed === null) continue;
    const steps = resolveSteps(parsed.steps, result.value, set, problems);
    if (steps === null) continue;
    const schema = schemaAt(steps) ?? (await optionsAt(steps, result.value));
    const value = readValue(parsed.text, schema, valueAt(result.value, steps));
    const placed = put(result, steps, value);
    if (placed === null) {
      const message = 'there is nothing that this path leads into';
      problems.addOutside(`--set ${set}`, { code: 'E_SET', message });
    } else result = placed;
  }
  return result;
}

function parseSet(set: string, problems: Problems): { steps: string[]; text: string } | null {
  const refuse = (message: string): null => {
    const hint = 'Such as --set phases.hold.duration=10s, or --set /phases/0/duration=10s.';
    problems.addOutside(`--set ${set}`, { code: 'E_SET', message, hint });
    return null;
  };
  const found = set.startsWith('/')
    ? /^((?:\/[^/=]*)+)=(.*)$/s.exec(set)
    : /^((?:"[^"]*"|[^"=.]+)(?:\.(?:"[^"]*"|[^"=.]+))*)=(.*)$/s.exec(set);
  if (found === null) return refuse('it is not PATH=VALUE');
  const [, path = '', text = ''] = found;
  const steps = set.startsWith('/')
    ? path
        .slice(1)
        .split('/')
        .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    : [...path.matchAll(/"([^"]*)"|([^".]+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
  if (steps.length > STEPS_MAX) return refuse(`more than ${STEPS_MAX} steps`);
  if (steps.includes('__proto__')) return refuse('"__proto__" is no key');
  return { steps, text };
}

/** Indices as numbers; a phase by its name. */
function resolveSteps(
  steps: readonly string[],
  root: unknown,
  set: string,
  problems: Problems,
): Steps | null {
  const result: (string | number)[] = [];
  let value = root;
  for (const step of steps) {
    if (Array.isArray(value)) {
      const index = indexIn(value, step);
      if (index === null) {
        const names = value.flatMap((item) =>
          isObject(item) && typeof item['name'] === 'string' ? [item['name']] : [],
        );
        const hint = names.length > 0 ? suggestion(step, names) : `It has ${value.length} entries, from 0.`;
        problems.addOutside(`--set ${set}`, { code: 'E_SET', message: `there is no entry "${step}"`, hint });
        return null;
      }
      result.push(index);
      value = (value as readonly unknown[])[index];
    } else {
      result.push(step);
      value = isObject(value) && Object.hasOwn(value, step) ? value[step] : undefined;
    }
  }
  return result;
}

function indexIn(list: readonly unknown[], step: string): number | null {
  const named = list.findIndex((item) => isObject(item) && item['name'] === step);
  if (named >= 0) return named;
  return /^\d{1,6}$/.test(step) && Number(step) < list.length ? Number(step) : null;
}

function valueAt(root: unknown, steps: Steps): unknown {
  return steps.reduce<unknown>((value, step) => {
    if (Array.isArray(value)) return (value as readonly unknown[])[Number(step)];
    return isObject(value) && Object.hasOwn(value, step) ? value[String(step)] : undefined;
  }, root);
}

/** The schema of what stands at the path, by the written form; undefined where it leaves that to others. */
function schemaAt(steps: Steps): Schema | undefined {
  return below(scenarioSchema('written'), steps);
}

export function below(schema: unknown, steps: Steps): Schema | undefined {
  if (!isObject(schema)) return undefined;
  const [step, ...rest] = steps;
  if (step === undefined) return schema;
  const { properties, additionalProperties, items } = schema;
  if (isObject(properties) && Object.hasOwn(properties, step)) return below(properties[String(step)], rest);
  if (typeof step === 'number') return below(items, rest);
  if (isObject(additionalProperties)) return below(additionalProperties, rest);
  for (const branch of [...alternatives(schema, 'anyOf'), ...alternatives(schema, 'oneOf')]) {
    const found = below(branch, steps);
    if (found !== undefined) return found;
  }
  return undefined;
}

function alternatives(schema: Schema, key: 'anyOf' | 'oneOf'): readonly unknown[] {
  const list = schema[key];
  return Array.isArray(list) ? (list as unknown[]) : [];
}

/** Text where text is wanted, even if it looks like a number; else JSON, and text for what is none. */
function readValue(text: string, schema: Schema | undefined, before: unknown): unknown {
  const types = schema === undefined ? [] : typesOf(schema);
  const isText = types.length > 0 ? types.every((type) => type === 'string') : typeof before === 'string';
  if (isText && text !== 'null' && !/^\s*[[{]/.test(text)) return text;
  try {
    const value: unknown = JSON.parse(text);
    return types.includes('string') && !types.includes(typeName(value)) ? text : value;
  } catch {
    // Not JSON, so it is text; whether text may stand there is told by the schema.
    return text;
  }
}

function typesOf(schema: Schema): string[] {
  const { type, enum: values, const: constant } = schema;
  if (typeof type === 'string') return [type];
  if (Array.isArray(type)) return type as string[];
  if (Array.isArray(values)) return [...new Set((values as unknown[]).map(typeName))];
  if (constant !== undefined) return [typeName(constant)];
  return [...alternatives(schema, 'anyOf'), ...alternatives(schema, 'oneOf')].flatMap((branch) =>
    isObject(branch) ? typesOf(branch) : [],
  );
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'number' && Number.isInteger(value) ? 'integer' : typeof value;
}

/** Null when the path leads through something that has no parts. Null as a value removes. */
function put(layer: Layer, steps: Steps, value: unknown): Layer | null {
  const [step, ...rest] = steps;
  if (step === undefined) return { value, origin: OUTSIDE };
  const { value: whole, origin } = layer;
  const isList = Array.isArray(whole);
  if (!isList && !isObject(whole)) return null;
  const copy: Record<string, unknown> | unknown[] = isList ? [...(whole as unknown[])] : { ...whole };
  const parts = copy as Record<string | number, unknown>;
  const children = new Map<string, Origin>();
  for (const key of Object.keys(copy)) children.set(key, childOrigin(origin, key));
  if (value === null && rest.length === 0 && !isList) {
    // eslint-disable-next-line @typescript-eslint/no-dynamic-delete
    delete parts[step];
    children.delete(String(step));
    return { value: copy, origin: { ...origin, children } };
  }
  const isThere = Object.hasOwn(copy, step);
  const inner: Layer = isThere
    ? { value: parts[step], origin: childOrigin(origin, step) }
    : { value: {}, origin: OUTSIDE };
  const placed = put(inner, rest, value);
  if (placed === null) return null;
  parts[step] = placed.value;
  children.set(String(step), placed.origin);
  return { value: copy, origin: { ...origin, children } };
}
