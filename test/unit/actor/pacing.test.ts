/** Real instances in a real agent, paced: what falls due, what is done, what waits, and what is told of faults. */
import { expect } from 'chai';
import type { PlannedActor, PlannedPacing } from '../../../core/contract/plan.js';
import { actorOf, AgentHarness, holding } from '../../support/agent-harness.js';
import { pacingMetrics } from '../../support/plugins/pacing.js';

const module = new URL('../../support/plugins/pacing.js', import.meta.url).href;
const PACING: PlannedPacing = { arrival: 'constant', inFlight: 64, thinkTimeMs: 0, precision: 'wait' };

function paced(
  simulator: string,
  peak: number,
  over: Partial<PlannedActor> = {},
  pacing: Partial<PlannedPacing> = {},
): PlannedActor {
  return actorOf({
    name: 'a',
    simulator,
    module,
    operations: ['read', 'write'],
    metrics: pacingMetrics,
    control: 'rate',
    unit: 'ops/s',
    peak: { amount: peak, text: `${peak}` },
    pacing: { ...PACING, ...pacing },
    ...over,
  });
}

const IN_FLIGHT = { control: 'concurrency', unit: 'count' } as const;

describe('pacing of operations', () => {
  let harness: AgentHarness;
  beforeEach(() => {
    harness = new AgentHarness({ windowMs: 250 });
  });
  afterEach(() => harness.close());

  /** Newest cumulative value of each series of a metric whose tags hold all that is wanted, summed up. */
  function total(metric: string, ...wanted: string[]): number {
    return sum(metric, wanted, (frame, ids) => [
      ...values(ids, frame.counterIds, frame.counters, 1),
      ...values(ids, frame.ratioIds, frame.ratios, 2),
      ...values(ids, frame.trendIds, frame.trends, 5),
    ]);
  }

  /** Sum of all values of a trend. */
  function trendSum(metric: string): number {
    return sum(metric, [], (frame, ids) => values(ids, frame.trendIds, frame.trends, 5, 1));
  }

  function trendMax(metric: string): number {
    const ids = idsOf(metric, []);
    return Math.max(
      ...harness.frames.flatMap((frame) =>
        values(ids, frame.trendIds, frame.trends, 5, 3).map(([, value]) => value),
      ),
    );
  }

  type Frame = (typeof harness.frames)[number];

  function sum(
    metric: string,
    wanted: readonly string[],
    read: (frame: Frame, ids: ReadonlySet<number>) => [number, number][],
  ): number {
    const last = new Map<number, number>();
    const ids = idsOf(metric, wanted);
    for (const frame of harness.frames) for (const [id, value] of read(frame, ids)) last.set(id, value);
    return [...last.values()].reduce((a, b) => a + b, 0);
  }

  function idsOf(metric: string, wanted: readonly string[]): ReadonlySet<number> {
    const series = harness.frames
      .flatMap(({ table }) => table)
      .filter((one) => one.metric === metric && wanted.every((tag) => Object.values(one.tags).includes(tag)));
    return new Set(series.map(({ id }) => id));
  }

  function values(
    ids: ReadonlySet<number>,
    of: Uint32Array,
    numbers: Float64Array,
    stride: number,
    at = 0,
  ): [number, number][] {
    return [...of].flatMap((id, i) => (ids.has(id) ? [[id, numbers[stride * i + at]!]] : []));
  }

  async function run(actor: PlannedActor, windows = 5): Promise<void> {
    await harness.run([actor], holding('a', 1));
    await harness.until(() => harness.frames.length >= windows, `${windows} windows`);
  }

  async function stop(instances = 1): Promise<void> {
    harness.link.send({ type: 'stop', rung: 'ask' });
    for (let i = 0; i < instances; i++)
      expect(await harness.ended('a', i)).to.deep.equal({ kind: 'stopped' });
  }

  /** What fell due was done or is told as not done. */
  function expectAccounts(): void {
    expect(total('op.due'), 'due = done + unfinished').to.equal(total('op.count') + total('op.unfinished'));
  }

  for (const arrival of ['constant', 'poisson', 'uniform'] as const) {
    it(`step keeps an open rate (${arrival}): what is due is done`, async () => {
      await run(paced('quick', 400, { instances: 2, shares: [200, 200] }, { arrival, precision: 'precise' }));
      await stop(2);
      const spanS = (harness.frames.at(-1)!.toNs - harness.frames[0]!.fromNs) / 1e9;
      const due = total('op.due');
      expect(Math.abs(due - 400 * spanS), 'the asked rate').to.be.lessThan(5 * Math.sqrt(400 * spanS) + 10);
      expectAccounts();
      expect(total('op.unfinished'), 'left at the stop').to.be.at.most(due * 0.2);
      expect(total('op.latency')).to.equal(total('op.count'));
    });
  }

  for (const [way, simulator] of [
    ['step', 'quick'],
    ['stepAsync', 'quick-async'],
    ['run', 'parking'],
  ] as const) {
    it(`${way} with precise pacing is in time where waiting is late`, async () => {
      let waiting = NaN;
      for (const precision of ['wait', 'precise'] as const) {
        await harness.close();
        harness = new AgentHarness({ windowMs: 100 });
        await run(paced(simulator, 300, {}, { precision }), 4);
        const read = (): { waitNs: number; count: number; frames: number } => ({
          waitNs: trendSum('op.wait'),
          count: total('op.count'),
          frames: harness.frames.length,
        });
        let from = read();
        let late = NaN;
        /** Looks at how late operations have begun every four windows: on a busy machine some are woken too late to spin. */
        const look = (): boolean => {
          if (harness.frames.length < from.frames + 4) return false;
          const now = read();
          late = (now.waitNs - from.waitNs) / (now.count - from.count);
          from = now;
          return precision === 'wait' || late < waiting / 2;
        };
        await harness.until(look, 'operations that begin when they are due');
        if (precision === 'wait') waiting = late;
        await stop();
        expectAccounts();
      }
      expect(waiting).to.be.greaterThan(0);
    });
  }

  it('stepAsync never has more in flight than its share of inFlight; what waits is counted and late', async () => {
    await run(paced('slow', 1000, { instances: 2, shares: [500, 500] }, { inFlight: 5 }));
    await stop(2);
    expect(trendMax('slow.outstanding')).to.equal(3); // 3 and 2
    const count = total('op.count');
    expect(count).to.be.within(20, 5 * 50 * 3);
    expect(total('op.queued'), 'had to wait').to.be.within(count * 0.5, count + 5);
    expect(trendSum('op.latency')).to.be.greaterThan(2 * trendSum('op.service'));
    expectAccounts();
    expect(total('op.unfinished')).to.be.greaterThan(count);
  });

  it('keeps places in flight, each with its think time, by the law of Little', async () => {
    await run(paced('slow', 6, { ...IN_FLIGHT, instances: 2, shares: [3, 3] }, { thinkTimeMs: 40 }), 8);
    expect(harness.series('actor.held')).to.be.within(2, 6.01);
    await stop(2);
    expect(trendMax('slow.outstanding')).to.equal(3);
    const spanNs = harness.frames.at(-1)!.toNs - harness.frames[0]!.fromNs;
    const places = (trendSum('op.service') + trendSum('op.wait') + total('op.count') * 40e6) / spanNs;
    // The edges: places that think or work when it ends.
    expect(places).to.be.within(4.5, 6.5);
    expectAccounts();
  });

  it('counts as unfinished what does not end by the deadline after its signal', async () => {
    await run(paced('deaf', 100, { quietMs: 60_000 }, { inFlight: 7 }), 3);
    await stop();
    expect(total('op.count')).to.equal(0);
    expect(total('op.unfinished')).to.be.greaterThan(7).and.equal(total('op.due'));
    expect(harness.of('log').map(({ message }) => message)).to.match(/^7 operations did not stop when asked/);
  });

  it('counts failures under their operation and code, and keeps their latency apart', async () => {
    await run(paced('failing', 200));
    await stop();
    const count = total('op.count');
    const [timedOut, reset] = [
      total('op.errors', 'ETIMEDOUT', 'write'),
      total('op.errors', 'ECONNRESET', 'write'),
    ];
    expect(timedOut + reset)
      .to.equal(Math.floor(count / 2))
      .and.equal(total('op.count', 'write'));
    expect(Math.abs(timedOut - reset)).to.be.at.most(1);
    expect(total('op.failed.latency', 'write')).to.equal(timedOut + reset);
    expect(total('op.latency')).to.equal(total('op.count', 'read'));
    expect(total('op.bytes')).to.equal(7 * total('op.count', 'read'));
    expectAccounts();
  });

  it('holds what is due while the scale is 0, and does it afterwards with its own due time', async () => {
    await run(paced('quick', 200), 2);
    harness.link.send({ type: 'scale', actor: 'a', scale: 0 });
    const paused = harness.frames.length + 1;
    await harness.until(() => harness.frames.length >= paused + 3, 'windows without load');
    const before = total('op.count');
    expect(harness.series('actor.held'), 'told as doing nothing').to.equal(0);
    await harness.until(() => harness.frames.length >= paused + 5, 'two more');
    expect(total('op.count')).to.equal(before);
    expect(total('op.due')).to.be.within(before, before + 5);
    harness.link.send({ type: 'scale', actor: 'a', scale: 1 });
    await harness.until(() => total('op.count') > before + 10, 'load again');
    await stop();
    expectAccounts();
  });

  it('gives an engine due times, its share of inFlight, and the same recorders', async () => {
    await run(paced('engine', 2000, {}, { inFlight: 2 }));
    await stop();
    const count = total('op.count');
    expect(trendMax('engine.outstanding')).to.equal(2);
    expect(total('op.errors', 'EIO', 'write')).to.equal(Math.floor(count / 5));
    expect(total('op.bytes')).to.equal(100 * (count - Math.floor(count / 5)));
    expect(trendSum('op.latency')).to.be.greaterThan(trendSum('op.service'));
    expectAccounts();
  });

  it('ends an instance as done when a step says so, and that step counts as nothing done', async () => {
    await harness.run([paced('finishing', 200)], holding('a', 1));
    expect(await harness.ended('a')).to.deep.equal({ kind: 'done' });
    expect(total('op.count')).to.equal(5);
    expectAccounts();
  });

  it('calls the adjust beside step when what is asked has changed, and only then', async () => {
    await run(paced('adjusted', 100), 3);
    expect(total('adjusted.adjusts')).to.equal(1);
    harness.link.send({ type: 'scale', actor: 'a', scale: 0.5 });
    await harness.until(() => total('adjusted.adjusts') === 2, 'adjust to the new scale');
    await stop();
    expect(total('adjusted.adjusts')).to.equal(2);
  });

  const faults = [
    ['throwing-step', 'step', /^operation 3: the third one is bad$/],
    ['throwing-async', 'stepAsync', /^operation 3: the third one is bad$/],
    ['promising-step', 'step', /^operation 0: step returned a promise/],
    ['empty-async', 'stepAsync', /^operation 0: stepAsync returned no promise/],
    ['unknown-op', 'step', /^operation 0: the operation "reed" is not among those declared: read, write$/],
    ['throwing-adjust', 'adjust', /^cannot adjust$/],
    ['double-timing', 'step', /^operation 0: ctx\.operations is for run\(\)/],
  ] as const;

  it('names the method and the operation that failed', async () => {
    const actors = faults.map(([simulator]) => paced(simulator, 200, { name: simulator }));
    const load = Object.fromEntries(
      faults.map(([name]) => [name, [{ startMs: 0, endMs: 60_000, from: 1, to: 1 }]]),
    );
    const [phase] = holding('a', 1);
    await harness.run(actors, [{ ...phase!, load }]);
    for (const [simulator, method, reason] of faults) {
      const outcome = await harness.ended(simulator);
      expect(outcome, simulator).to.include({ kind: 'failed', method });
      expect(outcome.kind === 'failed' && outcome.reason).to.match(reason);
    }
  });

  it('cannot share an inFlight below the number of instances', async () => {
    const few = paced('slow', 100, { instances: 2, shares: [50, 50] }, { inFlight: 1 });
    await harness.load([few], holding('a', 1));
    const outcome = await harness.ended('a', 1);
    expect(outcome.kind === 'failed' && outcome.reason).to.match(
      /inFlight 1 cannot be shared by 2 instances/,
    );
  });

  it('step cannot have two operations in flight in one instance', async () => {
    await harness.run([paced('quick', 2, IN_FLIGHT)], holding('a', 1));
    const outcome = await harness.ended('a');
    expect(outcome.kind === 'failed' && outcome.reason).to.contain('one operation in flight');
  });
});
