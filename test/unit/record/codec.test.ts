/** Windows as lines: what goes in comes out, whatever it is, and what is no window is refused without a throw. */
import { expect } from 'chai';
import fc from 'fast-check';
import type { Point, SeriesPoint, Window } from '../../../core/contract/metrics.js';
import { decodeWindow, encodeWindow } from '../../../core/record/codec.js';

// JSON has no negative zero.
const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (n === 0 ? 0 : n));
const text = fc.string({ unit: 'grapheme' });

const bins = fc
  .uniqueArray(fc.tuple(fc.integer({ min: 0, max: 65_535 }), fc.integer({ min: 1, max: 2 ** 40 })), {
    selector: ([index]) => index,
    maxLength: 20,
  })
  .map((pairs) => {
    const sorted = pairs.sort(([a], [b]) => a - b);
    return {
      index: Uint16Array.from(sorted, ([index]) => index),
      count: Float64Array.from(sorted, ([, count]) => count),
    };
  });

const point: fc.Arbitrary<Point> = fc.oneof(
  fc.record({ kind: fc.constant('counter' as const), count: number }),
  fc.record({
    kind: fc.constant('gauge' as const),
    avg: number,
    min: number,
    max: number,
    last: number,
    coveredNs: number,
  }),
  fc.record({ kind: fc.constant('ratio' as const), hits: number, total: number }),
  fc.record({
    kind: fc.constant('trend' as const),
    count: number,
    sum: number,
    min: number,
    max: number,
    bins,
  }),
);

const series: fc.Arbitrary<SeriesPoint> = fc.record({
  metric: text,
  tags: fc.dictionary(
    fc.string({ minLength: 1 }).filter((key) => key !== '__proto__'),
    text,
    {
      noNullPrototype: true,
    },
  ),
  point,
});

const window: fc.Arbitrary<Window> = fc.record({
  index: fc.nat(),
  phase: text,
  phaseIndex: fc.nat(),
  startMs: number,
  endMs: number,
  measured: fc.boolean(),
  missing: fc.array(text, { maxLength: 3 }),
  series: fc.array(series, { maxLength: 6 }),
});

const textOf = (window: Window): string => String(encodeWindow(window));

describe('record codec', () => {
  it('gives back every window as it was, on one line', () => {
    fc.assert(
      fc.property(window, (original) => {
        const line = String(encodeWindow(original));
        expect(line).to.not.include('\n');
        expect(decodeWindow(line)).to.deep.equal(original);
      }),
    );
  });

  it('takes no part of a line for a window', () => {
    fc.assert(
      fc.property(window, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (original, at) => {
        const line = String(encodeWindow(original));
        expect(decodeWindow(line.slice(0, Math.floor(at * line.length)))).to.equal(null);
      }),
    );
  });

  it('takes no other JSON for a window', () => {
    fc.assert(fc.property(fc.json(), (json) => void expect(decodeWindow(json)).to.equal(null)));
  });

  it('refuses lines of another version, and points that lack a figure', () => {
    const line = textOf({
      index: 0,
      phase: 'p',
      phaseIndex: 0,
      startMs: 0,
      endMs: 1,
      measured: true,
      missing: [],
      series: [{ metric: 'm', tags: {}, point: { kind: 'counter', count: 3 } }],
    });
    expect(decodeWindow(line)).to.not.equal(null);
    expect(decodeWindow(line.replace('"v":1', '"v":2'))).to.equal(null);
    expect(decodeWindow(line.replace('"count":3', '"hits":3'))).to.equal(null);
    expect(decodeWindow(line.replace('"counter"', '"valueOf"'))).to.equal(null);
  });

  it('never writes a number that JSON cannot hold', () => {
    const bad = (count: number): string =>
      textOf({
        index: 0,
        phase: 'p',
        phaseIndex: 0,
        startMs: 0,
        endMs: 1,
        measured: true,
        missing: [],
        series: [{ metric: 'm', tags: {}, point: { kind: 'counter', count } }],
      });
    for (const count of [NaN, Infinity, -Infinity]) expect(() => bad(count)).to.throw('count of m is');
  });
});
