/**
 * Dimensions and their base units. Everything inside brunt is in base units: nanoseconds on clocks and in
 * metrics, bytes, shares (1 = 100 %), cores, plain counts; "per second" for speeds. Durations that a person
 * writes and a plugin receives are milliseconds and say so in their names (`durationMs`).
 */
export type Dimension =
  | 'time'
  | 'bytes'
  | 'share'
  | 'cores'
  | 'count'
  | 'celsius'
  | 'hertz'
  | 'ops/s'
  | 'bytes/s'
  | 'share/s'
  | 'time/s';

export interface Quantity {
  /** In the dimension's base unit; time in nanoseconds. */
  readonly value: number;
  readonly dimension: Dimension;
}

/** What may follow a number in a scenario. `core` and `cores` name processor cores. */
export const UNITS: Readonly<Record<string, readonly [Dimension, number]>> = {
  ns: ['time', 1],
  us: ['time', 1e3],
  ms: ['time', 1e6],
  s: ['time', 1e9],
  m: ['time', 6e10],
  h: ['time', 3.6e12],
  d: ['time', 8.64e13],
  B: ['bytes', 1],
  kB: ['bytes', 1e3],
  MB: ['bytes', 1e6],
  GB: ['bytes', 1e9],
  TB: ['bytes', 1e12],
  KiB: ['bytes', 2 ** 10],
  MiB: ['bytes', 2 ** 20],
  GiB: ['bytes', 2 ** 30],
  TiB: ['bytes', 2 ** 40],
  '%': ['share', 0.01],
  core: ['cores', 1],
  cores: ['cores', 1],
  C: ['celsius', 1],
  Hz: ['hertz', 1],
  MHz: ['hertz', 1e6],
  GHz: ['hertz', 1e9],
};

/** The units that metrics and actors are recorded in, and what each is a measure of. */
const DIMENSION_OF: Readonly<Record<string, Dimension>> = {
  ns: 'time',
  bytes: 'bytes',
  share: 'share',
  cores: 'cores',
  count: 'count',
  celsius: 'celsius',
  hertz: 'hertz',
  'ops/s': 'ops/s',
  'bytes/s': 'bytes/s',
};

/** Null for a unit that is no measure (a state), or that has no dimension of its own (flop/s). */
export function dimensionOfUnit(unit: string): Dimension | null {
  return DIMENSION_OF[unit] ?? null;
}

/** Divisors of "per …": seconds in one of these. */
export const PER: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

const BINARY: readonly (readonly [number, string])[] = [
  [2 ** 40, 'TiB'],
  [2 ** 30, 'GiB'],
  [2 ** 20, 'MiB'],
  [2 ** 10, 'KiB'],
  [1, 'B'],
];
const TIMES: readonly (readonly [number, string])[] = [
  [3.6e12, 'h'],
  [6e10, 'min'],
  [1e9, 's'],
  [1e6, 'ms'],
  [1e3, 'us'],
  [1, 'ns'],
];

/** At most three significant digits, without a trailing point: 1.66, 16.6, 166, 1660. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  const decimals = size >= 100 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : 2;
  return String(Number(value.toFixed(decimals)));
}

function scaled(value: number, steps: readonly (readonly [number, string])[]): string {
  const size = Math.abs(value);
  const [factor, name] = steps.find(([f]) => size >= f) ?? steps[steps.length - 1] ?? [1, ''];
  return `${formatNumber(value / factor)} ${name}`;
}

/** For people: "1.66 GiB", "64 %", "5.1 cores", "6.1 ms". */
export function formatQuantity(value: number, dimension: Dimension): string {
  switch (dimension) {
    case 'bytes':
      return scaled(value, BINARY);
    case 'bytes/s':
      return `${scaled(value, BINARY)}/s`;
    case 'time':
      return scaled(value, TIMES);
    case 'time/s':
      return `${scaled(value, TIMES)}/s`;
    case 'share':
      return `${formatNumber(value * 100)} %`;
    case 'share/s':
      return `${formatNumber(value * 100)} %/s`;
    case 'cores':
      return `${formatNumber(value)} ${value === 1 ? 'core' : 'cores'}`;
    case 'celsius':
      return `${formatNumber(value)} C`;
    case 'hertz':
      return `${formatNumber(value / 1e6)} MHz`;
    case 'ops/s':
      return `${formatNumber(value)}/s`;
    case 'count':
      return formatNumber(value);
  }
}

/** "00:12" below an hour, "1:02:03" from there. */
export function formatClock(milliseconds: number): string {
  const total = Math.max(0, Math.floor(milliseconds / 1000));
  const pad = (n: number): string => String(n).padStart(2, '0');
  const [h, m, s] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  return h > 0 ? `${h}:${pad(m)}:${pad(s)}` : `${pad(m)}:${pad(s)}`;
}

const SPANS: readonly (readonly [number, string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
];

/** How long something took, in two parts at most: "3.2 s", "6 min 12 s", "3 h 5 min". */
export function formatSpan(milliseconds: number): string {
  if (milliseconds < 60_000) return formatQuantity(milliseconds * 1e6, 'time');
  // Rounded before it is divided: 59.7 s are a minute, and 1 min 59.7 s are two.
  const wholeMs =
    milliseconds < 3_600_000
      ? Math.round(milliseconds / 1000) * 1000
      : Math.round(milliseconds / 60_000) * 60_000;
  const at = SPANS.findIndex(([factor]) => wholeMs >= factor);
  const [factor, name] = SPANS[at] ?? [60_000, 'min'];
  const [nextFactor, nextName] = SPANS[at + 1] ?? [1000, 's'];
  const rest = Math.floor((wholeMs % factor) / nextFactor);
  const first = `${Math.floor(wholeMs / factor)} ${name}`;
  return rest === 0 ? first : `${first} ${rest} ${nextName}`;
}
