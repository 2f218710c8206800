import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { makeBell, ring } from '../../../core/linux/bell.js';

const MS = 1e6;

describe('bell', () => {
  it('is not ended by a signal', function () {
    const bell = makeBell();
    if (bell === null) return this.skip(); // koffi is optional
    const onSignal = (): void => undefined;
    process.on('SIGWINCH', onSignal);
    // And its own end is a signal too.
    spawn('sh', ['-c', `sleep 0.1; kill -s WINCH ${process.pid}`]);
    const fromMs = performance.now();
    bell.sleep(300 * MS);
    expect(performance.now() - fromMs).to.be.at.least(299);
    process.off('SIGWINCH', onSignal);
    closeSync(bell.fd);
  });

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
