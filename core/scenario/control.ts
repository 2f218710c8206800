/**
 * Which of a simulator's controls an actor's peak means: its unit picks one. What the person wrote enters, the control
 * or the reason why there is none leaves. Needs no host; `actors.ts` calls it.
 */
import type { ErrorCode } from '../base/codes.js';
import { parsePeak } from '../base/grammar.js';
import { DIMENSION_NAMES } from '../base/scanner.js';
import type { PeakSentence } from '../base/sentences.js';
import { suggestion } from '../base/suggest.js';
import type { Dimension } from '../base/units.js';
import type { AnySimulator, Control } from '../contract/plugin.js';
import type { AmountSentence } from './scenario.js';

export interface ChosenControl {
  readonly control: Control;
  readonly peak: PeakSentence | null;
}

export interface ControlMistake {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
}

const MEANINGS: Readonly<Record<Control['kind'], string>> = {
  amount: 'hold so much',
  growth: 'take so much more a second',
  rate: 'operations a second',
  concurrency: 'operations in flight',
  switch: 'on or off',
};

const EXAMPLES: Readonly<Record<Control['unit'], string>> = {
  bytes: '2GiB',
  cores: '1.5cores',
  count: '64',
  'bytes/s': '5MiB/s',
  'ops/s': '500/s',
  switch: '',
};

/** The dimension in which amounts of a control are written. */
export function dimensionOf(unit: Control['unit']): Dimension | null {
  return unit === 'switch' ? null : unit;
}

/** `said` is undefined when the actor has no peak. */
export function chooseControl(
  simulator: AnySimulator,
  said: string | undefined,
): ChosenControl | ControlMistake {
  if (said === undefined) return defaultControl(simulator);
  const peak = parsePeak(said);
  if (peak.kind === 'limit') {
    const control = simulator.controls.find(({ limit }) => limit !== undefined);
    if (control !== undefined) return { control, peak };
    return mistake(
      `${simulator.name} does not go on until it is refused: it knows no peak "limit"`,
      takes(simulator),
    );
  }
  if (peak.quantity.dimension === 'share') return byBase(simulator, peak);
  const control = simulator.controls.find(({ unit }) => dimensionOf(unit) === peak.quantity.dimension);
  if (control === undefined) {
    const what = DIMENSION_NAMES[peak.quantity.dimension];
    return mistake(`${simulator.name} has no peak that is ${what}`, takes(simulator));
  }
  const isWhole = control.unit !== 'bytes' && control.unit !== 'count';
  if (!isWhole && !Number.isInteger(peak.quantity.value)) {
    return mistake(
      `"${peak.text}" is not a whole number of ${control.unit === 'bytes' ? 'bytes' : 'things'}`,
    );
  }
  return { control, peak };
}

function defaultControl(simulator: AnySimulator): ChosenControl | ControlMistake {
  const withPeak = simulator.controls.find(({ defaultPeak }) => defaultPeak !== undefined);
  if (withPeak?.defaultPeak !== undefined) return chooseControl(simulator, withPeak.defaultPeak);
  const control = simulator.controls.find(({ kind }) => kind === 'switch');
  if (control !== undefined) return { control, peak: null };
  return mistake(`${simulator.name} needs a peak: what 100 % means`, takes(simulator));
}

function byBase(simulator: AnySimulator, peak: AmountSentence): ChosenControl | ControlMistake {
  const withBases = simulator.controls.filter(({ bases }) => bases !== undefined);
  if (withBases.length === 0) {
    return mistake(
      `a percentage of what? ${simulator.name} knows no base for "${peak.text}"`,
      takes(simulator),
    );
  }
  const names = withBases.flatMap(({ bases }) => Object.keys(bases ?? {}));
  if (peak.base !== undefined) {
    const { base } = peak;
    const control = withBases.find(({ bases }) => Object.hasOwn(bases ?? {}, base));
    if (control !== undefined) return { control, peak };
    return mistake(`${simulator.name} knows no "${base}" to take a percentage of`, suggestion(base, names));
  }
  const control = withBases.find(({ defaultBase }) => defaultBase !== undefined);
  if (control?.defaultBase !== undefined) return { control, peak: { ...peak, base: control.defaultBase } };
  const list = names.join(', ');
  return mistake(
    `"${peak.text}" of what? ${simulator.name} knows: ${list}`,
    `Write "${peak.text} of ${names[0] ?? ''}".`,
  );
}

function mistake(message: string, hint?: string): ControlMistake {
  return { code: 'E_PEAK', message, ...(hint !== undefined && { hint }) };
}

/** What peaks a simulator takes, as a hint. */
function takes(simulator: AnySimulator): string {
  const forms = simulator.controls.flatMap(({ kind, unit, bases }) => {
    const base = Object.keys(bases ?? {})[0];
    const example = base === undefined ? EXAMPLES[unit] : `25% of ${base}`;
    return unit === 'switch' ? [] : [`"${example}" (${MEANINGS[kind]})`];
  });
  return forms.length === 0
    ? `${simulator.name} is on or off: leave the peak out.`
    : `It takes ${forms.join(', ')}.`;
}

/** Why a level of this dimension does not fit an actor whose peak is in `unit`, or null when it does. */
export function levelMistake(
  dimension: Dimension,
  text: string,
  actor: string,
  unit: Control['unit'],
): ControlMistake | null {
  if (dimension === 'share' || dimension === dimensionOf(unit)) return null;
  const hint =
    dimension === 'count'
      ? `Write a percentage of the peak: "${text}%".`
      : 'Write a percentage of the peak, such as "40%".';
  const why = unit === 'switch' ? 'which is on or off' : `whose peak is ${DIMENSION_NAMES[unit]}`;
  return mistake(`"${text}" is not a level of "${actor}", ${why}`, hint);
}
