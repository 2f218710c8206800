/** A record on a real disk: written, read back, cut off at every byte, found by name. */
import { expect } from 'chai';
import { mkdtemp, readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BruntError } from '../../../core/base/errors.js';
import { randomFor } from '../../../core/base/random.js';
import type { RunEvent } from '../../../core/contract/events.js';
import type { Window } from '../../../core/contract/metrics.js';
import { processStart } from '../../../core/linux/procfs.js';
import { findRun, readRecord } from '../../../core/record/read.js';
import type { RecordWriter } from '../../../core/record/write.js';
import { createRecord, makeRunId } from '../../../core/record/write.js';
import { plan, summary, windowAt } from '../exporters/fixtures.js';

const events: readonly RunEvent[] = [
  { atMs: 0, type: 'run.starting', run: 'r' },
  { atMs: 0, type: 'run.started', startedAt: '2026-11-21T10:14:03.000Z' },
  { atMs: 30_000, type: 'run.ended', exitCode: 0 },
];

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

async function caught(work: Promise<unknown>): Promise<BruntError> {
  const error: unknown = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).to.be.instanceOf(BruntError);
  return error as BruntError;
}

describe('run record', () => {
  let runsDir: string;

  beforeEach(async () => {
    runsDir = await mkdtemp(join(tmpdir(), 'brunt-record-test-'));
  });
  afterEach(() => rm(runsDir, { recursive: true }));

  const create = (run: string): Promise<RecordWriter> =>
    createRecord({ runsDir, run, plan, argv: ['run', 'quick.json'], version: '0.1.0' });

  async function write(run: string, windows: readonly Window[]): Promise<string> {
    const writer = await create(run);
    for (const window of windows) await writer.window(window);
    for (const event of events) writer.event(event);
    await writer.sync();
    await writer.finish(summary);
    await writer.close();
    expect(writer.lost).to.deep.equal({ windows: 0, events: 0 });
    expect(writer.failure).to.equal(null);
    return writer.dir;
  }

  it('gives back what was written', async () => {
    const windows = [windowAt(0), windowAt(16)];
    const record = await readRecord(await write('r', windows));
    expect(await all(record.windows())).to.deep.equal(windows);
    expect(await all(record.events())).to.deep.equal(events);
    expect(record.summary).to.deep.equal(summary);
    expect(record.manifest.plan).to.deep.equal(plan);
    expect(record.manifest).to.deep.include({
      run: 'r',
      seed: 7,
      brunt: '0.1.0',
      argv: ['run', 'quick.json'],
    });
    const owner = { pid: process.pid, startTicks: processStart(process.pid) };
    expect(record.manifest.owner).to.deep.equal(owner);
    expect(Object.values(record.damaged)).to.deep.equal([0, 0, 0, 0]);
  });

  it('keeps digests, and shows no temporary file at the end', async () => {
    const writer = await create('r');
    const digest = {
      scope: 'run' as const,
      metric: 'op.latency',
      tags: { actor: 'a' },
      count: 2,
      sum: 3,
      min: 1,
      max: 2,
      centroids: [
        [1, 1],
        [2, 1],
      ] as [number, number][],
    };
    writer.digests([digest]);
    await writer.finish(summary);
    await writer.finish({ ...summary, exitCode: 10 });
    await writer.close();
    const record = await readRecord(writer.dir);
    expect(await all(record.digests())).to.deep.equal([digest]);
    expect(record.summary?.exitCode).to.equal(10);
    expect((await readdir(writer.dir)).sort()).to.deep.equal([
      'digests.ndjson',
      'events.ndjson',
      'run.json',
      'summary.json',
      'windows.ndjson',
    ]);
  });

  it('reads cut off at every byte, and counts the line it was cut in', async () => {
    const windows = [windowAt(0), windowAt(1), windowAt(2)].map((w) => ({
      ...w,
      series: w.series.slice(0, 1),
    }));
    const dir = await write('r', windows);
    const path = join(dir, 'windows.ndjson');
    const whole = await readFile(path);
    for (let bytes = whole.length - 1; bytes >= 0; bytes--) {
      await truncate(path, bytes);
      const record = await readRecord(dir);
      const text = whole.subarray(0, bytes).toString();
      const ends = text.split('\n').length - 1;
      const isWholeTail = text.endsWith('}') && whole[bytes] === 0x0a;
      const expected = ends + (isWholeTail ? 1 : 0);
      expect(await all(record.windows()), `${bytes} bytes`).to.deep.equal(windows.slice(0, expected));
      const damaged = text === '' || text.endsWith('\n') || isWholeTail ? 0 : 1;
      expect(record.damaged.windows, `${bytes} bytes`).to.equal(damaged);
    }
  });

  it('reads without any file but the manifest, and refuses without that', async () => {
    const dir = await write('r', []);
    for (const name of ['windows.ndjson', 'events.ndjson', 'digests.ndjson', 'summary.json']) {
      await rm(join(dir, name));
    }
    const record = await readRecord(dir);
    expect(await all(record.windows())).to.deep.equal([]);
    expect(record.summary).to.equal(null);
    await writeFile(join(dir, 'run.json'), '{"version":1');
    expect(await caught(readRecord(dir))).to.include({ code: 'E_RECORD' });
    await writeFile(join(dir, 'run.json'), '{"version":99}');
    expect((await caught(readRecord(dir))).message).to.include('version 99');
  });

  it('counts a damaged summary instead of believing it', async () => {
    const dir = await write('r', []);
    await writeFile(join(dir, 'summary.json'), '{"version":1,');
    const record = await readRecord(dir);
    expect(record.summary).to.equal(null);
    expect(record.damaged.summary).to.equal(1);
  });

  it('passes over damage between whole lines', async () => {
    const dir = await write('r', [windowAt(0)]);
    const path = join(dir, 'windows.ndjson');
    const line = await readFile(path, 'utf8');
    await writeFile(path, `${line}{"v":1,"ind\n\u0000\u0000\u0000\n${line}`);
    const record = await readRecord(dir);
    expect(await all(record.windows())).to.have.length(2);
    expect(record.damaged.windows).to.equal(2);
  });

  it('refuses to write into a record that is there', async () => {
    await write('r', []);
    const error = await caught(create('r'));
    expect(error).to.include({ code: 'E_RECORD_OPEN', exitCode: 7 });
  });

  it('says so when it cannot be made', async () => {
    await writeFile(join(runsDir, 'file'), '');
    const made = createRecord({ runsDir: join(runsDir, 'file'), run: 'r', plan, argv: [], version: '0' });
    expect(await caught(made)).to.include({ code: 'E_RECORD_OPEN' });
  });

  describe('by name', () => {
    const older = '2026-11-21T10-14-03-quick-7f3a';
    const newer = '2026-11-21T10-14-04-quick-0001';

    it('finds the last, an id, the beginning of one, and a path', async () => {
      const dir = await write(newer, []);
      await write(older, []);
      expect(await findRun(runsDir, '@last')).to.equal(dir);
      expect(await findRun(runsDir, older)).to.equal(join(runsDir, older));
      expect(await findRun(runsDir, '2026-11-21T10-14-04')).to.equal(dir);
      expect(await findRun(join(runsDir, 'elsewhere'), dir)).to.equal(dir);
    });

    it('orders runs of one second by when they were made', async () => {
      const first = await write('2026-11-21T10-14-03-b-ffff', []);
      const second = await write('2026-11-21T10-14-03-a-0000', []);
      await utimes(join(first, 'run.json'), 1, 1);
      expect(await findRun(runsDir, '@last')).to.equal(second);
    });

    it('suggests what was meant', async () => {
      expect(await caught(findRun(runsDir, '@last'))).to.include({ code: 'E_RUN_UNKNOWN', exitCode: 3 });
      await write(older, []);
      await write(newer, []);
      const ambiguous = await caught(findRun(runsDir, '2026'));
      expect(ambiguous.message).to.include('begins 2 runs');
      const misspelt = await caught(findRun(runsDir, older.replace('quick', 'quikc')));
      expect(misspelt.hint).to.equal(`Did you mean "${older}"?`);
      expect((await caught(findRun(runsDir, '@lats'))).hint).to.equal('Did you mean "@last"?');
    });
  });
});

describe('run id', () => {
  const now = new Date('2026-11-21T10:14:03.999Z');

  it('sorts by time and names the scenario', () => {
    expect(makeRunId('quick', now, randomFor(1))).to.match(/^2026-11-21T10-14-03-quick-[0-9a-f]{4}$/);
    expect(makeRunId('../Über Last!', now, () => 0)).to.equal('2026-11-21T10-14-03-ber-last-0000');
    expect(makeRunId('***', now, () => 0.99999999)).to.equal('2026-11-21T10-14-03-ffff');
    expect(makeRunId('x'.repeat(300), now)).to.have.length(20 + 40 + 5);
  });
});
