/**
 * What was thrown, for a person and for a program: errors in, text with places and hints, JSON and an exit code out.
 * Called by the entry for whatever reaches it, and by the verbs that collect errors.
 */
import { relative } from 'node:path';
import { ERROR_CODES } from '../core/base/codes.js';
import type { Place } from '../core/base/errors.js';
import { BruntError, BruntErrors } from '../core/base/errors.js';
import type { ExitCode } from '../core/base/exit-codes.js';
import { EXIT, worstExit } from '../core/base/exit-codes.js';

/** The expected errors in whatever was thrown; null when it is a defect of brunt. */
export function expectedErrors(thrown: unknown): readonly BruntError[] | null {
  if (thrown instanceof BruntErrors) return thrown.errors;
  return thrown instanceof BruntError ? [thrown] : null;
}

export function exitCodeOf(thrown: unknown): ExitCode {
  return worstExit(expectedErrors(thrown)?.map((error) => error.exitCode) ?? [EXIT.internal]);
}

/** Text for standard error, without a last line end. */
export function renderThrown(thrown: unknown): string {
  const errors = expectedErrors(thrown);
  return errors === null ? renderDefect(thrown) : renderErrors(errors);
}

/** Errors under the file they are in, each with its place, its code, what is wrong, and what to do. */
export function renderErrors(errors: readonly BruntError[]): string {
  const files = new Map<string, BruntError[]>();
  for (const error of errors) {
    const file = error.place?.file === undefined ? '' : shown(error.place.file);
    files.set(file, [...(files.get(file) ?? []), error]);
  }
  return [...files]
    .flatMap(([file, some]) => [heading(file, some.length), ...some.map(renderError)])
    .join('\n');
}

function heading(file: string, count: number): string {
  return `${file === '' ? 'brunt' : file}: ${count} ${count === 1 ? 'error' : 'errors'}`;
}

function renderError({ code, message, place, hint }: BruntError): string {
  const text = hint === undefined ? message : `${sentence(message)} ${hint}`;
  return `  ${[placeText(place), code].filter((part) => part !== '').join('  ')}\n    ${text.replaceAll('\n', '\n    ')}`;
}

function sentence(message: string): string {
  return /[.!?:]$/.test(message) ? message : `${message}.`;
}

function placeText({ file, line, column, path }: Place = {}): string {
  const at =
    file === undefined ? '' : [shown(file), line, column].filter((part) => part !== undefined).join(':');
  return [at, path ?? ''].filter((part) => part !== '').join('  ');
}

/** Relative where that is shorter to read. */
function shown(file: string): string {
  const near = relative(process.cwd(), file);
  return near === '' || near.startsWith('..') ? file : near;
}

function renderDefect(thrown: unknown): string {
  const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  return `brunt: internal error (E_INTERNAL), please report it with these lines:\n${text}`;
}

export interface JsonError extends Place {
  readonly code: string;
  readonly message: string;
  readonly exitCode: ExitCode;
  readonly seen?: unknown;
  readonly wanted?: string;
  readonly hint?: string;
}

export function jsonErrors(thrown: unknown): JsonError[] {
  const errors = expectedErrors(thrown);
  if (errors === null) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return [{ code: 'E_INTERNAL', message, exitCode: ERROR_CODES.E_INTERNAL.exit }];
  }
  return errors.map(({ code, message, place, seen, wanted, hint, exitCode }) => ({
    code,
    message,
    exitCode,
    ...place,
    ...(seen !== undefined && { seen }),
    ...(wanted !== undefined && { wanted }),
    ...(hint !== undefined && { hint }),
  }));
}
