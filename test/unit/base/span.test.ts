/** How long something took, as people say it. */
import { expect } from 'chai';
import { formatSpan } from '../../../core/base/units.js';

const SPANS: readonly (readonly [number, string])[] = [
  [250, '250 ms'],
  [3200, '3.2 s'],
  [60_000, '1 min'],
  [372_400, '6 min 12 s'],
  [119_700, '2 min'],
  [3_599_700, '1 h'],
  [11_100_000, '3 h 5 min'],
  [90_000_000, '1 d 1 h'],
];

describe('spans of time', () => {
  for (const [ms, text] of SPANS)
    it(`of ${ms} ms are "${text}"`, () => expect(formatSpan(ms)).to.equal(text));
});
