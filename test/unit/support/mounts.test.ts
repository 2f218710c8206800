/** What a killed test run leaves: its server unmounts what it can, the next run removes the rest, and nothing of others. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect } from 'chai';
import { Workplace } from '../../support/cli.js';
import { mountName, sweepMounts, testMounts } from '../../support/mounts.js';
import { childrenOf, eventually } from '../../support/processes.js';
import { whyNotServed } from '../../support/served-file.js';

const MODULE = new URL('../../support/served-file.js', import.meta.url).href;
const GONE_MS = 10_000;

describe('mounts of a test run that is killed', () => {
  let place: Workplace;
  beforeEach(function () {
    if (whyNotServed() !== null) return this.skip(); // a served file needs root and /dev/fuse
    place = new Workplace();
  });
  afterEach(() => (place as Workplace | undefined)?.remove());

  const isMounted = (path: string): boolean => testMounts().some((mount) => mount.path === path);

  /** A process that serves a file below this folder, and its server. */
  async function serving(folder: string): Promise<{ pid: number; server: number; path: string }> {
    const path = join(folder, 'served');
    const script = `import { ServedFile } from ${JSON.stringify(MODULE)};
      await ServedFile.open(${JSON.stringify(path)}, 2 ** 20); console.log('open');`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    expect(isMounted(path)).to.equal(true);
    return { pid: child.pid!, server: childrenOf(child.pid!)[0]!, path };
  }

  it('go with it, where their server lives', async () => {
    const { pid, path } = await serving(place.dir);
    process.kill(pid, 'SIGKILL');
    await eventually('it is unmounted', GONE_MS, () => !isMounted(path));
  });

  it('are removed by the next one, where it does not; those of a process that lives stay', async () => {
    const other = new Workplace();
    const [left, kept] = await Promise.all([serving(place.dir), serving(other.dir)]);
    try {
      process.kill(left.server, 'SIGKILL');
      sweepMounts();
      expect(isMounted(left.path), 'its test lives').to.equal(true);
      process.kill(left.pid, 'SIGKILL');
      await eventually('its test is gone', GONE_MS, () => mountName(left.pid).endsWith(':0'));
      sweepMounts();
      expect([left, kept].map(({ path }) => isMounted(path))).to.deep.equal([false, true]);
    } finally {
      process.kill(kept.pid, 'SIGKILL');
      await eventually('all is unmounted', GONE_MS, () => !isMounted(kept.path));
      other.remove();
    }
  });
});
