/** The exporters that write files: what is in the file afterwards, and what is when it cannot be written. */
import { expect } from 'chai';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import json from '../../../exporters/json/index.js';
import ndjson from '../../../exporters/ndjson/index.js';
import { FakeTerminal, plan, RUN, summary, windowAt } from './fixtures.js';

const NONE = { windows: 0, events: 0 };

describe('file exporters', () => {
  let dir: string;
  let path: string;
  const input = () => ({
    run: { run: RUN, plan, record: summary.record, replay: false },
    options: { path },
    screen: new FakeTerminal(false),
    signal: new AbortController().signal,
  });
  const failureOf = async (work: () => unknown): Promise<string> => {
    try {
      await work();
      return 'none';
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? 'unknown';
    }
  };

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'brunt-exporter-test-'));
    path = join(dir, 'out');
  });
  afterEach(() => rm(dir, { recursive: true }));

  it('json writes the summary, whole, in place of what was there', async () => {
    for (const seed of [1, 2]) {
      const exporter = await json.open(input());
      await exporter.end({ summary: { ...summary, seed }, lost: NONE });
    }
    expect(JSON.parse(await readFile(path, 'utf8'))).to.deep.equal({ ...summary, seed: 2 });
    expect(await readdir(dir)).to.deep.equal(['out']);
  });

  it('ndjson writes one line for the run, each window, each event and the summary', async () => {
    const exporter = await ndjson.open(input());
    await exporter.event?.({ type: 'note', message: 'a\nb', atMs: 1 });
    await exporter.window?.(windowAt(0));
    await exporter.end({ summary, lost: NONE });
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
    const values = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(values.map(({ type }) => type)).to.deep.equal(['run', 'note', 'window', 'summary']);
    expect(values[0]).to.include({ version: 1, run: RUN, scenario: 'quick', seed: 7 });
    const series = values[2]?.['series'] as Record<string, unknown>[];
    expect(series.at(-1)).to.deep.include({ kind: 'trend', bins: { index: [900, 1200], count: [19, 1] } });
    expect(values[3]).to.include({ verdict: 'passed', exitCode: 0 });
  });

  it('both refuse at once a path that cannot be written', async () => {
    path = join(dir, 'none', 'out');
    for (const exporter of [json, ndjson]) {
      expect(await failureOf(() => exporter.open(input()))).to.equal('ENOENT');
    }
  });
});
