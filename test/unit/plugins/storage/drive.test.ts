/** The loop between pacing and engines, in real runs: what is due is done, what is done is counted, once. */
import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MS, nowNs } from '../../../../core/base/clock.js';
import type { PlannedActor } from '../../../../core/contract/plan.js';
import type { Operations } from '../../../../core/contract/plugin.js';
import { drive } from '../../../../plugins/storage/drive.js';
import type { Engine, EngineReport } from '../../../../plugins/storage/engines/engine.js';
import { Slots } from '../../../../plugins/storage/engines/engine.js';
import { actorOf } from '../../../support/agent-harness.js';
import type { Ran } from '../../../support/runs.js';
import { phase, planOf, runPlan } from '../../../support/runs.js';
import { DRIVING_OPERATIONS } from '../../../support/plugins/driving.js';

const module = new URL('../../../support/plugins/driving.js', import.meta.url).href;
const FILE_BYTES = 2 ** 20;
const BLOCK_BYTES = 4096;
/** An engine of each way to wait, there on every host. */
const OPTIONS = { blockBytes: BLOCK_BYTES, engine: 'auto', links: false, most: 0, beyond: 0 };

describe('the loop of storage simulators', () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'brunt-drive-'));
    path = join(folder, 'data');
    writeFileSync(path, Buffer.alloc(FILE_BYTES));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const driving = (over: Partial<PlannedActor>, options: object = {}): PlannedActor =>
    actorOf({
      name: 'a',
      simulator: 'driving',
      module,
      operations: [...DRIVING_OPERATIONS],
      control: 'concurrency',
      unit: 'count',
      pacing: { arrival: 'constant', inFlight: 64, thinkTimeMs: 0, precision: 'wait' },
      options: { ...OPTIONS, path, ...options },
      ...over,
    });

  const run = (actor: PlannedActor, durationMs = 700): Promise<Ran> =>
    runPlan(planOf([actor], [phase('load', durationMs, { a: 1 })]));

  /** Sum of a counter, or count of a trend or ratio, over all windows and over the series with these tags. */
  function total({ windows }: Ran, metric: string, tags: Readonly<Record<string, string>> = {}): number {
    let sum = 0;
    for (const { series } of windows)
      for (const one of series) {
        const isIt = Object.entries(tags).every(([tag, value]) => one.tags[tag] === value);
        if (one.metric !== metric || !isIt) continue;
        const { point } = one;
        if (point.kind === 'counter') sum += point.count;
        else if (point.kind === 'ratio') sum += point.hits;
        else if (point.kind === 'trend') sum += point.count;
      }
    return sum;
  }

  for (const engine of ['auto', 'portable']) {
    it(`keeps as many in flight as are asked for, and counts each once (${engine})`, async () => {
      const ran = await run(driving({ peak: { amount: 8, text: '8' }, shares: [8] }, { engine }));
      expect(ran.summary.verdict).to.equal('passed');
      const count = total(ran, 'op.count');
      expect(count).to.be.greaterThan(100);
      expect(total(ran, 'op.latency', { op: 'read' })).to.equal(count);
      expect(total(ran, 'op.bytes')).to.equal(count * BLOCK_BYTES);
      expect(total(ran, 'op.due')).to.equal(count + total(ran, 'op.unfinished'));
      expect(total(ran, 'op.unfinished')).to.equal(0);
      const held = ran.windows.flatMap(({ series }) =>
        series.flatMap((one) =>
          one.metric === 'actor.achieved' && one.point.kind === 'gauge' ? [one.point.max] : [],
        ),
      );
      expect(Math.max(...held)).to.be.at.most(8 + 1e-6);
    });
  }

  it('starts under a rate what falls due, neither more nor less', async () => {
    const ran = await run(
      driving({ control: 'rate', unit: 'ops/s', peak: { amount: 500, text: '500/s' } }),
      1000,
    );
    const count = total(ran, 'op.count');
    expect(count).to.be.within(490, 501);
    expect(count + total(ran, 'op.unfinished')).to.equal(total(ran, 'op.due'));
  });

  it('counts a write and the sync that is linked to it as one operation', async () => {
    const ran = await run(driving({ peak: { amount: 2, text: '2' }, shares: [2] }, { links: true }));
    const count = total(ran, 'op.count');
    expect(count).to.be.greaterThan(0);
    expect(total(ran, 'op.count', { op: 'durable' })).to.equal(count);
    expect(total(ran, 'op.bytes', { op: 'durable' })).to.equal(count * BLOCK_BYTES);
  });

  it('counts what is short or refused as failed, under its code, and never as done', async () => {
    const ran = await run(
      driving({ peak: { amount: 4, text: '4' }, shares: [4] }, { beyond: FILE_BYTES - 10 }),
    );
    const count = total(ran, 'op.count');
    expect(count).to.be.greaterThan(0);
    expect(total(ran, 'op.errors', { code: 'short' })).to.equal(count);
    expect(total(ran, 'op.failed.latency')).to.equal(count);
    expect(total(ran, 'op.latency')).to.equal(0);
  });

  it('is done when nothing is left to do, with nothing unfinished', async () => {
    const ran = await run(driving({ peak: { amount: 4, text: '4' }, shares: [4] }, { most: 1001 }), 5000);
    expect(total(ran, 'op.count')).to.equal(1001);
    expect(total(ran, 'op.due')).to.equal(1001);
    expect(total(ran, 'op.unfinished')).to.equal(0);
  });

  it('sees what has ended before all is handed over, where the hand-over takes as long as the operation', async () => {
    const engine = new WhileHandedOver();
    let [started, recorded, most] = [0, 0, 0];
    const operations: Pick<Operations, 'startDue' | 'nextDueNs' | 'recordMany'> = {
      startDue(_dues, count) {
        const now = Math.min(count, SLOTS - started);
        started += now;
        return now;
      },
      nextDueNs: () => Infinity,
      recordMany(_columns, _which, count) {
        recorded += count;
        most = Math.max(most, count);
      },
    };
    await drive({
      ctx: { operations: operations as Operations, stopped: () => recorded === SLOTS, park: () => undefined },
      engine,
      operations: ['read'],
      work: { fill: () => undefined, judge: () => null },
    });
    expect(recorded).to.equal(SLOTS);
    // Not SLOTS: the first of them would have waited for the last.
    expect(most).to.be.at.most(SLOTS / 4);
  });
});

const SLOTS = 64;

/** An engine whose operations are done by the call that hands them over, in a millisecond each: FUSE is such a one. */
class WhileHandedOver implements Engine {
  readonly name = 'sync';
  readonly depth = SLOTS;
  readonly slotBytes = 4096;
  readonly memory = new Uint8Array(0);
  readonly slots = new Slots(SLOTS, 4096);
  readonly ended = new Uint32Array(SLOTS);
  readonly parallel = SLOTS;
  readonly yields = false;
  inFlight = 0;

  attach = (): number => 0;
  detach = (): void => undefined;
  report = (): EngineReport => ({ engine: 'sync', uses: [], lacks: [] });
  close = (): number => 0;

  submit(slot: number): void {
    for (const untilNs = nowNs() + MS; nowNs() < untilNs;);
    this.ended[this.inFlight++] = slot;
  }

  reap(): number {
    const count = this.inFlight;
    this.inFlight = 0;
    this.slots.endNs.fill(nowNs());
    return count;
  }
}
