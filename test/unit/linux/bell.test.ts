import { expect } from 'chai';
import { closeSync } from 'node:fs';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { makeBell, ring } from '../../../core/linux/bell.js';

const MS = 1e6;

describe('bell', () => {
  it('ends a sleep of another thread, once for however many rings, and lets it sleep its time else', async function () {
    const bell = makeBell();
    if (bell === null) return this.skip(); // koffi is optional
    const sleptMs = (maxMs: number): number => {
      const fromMs = performance.now();
      bell.sleep(maxMs * MS);
      return performance.now() - fromMs;
    };
    expect(sleptMs(20)).to.be.at.least(19);
    ring(bell.fd);
    ring(bell.fd);
    expect(sleptMs(60_000)).to.be.below(30_000);
    expect(sleptMs(20)).to.be.at.least(19);
    const code = `import { ring } from '${new URL('../../../core/linux/bell.js', import.meta.url).href}'; ring(${bell.fd});`;
    const other = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`));
    const ended = once(other, 'exit');
    expect(sleptMs(60_000)).to.be.below(30_000);
    await ended;
    closeSync(bell.fd);
  });
});
