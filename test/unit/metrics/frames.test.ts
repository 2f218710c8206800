/** From recorders over frames to windows: whatever happens to frames on the way, the totals are right. */
import { expect } from 'chai';
import fc from 'fast-check';
import type { Frame } from '../../../core/contract/messages.js';
import type { MetricSpecs, Point, Window } from '../../../core/contract/metrics.js';
import { FrameBuilder } from '../../../core/metrics/frame-builder.js';
import { WindowStore } from '../../../core/metrics/windows.js';
import { binOf } from '../../../core/metrics/bins.js';
import { mergePoints } from '../../../core/metrics/points.js';
import { clock, open, phases, plan } from './make.js';

const SECOND = 1e9;
const SPECS = {
  'x.count': { kind: 'counter', unit: 'count', help: '' },
  'x.share': { kind: 'ratio', unit: 'share', help: '' },
  'x.time': { kind: 'trend', unit: 'ns', help: '' },
} as const satisfies MetricSpecs;

/** What one turn does: samples of two instances, then what happens to the frame and to its acknowledgement. */
interface Turn {
  readonly samples: readonly { readonly instance: 0 | 1; readonly value: number; readonly hit: boolean }[];
  readonly fate: 'arrives' | 'lost' | 'twice' | 'late';
  readonly isAcked: boolean;
}

const turn = fc.record<Turn>({
  samples: fc.array(
    fc.record({
      instance: fc.constantFrom<0 | 1>(0, 1),
      value: fc.integer({ min: 0, max: 1_000_000_000 }),
      hit: fc.boolean(),
    }),
    { maxLength: 20 },
  ),
  fate: fc.constantFrom('arrives', 'arrives', 'lost', 'twice', 'late'),
  isAcked: fc.boolean(),
});

function totalOf(windows: readonly Window[], metric: string): Point | undefined {
  const points = windows.flatMap((w) => w.series.filter((s) => s.metric === metric).map((s) => s.point));
  return points.length === 0 ? undefined : points.reduce((a, b) => mergePoints(a, b, 'sum'));
}

function binsOf(values: readonly number[]): number[] {
  return [...new Set(values.map(binOf))].sort((a, b) => a - b);
}

describe('frames and windows', () => {
  it('keep every total, whatever is lost, doubled, late or not acknowledged', () => {
    fc.assert(
      fc.property(fc.array(turn, { minLength: 1, maxLength: 25 }), (turns) => {
        const instances = [open(SPECS), open(SPECS)] as const;
        const builder = new FrameBuilder();
        builder.add({
          prefix: '',
          specs: SPECS,
          tags: { actor: 'a' },
          buffers: instances.map((i) => i.buffer),
        });
        const store = new WindowStore({
          plan: plan({ phases: phases(['main', (turns.length + 1) * 1000]) }),
          startNs: 0,
          graceMs: 100,
        });
        store.expect('agent');
        const windows: Window[] = [];
        const delayed: Frame[] = [];
        const deliver = (frame: Frame, isAcked: boolean): void => {
          store.apply('agent', 'boot', frame);
          if (isAcked) builder.ack(frame.seq);
        };
        turns.forEach(({ samples, fate, isAcked }, index) => {
          for (const { instance, value, hit } of samples) {
            const { write } = instances[instance];
            write['x.count'].add(value);
            write['x.share'].mark(hit);
            write['x.time'].record(value);
          }
          const frame = builder.build({ window: index, fromNs: index * SECOND, toNs: (index + 1) * SECOND });
          if (frame === null) return;
          if (fate === 'late') delayed.push(frame);
          else if (fate !== 'lost') deliver(frame, isAcked);
          if (fate === 'twice') deliver(frame, isAcked);
          windows.push(...store.closeDue((index + 1) * SECOND));
          if (fate === 'arrives') for (const old of delayed.splice(0)) deliver(old, true);
        });
        // The link is whole again: what is built from now on arrives.
        const n = turns.length;
        for (let tries = 0; tries < 10; tries++) {
          const last = builder.build({ window: n, fromNs: n * SECOND, toNs: (n + 1) * SECOND });
          if (last !== null) deliver(last, true);
        }
        windows.push(...store.flush());
        const all = turns.flatMap(({ samples }) => samples);
        const values = all.map(({ value }) => value);
        const sum = values.reduce((a, b) => a + b, 0);
        expect(totalOf(windows, 'x.count')).to.deep.equal({ kind: 'counter', count: sum });
        const hits = all.filter(({ hit }) => hit).length;
        expect(totalOf(windows, 'x.share')).to.deep.equal({ kind: 'ratio', hits, total: all.length });
        const trend = totalOf(windows, 'x.time');
        if (values.length === 0) expect(trend).to.equal(undefined);
        else {
          const [min, max] = [Math.min(...values), Math.max(...values)];
          expect(trend).to.deep.include({ kind: 'trend', count: values.length, sum, min, max });
          expect(trend?.kind === 'trend' && [...trend.bins.index]).to.deep.equal(binsOf(values));
        }
        return true;
      }),
    );
  });

  it('merge instances into one series, and say nothing twice', () => {
    const instances = [open(SPECS), open(SPECS)];
    const builder = new FrameBuilder();
    builder.add({
      prefix: 'echo',
      specs: SPECS,
      tags: { actor: 'a' },
      buffers: instances.map((i) => i.buffer),
    });
    for (const { write } of instances) write['x.count'].add(2);
    const first = builder.build({ window: 0, fromNs: 0, toNs: SECOND });
    expect(first?.table.map(({ metric, tags }) => [metric, tags])).to.deep.equal([
      ['echo.x.count', { actor: 'a' }],
      ['echo.x.share', { actor: 'a' }],
      ['echo.x.time', { actor: 'a' }],
    ]);
    expect([...(first?.counters ?? [])]).to.deep.equal([4]);
    builder.ack(0);
    const second = builder.build({ window: 1, fromNs: SECOND, toNs: 2 * SECOND });
    expect(second?.table).to.deep.equal([]);
    expect(second?.counterIds.length).to.equal(0);
  });

  it('wait for acknowledgements, and give a frame up after a while', () => {
    const { buffer, write } = open(SPECS);
    const builder = new FrameBuilder();
    builder.add({ prefix: '', specs: SPECS, tags: {}, buffers: [buffer] });
    const built = Array.from({ length: 7 }, (_, window) => {
      write['x.count'].add(1);
      return builder.build({ window, fromNs: 0, toNs: SECOND });
    });
    expect(built.map((frame) => frame !== null)).to.deep.equal([
      true,
      true,
      false,
      false,
      false,
      true,
      false,
    ]);
    expect([...(built[5]?.counters ?? [])]).to.deep.equal([6]);
    expect(built[5]?.table.length, 'the table is told until it is acknowledged').to.equal(3);
  });

  it('take recorders that come up while running', () => {
    const [a, b] = [open(SPECS), open(SPECS)];
    const builder = new FrameBuilder();
    builder.add({ prefix: '', specs: SPECS, tags: { actor: 'a' }, buffers: [a.buffer] });
    a.write['x.time'].record(5);
    builder.build({ window: 0, fromNs: 0, toNs: SECOND });
    builder.ack(0);
    builder.add({ prefix: '', specs: SPECS, tags: { actor: 'a' }, buffers: [b.buffer] });
    builder.add({ prefix: '', specs: SPECS, tags: { actor: 'b' }, buffers: [open(SPECS).buffer] });
    b.write['x.time'].record(9);
    b.write['x.time'].record(NaN);
    const frame = builder.build({ window: 1, fromNs: SECOND, toNs: 2 * SECOND });
    expect([...(frame?.trends ?? [])]).to.deep.equal([2, 14, 9, 9, 1]);
    expect(frame?.table.length).to.equal(3);
    expect(frame?.refused).to.equal(1);
  });

  describe('of gauges', () => {
    const across = (kind: 'sum' | 'mean' | 'max' | 'min'): MetricSpecs => ({
      g: { kind: 'gauge', unit: 'count', help: '', across: kind },
    });
    const cases = [
      ['sum', 40],
      ['mean', 20],
      ['max', 30],
      ['min', 10],
    ] as const;
    for (const [kind, wanted] of cases) {
      it(`combine instances by ${kind}`, () => {
        const at = clock(0);
        const instances = [open(across(kind), at), open(across(kind), at)];
        const builder = new FrameBuilder();
        builder.add({ prefix: '', specs: across(kind), tags: {}, buffers: instances.map((i) => i.buffer) });
        [10, 30].forEach((value, i) => set(instances[i]?.write, value));
        const frame = builder.build({ window: 0, fromNs: 0, toNs: SECOND });
        expect([...(frame?.gauges ?? [])]).to.deep.equal([wanted * SECOND, SECOND, wanted, wanted, wanted]);
      });
    }

    it('follow one instance after another, as at a restart', () => {
      const at = clock(0);
      const specs = across('sum');
      const builder = new FrameBuilder();
      const [first, second] = [open(specs, at), open(specs, at)];
      builder.add({ prefix: '', specs, tags: {}, buffers: [first.buffer] });
      set(first.write, 10);
      builder.build({ window: 0, fromNs: 0, toNs: SECOND });
      builder.ack(0);
      at.nowNs = 1.5 * SECOND;
      set(first.write, NaN);
      builder.add({ prefix: '', specs, tags: {}, buffers: [second.buffer] });
      set(second.write, 20);
      const frame = builder.build({ window: 1, fromNs: SECOND, toNs: 2 * SECOND });
      const [integral, covered] = frame?.gauges ?? [];
      expect([integral, covered]).to.deep.equal([10 * SECOND + 15 * SECOND, 2 * SECOND]);
    });
  });
});

function set(write: unknown, value: number): void {
  (write as { g: { set(v: number): void } }).g.set(value);
}
