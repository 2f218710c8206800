/**
 * Collects the mistakes of a scenario in one pass. Every step adds what it finds; what stands where a mistake was
 * already found is silent. Plan and load take the sorted errors out at the end.
 */
import type { ErrorCode } from '../base/codes.js';
import { BruntError, BruntErrors } from '../base/errors.js';
import { GrammarError } from '../base/grammar.js';
import type { Document, Path, Spot } from './document.js';
import type { Sources } from './sources.js';

export interface Mistake extends Spot {
  readonly code: ErrorCode;
  readonly message: string;
  readonly seen?: unknown;
  readonly wanted?: string;
  readonly hint?: string;
}

interface Noted {
  readonly path: Path;
  readonly error: BruntError;
}

export class Problems {
  readonly #sources: Sources;
  #noted: Noted[] = [];
  /** Places where a mistake was found, whether it was told or not. */
  readonly #paths: Path[] = [];
  readonly #silent: Path[] = [];

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  /** The first mistake of a place is the one that is said. */
  add({ path, at, column, ...details }: Mistake): void {
    this.#paths.push(path);
    if (this.#silent.some((silent) => startsWith(path, silent))) return;
    const place = this.#sources.place({ path, at: at ?? 'value', ...(column !== undefined && { column }) });
    this.#note(path, new BruntError({ ...details, place }));
  }

  /** A mistake of one file, before it is known what of it the whole will have. */
  addIn(document: Document, spot: Spot, details: Omit<Mistake, 'path' | 'at' | 'column'>): void {
    this.#note(spot.path, new BruntError({ ...details, place: document.place(spot) }));
  }

  /** The same, known by its position in the text only. */
  addAt(
    document: Document,
    offset: number,
    path: Path,
    details: Pick<Mistake, 'code' | 'message' | 'hint'>,
  ): void {
    this.#note(path, new BruntError({ ...details, place: document.placeAt(offset, path) }));
  }

  /** A mistake that stands in no file but on the command line. */
  addOutside(where: string, details: Omit<Mistake, 'path' | 'at' | 'column'>): void {
    this.#noted.push({ path: [], error: new BruntError({ ...details, place: { path: where } }) });
  }

  /** Whatever else is wrong with this value follows from what was told. */
  silence(path: Path): void {
    this.#paths.push(path);
    this.#silent.push(path);
  }

  /** A key that may not be there: what was said about its value is beside the point. */
  addKey(path: Path, mistake: Omit<Mistake, 'path' | 'at' | 'column'>): void {
    this.#noted = this.#noted.filter((noted) => !startsWith(noted.path, path));
    this.add({ path, at: 'key', ...mistake });
    this.silence(path);
  }

  #note(path: Path, error: BruntError): void {
    const { line, column } = error.place ?? {};
    const { file } = error.place ?? {};
    const isTaken = this.#noted.some(
      ({ error: { place } }) =>
        line !== undefined && place?.line === line && place.column === column && place.file === file,
    );
    if (!isTaken) this.#noted.push({ path, error });
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

  get isEmpty(): boolean {
    return this.#noted.length === 0;
  }

  /** File by file in the order of the composition, then as they stand in the text. */
  collected(): BruntErrors {
    const file = (e: BruntError): number => this.#sources.files.indexOf(e.place?.file ?? '');
    const line = (e: BruntError): number => e.place?.line ?? 0;
    const column = (e: BruntError): number => e.place?.column ?? 0;
    return new BruntErrors(
      this.#noted
        .map(({ error }) => error)
        .sort((a, b) => file(a) - file(b) || line(a) - line(b) || column(a) - column(b)),
    );
  }

  throwIfAny(): void {
    if (this.#noted.length > 0) throw this.collected();
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
