/** JSON part by part is the JSON that would be written in one go. */
import { expect } from 'chai';
import fc from 'fast-check';
import { writingJson } from '../../../core/base/json-text.js';
import { atOnce } from '../../../core/base/turns.js';

describe('JSON part by part', () => {
  it('is what JSON.stringify gives, whatever the value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 7 }), (value) => {
        expect(atOnce(writingJson(value))).to.equal(JSON.stringify(value, null, 2));
      }),
    );
  });

  it('leaves out what has no value, as JSON does', () => {
    const value = { a: undefined, b: [undefined, null], c: { d: { e: { f: { g: [undefined] } } } } };
    expect(atOnce(writingJson(value))).to.equal(JSON.stringify(value, null, 2));
  });
});
