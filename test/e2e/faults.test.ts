/**
 * Plugins that go wrong, each beside a built-in actor that does not: what fails is contained and named, the rest of
 * the run ends in order, and nothing stays behind. The plugins are in test/fault.
 */
import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunEvent } from '../../core/contract/events.js';
import type { RunSummary } from '../../core/contract/summary.js';
import type { Finished } from '../support/cli.js';
import { Workplace } from '../support/cli.js';

/** Runs that go on at the same time; most of them wait for something. */
const AT_ONCE = 4;

interface FaultRun extends Finished {
  readonly summary: RunSummary;
  readonly events: readonly RunEvent[];
  /** Command lines of processes of this run that are still there. */
  readonly alive: readonly string[];
}

interface Options {
  readonly peak?: string;
  readonly duration?: string;
  /** Longer than the pacer waits for operations, where it is the one to say that they do not end. */
  readonly gracefulStop?: string;
  readonly flags?: readonly string[];
}

function scenario(fault: string, { peak, duration = '1s', gracefulStop = '1s' }: Options): object {
  const plugin = fileURLToPath(new URL(`../fault/${fault}.js`, import.meta.url));
  return {
    version: 1,
    name: fault,
    window: '500ms',
    seed: 7,
    plugins: { fault: plugin },
    actors: {
      cpu: { peak: '0.1cores', instances: 1 },
      bad: { uses: 'fault', ...(peak !== undefined && { peak }) },
    },
    safety: { gracefulStop },
    phases: [{ name: 'hold', duration, load: { '*': '100%' } }],
  };
}

class FaultRuns {
  readonly #places: Workplace[] = [];
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  async start(fault: string, options: Options = {}): Promise<FaultRun> {
    await this.#turn();
    const place = new Workplace();
    this.#places.push(place);
    try {
      const { flags = [] } = options;
      const finished = await place.run(
        'run',
        place.write(`${fault}.json`, scenario(fault, options)),
        ...flags,
      );
      const record = place.lastRecord();
      const alive = processesOf(basename(record));
      return { ...finished, summary: place.summary(record), events: place.events(record), alive };
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
    }
  }

  remove(): void {
    for (const place of this.#places) place.remove();
  }

  async #turn(): Promise<void> {
    if (this.#running >= AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running++;
  }
}

/** An agent has the run's id among its arguments. */
function processesOf(run: string): string[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return line.includes(run) ? [`${pid} ${line}`] : [];
      } catch {
        return []; // ended meanwhile
      }
    });
}

const of = <T extends RunEvent['type']>(events: readonly RunEvent[], type: T) =>
  events.filter((event): event is Extract<RunEvent, { type: T }> => event.type === type);

interface Expected {
  readonly fault: string;
  readonly method: string;
  readonly reason: RegExp;
  readonly code?: RegExp;
  readonly options?: Options;
}

const FATAL: readonly Expected[] = [
  // First those that take long.
  { fault: 'never-starts', method: 'start', reason: /did not stop when asked/ },
  { fault: 'throws-at-import-on-thread', method: 'import', reason: /no licence for threads/ },
  { fault: 'throws-in-start', method: 'start', reason: /the table is not there/ },
  { fault: 'throws-in-run', method: 'run', reason: /ran out of numbers/ },
  { fault: 'throws-late', method: 'run', reason: /the connection went away/ },
  { fault: 'throws-in-dispose', method: 'dispose', reason: /the file is still open/ },
  {
    fault: 'never-settles',
    method: 'stepAsync',
    reason: /did not stop when asked/,
    options: { peak: '20/s', duration: '10s', gracefulStop: '2s' },
  },
  { fault: 'spins', method: 'run', reason: /did not stop when asked/, options: { duration: '10s' } },
  { fault: 'ignores-stop', method: 'run', reason: /did not stop when asked; its thread was terminated/ },
  { fault: 'exits', method: 'run', reason: /exit code 0 \(process\.exit/ },
  {
    fault: 'kills-its-process',
    method: 'run',
    code: /E_AGENT_LOST/,
    reason: /its agent kills-its-process .* SIGKILL/,
    options: { duration: '10s' },
  },
  {
    fault: 'allocates-objects',
    method: 'run',
    reason: /heap of the thread was exhausted/,
    options: { duration: '45s' },
  },
  {
    // The thread dies of it, or the whole process: that is for V8 to say.
    fault: 'allocates-array',
    method: 'run',
    code: /E_ACTOR_FAILED|E_AGENT_LOST/,
    reason: /heap of the thread was exhausted|its agent allocates-array .* ended/,
    options: { duration: '45s' },
  },
];

describe('a plugin that goes wrong', () => {
  const runs = new FaultRuns();
  const started = new Map<string, Promise<FaultRun>>();
  const run = (fault: string): Promise<FaultRun> => {
    const promise = started.get(fault);
    if (promise === undefined) throw new Error(`${fault} was not started`);
    return promise;
  };
  before(() => {
    const start = (fault: string, options: Options = {}): void => {
      const promise = runs.start(fault, options);
      promise.catch(() => undefined); // told by the test that waits for it
      started.set(fault, promise);
    };
    for (const { fault, options } of FATAL) start(fault, options);
    start('reports-nan', { peak: '10', flags: ['--strict'] });
    for (const fault of ['floods-log', 'floods-output', 'takes-without-lease'])
      start(fault, { duration: '2s' });
  });
  after(async () => {
    await Promise.allSettled(started.values());
    runs.remove();
  });

  for (const { fault, method, reason, code = /E_ACTOR_FAILED/ } of FATAL) {
    it(`${fault}: is contained and named`, async () => {
      const { code: exit, stderr, summary, events, alive } = await run(fault);
      expect(exit, stderr).to.equal(6);
      // These fail only when all phases have run.
      const isLate = ['throws-in-dispose', 'ignores-stop'].includes(fault);
      const failures = of(events, 'actor.failed');
      expect(failures).to.have.length(1);
      const [failure] = failures;
      expect(failure).to.include({
        actor: 'bad',
        instance: 0,
        plugin: fault,
        simulator: 'faulty',
        method,
      });
      expect(failure?.code).to.match(code);
      expect(failure?.reason).to.match(reason);
      expect(summary).to.include({
        verdict: 'error',
        exitCode: 6,
        stopCause: isLate ? 'completed' : 'actor',
      });
      expect(summary.reasons.join('\n')).to.contain(`bad[0] (${fault}/faulty) in ${method}: `);
      expect(summary.trust.checks).to.deep.include({
        check: 'actors-alive',
        ok: false,
        detail: '1 actors failed: the load was not the one planned',
      });
      // The other actor was given its time to end, and the run its record.
      expect(of(events, 'actor.ended').map(({ actor }) => actor)).to.deep.equal(['cpu']);
      expect(events.at(-1)).to.include({ type: 'run.ended', exitCode: 6 });
      expect(summary.after.leftBehind).to.deep.equal([]);
      expect(alive).to.deep.equal([]);
    });
  }

  it('reports-nan: what is no number is refused and counted, and the doubt has a name', async () => {
    const { code, stderr, summary, alive } = await run('reports-nan');
    expect(summary.exitCode, stderr).to.equal(0);
    expect(code).to.equal(9);
    const refused = summary.trust.checks.find(({ check }) => check === 'refused-values');
    expect(refused?.ok).to.equal(false);
    expect(refused?.detail).to.match(/^([4-9]|\d{2,}) values/);
    expect(alive).to.deep.equal([]);
  });

  it('floods-log: a hundred of its messages a second are kept, and the rest counted', async () => {
    const { code, stderr, summary, events } = await run('floods-log');
    expect(code, stderr).to.equal(0);
    expect(of(events, 'actor.log').length).to.be.within(100, 500);
    expect(summary.lost).to.deep.equal({ windows: 0, events: 0, frames: 0 });
  });

  it('floods-output: a hundred of its lines a second are kept, and the rest counted', async () => {
    const { code, stderr, summary, events } = await run('floods-output');
    expect(code, stderr).to.equal(0);
    const output = of(events, 'agent.output');
    expect(output.length).to.be.within(100, 2000);
    expect(output.some(({ text }) => /^\(\d+ more lines in one second\)$/.test(text))).to.equal(true);
    expect(summary.lost).to.deep.equal({ windows: 0, events: 0, frames: 0 });
  });

  it('takes-without-lease: is found out, and the run is not to be trusted', async () => {
    const { code, stderr, summary, events, alive } = await run('takes-without-lease');
    expect(code, stderr).to.equal(0);
    const found = of(events, 'actor.unleased');
    const isLinux = process.platform === 'linux';
    expect(found.map(({ resource }) => resource)).to.deep.equal(
      isLinux ? ['memory', 'openFiles'] : ['memory'],
    );
    expect(found[0]).to.deep.include({ agent: 'takes-without-lease', actors: ['bad'], leased: 0 });
    expect(found[0]?.grown).to.be.greaterThan(96 * 2 ** 20);
    expect(summary.trust.trustworthy).to.equal(false);
    const check = summary.trust.checks.find(({ check: name }) => name === 'unleased');
    expect(check?.ok).to.equal(false);
    expect(check?.detail).to.match(/^bad: memory grew by [\d.]+ MiB/);
    expect(alive).to.deep.equal([]);
  });
});

describe('a plugin that cannot be imported', () => {
  const place = new Workplace();
  after(() => place.remove());

  const refused = [
    { fault: 'throws-at-import', code: 3, says: /E_PLUGIN_LOAD[^]*no licence file/ },
    { fault: 'exits-at-import', code: 3, says: /E_PLUGIN_LOAD[^]*ended the process/ },
    { fault: 'never-imports', code: 3, says: /E_PLUGIN_LOAD[^]*can never settle/ },
  ];
  for (const { fault, code, says } of refused) {
    it(`${fault}: nothing is started, and it is named`, async () => {
      const finished = await place.run('run', place.write(`${fault}.json`, scenario(fault, {})));
      expect(finished.code, finished.stderr).to.equal(code);
      expect(finished.stderr).to.match(says).and.to.contain(`${fault}.js`);
      expect(finished.stdout).to.equal('');
    });
  }
});
