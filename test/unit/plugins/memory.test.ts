import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { HostFacts } from '../../../core/contract/host.js';
import type { PlannedActor, PlannedPhase } from '../../../core/contract/plan.js';
import { mapper } from '../../../core/linux/mapping.js';
import { resolveOptions } from '../../../core/plugin/options.js';
import plugin from '../../../plugins/memory/index.js';
import type { MemoryOptions } from '../../../plugins/memory/options.js';
import { MEMORY_OPTIONS } from '../../../plugins/memory/options.js';
import { actorOf, AgentHarness, holding } from '../../support/agent-harness.js';

const MIB = 2 ** 20;
const simulator = plugin.simulators![0]!;

function hog(peakMiB: number, over: Partial<PlannedActor> = {}): PlannedActor {
  return actorOf({
    name: 'hog',
    simulator: 'memory',
    module: new URL('../../../plugins/memory/index.js', import.meta.url).href,
    control: 'amount',
    unit: 'bytes',
    peak: { amount: peakMiB * MIB, text: `${peakMiB}MiB` },
    lane: 'process',
    takes: 'memory',
    quietMs: 10_000,
    metrics: simulator.metrics as PlannedActor['metrics'],
    options: optionsOf({}),
    ...over,
  });
}

function optionsOf(said: Readonly<Record<string, unknown>>): PlannedActor['options'] {
  const { options, problems } = resolveOptions(MEMORY_OPTIONS, said, {
    directory: '/',
    writeDirectory: '/',
  });
  expect(problems).to.deep.equal([]);
  return options;
}

/** Anonymous memory of a process, from outside. */
function anonymousMiB(pid: number): number {
  const line = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line![1]) / 1024;
}

/** What each pattern is told, and what it must have something to say of. */
const PATTERNS: Readonly<
  Record<MemoryOptions['pattern'], { said?: Readonly<Record<string, unknown>>; says?: readonly string[] }>
> = {
  hold: { said: { verifyEvery: '500ms', pages: 'small' }, says: ['memory.verified', 'memory.faults'] },
  churn: { said: { lifetime: '100ms' }, says: ['memory.renewed', 'memory.allocation'] },
  fragmentation: { says: ['memory.fragmentation-ratio'] },
  'working-set': {
    said: { access: 'zipf', accessRate: '10000/s', writes: '20%' },
    says: ['memory.access', 'memory.access-latency'],
  },
  'page-cache': { said: { accessRate: '500/s', writes: '20%' }, says: ['memory.access', 'memory.cached'] },
  vm: { says: ['memory.advised', 'memory.advice-latency'] },
  lock: { says: ['memory.locked'] },
  shared: {},
  heap: { said: { space: 'external' } },
  gc: { said: { lifetime: '100ms' }, says: ['memory.renewed', 'memory.collections'] },
};

describe('plugin memory', () => {
  it('knows what there is to take', () => {
    const host = { memory: { totalBytes: 100 * 1024 * MIB, availableBytes: 50 * 1024 * MIB } } as HostFacts;
    const { bases, defaultBase } = simulator.controls[0]!;
    expect(bases!['total']!(host)).to.equal(100 * 1024 * MIB);
    expect(bases!['available']!(host)).to.equal(40 * 1024 * MIB);
    const small = { memory: { totalBytes: 1024 * MIB, availableBytes: 600 * MIB } } as HostFacts;
    expect(bases!['available']!(small)).to.equal(88 * MIB);
    expect(defaultBase).to.equal(undefined);
  });

  describe('in a process', () => {
    let harness: AgentHarness;
    beforeEach(function () {
      if (process.platform !== 'linux') this.skip(); // RSS is read from /proc
      harness = new AgentHarness();
    });
    afterEach(() => harness.close());

    const holds = (bytes: number): Promise<void> =>
      harness.until(() => harness.accounts[0]?.held === bytes, `${bytes / MIB} MiB held`);

    it('really takes and really gives back, as seen from outside; holding costs no processor time', async () => {
      await harness.run([hog(128)], holding('hog', 1));
      await harness.message('frame');
      await holds(128 * MIB);
      const full = anonymousMiB(harness.link.pid);
      harness.link.send({ type: 'scale', actor: 'hog', scale: 0.25 });
      await holds(32 * MIB);
      const quarter = anonymousMiB(harness.link.pid);
      expect(full - quarter, 'MiB given back').to.be.within(96 - 6, 96 + 6);
      harness.link.send({ type: 'scale', actor: 'hog', scale: 1 });
      await holds(128 * MIB);
      expect(anonymousMiB(harness.link.pid) - quarter, 'MiB taken').to.be.within(96 - 6, 96 + 6);
      const frames = harness.frames.length;
      await harness.until(() => harness.frames.length > frames + 3, 'three windows at rest');
      expect(harness.series('actor.cpu')).to.equal(0);
      expect(harness.series('actor.held')).to.equal(128 * MIB);
      expect(harness.series('actor.rss')).to.be.greaterThan(128 * MIB);
      expect(harness.series('memory.taken')).to.equal((128 + 96) * MIB);
      expect(harness.series('memory.given-back')).to.equal(96 * MIB);
      expect(harness.series('memory.touch')).to.be.greaterThan(0);
    });

    it('takes nothing that was not granted, and gives all back when released', async () => {
      await harness.close();
      harness = new AgentHarness({ room: 40 * MIB });
      await harness.run([hog(128)], holding('hog', 1));
      await harness.until(() => harness.accounts[0]?.granted === 40 * MIB, 'all granted');
      await harness.until(
        () => harness.accounts[0]!.want > harness.accounts[0]!.credit,
        'it waits for more than is left',
      );
      expect(harness.accounts[0]).to.include({ granted: 40 * MIB, claimed: 0 });
      expect(harness.accounts[0]!.held + harness.accounts[0]!.credit).to.equal(40 * MIB);
      const heldMiB = harness.accounts[0]!.held / MIB;
      const before = anonymousMiB(harness.link.pid);
      harness.link.send({ type: 'stop', rung: 'release' });
      expect(await harness.ended('hog')).to.deep.equal({ kind: 'stopped' });
      expect(before - anonymousMiB(harness.link.pid)).to.be.greaterThan(heldMiB - 6);
    });

    it('knows every pattern: each takes, works on what it holds, and gives back in both directions', async function () {
      if (mapper() === null) this.skip(); // lock, shared and vm need koffi
      const actors = Object.entries(PATTERNS).map(([pattern, { said = {} }]) =>
        hog(8, { name: pattern, options: optionsOf({ pattern, ...said }) }),
      );
      const load = Object.assign(
        {},
        ...actors.map(({ name }) => holding(name, 1)[0]!.load),
      ) as PlannedPhase['load'];
      const [phase] = holding('hold', 1);
      await harness.run(actors, [{ ...phase!, load }]);
      const heldBy = (bytes: number): string[] =>
        harness.accounts.filter(({ held }) => held !== bytes).map(({ actor, held }) => `${actor} ${held}`);
      await harness.until(
        () => harness.accounts.length > 0 && heldBy(8 * MIB).length === 0,
        'all hold 8 MiB',
      );
      const silent = (): string[] =>
        Object.entries(PATTERNS).flatMap(([pattern, { says = [] }]) =>
          says.filter((metric) => !(harness.series(metric, pattern)! > 0)).map((m) => `${pattern}: ${m}`),
        );
      await harness
        .until(() => silent().length === 0, 'every pattern tells what it does')
        .catch(() => undefined);
      expect(silent()).to.deep.equal([]);
      for (const { name } of actors) harness.link.send({ type: 'scale', actor: name, scale: 0.5 });
      await harness.until(() => heldBy(4 * MIB).length === 0, 'all hold 4 MiB').catch(() => undefined);
      expect(heldBy(4 * MIB)).to.deep.equal([]);
      for (const { name } of actors) harness.link.send({ type: 'scale', actor: name, scale: 0 });
      await harness.until(() => heldBy(0).length === 0, 'all is given back').catch(() => undefined);
      expect(heldBy(0)).to.deep.equal([]);
      for (const { name } of actors) expect(harness.series('memory.mismatches', name) ?? 0, name).to.equal(0);
    });

    it('grows by time', async () => {
      const growing = hog(100, { control: 'growth', unit: 'bytes/s' });
      const durationMs = 60_000;
      const piece = (
        startMs: number,
        endMs: number,
        level: number,
      ): { startMs: number; endMs: number; from: number; to: number } => ({
        startMs,
        endMs,
        from: level,
        to: level,
      });
      const [phase] = holding('hog', 1, durationMs);
      const load = { hog: [piece(0, 500, 1), piece(500, durationMs, 0)] };
      await harness.run([growing], [{ ...phase!, load }]);
      await holds(50 * MIB);
      const frames = harness.frames.length;
      await harness.until(() => harness.frames.length > frames + 2, 'it keeps what it has');
      expect(harness.accounts[0]!.held).to.equal(50 * MIB);
    });
  });
});
