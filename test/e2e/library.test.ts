/** brunt as a library: in this process, which is somebody's test. Streams, signals and the exit code stay untouched. */
import { expect } from 'chai';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { RunEvent, Window } from '../../cli/library.js';
import { BruntErrors, EXIT, plan, run, validate } from '../../cli/library.js';
import { Workplace } from '../support/cli.js';

const SCENARIO = {
  version: 1,
  name: 'short',
  seed: 3,
  actors: { memory: { peak: '16MiB' } },
  phases: [{ name: 'hold', duration: '600ms', load: { memory: '100%' } }],
};

describe('library', () => {
  const place = new Workplace();
  const runsDir = join(place.dir, 'records');
  after(() => place.remove());

  it('runs a scenario: summary, record, windows and events; the process stays as it was', async () => {
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
    const heard = () => signals.map((signal) => process.listenerCount(signal));
    const [before, exitCode] = [heard(), process.exitCode];
    const windows: Window[] = [];
    const events: RunEvent[] = [];
    const summary = await run(SCENARIO, {
      runsDir,
      name: '@first',
      tags: { suite: 'library' },
      export: [`json=${join(place.dir, 'summary.json')}`],
      onWindow: (window) => void windows.push(window),
      onEvent: (event) => void events.push(event),
    });
    expect(summary, summary.reasons.join()).to.include({ verdict: 'passed', exitCode: EXIT.passed, seed: 3 });
    expect(windows.length).to.be.greaterThan(0);
    expect(events.map(({ type }) => type)).to.include.members(['run.started', 'phase.started', 'run.ended']);
    const written = JSON.parse(readFileSync(join(place.dir, 'summary.json'), 'utf8')) as object;
    expect(written).to.include({ run: summary.run });
    expect(readFileSync(join(runsDir, '@first'), 'utf8').trim()).to.equal(summary.run);
    const manifest = JSON.parse(readFileSync(join(runsDir, summary.run, 'run.json'), 'utf8')) as {
      plan: { tags: object };
    };
    expect(manifest.plan.tags).to.deep.equal({ suite: 'library' });
    expect([heard(), process.exitCode]).to.deep.equal([before, exitCode]);
  });

  it('takes a path or a URL, and relative paths from its folder', async () => {
    const file = join(place.dir, 'file.json');
    writeFileSync(file, JSON.stringify(SCENARIO));
    expect(await validate(file)).to.deep.equal({ ok: true, errors: [], doubts: [] });
    const planned = await plan(pathToFileURL(file), { seed: 11, profile: 'lab' });
    expect(planned).to.deep.include({ name: 'short', seed: 11, scenarioFile: file });
    expect(planned.safety.profile).to.equal('lab');
  });

  it('gives mistakes as errors with places and doubts about this host apart', async () => {
    const wrong = await validate({ ...SCENARIO, actors: { memroy: {} } });
    expect(wrong.ok).to.equal(false);
    expect(wrong.errors.map(({ code }) => code)).to.include('E_NAME');
    const huge = await validate({ ...SCENARIO, actors: { memory: { peak: '9000GiB' } } });
    expect([huge.ok, huge.errors.length]).to.deep.equal([true, 0]);
    expect(huge.doubts.map(({ code }) => code)).to.include('E_HOST');
    expect((await validate('none.json')).errors.map(({ code }) => code)).to.deep.equal(['E_FILE']);
  });

  it('throws when a run cannot start, and then starts nothing', async () => {
    const none = join(place.dir, 'none');
    const thrown: unknown = await run(
      { ...SCENARIO, actors: { memory: { peak: '9000GiB' } } },
      { runsDir: none },
    ).catch((error: unknown) => error);
    expect(thrown).to.be.instanceOf(BruntErrors);
    expect(existsSync(none)).to.equal(false);
  });

  it('stops in order when its signal is aborted', async () => {
    const abort = new AbortController();
    const long = { ...SCENARIO, phases: [{ name: 'hold', duration: '60s', load: { memory: '100%' } }] };
    const summary = await run(long, {
      runsDir,
      signal: abort.signal,
      onEvent: ({ type }) => (type === 'phase.started' ? abort.abort() : undefined),
    });
    expect(summary).to.include({ stopCause: 'person' });
    expect(summary.after.leftBehind).to.deep.equal([]);
  });
});
