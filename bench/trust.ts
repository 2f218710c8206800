/**
 * Trust: every way to be fooled, done on purpose by the real command, must be called by name; honest runs must not. Runs
 * one after the other: a lie that disturbs the machine must not make another run dishonest.
 */
import type { Bench, BenchOutput } from './bench.js';
import type { Lie } from './support/lies.js';
import { LIES, honestRuns, judge } from './support/lies.js';

const HONEST = 50;
const HONEST_SHORT = 5;

export const trust: Bench = {
  name: 'trust',
  title: 'Trust: ways to be fooled, and who says so',
  about: [
    'Each row is one run of the command in which something lies in exactly that way: a simulator that breaks one of',
    'its promises, a holder that holds nothing, an orchestrator that is busy, stopped or killed, frames and windows that',
    'get lost. The checks that did not hold are those of `summary.json`. Honest runs (`cpu`, `memory`, operations at a',
    'rate, in flight and by Poisson arrivals, phases of 0.1 to 2 s, a seed each) must be called nothing. One that did',
    'not reach what was asked, because the machine was busy, is rightly called by `achieved` and counted apart.',
  ].join(' '),
  async run(out, { isShort, seed }) {
    await lie(out, isShort ? LIES.filter((_, i) => i % 5 === 0) : LIES);
    await beHonest(out, isShort ? HONEST_SHORT : HONEST, seed);
  },
};

async function lie(out: BenchOutput, lies: readonly Lie[]): Promise<void> {
  let named = 0;
  for (const one of lies) {
    const { summary, failed } = await judge(one);
    const isNamed = failed.includes(one.check) && !summary.trust.trustworthy;
    if (isNamed) named++;
    const said = summary.trust.checks.find(({ check }) => check === one.check)?.detail ?? '';
    const others = failed.filter((check) => check !== one.check).join(', ');
    out.say(`${one.way}: ${isNamed ? one.check : `NOT ${one.check}, but ${others || 'nothing'}`}`);
    out.row('Ways to be fooled', {
      'What is done': one.way,
      'Called by': isNamed ? one.check : null,
      'What it says': said,
      'Also called': others === '' ? null : others,
    });
  }
  out.aim({
    what: 'Ways to be fooled that are called by name',
    is: '>=',
    limit: lies.length,
    unit: '',
    value: named,
  });
}

async function beHonest(out: BenchOutput, count: number, seed: number): Promise<void> {
  const byWay = new Map<string, { runs: number; clean: number; short: number; called: string[] }>();
  let [wronged, short, tooShort] = [0, 0, 0];
  for (const attempt of honestRuns(count, seed)) {
    const { summary, failed } = await judge(attempt);
    const row = byWay.get(attempt.way) ?? { runs: 0, clean: 0, short: 0, called: [] };
    byWay.set(attempt.way, row);
    row.runs++;
    if (!summary.trust.comparable.ok) tooShort++;
    if (failed.length === 0) {
      row.clean++;
      continue;
    }
    const sayings = summary.trust.checks.filter(({ ok }) => ok === false);
    const texts = sayings.map(({ check, detail }) => `${check} (${detail})`);
    out.say(`${attempt.way}: ${texts.join('; ')}`);
    if (failed.every((check) => check === 'achieved')) {
      row.short++;
      short++;
      out.note(`Did not reach what was asked, ${attempt.way}: ${texts.join('; ')}.`);
      continue;
    }
    row.called.push(...texts);
    wronged++;
  }
  for (const [way, { runs, clean, short: missed, called }] of byWay) {
    out.row('Honest runs', {
      Load: way,
      Runs: runs,
      Trustworthy: clean,
      'Did not achieve': missed,
      'Wrongly called': called.length === 0 ? null : called.join('; '),
    });
  }
  out.aim({ what: `Honest runs wrongly called, of ${count}`, is: '<=', limit: 0, unit: '', value: wronged });
  out.aim({
    what: 'Honest runs that did not achieve (idle machine)',
    is: '<=',
    limit: 0,
    unit: '',
    value: short,
  });
  out.aim({
    what: 'Short runs that may call themselves fit to compare (under 30 s)',
    is: '<=',
    limit: 0,
    unit: '',
    value: count - tooShort,
  });
}
