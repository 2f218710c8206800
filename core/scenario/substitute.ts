/**
 * Puts the values of variables where "${name}" stands. The composed value enters, a new one leaves; a text that is
 * nothing but a variable becomes its value, type and all. Keys and descriptions stay as they are.
 */
import { suggestion } from '../base/suggest.js';
import { isObject } from './desugar.js';
import type { Path } from './document.js';
import type { Problems } from './problems.js';
import type { Sources } from './sources.js';
import type { Variable } from './variables.js';
import { RUN_NAMES } from './variables.js';

/** A text that holds a secret, as it was written. */
export interface SecretText {
  readonly path: Path;
  readonly text: string;
}

export interface Substituted {
  readonly value: unknown;
  readonly secrets: readonly SecretText[];
}

const VARIABLE = /\$\{([^}]*)\}/g;

export function substitute(
  value: unknown,
  variables: ReadonlyMap<string, Variable>,
  sources: Sources,
  problems: Problems,
): Substituted {
  const walk = new Walk(variables, sources, problems);
  return { value: walk.value(value, []), secrets: walk.secrets };
}

class Walk {
  readonly secrets: SecretText[] = [];
  readonly #variables: ReadonlyMap<string, Variable>;
  readonly #sources: Sources;
  readonly #problems: Problems;

  constructor(variables: ReadonlyMap<string, Variable>, sources: Sources, problems: Problems) {
    this.#variables = variables;
    this.#sources = sources;
    this.#problems = problems;
  }

  value(value: unknown, path: Path): unknown {
    if (typeof value === 'string') return value.includes('${') ? this.#text(value, path) : value;
    if (Array.isArray(value)) return value.map((item, index) => this.value(item, [...path, index]));
    if (!isObject(value)) return value;
    const entries = Object.entries(value).filter(([key]) => path.length > 0 || key !== 'variables');
    return Object.fromEntries(
      entries.map(([key, item]) => [
        key,
        key === 'description' || key === '$schema' ? item : this.value(item, [...path, key]),
      ]),
    );
  }

  #text(text: string, path: Path): unknown {
    const found = [...text.matchAll(VARIABLE)];
    const isOpen = text.replace(VARIABLE, '').includes('${');
    if (isOpen) {
      const column = text.lastIndexOf('${');
      this.#refuse(path, column, '"${" without "}": a variable is written "${name}"');
      return text;
    }
    const unknown = found.find(({ 1: name = '' }) => !this.#isKnown(name, path));
    if (unknown !== undefined) {
      const name = unknown[1] ?? '';
      this.#refuse(path, unknown.index, ...this.#unknown(name));
      return text;
    }
    const used = found.flatMap(({ 1: name = '' }) => this.#variables.get(name) ?? []);
    if (used.some(({ value }) => value === null)) {
      // Why it has none is told where it is declared.
      this.#problems.silence(path);
      return text;
    }
    this.#sources.substituted(path, found[0]?.index ?? 0);
    if (used.some(({ isSecret }) => isSecret)) this.#secret(text, path);
    const [only] = used;
    if (only !== undefined && found.length === 1 && found[0]?.[0] === text) return only.value;
    return text.replace(VARIABLE, (whole, name: string) => String(this.#variables.get(name)?.value ?? whole));
  }

  #isKnown(name: string, path: Path): boolean {
    return this.#variables.has(name) || (RUN_NAMES.includes(name) && isOfExporter(path));
  }

  #unknown(name: string): [message: string, hint: string] {
    if (RUN_NAMES.includes(name)) {
      return [`"${name}" is known only when the run starts`, 'It may stand in the options of exporters.'];
    }
    const known = [...this.#variables.keys(), ...RUN_NAMES];
    return [`variable "${name}" is not declared`, suggestion(name, known)];
  }

  #refuse(path: Path, column: number, message: string, hint?: string): void {
    this.#problems.add({ path, column, code: 'E_VARIABLE', message, ...(hint !== undefined && { hint }) });
    this.#problems.silence(path);
  }

  /** Only where the recorded plan keeps the text as it stands may it be replaced by the name. */
  #secret(text: string, path: Path): void {
    const isOption = ['actors', 'probes', 'exporters'].includes(String(path[0])) && path[2] === 'with';
    if (isOption || path[0] === 'target') {
      this.secrets.push({ path, text });
      return;
    }
    this.#refuse(
      path,
      text.indexOf('${'),
      'a secret would show in the record here',
      'Secrets may stand in options ("with") and in "target".',
    );
  }
}

function isOfExporter(path: Path): boolean {
  return path[0] === 'exporters' && path[2] === 'with';
}
