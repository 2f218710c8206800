/** A description as text for a person: one description in, lines of at most 80 columns out. */
import type { Dimension } from '../core/base/units.js';
import { formatQuantity } from '../core/base/units.js';
import { table, wrap } from './columns.js';
import type { ControlEntry, Description, MetricEntry, OptionEntry } from './describe.js';

const WIDTH = 80;

export function describeText(about: Description): string {
  const { kind, name, description, facts, controls, operations, options, metrics, limits, needs, example } =
    about;
  const blocks = [
    [`${name} (${kind})`, ...wrap(description, WIDTH)],
    titled('', facts && table(Object.entries(facts).map(([key, value]) => [key, String(value)]))),
    titled('peak', controls && table(controls.map(controlRow))),
    titled('operations', operations && table([[operations.join(', ')]])),
    titled(kind === 'shape' ? 'keys' : 'options ("with")', options && table(options.map(optionRow))),
    titled('metrics', metrics && table(metrics.map(metricRow))),
    titled('limits', limits && table(Object.entries(limits).map(limitRow))),
    titled('needs', needsRows(needs)),
    titled('example', example === undefined ? undefined : exampleLines(example)),
  ];
  return blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

function titled(title: string, lines: readonly string[] | undefined): string[] {
  if (lines === undefined || lines.length === 0) return [];
  return title === '' ? [...lines] : [title, ...lines];
}

function controlRow({ kind, unit, bases, defaultBase, defaultPeak }: ControlEntry): string[] {
  const amounts = Object.entries(bases).map(([base, amount]) => {
    return `${base}${base === defaultBase ? ' (default)' : ''} = ${formatQuantity(amount, unit as Dimension)}`;
  });
  const percent = amounts.length === 0 ? '' : `a percentage is of ${amounts.join(', ')}`;
  const peak = defaultPeak === null ? 'to be said' : `default ${defaultPeak}`;
  return [kind, `in ${unit}`, [peak, percent].filter((part) => part !== '').join('; ')];
}

function optionRow({ name, type, isRequired, default: value, description }: OptionEntry): string[] {
  const state = isRequired
    ? 'required'
    : value === null
      ? ''
      : `default ${typeof value === 'string' ? value : JSON.stringify(value)}`;
  return [name, type, [state, description].filter((part) => part !== '').join('; ')];
}

function metricRow({ metric, kind, unit, better, help, tags }: MetricEntry): string[] {
  const closed = Object.entries(tags).map(([tag, values]) => `${tag}: ${values.join(' | ')}`);
  const notes = [help, ...(better === null ? [] : [`(${better} is better)`]), ...closed];
  return [metric, `${kind}, ${unit}`, notes.join(' ')];
}

function limitRow([sensor, actions]: [string, Readonly<Partial<Record<string, string>>>]): string[] {
  return [
    sensor,
    Object.entries(actions)
      .map(([action, trigger]) => `${action} ${trigger ?? ''}`)
      .join(', '),
  ];
}

function needsRows(needs: Description['needs']): string[] | undefined {
  if (needs === undefined) return undefined;
  if (needs === null) return ['  depends on its options'];
  return table(
    Object.entries(needs).map(([need, isHere]) => [need, isHere ? 'here' : 'not here: see brunt doctor']),
  );
}

function exampleLines(example: unknown): string[] {
  return JSON.stringify(example, null, 2)
    .split('\n')
    .map((line) => `  ${line}`);
}
