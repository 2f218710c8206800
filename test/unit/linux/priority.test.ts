/** A thread that asks for more processor time, and what it forks meanwhile. */
import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { getPriority } from 'node:os';
import { atOrdinaryPriority, raiseThread } from '../../../core/linux/priority.js';

const niceOfChild = (): number =>
  Number(spawnSync(process.execPath, ['-p', 'os.getPriority(0)'], { encoding: 'utf8' }).stdout);

describe('a raised thread', () => {
  it('passes nothing of it on to what is forked at ordinary priority, and goes back when all have let go', function () {
    const before = getPriority(0);
    const [lower, lowerToo] = [raiseThread(), raiseThread()];
    try {
      if (getPriority(0) === before) return this.skip(); // not Linux, or without CAP_SYS_NICE
      expect(getPriority(0)).to.be.lessThan(before);
      expect(atOrdinaryPriority(niceOfChild)).to.equal(before);
      expect(niceOfChild()).to.equal(getPriority(0));
      lower();
      lower();
      expect(getPriority(0), 'another run still holds it').to.be.lessThan(before);
    } finally {
      lower();
      lowerToo();
    }
    expect(getPriority(0)).to.equal(before);
  });
});
