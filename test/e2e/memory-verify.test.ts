/** Bad memory, made by writing into the agent's from outside: it is found while it is held, and the run fails by name. */
import { expect } from 'chai';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { Workplace } from '../support/cli.js';
import { childrenOf, eventually } from '../support/processes.js';

const MIB = 2 ** 20;
const HELD_BYTES = 32 * MIB;
const SPAN_ALIGN = 2 * MIB;

/** Where the simulator's memory lies: it is marked "no huge pages" (nh) and holds what was asked. */
function heldAt(pid: number): number | null {
  const text = readFileSync(`/proc/${pid}/smaps`, 'latin1');
  for (const area of text.split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)) {
    const rss = Number(/^Rss:\s+(\d+) kB$/m.exec(area)?.[1]) * 1024;
    if (rss < HELD_BYTES || !/^VmFlags:.* nh\b/m.test(area)) continue;
    return Math.ceil(parseInt(area, 16) / SPAN_ALIGN) * SPAN_ALIGN;
  }
  return null;
}

describe('memory that does not hold what was written', () => {
  const place = new Workplace();
  after(() => place.remove());

  it('is found while it is held, and fails the run', async function () {
    if (process.platform !== 'linux') this.skip(); // the memory of another process is written through /proc
    place.write('held.json', {
      version: 1,
      window: '250ms',
      actors: {
        dimm: { uses: 'memory', peak: '32MiB', with: { pages: 'small', verifyEvery: '500ms' } },
      },
      phases: [{ name: 'hold', duration: '4s', load: { dimm: '100%' } }],
    });
    const run = place.start('run', 'held.json', '--profile', 'lab');
    await run.says(/hold/);
    const [agent = -1] = childrenOf(run.pid);
    let at: number | null = null;
    await eventually('the memory is held', 10_000, () => (at = heldAt(agent)) !== null);
    let file: number;
    try {
      file = openSync(`/proc/${agent}/mem`, 'r+');
    } catch {
      run.child.kill('SIGKILL');
      return this.skip(); // the system lets nobody write into another process
    }
    for (const page of [1, 1000]) writeSync(file, Buffer.from([0x5a, 0xa5]), 0, 2, at! + page * 4096 + 77);
    closeSync(file);
    const { code, stderr } = await run.done;
    expect(code, stderr).to.equal(4);
    const failed = place.summary().thresholds.filter(({ ok }) => !ok);
    expect(failed.map(({ text }) => text)).to.deep.equal(['memory.mismatches{actor:dimm} count == 0']);
    // Each of them, each time that it is read back.
    expect(failed[0]!.value).to.be.at.least(2);
    const address = (at! + 1000 * 4096).toString(16);
    expect(stderr).to.contain(`the page at 0x${address} does not read as written`);
  });
});
