/**
 * Shapes as straight pieces: one load of one phase enters, pieces that cover the phase leave, levels from 0 to 1 of
 * peak. The plan calls it once an amount in the peak's unit can be divided by the peak.
 */
import type { Piece } from '../contract/plan.js';
import type { Curve, ScenarioLevel, ScenarioLoad } from '../scenario/scenario.js';

/**
 * Curves are cut into so many equal parts. The error of straight pieces is at most h²/8 · max|f″|: for the steeper of
 * the two, the exponential with f″ ≤ 21.4, that is 0.07 % of the distance.
 */
const CURVE_PIECES = 64;

/** From 0 to 1 over x from 0 to 1. */
const CURVES: Readonly<Record<Curve, (x: number) => number>> = {
  linear: (x) => x,
  /** Grows a hundredfold over its course, seen from its own start: slow at first, steep at the end. */
  exponential: (x) => (100 ** x - 1) / 99,
  /** 3x² − 2x³: level at both ends. */
  's-curve': (x) => x * x * (3 - 2 * x),
};

/** Pieces in order, without gaps, from 0 to durationMs. */
export function piecesOf(
  load: ScenarioLoad,
  durationMs: number,
  shareOf: (level: ScenarioLevel) => number,
): readonly Piece[] {
  switch (load.shape) {
    case 'hold': {
      const level = shareOf(load.level);
      return [{ startMs: 0, endMs: durationMs, from: level, to: level }];
    }
    case 'ramp':
      return rampPieces(shareOf(load.from), shareOf(load.to), load.curve, durationMs);
    case 'steps':
      return stepPieces(load.levels.map(shareOf), load.everyMs, durationMs);
  }
}

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
  return levels.map((level, i) => ({
    startMs: i * everyMs,
    endMs: i === levels.length - 1 ? durationMs : (i + 1) * everyMs,
    from: level,
    to: level,
  }));
}

/** The level at an instant of the phase; 0 outside of all pieces. */
export function levelAt(pieces: readonly Piece[], atMs: number): number {
  const piece = pieces.find(({ startMs, endMs }) => atMs >= startMs && atMs <= endMs);
  if (piece === undefined) return 0;
  const { startMs, endMs, from, to } = piece;
  return endMs === startMs ? to : from + ((to - from) * (atMs - startMs)) / (endMs - startMs);
}
