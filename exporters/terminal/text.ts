/** Words and columns: values in, text for a fixed-width screen out. Called by every part of the terminal exporter. */
import { dimensionOfUnit, formatNumber, formatQuantity } from '../../core/base/units.js';
import { SAFETY_STATES } from '../../core/base/sentences.js';

/** A value in a metric's or an actor's unit: "1.66 GiB", "6.1 ms", "throttle". Null is "none": no data, never 0. */
export function formatValue(value: number | null, unit: string): string {
  if (value === null) return 'none';
  if (unit === 'state') return SAFETY_STATES[value] ?? String(value);
  if (unit === 'switch') return value > 0 ? 'on' : 'off';
  const dimension = unit === 'per-second' ? 'ops/s' : dimensionOfUnit(unit);
  return dimension === null ? `${formatNumber(value)} ${unit}` : formatQuantity(value, dimension);
}

/** "5 of 8 cores": the first without its unit where both have the same. */
export function formatOf(value: number, whole: number, unit: string): string {
  const [a, b] = [formatValue(value, unit), formatValue(whole, unit)];
  const unitOf = (text: string): string => text.replace(/^[-\d.]+ ?/, '').replace(/^core$/, 'cores');
  const bare = unitOf(a) === unitOf(b) && unitOf(a) !== '' ? (/^[-\d.]+/.exec(a)?.[0] ?? a) : a;
  return `${bare} of ${b}`;
}

/** "climb"; "climb #2" for the second round of a repeated phase. */
export function phaseTitle({ name, round }: { readonly name: string; readonly round?: number }): string {
  return round === undefined ? name : `${name} #${round}`;
}

/** "30 s", "3 min 15 s", "1 h 2 min". */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 10_000) return `${formatNumber(Number((milliseconds / 1000).toFixed(1)))} s`;
  const total = Math.round(milliseconds / 1000);
  const [h, m, s] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  const parts = h > 0 ? [[h, 'h'] as const, [m, 'min'] as const] : [[m, 'min'] as const, [s, 's'] as const];
  const shown = parts.filter(([n]) => n > 0).map(([n, name]) => `${n} ${name}`);
  return shown.length > 0 ? shown.join(' ') : '0 s';
}

/** Control characters from plugins or file names must not drive the terminal. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
}

/** Cut to a width, with a mark that it was cut. */
export function clip(text: string, width: number): string {
  if (text.length <= width) return text;
  return width < 1 ? '' : `${text.slice(0, width - 1)}…`;
}

/** Text at the left and at the right edge of one line; the left gives way. */
export function spread(left: string, right: string, width: number): string {
  const room = width - right.length - 1;
  return room < 1 ? clip(right, width) : `${clip(left, room).padEnd(room)} ${right}`;
}

/** Words in lines of a width, each after `indent` spaces. */
export function wrap(text: string, width: number, indent: number): string[] {
  const lines: string[] = [];
  const room = Math.max(10, width - indent);
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].map((each) => ' '.repeat(indent) + each);
}
