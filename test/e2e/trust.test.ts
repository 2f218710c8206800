/** Every way to be fooled, once, with the real command: each is called untrustworthy by the name of its check. */
import { expect } from 'chai';
import type { Judged } from '../../bench/support/lies.js';
import { LIES as ALL, honestRuns, judge } from '../../bench/support/lies.js';

/** Whether a process can be half a core is up to the machine: that one is for the bench and a unit test. */
const LIES = ALL.filter(({ check }) => check !== 'own-cpu');
/** Runs beside each other: what is looked for does not depend on how busy the machine is. */
const AT_ONCE = 6;
const SEED = 20_261_127;
/** A busy machine does not reach what is asked, and its windows close late: rightly called. */
const OF_A_BUSY_MACHINE = ['achieved', 'complete-windows', 'guard-lateness'];

describe(`trust (seed ${SEED})`, () => {
  const judged = new Map<object, Promise<Judged>>();
  const attempts = [...LIES, ...honestRuns(4, SEED)].sort((a, b) => lengthOf(b) - lengthOf(a));

  before(() => {
    const waiting = [...attempts];
    const settle = new Map<object, (judging: Promise<Judged>) => void>();
    for (const attempt of attempts) {
      judged.set(attempt, new Promise((resolve) => settle.set(attempt, resolve)));
    }
    const next = async (): Promise<void> => {
      for (let attempt = waiting.shift(); attempt !== undefined; attempt = waiting.shift()) {
        const judging = judge(attempt);
        settle.get(attempt)?.(judging);
        await judging.catch(() => undefined);
      }
    };
    for (let i = 0; i < AT_ONCE; i++) void next();
  });

  for (const lie of LIES) {
    it(`calls ${lie.way} by "${lie.check}"`, async () => {
      const { summary, failed } = await judged.get(lie)!;
      expect(failed).to.include(lie.check);
      expect(summary.trust.trustworthy).to.equal(false);
    });
  }

  it('calls honest runs nothing but what a busy machine is called', async () => {
    for (const attempt of attempts.filter((one) => !('check' in one))) {
      const { summary, failed } = await judged.get(attempt)!;
      const wrong = failed.filter((check) => !OF_A_BUSY_MACHINE.includes(check));
      expect(wrong, `${attempt.way}: ${JSON.stringify(summary.trust.checks)}`).to.deep.equal([]);
      expect(summary.trust.comparable.ok, 'under 30 s').to.equal(false);
    }
  });

  it('keeps what was warm-up, and flags it', async () => {
    const { summary } = await judged.get(attempts.find((one) => !('check' in one))!)!;
    expect(summary.phases.map(({ name, measured }) => [name, measured])).to.deep.equal([
      ['warm-up', false],
      ['hold', true],
      ['half', true],
    ]);
  });
});

function lengthOf({ scenario }: { readonly scenario: object }): number {
  const { phases = [] } = scenario as { readonly phases?: readonly { readonly duration: string }[] };
  return phases.reduce(
    (sum, { duration }) => sum + parseFloat(duration) / (/ms$/.test(duration) ? 1000 : 1),
    0,
  );
}
