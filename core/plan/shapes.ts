/**
 * Shapes as straight pieces: one load of one phase enters, pieces that cover the phase leave, levels from 0 to 1 of
 * peak. The plan calls it once an amount in the peak's unit can be divided by the peak. Pure: chance comes in as a
 * seeded stream.
 */
import { must } from '../base/assert.js';
import type { Random } from '../base/random.js';
import type { Piece } from '../contract/plan.js';
import type { Curve, MsRange, ScenarioLevel, ScenarioLoad } from '../scenario/scenario.js';

/**
 * Curves are cut into so many equal parts. The error of straight pieces is at most h²/8 · max|f″|: for the steepest,
 * the exponential with f″ ≤ 21.4, that is 0.07 % of the distance; a wave has f″ ≤ 2π² and stays below it.
 */
const CURVE_PIECES = 64;
/** A walk turns by at most this share of the way between low and high. */
const STRIDE = 0.5;
/** A search has a level and a rest for each of its steps, at most. */
const SEARCH_PIECES = 128;

/** From 0 to 1 over x from 0 to 1. */
const CURVES: Readonly<Record<Curve, (x: number) => number>> = {
  linear: (x) => x,
  /** Grows a hundredfold over its course, seen from its own start: slow at first, steep at the end. */
  exponential: (x) => (100 ** x - 1) / 99,
  /** 3x² − 2x³: level at both ends. */
  's-curve': (x) => x * x * (3 - 2 * x),
};

export interface ShapeInput {
  readonly load: ScenarioLoad;
  readonly durationMs: number;
  /** From 1: which level of a sweep. */
  readonly round: number;
  readonly shareOf: (level: ScenarioLevel) => number;
  /** Of this actor in this phase. */
  readonly random: Random;
}

/** How many pieces a load has at most: asked before they are made, so that too many never are. */
export function pieceCount(load: ScenarioLoad, durationMs: number): number {
  const periods = (everyMs: number): number => Math.ceil(durationMs / everyMs);
  switch (load.shape) {
    case 'hold':
    case 'sweep':
      return 1;
    case 'ramp':
      return load.curve === 'linear' ? 1 : CURVE_PIECES;
    case 'steps':
      return load.levels.length;
    case 'spike':
    case 'square':
      return 2 * periods(load.everyMs);
    case 'sawtooth':
    case 'walk':
      return periods(load.everyMs);
    case 'sine':
      return CURVE_PIECES * periods(load.everyMs);
    case 'bursts':
      return 2 * periods(load.on.fromMs + load.off.fromMs);
    case 'trace':
      return Math.min(load.levels.length, periods(load.everyMs) + 1);
    case 'search':
      return SEARCH_PIECES;
  }
}

/** Pieces in order, without gaps, from 0 to durationMs. */
export function piecesOf({ load, durationMs, round, shareOf, random }: ShapeInput): readonly Piece[] {
  switch (load.shape) {
    case 'hold':
      return [flat(0, durationMs, shareOf(load.level))];
    case 'sweep':
      return [
        flat(
          0,
          durationMs,
          shareOf(must(load.levels[(round - 1) % load.levels.length], 'a level for each round')),
        ),
      ];
    case 'ramp':
      return rampPieces(shareOf(load.from), shareOf(load.to), load.curve, durationMs);
    case 'steps':
      return stepPieces(load.levels.map(shareOf), load.everyMs, durationMs);
    case 'bursts':
      return burstPieces(shareOf(load.low), shareOf(load.high), load.on, load.off, durationMs, random);
    case 'trace':
      return tracePieces(load.levels, load.everyMs, durationMs, shareOf);
    case 'search':
      return [flat(0, durationMs, shareOf(load.low))]; // the first level; the others are found out while it runs
    case 'walk':
      return walkPieces(shareOf(load.low), shareOf(load.high), load.everyMs, durationMs, random);
    default:
      return periodic(onePeriod(load, shareOf(load.low), shareOf(load.high)), load.everyMs, durationMs);
  }
}

const flat = (startMs: number, endMs: number, level: number): Piece => ({
  startMs,
  endMs,
  from: level,
  to: level,
});

function rampPieces(from: number, to: number, curve: Curve, durationMs: number): Piece[] {
  const count = curve === 'linear' ? 1 : CURVE_PIECES;
  const at = (i: number): number => (i === count ? to : from + (to - from) * CURVES[curve](i / count));
  const time = (i: number): number => (i === count ? durationMs : (durationMs * i) / count);
  return Array.from({ length: count }, (_, i) => ({
    startMs: time(i),
    endMs: time(i + 1),
    from: at(i),
    to: at(i + 1),
  }));
}

function stepPieces(levels: readonly number[], everyMs: number, durationMs: number): Piece[] {
  return levels.map((level, i) =>
    flat(i * everyMs, i === levels.length - 1 ? durationMs : (i + 1) * everyMs, level),
  );
}

type Spaced = Extract<ScenarioLoad, { readonly everyMs: number; readonly low: ScenarioLevel }>;

function onePeriod(load: Spaced, low: number, high: number): Piece[] {
  const { everyMs } = load;
  switch (load.shape) {
    case 'spike':
      return [flat(0, everyMs - load.widthMs, low), flat(everyMs - load.widthMs, everyMs, high)];
    case 'square':
      return [flat(0, load.widthMs, high), flat(load.widthMs, everyMs, low)];
    case 'sine':
      return wavePieces(low, high, everyMs);
    default:
      return [{ startMs: 0, endMs: everyMs, from: low, to: high }];
  }
}

function wavePieces(low: number, high: number, everyMs: number): Piece[] {
  const at = (i: number): number =>
    low + ((high - low) * (1 - Math.cos((2 * Math.PI * i) / CURVE_PIECES))) / 2;
  return Array.from({ length: CURVE_PIECES }, (_, i) => ({
    startMs: (i * everyMs) / CURVE_PIECES,
    endMs: ((i + 1) * everyMs) / CURVE_PIECES,
    from: at(i),
    to: at(i + 1),
  }));
}

/** One period again and again; what reaches over the end of the phase is cut there. */
function periodic(period: readonly Piece[], everyMs: number, durationMs: number): Piece[] {
  const pieces: Piece[] = [];
  const count = Math.ceil(durationMs / everyMs);
  for (let i = 0; i < count; i++) {
    for (const { startMs, endMs, from, to } of period) {
      pieces.push({ startMs: i * everyMs + startMs, endMs: i * everyMs + endMs, from, to });
    }
  }
  return within(pieces, durationMs);
}

/** Without what is empty, joined end to start, cut at the end of the phase. */
function within(pieces: readonly Piece[], durationMs: number): Piece[] {
  const result: Piece[] = [];
  let endedMs = 0;
  for (const piece of pieces) {
    const endMs = Math.min(piece.endMs, durationMs);
    if (endMs <= endedMs) continue;
    const to = endMs === piece.endMs ? piece.to : levelAt([piece], endMs);
    result.push({ startMs: endedMs, endMs, from: piece.from, to });
    endedMs = endMs;
  }
  const last = result[result.length - 1];
  // Periods that are added up may end a rounding error before the phase does.
  if (last !== undefined && endedMs < durationMs) result[result.length - 1] = { ...last, endMs: durationMs };
  return result;
}

/** Begins anywhere between the two, and reflects at them. */
function walkPieces(low: number, high: number, everyMs: number, durationMs: number, random: Random): Piece[] {
  const width = high - low;
  const count = Math.ceil(durationMs / everyMs);
  let level = low + width * random();
  const pieces: Piece[] = [];
  for (let i = 0; i < count; i++) {
    const next = reflected(level + width * STRIDE * (2 * random() - 1), low, high);
    pieces.push({ startMs: i * everyMs, endMs: (i + 1) * everyMs, from: level, to: next });
    level = next;
  }
  return within(pieces, durationMs);
}

function reflected(level: number, low: number, high: number): number {
  if (level < low) return Math.min(high, 2 * low - level);
  return level > high ? Math.max(low, 2 * high - level) : level;
}

/** Off first, so that actors do not all come at once. */
function burstPieces(
  low: number,
  high: number,
  on: MsRange,
  off: MsRange,
  durationMs: number,
  random: Random,
): Piece[] {
  const drawn = ({ fromMs, toMs }: MsRange): number => fromMs + (toMs - fromMs) * random();
  const pieces: Piece[] = [];
  for (let atMs = 0; atMs < durationMs;) {
    const onMs = atMs + drawn(off);
    const offMs = onMs + drawn(on);
    pieces.push(flat(atMs, onMs, 0), flat(onMs, offMs, low + (high - low) * random()));
    atMs = offMs;
  }
  return within(pieces, durationMs);
}

/** Straight from row to row; the last one stays until the phase ends. */
function tracePieces(
  levels: readonly ScenarioLevel[],
  everyMs: number,
  durationMs: number,
  shareOf: (level: ScenarioLevel) => number,
): Piece[] {
  const used = levels.slice(0, Math.ceil(durationMs / everyMs) + 1).map(shareOf);
  const last = used[used.length - 1] ?? 0;
  const rows = used.slice(0, -1).map((from, i): Piece => ({
    startMs: i * everyMs,
    endMs: (i + 1) * everyMs,
    from,
    to: used[i + 1] ?? last,
  }));
  const endedMs = rows.length * everyMs;
  return within(endedMs < durationMs ? [...rows, flat(endedMs, durationMs, last)] : rows, durationMs);
}

/** The level at an instant of the phase; 0 outside of all pieces. */
export function levelAt(pieces: readonly Piece[], atMs: number): number {
  const piece = pieces.find(({ startMs, endMs }) => atMs >= startMs && atMs <= endMs);
  if (piece === undefined) return 0;
  const { startMs, endMs, from, to } = piece;
  return endMs === startMs ? to : from + ((to - from) * (atMs - startMs)) / (endMs - startMs);
}
