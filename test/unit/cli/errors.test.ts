/** What was thrown, as people and programs are told. */
import { expect } from 'chai';
import { join } from 'node:path';
import { AssertionError } from '../../../core/base/assert.js';
import { BruntError, BruntErrors } from '../../../core/base/errors.js';
import { exitCodeOf, jsonErrors, renderThrown } from '../../../cli/errors.js';

const place = (line: number, column: number, path: string) => ({
  file: join(process.cwd(), 'mistakes.json'),
  line,
  column,
  path,
});

describe('errors as told', () => {
  const mistakes = new BruntErrors([
    new BruntError({
      code: 'E_DUPLICATE_KEY',
      message: 'key "thresholds" appears twice; the first is at 14:3',
      place: place(18, 3, 'thresholds'),
    }),
    new BruntError({
      code: 'E_NAME',
      message: 'no actor "hogg"',
      place: place(10, 76, 'phases[0].load.hogg'),
      hint: 'Did you mean "hog"?',
      seen: 'hogg',
    }),
  ]);

  it('has each with its place, its code and its hint, under its file', () => {
    expect(renderThrown(mistakes)).to.equal(
      [
        'mistakes.json: 2 errors',
        '  mistakes.json:18:3  thresholds  E_DUPLICATE_KEY',
        '    key "thresholds" appears twice; the first is at 14:3',
        '  mistakes.json:10:76  phases[0].load.hogg  E_NAME',
        '    no actor "hogg". Did you mean "hog"?',
      ].join('\n'),
    );
    expect(exitCodeOf(mistakes)).to.equal(3);
  });

  it('has the same for programs', () => {
    expect(jsonErrors(mistakes)[1]).to.deep.equal({
      code: 'E_NAME',
      message: 'no actor "hogg"',
      exitCode: 3,
      ...place(10, 76, 'phases[0].load.hogg'),
      seen: 'hogg',
      hint: 'Did you mean "hog"?',
    });
  });

  it('has what is about no file too', () => {
    const error = new BruntError({ code: 'E_HOST', message: 'too little', place: { path: 'actors.hog' } });
    expect(renderThrown(error)).to.equal('brunt: 1 error\n  actors.hog  E_HOST\n    too little');
    expect(exitCodeOf(error)).to.equal(7);
  });

  it('calls a defect a defect', () => {
    for (const thrown of [new AssertionError('x is 3'), new TypeError('x is 3'), 'x is 3']) {
      expect(exitCodeOf(thrown)).to.equal(1);
      expect(renderThrown(thrown)).to.match(/internal error \(E_INTERNAL\), please report.*\n.*x is 3/s);
      expect(jsonErrors(thrown)).to.deep.equal([{ code: 'E_INTERNAL', message: 'x is 3', exitCode: 1 }]);
    }
  });
});
