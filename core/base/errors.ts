import type { ErrorCode } from './codes.js';
import { ERROR_CODES } from './codes.js';
import type { ExitCode } from './exit-codes.js';

/** Where a mistake stands: in a file (line and column count from 1), or in something with a name only. */
export interface Place {
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  /** Path inside the document, or what the error is about: `actors.hog.peak`, `agent memory`. */
  readonly path?: string;
}

export interface ErrorDetails {
  readonly code: ErrorCode;
  readonly message: string;
  readonly place?: Place;
  readonly seen?: unknown;
  readonly wanted?: string;
  readonly hint?: string;
  readonly cause?: unknown;
}

/** An expected failure: bad input, a host that lacks something, a plugin that broke. */
export class BruntError extends Error {
  override name = 'BruntError';
  readonly code: ErrorCode;
  readonly place: Place | undefined;
  readonly seen: unknown;
  readonly wanted: string | undefined;
  readonly hint: string | undefined;

  constructor(details: ErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = details.code;
    this.place = details.place;
    this.seen = details.seen;
    this.wanted = details.wanted;
    this.hint = details.hint;
  }

  get exitCode(): ExitCode {
    return ERROR_CODES[this.code].exit;
  }
}

/** Several mistakes found in one pass; nothing was started. */
export class BruntErrors extends Error {
  override name = 'BruntErrors';
  readonly errors: readonly BruntError[];

  constructor(errors: readonly BruntError[]) {
    super(errors.map((e) => e.message).join('; '));
    this.errors = errors;
  }
}

/** The text of whatever was thrown, for messages and events. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
