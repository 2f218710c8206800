/**
 * Windows as JSON lines and back. A window comes in from the metric pipeline and leaves as one line of
 * windows.ndjson; what a line cannot mean comes back as null. Called by the record's writer and reader.
 */
import { assert } from '../base/assert.js';
import { atOnce } from '../base/turns.js';
import type { Bins, Point, SeriesPoint, Tags, Window } from '../contract/metrics.js';
import { LineBuffer } from './line-buffer.js';

/** Raised when a reader of the version before could not understand a line. */
const LINE_VERSION = 1;

/** A line without its end of line. Asserts that every number is finite: the pipeline refuses others at the source. */
export function encodeWindow(window: Window): Buffer {
  return atOnce(encodingWindow(window));
}

/** The same, series by series. */
export function* encodingWindow(window: Window): Generator<void, Buffer> {
  const { index, phase, phaseIndex, round, startMs, endMs, measured, missing } = window;
  const head = { v: LINE_VERSION, index, phase, phaseIndex, round, startMs, endMs, measured, missing };
  assertFinite(head, 'a window');
  const line = new LineBuffer();
  line.text(`${JSON.stringify(head).slice(0, -1)},"series":[`);
  for (const [at, series] of window.series.entries()) {
    if (at > 0) line.text(',');
    appendSeries(line, series);
    yield;
  }
  line.text(']}');
  return line.bytes();
}

/** The window of one line, or null when the line is torn or is not one. */
export function decodeWindow(line: string): Window | null {
  const value = parseObject(line);
  if (value?.['v'] !== LINE_VERSION) return null;
  const { index, phase, phaseIndex, round, startMs, endMs, measured, missing, series } = value;
  if (!areNumbers([index, phaseIndex, startMs, endMs]) || typeof phase !== 'string') return null;
  if (typeof measured !== 'boolean' || !areStrings(missing) || !Array.isArray(series)) return null;
  if (round !== undefined && typeof round !== 'number') return null;
  const decoded = (series as unknown[]).map(decodeSeries);
  if (decoded.some((each) => each === null)) return null;
  return {
    index: index as number,
    phase,
    phaseIndex: phaseIndex as number,
    ...(round === undefined ? {} : { round }),
    startMs: startMs as number,
    endMs: endMs as number,
    measured,
    missing,
    series: decoded as SeriesPoint[],
  };
}

/** The object that a line holds, or null. */
export function parseObject(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : null;
  } catch {
    return null; // A torn line: what was being written when the writer died.
  }
}

function appendSeries(line: LineBuffer, { metric, tags, point }: SeriesPoint): void {
  if (point.kind !== 'trend') {
    assertFinite(point, metric);
    return line.text(`${headOf(metric, tags)},${JSON.stringify(point).slice(1)}`);
  }
  const { count, sum, min, max, bins } = point;
  if (!Number.isFinite(count + sum + min + max)) assertFinite(point, metric);
  line.text(
    `${headOf(metric, tags)},"kind":"trend","count":${count},"sum":${sum},"min":${min},"max":${max},"bins":[`,
  );
  line.numbers(bins.index, metric);
  line.text(',');
  line.numbers(bins.count, metric);
  line.text(']}');
}

/** By the tags of a series, which stay the same object as long as it lives. */
const heads = new WeakMap<Tags, { readonly metric: string; readonly text: string }>();

/** `{"metric":…,"tags":{…}`, still open. */
function headOf(metric: string, tags: Tags): string {
  const known = heads.get(tags);
  if (known?.metric === metric) return known.text;
  const text = JSON.stringify({ metric, tags }).slice(0, -1);
  heads.set(tags, { metric, text });
  return text;
}

function decodeSeries(value: unknown): SeriesPoint | null {
  if (!isObject(value)) return null;
  const { metric, tags, ...rest } = value;
  if (typeof metric !== 'string' || !isObject(tags) || !areStrings(Object.values(tags))) return null;
  const point = decodePoint(rest);
  return point && { metric, tags: tags as Tags, point };
}

const NUMBERS_OF: ReadonlyMap<unknown, readonly string[]> = new Map([
  ['counter', ['count']],
  ['gauge', ['avg', 'min', 'max', 'last', 'coveredNs']],
  ['ratio', ['hits', 'total']],
  ['trend', ['count', 'sum', 'min', 'max']],
]);

function decodePoint(value: Record<string, unknown>): Point | null {
  const kind = value['kind'];
  const keys = NUMBERS_OF.get(kind);
  if (!keys || !areNumbers(keys.map((key) => value[key]))) return null;
  const point = Object.fromEntries([['kind', kind], ...keys.map((key) => [key, value[key]])]) as unknown;
  if (kind !== 'trend') return point as Point;
  const bins = decodeBins(value['bins']);
  return bins && ({ ...(point as object), bins } as Point);
}

function decodeBins(value: unknown): Bins | null {
  if (!Array.isArray(value) || value.length !== 2) return null;
  const [index, count] = value as unknown[];
  if (!Array.isArray(index) || !Array.isArray(count) || index.length !== count.length) return null;
  if (!areNumbers(index) || !areNumbers(count)) return null;
  return { index: Uint16Array.from(index), count: Float64Array.from(count) };
}

function assertFinite(values: object, what: string): void {
  for (const [key, value] of Object.entries(values)) {
    if (typeof value === 'number' && !Number.isFinite(value)) assert(false, `${key} of ${what} is ${value}`);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function areNumbers(values: readonly unknown[]): values is readonly number[] {
  return values.every((value) => typeof value === 'number');
}

function areStrings(values: unknown): values is readonly string[] {
  return Array.isArray(values) && values.every((value) => typeof value === 'string');
}
