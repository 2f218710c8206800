/**
 * The symbols that all sentences of a scenario are made of: numbers with units, words, operators. `grammar.ts`
 * calls it with one string; every mistake leaves as a GrammarError with its column in that string.
 */
import { nearest } from './suggest.js';
import type { Dimension, Quantity } from './units.js';
import { PER, UNITS } from './units.js';

export class GrammarError extends Error {
  override name = 'GrammarError';
  /** Counts from 0, in the sentence. */
  readonly column: number;
  readonly hint: string | undefined;

  constructor(message: string, column: number, hint?: string) {
    super(message);
    this.column = column;
    this.hint = hint;
  }
}

/** What people write for a unit, by its lower case, where the nearest spelling would mislead. */
const MEANT: Readonly<Record<string, string>> = {
  k: 'KiB',
  kb: 'kB" or "KiB',
  m: 'MiB',
  mb: 'MB" or "MiB',
  g: 'GiB',
  gb: 'GB" or "GiB',
  t: 'TiB',
  tb: 'TB" or "TiB',
  b: 'B',
  byte: 'B',
  bytes: 'B',
  sec: 's',
  secs: 's',
  second: 's',
  seconds: 's',
  min: 'm',
  mins: 'm',
  minute: 'm',
  minutes: 'm',
  hr: 'h',
  hrs: 'h',
  hour: 'h',
  hours: 'h',
  day: 'd',
  days: 'd',
  msec: 'ms',
  usec: 'us',
  µs: 'us',
  μs: 'us',
  '°c': 'C',
  percent: '%',
  pct: '%',
  cpu: 'cores',
  cpus: 'cores',
};

const NUMBER = /-?\d+(?:\.\d+)?/y;
const UNIT = /[A-Za-zµμ°%]+/y;
const WORD = /[a-z][A-Za-z0-9_-]*/y;
const TIME_PART = /(\d+(?:\.\d+)?)(ns|us|ms|s|m|h|d)(?![A-Za-z])/y;
const SPACED_UNIT = /[ \t]+([A-Za-z%]+)(?![A-Za-z])/y;
const PER_WORD = /[A-Za-z]*/y;

const SPEEDS: Readonly<Partial<Record<Dimension, Dimension>>> = {
  count: 'ops/s',
  bytes: 'bytes/s',
  share: 'share/s',
  time: 'time/s',
};

/** How a dimension is called in a message. */
export const DIMENSION_NAMES: Readonly<Record<Dimension, string>> = {
  time: 'a duration',
  bytes: 'an amount of bytes',
  share: 'a percentage',
  cores: 'a number of cores',
  count: 'a bare number',
  celsius: 'a temperature',
  hertz: 'a frequency',
  'ops/s': 'a rate',
  'bytes/s': 'bytes a second',
  'share/s': 'a percentage a second',
  'time/s': 'time a second',
};

export class Scanner {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  space(): void {
    while (this.text[this.at] === ' ' || this.text[this.at] === '\t') this.at++;
  }

  /** The match of a sticky pattern here, after spaces, or null; moves past it. */
  match(pattern: RegExp): RegExpExecArray | null {
    this.space();
    return this.matchTight(pattern);
  }

  matchTight(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found !== null) this.at = pattern.lastIndex;
    return found;
  }

  symbol(symbol: string): boolean {
    this.space();
    if (!this.text.startsWith(symbol, this.at)) return false;
    this.at += symbol.length;
    return true;
  }

  needSymbol(symbol: string): void {
    if (!this.symbol(symbol)) throw this.expected(`"${symbol}"`);
  }

  /** True, and past it, when this very word stands here. */
  keyword(word: string): boolean {
    const before = this.at;
    const found = this.match(WORD);
    if (found?.[0] === word) return true;
    this.at = before;
    return false;
  }

  word(what: string): string {
    const found = this.match(WORD);
    if (found === null) throw this.expected(what);
    return found[0];
  }

  /** What stands here, for a message. */
  rest(): string {
    this.space();
    return this.text.slice(this.at);
  }

  expected(what: string, hint?: string): GrammarError {
    const rest = this.rest();
    const seen = rest === '' ? 'but the text ends' : `not "${rest}"`;
    return new GrammarError(`expected ${what}, ${seen}`, this.at, hint);
  }

  end(): void {
    const rest = this.rest();
    if (rest !== '') throw new GrammarError(`unexpected "${rest}"`, this.at);
  }

  /** A number with its unit, tight: "5GiB/s", "1m30s", "-5C", "64". */
  quantity(): Quantity {
    this.space();
    const start = this.at;
    const found = this.matchTight(NUMBER);
    if (found === null) throw this.expected('a number', numberHint(this.rest()));
    const [dimension, value] = this.#unit(found[0], start);
    if (!Number.isFinite(value)) throw new GrammarError(`"${found[0]}" is too large`, start);
    return this.#per(value, dimension, start);
  }

  #unit(digits: string, start: number): [Dimension, number] {
    const unitAt = this.at;
    const found = this.matchTight(UNIT);
    if (found === null) {
      this.#refuseSpacedUnit(start);
      this.#refuseNumberTail(start);
      return ['count', Number(digits)];
    }
    const entry = Object.hasOwn(UNITS, found[0]) ? UNITS[found[0]] : undefined;
    if (entry === undefined) throw unknownUnit(found[0], unitAt);
    const [dimension, factor] = entry;
    // Moving the point in the text keeps "57%" at 0.57, which 57 * 0.01 is not.
    const value = dimension === 'share' ? Number(`${digits}e-2`) : Number(digits) * factor;
    return [dimension, dimension === 'time' ? this.#moreTime(value, factor, value < 0) : value];
  }

  /** "1m30s": the following parts, each of a smaller unit than the one before. */
  #moreTime(first: number, firstFactor: number, isNegative: boolean): number {
    let total = first;
    let last = firstFactor;
    for (;;) {
      const partAt = this.at;
      const part = this.matchTight(TIME_PART);
      if (part === null) return total;
      const factor = UNITS[part[2] ?? '']?.[1] ?? 0;
      if (factor >= last) {
        throw new GrammarError(`"${part[0]}" is out of order: larger units come first, each once`, partAt);
      }
      last = factor;
      total += (isNegative ? -1 : 1) * Number(part[1]) * factor;
    }
  }

  #per(value: number, dimension: Dimension, start: number): Quantity {
    if (this.text[this.at] !== '/') return { value, dimension };
    const slashAt = this.at++;
    const word = this.matchTight(PER_WORD)?.[0] ?? '';
    const seconds = Object.hasOwn(PER, word) ? PER[word] : undefined;
    if (seconds === undefined) {
      const meant = MEANT[word.toLowerCase()] ?? '';
      const hint = Object.hasOwn(PER, meant) ? `Did you mean "/${meant}"?` : undefined;
      throw new GrammarError(`after "/" comes s, m, h or d, not "${word}"`, slashAt, hint);
    }
    const speed = SPEEDS[dimension];
    if (speed === undefined) {
      throw new GrammarError(`${DIMENSION_NAMES[dimension]} has no "per ${word}"`, start);
    }
    return { value: value / seconds, dimension: speed };
  }

  #refuseSpacedUnit(start: number): void {
    const spaceAt = this.at;
    const unit = this.matchTight(SPACED_UNIT)?.[1];
    this.at = spaceAt;
    if (unit === undefined || !Object.hasOwn(UNITS, unit)) return;
    const tight = this.text.slice(start, spaceAt) + unit;
    throw new GrammarError(
      'a unit follows its number without a space',
      spaceAt,
      `Remove the space: "${tight}".`,
    );
  }

  /** What people put into numbers elsewhere, and here is none of it. */
  #refuseNumberTail(start: number): void {
    const tail = /^(?:,\d{3}|_\d|\.(?!\.))/.exec(this.text.slice(this.at));
    if (tail === null) return;
    const hint = 'Write plain digits, with a point before decimals: "1000", "0.5".';
    throw new GrammarError(`"${this.text.slice(start, this.at)}${tail[0]}" is not a number`, this.at, hint);
  }
}

function numberHint(rest: string): string | undefined {
  return /^-?\.\d/.test(rest) ? 'A number begins with a digit: "0.5".' : undefined;
}

function unknownUnit(unit: string, column: number): GrammarError {
  if (unit === 'e' || unit === 'E') {
    return new GrammarError('numbers have no exponent here', column, 'Write plain digits.');
  }
  const meant = Object.hasOwn(MEANT, unit.toLowerCase()) ? MEANT[unit.toLowerCase()] : undefined;
  // One letter is near to every other.
  const near = meant ?? (unit.length > 1 ? nearest(unit, Object.keys(UNITS)) : undefined);
  const hint = near === undefined ? `Units: ${Object.keys(UNITS).join(', ')}.` : `Did you mean "${near}"?`;
  return new GrammarError(`unknown unit "${unit}"`, column, hint);
}
