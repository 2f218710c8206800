/** Records as a person manages them: how each ended, names, what must not be removed. Real folders, made by hand. */
import { expect } from 'chai';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { BruntError } from '../../../core/base/errors.js';
import { findRun } from '../../../core/record/find.js';
import { describeRuns, removeRun } from '../../../core/record/manage.js';
import { checkName, nameRun, namesOfRuns } from '../../../core/record/names.js';

/** No process has it: above the largest pid that Linux gives. */
const GONE = 2 ** 22 + 1;

describe('records of runs', () => {
  const runs = mkdtempSync(join(tmpdir(), 'brunt-manage-'));
  after(() => rmSync(runs, { recursive: true }));
  const make = (run: string, pid: number, summary?: object): void => {
    mkdirSync(join(runs, run));
    const manifest = {
      version: 1,
      run,
      createdAt: '2026-01-01T00:00:00.000Z',
      owner: { pid, startTicks: null },
      host: { hostname: hostname() },
      plan: { name: 'some' },
    };
    writeFileSync(join(runs, run, 'run.json'), JSON.stringify(manifest));
    if (summary !== undefined) writeFileSync(join(runs, run, 'summary.json'), JSON.stringify(summary));
  };
  const [ended, crashed, running, damaged] = ['01', '02', '03', '04'].map(
    (day) => `2026-01-${day}T00-00-00-some-1`,
  ) as [string, string, string, string];
  const codeOf = async (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => 'none',
      (error: unknown) => (error instanceof BruntError ? error.code : String(error)),
    );

  before(() => {
    make(ended, GONE, { version: 1, verdict: 'failed', exitCode: 4 });
    make(crashed, GONE);
    make(running, process.pid);
    mkdirSync(join(runs, damaged));
    writeFileSync(join(runs, damaged, 'run.json'), '{');
  });

  it('are listed newest first, each with how it ended', async () => {
    const states = (await describeRuns(runs)).map(({ run, state, exitCode }) => [run, state, exitCode]);
    expect(states).to.deep.equal([
      [damaged, 'damaged', null],
      [running, 'running', null],
      [crashed, 'crashed', null],
      [ended, 'failed', 4],
    ]);
  });

  it('are found by the names that they were given', async () => {
    await nameRun(runs, 'main', crashed);
    await nameRun(runs, '@main', ended);
    expect([...(await namesOfRuns(runs))]).to.deep.equal([['@main', ended]]);
    expect(await findRun(runs, '@main')).to.equal(join(runs, ended));
    expect(await codeOf(findRun(runs, '@none'))).to.equal('E_RUN_UNKNOWN');
    for (const wrong of ['@last', '../x', '@', '@A', 'a/b'])
      expect(() => checkName(wrong), wrong).to.throw(BruntError);
  });

  it('are not removed while they go on, or while something is left that only they name', async () => {
    writeFileSync(join(runs, crashed, 'journal-memory.ndjson'), '');
    for (const entry of await describeRuns(runs)) {
      const code = await codeOf(removeRun(runs, entry));
      expect(code, entry.run).to.equal([running, crashed].includes(entry.run) ? 'E_RUN_IN_USE' : 'none');
      expect(existsSync(join(runs, entry.run))).to.equal(code !== 'none');
    }
    expect([...(await namesOfRuns(runs))]).to.deep.equal([]);
  });
});
