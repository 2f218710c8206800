/**
 * The sentences of profiles and limits, brought to the sensor's own unit: "< 10% for 2s" of a sensor in bytes becomes
 * bytes of the total. Throws GrammarError, or BruntError where the unit does not fit. Used by profiles and limits.
 */
import { must } from '../base/assert.js';
import { BruntError } from '../base/errors.js';
import { parseDuration, parseQuantity, parseTrigger } from '../base/grammar.js';
import type { Dimension } from '../base/units.js';
import type { MetricUnit } from '../contract/metrics.js';
import { SENSORS } from './sensor-table.js';

export interface SensorTrigger {
  readonly operator: '<' | '>';
  /** In the sensor's unit. */
  readonly bound: number;
  readonly forMs: number;
  readonly text: string;
}

const DIMENSIONS: Readonly<Partial<Record<MetricUnit, Dimension>>> = {
  bytes: 'bytes',
  share: 'share',
  celsius: 'celsius',
  ns: 'time',
};
const EXAMPLES: Readonly<Partial<Record<MetricUnit, string>>> = {
  bytes: '10% for 2s" or "2GiB',
  share: '80% for 2s',
  celsius: '90C for 5s',
  ns: '250ms for 1s',
};

/** @param total what 100 % of a sensor in bytes is. */
export function readTrigger(sensor: string, text: string, total: number): SensorTrigger {
  const info = must(SENSORS[sensor], `sensor ${sensor}`);
  const { operator, quantity, forMs } = parseTrigger(text);
  const example = `Write "${info.operator} ${EXAMPLES[info.unit] ?? ''}".`;
  if (operator !== info.operator) {
    const reason = info.operator === '<' ? 'is dangerous when low' : 'is dangerous when high';
    throw wrong(`"${text}": ${sensor} ${reason}, so its limits begin with "${info.operator}".`, example);
  }
  const bound =
    quantity.dimension === DIMENSIONS[info.unit]
      ? quantity.value
      : quantity.dimension === 'share' && info.unit === 'bytes'
        ? quantity.value * total
        : null;
  if (bound === null) throw wrong(`"${text}" does not fit ${sensor}, which is in ${info.unit}.`, example);
  return { operator, bound, forMs, text };
}

/** Milliseconds. */
export function parseWait(text: string): number {
  return parseDuration(text);
}

export function parseBytes(text: string): number {
  return quantityOf(text, 'bytes', '512MiB');
}

export function parseShare(text: string): number {
  return quantityOf(text, 'share', '5%');
}

function quantityOf(text: string, dimension: Dimension, example: string): number {
  const quantity = parseQuantity(text);
  if (quantity.dimension !== dimension) {
    throw wrong(`"${text}" is not an amount in ${dimension}.`, `Write "${example}".`);
  }
  return quantity.value;
}

function wrong(message: string, hint: string): BruntError {
  return new BruntError({ code: 'E_GRAMMAR', message, hint });
}
