/**
 * A recorded column as levels: the file of a `trace` enters, one level for each row leaves. `loads.ts` calls it; what
 * is wrong in the file is told at the shape, with the line of the file.
 */
import { readFile, stat } from 'node:fs/promises';
import { messageOf } from '../base/errors.js';
import { GrammarError, parseLevel } from '../base/grammar.js';
import { suggestion } from '../base/suggest.js';
import { isObject } from './desugar.js';
import type { Path } from './document.js';
import type { Mistake } from './problems.js';
import type { ScenarioLevel } from './scenario.js';

const BYTES_MAX = 16 * 2 ** 20;
const ROWS_MAX = 200_000;

/** What stops the reading; caught by `readTrace`. */
class Unreadable extends Error {
  readonly mistake: Mistake;
  constructor(mistake: Mistake) {
    super(mistake.message);
    this.mistake = mistake;
  }
}

export interface TraceInput {
  /** Absolute. */
  readonly file: string;
  readonly column: string;
  readonly unit: string;
  /** Of the shape in the scenario. */
  readonly path: Path;
}

export async function readTrace(input: TraceInput): Promise<readonly ScenarioLevel[] | Mistake> {
  try {
    const text = await readText(input);
    const cells = /\.(ndjson|jsonl)$/i.test(input.file) ? ofNdjson(text, input) : ofCsv(text, input);
    if (cells.length === 0) throw inFile(input, 'the trace has no rows');
    if (cells.length > ROWS_MAX) throw inFile(input, `${cells.length} rows are more than ${ROWS_MAX}`);
    return cells.map(({ number, line }) => levelOf(number, line, input));
  } catch (error) {
    if (error instanceof Unreadable) return error.mistake;
    throw error;
  }
}

async function readText(input: TraceInput): Promise<string> {
  const { file } = input;
  try {
    const { size } = await stat(file);
    if (size > BYTES_MAX) throw inFile(input, `it is larger than ${BYTES_MAX / 2 ** 20} MiB`);
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Unreadable) throw error;
    throw inFile(input, `cannot read it: ${messageOf(error)}`, 'E_FILE');
  }
}

interface Cell {
  readonly number: number;
  readonly line: number;
}

/** Plain CSV: a line of headings, cells between commas, quotes around a cell allowed. */
function ofCsv(text: string, input: TraceInput): Cell[] {
  const [head = '', ...rows] = text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/);
  const headings = cellsOf(head);
  const index = headings.indexOf(input.column);
  if (index < 0) throw noColumn(input, headings);
  return rows.flatMap((row, i) => {
    if (row.trim() === '') return [];
    return [{ number: numberOf(cellsOf(row)[index], i + 2, input), line: i + 2 }];
  });
}

function cellsOf(row: string): string[] {
  return [...row.matchAll(/(?:^|,)\s*(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain = '']) =>
    quoted === undefined ? plain.trim() : quoted.replaceAll('""', '"'),
  );
}

function ofNdjson(text: string, input: TraceInput): Cell[] {
  return text.split('\n').flatMap((row, i) => {
    if (row.trim() === '') return [];
    let value: unknown;
    try {
      value = JSON.parse(row);
    } catch (error) {
      throw inFile(input, `line ${i + 1} is not JSON: ${messageOf(error)}`);
    }
    if (!isObject(value)) throw inFile(input, `line ${i + 1} is not an object`);
    if (!Object.hasOwn(value, input.column)) throw noColumn(input, Object.keys(value));
    const cell = value[input.column];
    return [{ number: numberOf(typeof cell === 'number' ? cell : undefined, i + 1, input), line: i + 1 }];
  });
}

function numberOf(cell: string | number | undefined, line: number, input: TraceInput): number {
  const number = cell === undefined || cell === '' ? Number.NaN : Number(cell);
  if (Number.isFinite(number) && number >= 0) return number;
  throw inFile(input, `line ${line}: ${cell === undefined ? 'it has no number' : `"${cell}" is no amount`}`);
}

function levelOf(number: number, line: number, input: TraceInput): ScenarioLevel {
  const { unit, path } = input;
  try {
    const { value, dimension } = parseLevel(`1${unit}`);
    const quantity = { value: value * number, dimension };
    if (dimension !== 'share' || quantity.value <= 1)
      return { quantity, text: `${number}${unit}`, path: [...path, 'file'] };
  } catch (error) {
    if (!(error instanceof GrammarError)) throw error;
    const message = `"${unit}" is not a unit: ${error.message}`;
    throw new Unreadable({ path: [...path, 'unit'], code: 'E_GRAMMAR', message, seen: unit });
  }
  throw inFile(input, `line ${line}: ${number}% is above 100%`);
}

function noColumn(input: TraceInput, known: readonly string[]): Unreadable {
  const { column, path } = input;
  const hint = suggestion(column, known);
  const message = `the trace has no column "${column}"`;
  return new Unreadable({ path: [...path, 'column'], code: 'E_NAME', message, seen: column, hint });
}

function inFile(input: TraceInput, message: string, code: 'E_FILE' | 'E_TRACE' = 'E_TRACE'): Unreadable {
  return new Unreadable({ path: [...input.path, 'file'], code, message, seen: input.file });
}
