/** A run as a user sees it: the built command line, real load, real files. */
import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunSummary } from '../../core/contract/summary.js';
import type { Manifest } from '../../core/record/layout.js';
import { decodeWindow } from '../../core/record/codec.js';
import { Workplace } from '../support/cli.js';
import { childrenOf, eventually, isAlive, residentBytes } from '../support/processes.js';
import { SHORT } from '../support/scenarios.js';

/** For what does not look at the load. */
const BRIEF = ['--set', 'phases.climb.duration=500ms', '--set', 'phases.hold.duration=500ms'];

describe('brunt run', () => {
  const place = new Workplace();
  after(() => place.remove());

  it('loads the machine, judges, records, and leaves nothing behind', async () => {
    place.write('short.json', {
      ...SHORT,
      thresholds: {
        'actor.achieved{actor:memory,phase:hold}': 'avg > 90%',
        'host.scheduler.lag': 'p50 < 5s',
      },
    });
    const cli = place.start('run', 'short.json');
    let agents: number[] = [];
    await eventually('two agents ran', 15_000, () => {
      agents = childrenOf(cli.pid);
      return agents.length === 2;
    });
    await eventually('48 MiB are resident in an agent beyond what Node needs', 15_000, () =>
      agents.some((pid) => isAlive(pid) && residentBytes(pid) > 100 * 2 ** 20),
    );
    const { code, stdout, stderr } = await cli.done;

    expect(code, stderr).to.equal(0);
    expect(stdout).to.equal('');
    expect(stderr).to.match(/^ ?PASSED · short/m);
    expect(agents.filter(isAlive)).to.deep.equal([]);

    const summary = place.summary();
    expect(summary).to.include({
      version: 1,
      verdict: 'passed',
      exitCode: 0,
      seed: 7,
      stopCause: 'completed',
    });
    expect(summary.thresholds.map((t) => t.ok)).to.deep.equal([true, true]);
    expect(summary.after.leftBehind).to.deep.equal([]);
    const manifest = JSON.parse(readFileSync(join(place.lastRecord(), 'run.json'), 'utf8')) as Manifest;
    expect(manifest.fingerprint).to.include({ platform: process.platform, node: process.version });
    const files = readdirSync(place.lastRecord());
    expect(files).to.include.members([
      'run.json',
      'windows.ndjson',
      'events.ndjson',
      'digests.ndjson',
      'summary.json',
    ]);
  });

  it('closes aligned windows with asked and achieved of every actor', () => {
    const lines = readFileSync(join(place.lastRecord(), 'windows.ndjson'), 'utf8').trim().split('\n');
    const windows = lines.flatMap((line) => decodeWindow(line) ?? []);
    const hold = windows.filter((w) => w.phase === 'hold');
    expect(hold.map((w) => [Math.round(w.startMs), Math.round(w.endMs)])).to.deep.include.members([
      [1000, 1500],
      [2500, 3000],
    ]);
    // Not the last one: its frame is taken when the phase is over and the holder may be giving back.
    const last = hold.at(-2);
    const held = last?.series.find((s) => s.metric === 'actor.held' && s.tags['actor'] === 'memory');
    expect(held?.point).to.include({ kind: 'gauge', last: 48 * 2 ** 20 });
    expect(last?.series.some((s) => s.metric === 'host.memory.available')).to.equal(true);
  });

  it('tells the same again from the record', async () => {
    const { code, stderr } = await place.run('report', '@last');
    expect(code, stderr).to.equal(0);
    expect(stderr).to.match(/^ ?PASSED · short/m);
  });

  it('gives one JSON object on stdout with --json', async () => {
    const { code, stdout } = await place.run('run', 'short.json', '--json', ...BRIEF);
    expect(code).to.be.oneOf([0, 4]);
    expect((JSON.parse(stdout) as RunSummary).verdict).to.equal(code === 0 ? 'passed' : 'failed');
  });

  it('fails with 4 when a threshold does not hold, and when there is no data for one', async () => {
    const quiet = { name: 'quiet', duration: '500ms', load: { '*': '100%' } };
    place.write('failing.json', {
      ...SHORT,
      phases: [...SHORT.phases, quiet],
      thresholds: { 'actor.held{actor:memory}': 'max > 1GiB', 'memory.touch{phase:quiet}': 'p50 < 1h' },
    });
    const { code, stderr } = await place.run('run', 'failing.json', ...BRIEF);
    expect(code, stderr).to.equal(4);
    expect(stderr)
      .to.match(/^ ?FAILED/m)
      .and.to.contain('no data');
  });

  it('refuses a plan beyond the host: asked, there, limit; nothing touched', async () => {
    place.write('huge.json', { ...SHORT, actors: { memory: { peak: '9000GiB' } } });
    const before = place.records().length;
    const { code, stderr } = await place.run('run', 'huge.json');
    expect(code, stderr).to.equal(7);
    expect(stderr)
      .to.match(/asks for 8\.79 TiB/)
      .and.match(/there (is|are) .* GiB/)
      .and.match(/limit/);
    expect(place.records().length).to.equal(before);
  });
});
