import { expect } from 'chai';
import { deferred } from '../../../core/base/deferred.js';
import { BruntError } from '../../../core/base/errors.js';
import type { RunEvent } from '../../../core/contract/events.js';
import type { ExporterInstance, RunInfo, Screen } from '../../../core/contract/exporter.js';
import { defineExporter } from '../../../core/contract/exporter.js';
import type { RunSummary } from '../../../core/contract/summary.js';
import type { ExporterUse } from '../../../core/run/fan-out.js';
import { FanOut } from '../../../core/run/fan-out.js';

const SCREEN: Screen = {
  isLive: false,
  color: false,
  columns: () => 80,
  rows: () => 24,
  write: () => undefined,
};
const RUN = {} as RunInfo;
const SUMMARY = {} as RunSummary;
const note = (message: string): RunEvent => ({ type: 'note', message, atMs: 0 });

function use(name: string, instance: ExporterInstance | (() => never)): ExporterUse {
  const open = typeof instance === 'function' ? instance : (): ExporterInstance => instance;
  const options = { type: 'object', properties: {} } as const;
  return { name, options: {}, exporter: defineExporter({ name, description: '', options, open }) };
}

describe('fan-out', () => {
  it('gives each exporter everything, in order, at its own pace', async () => {
    const seen: string[] = [];
    const slow = {
      async event(event: RunEvent) {
        await Promise.resolve();
        seen.push(event.type === 'note' ? event.message : '?');
      },
      end: () => void seen.push('end'),
    };
    const fanOut = await FanOut.open([use('slow', slow)], RUN, SCREEN);
    for (const message of ['a', 'b', 'c']) fanOut.event(note(message));
    expect(await fanOut.drain()).to.deep.equal([]);
    expect(await fanOut.end(SUMMARY)).to.deep.equal([]);
    expect(seen).to.deep.equal(['a', 'b', 'c', 'end']);
  });

  it('drops the oldest of a slow exporter, counts them, and tells it at the end', async () => {
    const gate = deferred();
    let lost = -1;
    const stuck = {
      event: () => gate.promise,
      end: (outcome: { lost: { events: number } }) => void (lost = outcome.lost.events),
    };
    const fanOut = await FanOut.open([use('stuck', stuck)], RUN, SCREEN);
    for (let i = 0; i < 5000; i++) fanOut.event(note(String(i)));
    gate.resolve();
    const [loss] = await fanOut.drain();
    // One is in hand, 4096 wait; the rest is lost.
    expect(loss).to.deep.include({ exporter: 'stuck', lostEvents: 5000 - 4096 - 1 });
    await fanOut.end(SUMMARY);
    expect(lost).to.equal(5000 - 4096 - 1);
  });

  it('closes an exporter that throws, names it, and goes on with the others', async () => {
    const seen: string[] = [];
    const broken = {
      event() {
        throw new Error('disk on fire');
      },
      end: () => undefined,
    };
    const fanOut = await FanOut.open(
      [use('broken', broken), use('fine', { event: () => void seen.push('event'), end: () => undefined })],
      RUN,
      SCREEN,
    );
    fanOut.event(note('a'));
    fanOut.event(note('b'));
    const losses = await fanOut.drain();
    expect(losses).to.deep.equal([
      { exporter: 'broken', reason: 'disk on fire', lostWindows: 0, lostEvents: 2 },
    ]);
    expect(seen).to.deep.equal(['event', 'event']);
  });

  it('opens all or none', async () => {
    const signals: AbortSignal[] = [];
    const first: ExporterUse = {
      ...use('first', { end: () => undefined }),
      exporter: defineExporter({
        name: 'first',
        description: '',
        options: { type: 'object', properties: {} },
        open({ signal }) {
          signals.push(signal);
          return { end: () => undefined };
        },
      }),
    };
    const failing = use('second', () => {
      throw new Error('no such folder');
    });
    const error = await FanOut.open([first, failing], RUN, SCREEN).catch((e: unknown) => e);
    expect(error).to.be.instanceOf(BruntError).and.to.include({ code: 'E_EXPORTER_OPEN', exitCode: 7 });
    expect(signals.map((s) => s.aborted)).to.deep.equal([true]);
  });
});
