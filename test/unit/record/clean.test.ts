/** What dead runs leave: real processes that die, real journals, real directories. */
import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hostname } from 'node:os';
import { processStart } from '../../../core/linux/procfs.js';
import { clean, staleRuns } from '../../../core/record/clean.js';
import type { Manifest } from '../../../core/record/layout.js';
import { createRecord } from '../../../core/record/write.js';
import { host, plan } from '../exporters/fixtures.js';

/** A pid that was used and is free again. */
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' });
  await once(child, 'exit');
  return child.pid!;
}

describe('clean', () => {
  let root: string;
  let runsDir: string;
  let scratch: string;
  let journal: string;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'brunt-clean-test-'));
    runsDir = join(root, 'runs');
    const here = { ...plan, host: { ...host, hostname: hostname() } };
    const writer = await createRecord({ runsDir, run: 'r', plan: here, argv: [], version: '0' });
    await writer.close();
    scratch = join(root, 'brunt-r-hog-0');
    journal = join(writer.dir, 'journal-shared.ndjson');
    await mkdir(scratch);
    const lines = [
      { journal: 1, root },
      { make: 'directory', path: scratch },
    ];
    await writeFile(journal, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(journal, longAgo, longAgo);
  });
  afterEach(() => rm(root, { recursive: true }));

  async function setOwner(owner: Manifest['owner'], over: Partial<Manifest> = {}): Promise<void> {
    const file = join(runsDir, 'r', 'run.json');
    const manifest = JSON.parse(await readFile(file, 'utf8')) as Manifest;
    await writeFile(file, JSON.stringify({ ...manifest, ...over, owner }));
  }

  it('leaves a living run alone', async () => {
    expect(await staleRuns(runsDir)).to.deep.equal([]);
    expect(await clean(runsDir)).to.deep.equal({ removed: [], left: [] });
    expect(existsSync(scratch)).to.equal(true);
  });

  it('removes what a dead run named, then its journal, once', async () => {
    await setOwner({ pid: await deadPid(), startTicks: 1 });
    expect(await staleRuns(runsDir)).to.deep.equal([
      { run: 'r', dir: join(runsDir, 'r'), journals: [journal] },
    ]);
    expect(await clean(runsDir)).to.deep.equal({ removed: [scratch], left: [] });
    expect(existsSync(scratch)).to.equal(false);
    expect(existsSync(journal)).to.equal(false);
    expect(await clean(runsDir)).to.deep.equal({ removed: [], left: [] });
    expect(existsSync(join(runsDir, 'r', 'run.json'))).to.equal(true);
  });

  it('knows a dead owner whose number another process has now', async function () {
    const ticks = processStart(process.pid);
    if (ticks === null) this.skip(); // Without start times a number that lives counts as its owner.
    await setOwner({ pid: process.pid, startTicks: ticks - 1 });
    expect((await clean(runsDir)).removed).to.deep.equal([scratch]);
  });

  it('keeps the journal while an orphaned agent may still write to it', async () => {
    await setOwner({ pid: await deadPid(), startTicks: 1 });
    await utimes(journal, new Date(), new Date());
    expect((await clean(runsDir)).removed).to.deep.equal([scratch]);
    expect(existsSync(journal)).to.equal(true);
  });

  it('keeps the journal while an agent of the run lives, however long', async () => {
    await setOwner({ pid: await deadPid(), startTicks: 1 });
    const event = { atMs: 0, type: 'agent.ready', agent: 'shared', pid: process.pid, tookMs: 1 };
    await writeFile(join(runsDir, 'r', 'events.ndjson'), `${JSON.stringify(event)}\n`);
    expect((await clean(runsDir)).removed).to.deep.equal([scratch]);
    expect(existsSync(journal)).to.equal(true);
  });

  it('touches nothing of another host, and nothing whose owner is not known', async () => {
    await setOwner({ pid: await deadPid(), startTicks: 1 }, { host: { ...host, hostname: 'elsewhere' } });
    expect(await staleRuns(runsDir)).to.deep.equal([]);
    await writeFile(join(runsDir, 'r', 'run.json'), '{');
    expect(await staleRuns(runsDir)).to.deep.equal([]);
    expect(existsSync(scratch)).to.equal(true);
  });

  it('says what it may not remove', async () => {
    await setOwner({ pid: await deadPid(), startTicks: 1 });
    const foreign = join(root, 'precious');
    await mkdir(foreign);
    await writeFile(
      journal,
      `${JSON.stringify({ journal: 1, root })}\n${JSON.stringify({ make: 'directory', path: foreign })}\n`,
    );
    const { removed, left } = await clean(runsDir);
    expect(removed).to.deep.equal([]);
    expect(left.map(({ path }) => path)).to.deep.equal([foreign]);
    expect(existsSync(foreign)).to.equal(true);
    expect(existsSync(journal)).to.equal(true);
  });

  it('has nothing to do where there are no runs', async () => {
    expect(await clean(join(root, 'none'))).to.deep.equal({ removed: [], left: [] });
  });
});
