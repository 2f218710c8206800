/**
 * Collects the mistakes of a scenario in one pass. Every step adds what it finds; what stands where a mistake was
 * already found is silent. Plan and load take the sorted errors out at the end.
 */
import type { ErrorCode } from '../base/codes.js';
import { BruntError, BruntErrors } from '../base/errors.js';
import { GrammarError } from '../base/grammar.js';
import type { Document, Path, Spot } from './document.js';

export interface Mistake extends Spot {
  readonly code: ErrorCode;
  readonly message: string;
  readonly seen?: unknown;
  readonly wanted?: string;
  readonly hint?: string;
}

export class Problems {
  readonly #document: Document;
  readonly #errors: BruntError[] = [];
  readonly #taken = new Set<string>();
  readonly #paths: Path[] = [];

  constructor(document: Document) {
    this.#document = document;
  }

  /** The first mistake of a place is the one that is said. */
  add({ path, at, column, ...details }: Mistake): void {
    const place = this.#document.place({ path, at: at ?? 'value', ...(column !== undefined && { column }) });
    this.#paths.push(path);
    const id = `${String(place.line)}:${String(place.column)}`;
    if (this.#taken.has(id)) return;
    this.#taken.add(id);
    this.#errors.push(new BruntError({ ...details, place }));
  }

  /** A mistake known by its position in the text only. */
  addAt(offset: number, path: Path, details: Pick<Mistake, 'code' | 'message' | 'hint'>): void {
    const place = this.#document.placeAt(offset, path);
    const id = `${String(place.line)}:${String(place.column)}`;
    if (this.#taken.has(id)) return;
    this.#taken.add(id);
    this.#errors.push(new BruntError({ ...details, place }));
  }

  /** What another room threw, said at this place; what is not an expected failure is thrown on. */
  addThrown(spot: Spot, error: unknown): void {
    if (error instanceof BruntError) {
      const { code, message, seen, wanted, hint } = error;
      const told = { ...(wanted !== undefined && { wanted }), ...(hint !== undefined && { hint }) };
      this.add({ ...spot, code, message, seen, ...told });
    } else {
      throw error;
    }
  }

  /** A sentence that does not parse, at the column of the mistake. */
  addGrammar(spot: Spot, what: string, text: string, error: GrammarError): void {
    const message = `"${text}" is not ${what}: ${error.message}`;
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    this.add({
      ...spot,
      column: (spot.column ?? 0) + error.column,
      code: 'E_GRAMMAR',
      message,
      seen: text,
      ...hint,
    });
  }

  /** Something is wrong at this path, above it or below it: what follows from it stays silent. */
  touches(path: Path): boolean {
    return this.#paths.some((p) => startsWith(p, path) || startsWith(path, p));
  }

  /** Something is wrong at this path or below it. */
  within(path: Path): boolean {
    return this.#paths.some((p) => startsWith(p, path));
  }

  /** Sorted as they stand in the text. */
  collected(): BruntErrors {
    const line = (e: BruntError): number => e.place?.line ?? 0;
    const column = (e: BruntError): number => e.place?.column ?? 0;
    return new BruntErrors([...this.#errors].sort((a, b) => line(a) - line(b) || column(a) - column(b)));
  }

  throwIfAny(): void {
    if (this.#errors.length > 0) throw this.collected();
  }
}

function startsWith(path: Path, prefix: Path): boolean {
  return prefix.every((step, i) => path[i] === step);
}

/** Runs a parser of grammar.ts; null when the sentence is wrong, which is then among the problems. */
export function parsed<T>(
  problems: Problems,
  spot: Spot,
  what: string,
  text: string,
  parse: (text: string) => T,
): T | null {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof GrammarError)) throw error;
    problems.addGrammar(spot, what, text, error);
    return null;
  }
}
