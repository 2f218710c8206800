import { expect } from 'chai';
import fc from 'fast-check';
import type { BruntError } from '../../../core/base/errors.js';
import { BruntErrors } from '../../../core/base/errors.js';
import { Problems } from '../../../core/scenario/problems.js';
import type { ReadScenario } from '../../../core/scenario/read.js';
import { readScenario } from '../../../core/scenario/read.js';
import { Sources } from '../../../core/scenario/sources.js';

function read(file: string | null, text: string): ReadScenario & { readonly problems: Problems } {
  const problems = new Problems(new Sources());
  return { ...readScenario(file, text, problems), problems };
}

function errorsOf(action: () => void): readonly BruntError[] {
  try {
    action();
  } catch (error) {
    if (error instanceof BruntErrors) return error.errors;
    throw error;
  }
  return [];
}

const told = (text: string): string[] =>
  errorsOf(() => read('/x/s.json', text).problems.throwIfAny()).map(
    ({ code, place, message }) => `${code} ${String(place?.line)}:${String(place?.column)} ${message}`,
  );

describe('reading a scenario', () => {
  it('reads comments, trailing commas and a byte order mark', () => {
    const { value } = read(null, '\uFEFF// a\n{ "a": [1, 2,], /* b */ "c": "// no comment", }');
    expect(value).to.deep.equal({ a: [1, 2], c: '// no comment' });
  });

  it('gives back any JSON as it was', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (json) => {
        const text = JSON.stringify(json, null, 2);
        if (text.includes('__proto__')) return;
        expect(read(null, text).value).to.deep.equal(JSON.parse(text));
      }),
    );
  });

  it('tells both places of a key that appears twice, at any depth', () => {
    expect(told('{ "a": 1,\n  "b": [{ "c": 1, "c": 2 }],\n  "a": 3 }')).to.deep.equal([
      'E_DUPLICATE_KEY 2:19 key "c" appears twice; the first is at 2:11',
      'E_DUPLICATE_KEY 3:3 key "a" appears twice; the first is at 1:3',
    ]);
  });

  it('refuses the key __proto__ and keeps it out of the value', () => {
    expect(told('{ "__proto__": { "version": 1 } }')).to.deep.equal(['E_SCHEMA 1:3 unknown key "__proto__"']);
    const { value } = read(null, '{ "__proto__": { "version": 1 } }');
    expect((value as { version?: number }).version).to.equal(undefined);
  });

  it('tells the first syntax error only', () => {
    expect(told('{ "a": 1\n  "b": oops }')).to.deep.equal([
      'E_JSON 2:3 not JSON: expected "," before this, at "\\"b\\""',
    ]);
    expect(told("{ 'a': 1 }")[0]).to.contain('E_JSON 1:3');
    expect(told('{ "a": "x\n" }')[0]).to.contain('not closed on its line');
    expect(told('{} {}')[0]).to.contain('E_JSON 1:4');
  });

  it('refuses more brackets than anybody means, without a stack overflow', () => {
    expect(told('['.repeat(100_000))).to.deep.equal(['E_JSON 1:65 more than 64 levels of brackets']);
    expect(told(`${'['.repeat(64)}${']'.repeat(64)}`)).to.deep.equal([]);
    expect(told(`["${'['.repeat(100)}"] // ${'['.repeat(100)}`)).to.deep.equal([]);
  });

  it('refuses a text of many megabytes', () => {
    expect(told(' '.repeat(5 * 2 ** 20))[0]).to.contain('longer than 4 MiB');
  });

  it('counts lines of all kinds, and columns inside escaped strings', () => {
    const { document } = read(null, '{\r\n  "a": "x\\u0041\\n\\"yz"\r}');
    expect(document.place({ path: ['a'] })).to.deep.equal({ file: '-', line: 2, column: 8, path: 'a' });
    expect(document.place({ path: ['a'], at: 'key' })).to.include({ line: 2, column: 3 });
    // x A newline quote y: the fifth character of the string.
    expect(document.place({ path: ['a'], column: 4 })).to.include({ line: 2, column: 20 });
  });

  it('finds the nearest thing that was written for what was not', () => {
    const { document } = read('/x/s.json', '{ "a": { "b": [10, 20] } }');
    expect(document.place({ path: ['a', 'b', 5, 'c'], column: 3 })).to.deep.equal({
      file: '/x/s.json',
      line: 1,
      column: 15,
      path: 'a.b',
    });
    expect(document.place({ path: [] })).to.deep.equal({ file: '/x/s.json', line: 1, column: 1 });
  });
});
