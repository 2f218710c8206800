/** SIGKILL at drawn moments of real runs: the short form of `npm run bench kill`, by which a failure can be repeated. */
import { expect } from 'chai';
import { drawTrial, runTrial } from '../../bench/support/kill-trial.js';

const KILLS = 8;
const AT_ONCE = 4;

describe('a run that is killed', () => {
  it('leaves nothing behind, and a record that reads, whoever is killed and whenever', async function () {
    if (process.platform !== 'linux') return this.skip(); // what is left is looked for in /proc
    this.timeout(240_000); // six times what it takes where nobody else is
    const seed = Math.floor(Math.random() * 2 ** 31);
    console.log(`      seed ${seed}`);
    const queue = Array.from({ length: KILLS }, (_, index) => drawTrial(seed, index));
    let hits = 0;
    const work = async (): Promise<void> => {
      for (let trial = queue.shift(); trial !== undefined; trial = queue.shift()) {
        const { killed, processes, paths, unread } = await runTrial(trial);
        if (killed > 0) hits++;
        expect({ processes, paths, unread }, JSON.stringify(trial)).to.deep.equal({
          processes: [],
          paths: [],
          unread: [],
        });
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    expect(hits, 'somebody was there to be killed').to.be.at.least(KILLS / 2);
  });
});
