/**
 * Options of a simulator or exporter: its schema and what the scenario says enter; what the plugin receives leaves,
 * with defaults applied, units in base units, paths absolute, frozen. Scenario and CLI call it.
 */
import { resolve } from 'node:path';
import type { ErrorCode } from '../base/codes.js';
import { GrammarError, parseDuration, parseQuantity } from '../base/grammar.js';
import { suggestion } from '../base/suggest.js';
import type { Dimension } from '../base/units.js';
import type {
  ArraySchema,
  NumberSchema,
  ObjectSchema,
  StringSchema,
  UnitFormat,
  ValueSchema,
} from '../contract/schema-types.js';

export interface OptionProblem {
  /** Inside the options. */
  readonly path: readonly (string | number)[];
  /** Which the mistake is in: the value at the path, or its key. */
  readonly at: 'value' | 'key';
  /** In the string at the path, from 0. */
  readonly column?: number;
  readonly code: ErrorCode;
  readonly message: string;
  readonly seen?: unknown;
  readonly wanted?: string;
  readonly hint?: string;
}

export interface OptionFolders {
  /** What relative paths start from. */
  readonly directory: string;
  /** The same for paths that are written to. */
  readonly writeDirectory: string;
  /** Where options of one object come from several files: of the one that says this path. Wins over both. */
  readonly directoryAt?: (path: Path) => string;
}

export interface ResolvedOptions {
  /** Meaningless where there are problems. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly problems: readonly OptionProblem[];
  /** Files that the plugin will write to. */
  readonly writes: readonly WrittenPath[];
}

export interface WrittenPath {
  readonly path: readonly (string | number)[];
  /** Absolute. */
  readonly file: string;
}

interface Format {
  readonly dimension: Dimension;
  readonly name: string;
  readonly example: string;
}

const FORMATS: Readonly<Record<UnitFormat, Format>> = {
  duration: { dimension: 'time', name: 'a duration', example: '"30s"' },
  bytes: { dimension: 'bytes', name: 'an amount of bytes', example: '"64MiB"' },
  percent: { dimension: 'share', name: 'a percentage', example: '"80%"' },
  rate: { dimension: 'ops/s', name: 'a rate', example: '"200/s"' },
};

type Path = readonly (string | number)[];

/** An option that is wrong; caught by the walk, so that the others are looked at too. */
class Wrong extends Error {
  readonly problem: Omit<OptionProblem, 'path' | 'at'>;
  constructor(problem: Omit<OptionProblem, 'path' | 'at'>) {
    super(problem.message);
    this.problem = problem;
  }
}

export function resolveOptions(
  schema: ObjectSchema,
  value: unknown,
  folders: OptionFolders,
): ResolvedOptions {
  const problems: OptionProblem[] = [];
  const walk = new Walk(folders, problems);
  const options = walk.value(schema, value ?? {}, []);
  return { options: (options ?? {}) as Readonly<Record<string, unknown>>, problems, writes: walk.writes };
}

class Walk {
  readonly writes: WrittenPath[] = [];
  readonly #folders: OptionFolders;
  readonly #problems: OptionProblem[];

  constructor(folders: OptionFolders, problems: OptionProblem[]) {
    this.#folders = folders;
    this.#problems = problems;
  }

  /** What the plugin gets for this value; undefined when it is wrong, which is then among the problems. */
  value(schema: ValueSchema, value: unknown, path: Path): unknown {
    try {
      switch (schema.type) {
        case 'object':
          return this.#object(schema, value, path);
        case 'array':
          return this.#array(schema, value, path);
        case 'string':
          return this.#string(schema, value, path);
        case 'boolean':
          if (typeof value !== 'boolean') throw mistyped(value, 'true or false');
          return value;
        default:
          return number(schema, value);
      }
    } catch (error) {
      if (!(error instanceof Wrong)) throw error;
      this.#problems.push({ path, at: 'value', ...error.problem });
      return undefined;
    }
  }

  #object(schema: ObjectSchema, value: unknown, path: Path): Readonly<Record<string, unknown>> {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw mistyped(value, 'an object');
    const given = value as Readonly<Record<string, unknown>>;
    const known = Object.keys(schema.properties);
    for (const key of Object.keys(given)) {
      if (Object.hasOwn(schema.properties, key)) continue;
      const message = `unknown option "${key}"`;
      const hint = suggestion(key, known);
      this.#problems.push({ path: [...path, key], at: 'key', code: 'E_SCHEMA', message, seen: key, hint });
    }
    const result: Record<string, unknown> = {};
    for (const [key, property] of Object.entries(schema.properties)) {
      const said = Object.hasOwn(given, key)
        ? given[key]
        : 'default' in property
          ? property.default
          : undefined;
      if (said !== undefined) result[key] = this.value(property, said, [...path, key]);
    }
    const lacking = (schema.required ?? []).filter((key) => !(key in result) && !Object.hasOwn(given, key));
    if (lacking.length > 0) this.#missing(path, lacking, schema);
    return Object.freeze(result);
  }

  /** All that an object lacks stands at one place. */
  #missing(path: Path, keys: readonly string[], schema: ObjectSchema): void {
    const names = keys.map((key) => `"${key}"`).join(', ');
    const message = `${keys.length === 1 ? 'option' : 'options'} ${names} ${keys.length === 1 ? 'is' : 'are'} missing`;
    const about = keys.flatMap((key) => schema.properties[key]?.description ?? []);
    const hint = about.length === 0 ? {} : { hint: about.join(' ') };
    this.#problems.push({ path, at: 'value', code: 'E_SCHEMA', message, ...hint });
  }

  #array(schema: ArraySchema, value: unknown, path: Path): readonly unknown[] {
    if (!Array.isArray(value)) throw mistyped(value, 'a list');
    if (value.length > schema.maxItems) {
      throw wrong(
        `${value.length} entries are too many: at most ${schema.maxItems}`,
        `at most ${schema.maxItems}`,
        value.length,
      );
    }
    return Object.freeze(value.map((item, index) => this.value(schema.items, item, [...path, index])));
  }

  #string(schema: StringSchema, value: unknown, path: Path): string | number {
    const unit =
      schema.format !== undefined && schema.format in FORMATS ? FORMATS[schema.format as UnitFormat] : null;
    if (typeof value !== 'string') {
      throw mistyped(
        value,
        unit === null ? wantedOf(schema) : `${unit.name} as text, such as ${unit.example}`,
      );
    }
    if (schema.enum?.includes(value) === false) {
      const wanted = schema.enum.map((v) => `"${v}"`).join(', ');
      throw wrong(`"${value}" is none of ${wanted}`, wanted, value, suggestion(value, schema.enum));
    }
    if (schema.pattern !== undefined && !new RegExp(schema.pattern, 'u').test(value)) {
      throw wrong(`"${value}" does not look like ${schema.pattern}`, schema.pattern, value);
    }
    if (unit !== null) return measured(value, unit);
    if (schema.format === 'url' && !URL.canParse(value))
      throw wrong(`"${value}" is not a URL`, 'a URL', value);
    if (schema.format !== 'path') return value;
    if (value === '') throw wrong('a path is not empty', 'a path', value);
    return this.#file(schema, value, path);
  }

  #file({ access }: StringSchema, said: string, path: Path): string {
    const { directoryAt, directory, writeDirectory } = this.#folders;
    const isWritten = access === 'write';
    const file = resolve(directoryAt?.(path) ?? (isWritten ? writeDirectory : directory), said);
    if (isWritten) this.writes.push({ path, file });
    return file;
  }
}

/** Durations in milliseconds, as plugins get them; everything else in the base unit. */
function measured(text: string, { dimension, name, example }: Format): number {
  try {
    if (dimension === 'time') return parseDuration(text);
    const quantity = parseQuantity(text);
    if (quantity.dimension !== dimension || quantity.value < 0) {
      const isBare = dimension === 'bytes' && quantity.dimension === 'count';
      const hint = isBare ? `Write "${text.trim()}B".` : `Such as ${example}.`;
      throw wrong(`"${text}" is not ${name}`, `${name}, such as ${example}`, text, hint);
    }
    return quantity.value;
  } catch (error) {
    if (!(error instanceof GrammarError)) throw error;
    throw new Wrong({
      code: 'E_GRAMMAR',
      message: `"${text}" is not ${name}: ${error.message}`,
      seen: text,
      column: error.column,
      ...(error.hint !== undefined && { hint: error.hint }),
    });
  }
}

function number(schema: NumberSchema, value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw mistyped(value, wantedOf(schema));
  const isWhole = schema.type !== 'integer' || Number.isInteger(value);
  const isInside = value >= (schema.minimum ?? -Infinity) && value <= (schema.maximum ?? Infinity);
  if (!isWhole || !isInside) throw wrong(`${value} is not ${wantedOf(schema)}`, wantedOf(schema), value);
  return value;
}

/** What a schema asks for, in words. */
function wantedOf(schema: ValueSchema): string {
  switch (schema.type) {
    case 'string':
      return schema.enum === undefined ? 'text' : `one of ${schema.enum.map((v) => `"${v}"`).join(', ')}`;
    case 'boolean':
      return 'true or false';
    case 'array':
      return 'a list';
    case 'object':
      return 'an object';
    default: {
      const what = schema.type === 'integer' ? 'a whole number' : 'a number';
      const { minimum: low, maximum: high } = schema;
      if (low !== undefined && high !== undefined) return `${what} from ${low} to ${high}`;
      if (low !== undefined) return `${what} of at least ${low}`;
      return high === undefined ? what : `${what} of at most ${high}`;
    }
  }
}

function wrong(message: string, wanted: string, seen: unknown, hint?: string): Wrong {
  return new Wrong({ code: 'E_SCHEMA', message, wanted, seen, ...(hint !== undefined && { hint }) });
}

function mistyped(value: unknown, wanted: string): Wrong {
  const seen = JSON.stringify(value);
  return wrong(`${seen.length > 40 ? `${seen.slice(0, 39)}…` : seen} is not ${wanted}`, wanted, value);
}
