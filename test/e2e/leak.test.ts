/** Processes that run already, watched from outside: which of them leak, and that they are left alone. */
import { expect } from 'chai';
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Workplace } from '../support/cli.js';
import { isAlive } from '../support/processes.js';

const PROGRAM = fileURLToPath(new URL('../support/programs/memory-shapes.js', import.meta.url));
const MIB = 2 ** 20;

describe('a target that is watched', () => {
  const place = new Workplace();
  const running: ChildProcess[] = [];
  after(() => {
    for (const child of running) child.kill('SIGKILL');
    place.remove();
  });

  async function started(shape: string): Promise<number> {
    const child = spawn(process.execPath, ['--expose-gc', PROGRAM, shape], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    running.push(child);
    await once(child.stdout, 'data');
    return child.pid!;
  }

  const scenario = (target: object, more: object = {}): object => ({
    version: 1,
    window: '250ms',
    target,
    actors: { cpu: { peak: '0.05cores', instances: 1 } },
    phases: [{ name: 'watch', duration: '12s', load: { cpu: '100%' } }],
    ...more,
  });

  it('leaks or does not, and goes on running', async () => {
    // Of its own: folders of runs that begin in the same moment are apart.
    const shapes = ['leak', 'steady', 'saw', 'warm-up'];
    const pids = await Promise.all(shapes.map(started));
    place.write('target.pid', `${pids[0]}\n`);
    const bound = { thresholds: { 'target.rss': 'drift < 30MiB/m' } };
    shapes.forEach((shape, i) =>
      place.write(`${shape}.json`, scenario(i === 0 ? { pidFile: 'target.pid' } : { pid: pids[i] }, bound)),
    );
    const ran = await Promise.all(
      shapes.map((shape) => place.run('run', `${shape}.json`, '--export', `json=${shape}-out.json`)),
    );
    const of = (shape: string) => place.read(`${shape}-out.json`);
    const leak = of('leak').target!.memory;
    expect(leak.verdict, leak.text).to.equal('leaks');
    // A MiB every 100 ms or, on a busy machine, later.
    expect(leak.bytesPerMinute! / MIB).to.be.within(200, 660);
    expect(ran[0]?.stderr).to.match(/target +leaks \d+(\.\d+)? MiB\/min ± /);
    expect(ran[0]?.code, 'its threshold').to.equal(4);
    for (const shape of shapes.slice(1)) {
      const { memory } = of(shape).target!;
      // Chance, and a runtime that settles, may make a little of nothing: a hundredth of the leak.
      const least = memory.bytesPerMinute! - memory.plusMinus!;
      expect(least / MIB, `${shape}: ${memory.text}`).to.be.below(6);
    }
    expect(ran[1]?.code, ran[1]?.stderr).to.equal(0);
    expect(pids.map(isAlive)).to.deep.equal([true, true, true, true]);
  });

  it('is missed when it ends, and must be there', async () => {
    const pid = await started('steady');
    place.write('ends.json', scenario({ pid }));
    const run = place.start('run', 'ends.json');
    await run.says(/watch/);
    running.at(-1)?.kill('SIGKILL');
    expect((await run.done).code).to.equal(6);
    expect((await place.run('run', 'ends.json')).code, 'not there').to.equal(7);
    // Agents that had nothing to do yet are not waited for.
    expect(place.events().flatMap((event) => (event.type === 'stop.rung' ? [event.rung] : []))).to.deep.equal(
      ['ask'],
    );
  });

  it('is one thing', async () => {
    place.write('both.json', scenario({ pid: 1, command: ['true'] }));
    const { code, stderr } = await place.run('validate', 'both.json');
    expect(code).to.equal(3);
    expect(stderr).to.match(/one of "command", "pid", "pidFile"/);
  });
});
