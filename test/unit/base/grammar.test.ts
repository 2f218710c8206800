import { expect } from 'chai';
import fc from 'fast-check';
import {
  GrammarError,
  parseAssertion,
  parseCondition,
  parseDuration,
  parseLevelRange,
  parseLoad,
  parsePeak,
  parseQuantity,
  parseRange,
  parseSelector,
  parseTrigger,
  parseUntil,
  selectorText,
} from '../../../core/base/grammar.js';
import { UNITS } from '../../../core/base/units.js';

const RULES = {
  assertion: parseAssertion,
  condition: parseCondition,
  duration: parseDuration,
  levels: parseLevelRange,
  load: parseLoad,
  peak: parsePeak,
  range: parseRange,
  selector: parseSelector,
  trigger: parseTrigger,
  until: parseUntil,
};
type Rule = keyof typeof RULES;

const ACCEPTED: Readonly<Record<Rule, readonly string[]>> = {
  assertion: [
    'p99 < 20ms',
    'p99.95<2ms',
    'med <= 4us',
    'avg > 90%',
    'rate >= 250/s',
    'share < 0.5%',
    'count == 0',
    'count != 3',
    'p90 <= phase(calm) * 1.2',
    'max <= phase(warm-up)',
    'p99 <= baseline * 1.10',
    'avg <= baseline + 3ms',
    'slope < 2MiB/h',
    'min > -10C',
    'p95 < 2m5s',
    'max < 3GiB/s',
    'last >= pause',
    'p50 > 1ms for 30s',
    'avg > 1.2GHz',
    'avg < 1.5cores',
    '  stddev  <  1s  ',
  ],
  condition: [
    'probe.latency{probe:web} p99 > 100ms for 5s',
    'op.latency{actor:a|b, phase:c} p99 < 5ms',
    'phase.time{phase:cool} last < 10s',
  ],
  duration: ['48h', '2d', '30us', '1m30s', '1h2m3s4ms', '0s', '1.5s'],
  levels: ['20%..90%', '50%', '1GiB..2GiB'],
  load: ['60%', '0%', '100%', '5%->95%', '100/s -> 900/s', '3GiB', '1 -> 64', '0.5cores'],
  peak: ['100%', '40% of total', '3GiB', '2MiB/s', '50/s', '128', 'limit', '12/m', '1.5cores', '1core'],
  range: ['1s..3s', '2s', '5..20'],
  selector: [
    'op.latency',
    'a.b-c.d_e',
    'op.latency{actor:db}',
    'op.latency{ actor : db | wal , op:read }',
    'host.disk.free{path:/var/tmp}',
    'x{code:"not found"}',
    'x{phase:*}',
  ],
  trigger: ['< 8%', '< 256MiB', '> 90C for 3s', '> 40% for 2s'],
  until: ['done', 'steady rate op.count{actor:db}', 'probe.up{probe:web} last == 1'],
};

/** Rule, text, column of the mistake, a part of the message or hint. */
const REFUSED: readonly (readonly [Rule, string, number, string])[] = [
  ['assertion', 'p100 < 1s', 0, 'write "max"'],
  ['assertion', 'p0 < 1s', 0, 'between 0 and 100'],
  ['assertion', 'p00 < 1s', 0, 'between 0 and 100'],
  ['assertion', '99p < 1s', 0, 'mean "p99"'],
  ['assertion', 'median < 1s', 0, 'Known: avg'],
  ['assertion', 'p99 < ', 6, 'the text ends'],
  ['assertion', 'p99 50ms', 4, 'one of <'],
  ['assertion', 'p99 = 50ms', 4, 'Write "=="'],
  ['assertion', 'p99 => 50ms', 4, 'Write ">="'],
  ['assertion', 'p99 < 50sec', 8, 'mean "s"'],
  ['assertion', 'p99 < 50 ms', 8, 'Remove the space: "50ms"'],
  ['assertion', 'avg < baseline * x', 17, 'factor'],
  ['assertion', 'avg < phase()', 12, 'name of a phase'],
  ['assertion', 'p99 < 10 5', 9, 'unexpected "5"'],
  ['assertion', 'p99 < 10ms for', 14, 'a number'],
  ['assertion', 'p99 < 10ms for 5', 15, 'not a bare number'],
  ['assertion', '', 0, 'the text ends'],
  ['duration', '10m2h', 3, 'larger units come first'],
  ['duration', '2h2h', 2, 'each once'],
  ['duration', '7 s', 1, 'Remove the space: "7s"'],
  ['duration', '7', 0, 'bare number'],
  ['duration', '32MiB', 0, 'bytes'],
  ['duration', '-5s', 0, 'negative'],
  ['duration', '5min', 1, 'mean "m"'],
  ['duration', '1,000ms', 1, 'plain digits'],
  ['duration', '.5s', 0, 'begins with a digit'],
  ['duration', '1e3s', 1, 'no exponent'],
  ['levels', '90%..20%', 0, 'smaller end'],
  ['levels', '20%..2GiB', 0, 'one unit'],
  ['levels', '20%..120%', 5, '100%'],
  ['load', '120%', 0, 'Raise the actor'],
  ['load', '10% -> 101%', 7, '100%'],
  ['load', '-1%', 0, 'below 0'],
  ['load', '10% ->', 6, 'a number'],
  ['load', '10% - 20%', 4, 'unexpected'],
  ['load', 'full', 0, 'a number'],
  ['peak', '3GiB of total', 5, 'percentage only'],
  ['peak', '64M', 2, 'mean "MiB"'],
  ['peak', '64KB', 2, '"kB" or "KiB"'],
  ['peak', '2k', 1, 'mean "KiB"'],
  ['peak', '2G', 1, 'mean "GiB"'],
  ['peak', '0', 0, 'more than 0'],
  ['peak', '500/sec', 3, 'mean "/s"'],
  ['peak', '5C/s', 0, 'temperature has no'],
  ['peak', '50% of', 6, 'a percentage of'],
  ['range', '5s..', 4, 'a number'],
  ['selector', 'op.latency{}', 11, 'a tag'],
  ['selector', 'op.latency{actor}', 16, '":"'],
  ['selector', 'op.latency{actor:a,actor:b}', 19, 'appears twice'],
  ['selector', 'op.latency{actor:a', 18, '"}"'],
  ['selector', 'Op.latency', 0, 'metric name'],
  ['selector', 'op..latency', 2, 'unexpected'],
  ['trigger', '10%', 0, 'begins with'],
  ['trigger', '<= 10%', 0, 'begins with'],
  ['until', 'never', 5, 'aggregate'],
  ['until', 'steady', 6, 'aggregate'],
];

describe('grammar', () => {
  for (const [rule, texts] of Object.entries(ACCEPTED)) {
    for (const text of texts)
      it(`accepts ${rule} ${JSON.stringify(text)}`, () => void RULES[rule as Rule](text));
  }

  for (const [rule, text, column, part] of REFUSED) {
    it(`refuses ${rule} ${JSON.stringify(text)} at ${column}`, () => {
      const error = errorOf(() => RULES[rule](text));
      expect(`${error.message} ${error.hint ?? ''}`).to.contain(part);
      expect(error.column).to.equal(column);
    });
  }

  it('puts quantities into base units', () => {
    expect(parseQuantity('1.5GiB')).to.deep.equal({ value: 1.5 * 2 ** 30, dimension: 'bytes' });
    expect(parseQuantity('57%')).to.deep.equal({ value: 0.57, dimension: 'share' });
    expect(parseQuantity('1m30s')).to.deep.equal({ value: 90e9, dimension: 'time' });
    expect(parseQuantity('-1m30s')).to.deep.equal({ value: -90e9, dimension: 'time' });
    expect(parseQuantity('6/m')).to.deep.equal({ value: 0.1, dimension: 'ops/s' });
    expect(parseQuantity('36MB/h')).to.deep.equal({ value: 1e4, dimension: 'bytes/s' });
    expect(parseDuration('250ms')).to.equal(250);
  });

  it('reads sentences whole', () => {
    expect(parsePeak(' 60% of total ')).to.deep.equal({
      kind: 'amount',
      quantity: { value: 0.6, dimension: 'share' },
      base: 'total',
      text: '60% of total',
    });
    expect(parseAssertion('p99.9 < 50ms for 10s')).to.deep.equal({
      aggregate: { percentile: 0.999, text: 'p99.9' },
      operator: '<',
      operand: { kind: 'quantity', quantity: { value: 50e6, dimension: 'time' } },
      forMs: 10_000,
      text: 'p99.9 < 50ms for 10s',
    });
    expect(parseTrigger('< 10%').forMs).to.equal(0);
    expect(parseUntil('steady rate op.count')).to.deep.include({ kind: 'steady', aggregate: 'rate' });
  });

  it('gives a selector one spelling', () => {
    const text = selectorText(parseSelector('op.latency{ phase:load , actor:wal|db|db, code:"a b" }'));
    expect(text).to.equal('op.latency{actor:db|wal,code:"a b",phase:load}');
    expect(selectorText(parseSelector(text))).to.equal(text);
  });

  it('never throws anything but a GrammarError, with its column in the text', () => {
    const pieces = [
      'p99',
      '<',
      '5',
      'ms',
      ' ',
      '%',
      'for',
      '{',
      '}',
      'a:b',
      '..',
      '->',
      'of',
      '/',
      '-',
      '"',
      '(',
      '0.1',
    ];
    const texts = fc.oneof(
      fc.string(),
      fc.array(fc.constantFrom(...pieces)).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.values(RULES)),
        texts,
        (rule: (text: string) => unknown, text) => {
          try {
            rule(text);
          } catch (error) {
            if (!(error instanceof GrammarError)) throw error;
            expect(error.column).to.be.within(0, text.length);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('reads back every amount it can write', () => {
    const number = fc.oneof(
      fc.nat(1e6),
      fc.nat(1e6).map((n) => n / 1000),
    );
    fc.assert(
      fc.property(number, fc.constantFrom(...Object.keys(UNITS)), (value, unit) => {
        const [dimension, factor] = UNITS[unit]!;
        const quantity = parseQuantity(`${value}${unit}`);
        expect(quantity.dimension).to.equal(dimension);
        expect(quantity.value).to.be.closeTo(value * factor, Math.abs(value * factor) * 1e-12);
      }),
    );
  });

  it('gives selectors back as they were, up to order', () => {
    const word = fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}$/);
    const value = fc.stringMatching(/^[^"|{},:\r\n]{1,8}$/);
    const tags = fc.dictionary(word, fc.uniqueArray(value, { minLength: 1, maxLength: 3 }), { maxKeys: 4 });
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 3 }), tags, (words, tagMap) => {
        const selector = { metric: words.join('.'), tags: tagMap };
        const back = parseSelector(selectorText(selector));
        expect(back.metric).to.equal(selector.metric);
        const sorted = Object.fromEntries(Object.entries(tagMap).map(([k, v]) => [k, [...v].sort()]));
        expect(back.tags).to.deep.equal(sorted);
      }),
    );
  });
});

function errorOf(action: () => unknown): GrammarError {
  try {
    action();
  } catch (error) {
    if (error instanceof GrammarError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}
