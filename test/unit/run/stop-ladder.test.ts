import { expect } from 'chai';
import { deferred } from '../../../core/base/deferred.js';
import type { Stoppable } from '../../../core/run/stop-ladder.js';
import { climbStopLadder } from '../../../core/run/stop-ladder.js';

/** Ends at the given rung, as an agent would. */
function agent(name: string, endsAt: 'ask' | 'release' | 'terminate' | 'kill' | 'already'): Stoppable {
  const idle = deferred();
  let isIdle = false;
  const end = (): void => {
    isIdle = true;
    idle.resolve();
  };
  if (endsAt === 'already') end();
  return {
    name,
    idle: idle.promise,
    get isIdle() {
      return isIdle;
    },
    stop: (rung) => (rung === endsAt ? end() : undefined),
    kill: end,
  };
}

describe('the stop ladder', () => {
  it('takes each agent only as far up as it needs', async () => {
    const rungs: string[] = [];
    const agents = [agent('a', 'ask'), agent('b', 'release'), agent('c', 'terminate'), agent('d', 'already')];
    const killed = await climbStopLadder(agents, 20, (rung, name) => rungs.push(`${rung} ${name}`));
    expect(killed).to.deep.equal([]);
    expect(rungs).to.deep.equal(['ask a', 'ask b', 'ask c', 'release b', 'release c', 'terminate c']);
  });

  it('does not wait for deadlines when all end at once', async () => {
    const killed = await climbStopLadder([agent('a', 'ask')], 3_600_000, () => undefined);
    expect(killed).to.deep.equal([]);
  });

  it('does nothing when nothing runs', async () => {
    const rungs: string[] = [];
    await climbStopLadder([agent('a', 'already')], 1000, (rung) => rungs.push(rung));
    expect(rungs).to.deep.equal([]);
  });
});
