/** The terminal exporter's drawings, compared with the whole text they should be, at two widths. */
import { expect } from 'chai';
import type { RunEvent } from '../../../core/contract/events.js';
import type { ExporterInstance } from '../../../core/contract/exporter.js';
import type { RunSummary } from '../../../core/contract/summary.js';
import type { PlannedActor } from '../../../core/contract/plan.js';
import { actorSummary } from '../../../core/metrics/series-summary.js';
import { timeline } from '../../../exporters/terminal/bars.js';
import terminal from '../../../exporters/terminal/index.js';
import { eventLine, stateLine } from '../../../exporters/terminal/lines.js';
import { drawLive } from '../../../exporters/terminal/live.js';
import { RunState } from '../../../exporters/terminal/state.js';
import { drawSummary } from '../../../exporters/terminal/summary.js';
import { formatDuration, formatOf } from '../../../exporters/terminal/text.js';
import { FakeTerminal, GIB, plan, RUN, seriesSummary, summary, thresholds, windowAt } from './fixtures.js';

const KEYS = ['p pause   + - scale   s stop and give back   ? help'];
const MIB = 2 ** 20;
const NONE = { windows: 0, events: 0 };

function stateAfter(windows: number): RunState {
  const state = new RunState(plan);
  state.onEvent({ type: 'phase.started', phase: 'climb', phaseIndex: 0, atMs: 0 });
  for (let i = 0; i < windows; i++) state.onWindow(windowAt(i));
  return state;
}

/** A drawing as it stands in this file: without the first line end and the indentation. */
function drawing(text: string): string[] {
  const lines = text.split('\n').slice(1, -1);
  const indent = Math.min(
    ...lines.filter((l) => l.trim() !== '').map((l) => l.length - l.trimStart().length),
  );
  return lines.map((line) => line.slice(indent - 1).trimEnd());
}

describe('terminal: live', () => {
  it('draws asked, achieved, the nearest limit and the thresholds in 80 columns', () => {
    expect(drawLive(stateAfter(12), 12_300, KEYS, 80, 40)).to.deep.equal(
      drawing(`
        brunt · quick                               climb 00:12 of 00:15 · run of 00:30
        ▕███████████████████████▊     ▕··················▕·········▏ safety: laptop ok
         climb                         hold               recovery

        actor           asked               achieved
        cpu     61.3 %  4.91 cores  60.6 %  4.85 of 8 cores  ▃▄▄▅▅▅
        memory  61.3 %  1.59 GiB    61.3 %  1.59 of 2.6 GiB  ▃▄▄▅▅▅

        limit (nearest first)  now       acts at                        room
        host.cpu.temperature   68.4 C    throttle 92 C     ██▋        23.6 C
        host.memory.available  8.81 GiB  throttle 3.2 GiB  ██████▍  5.61 GiB

        host.scheduler.lag          p99 < 100ms  now 4 ms
        actor.achieved{phase:hold}  avg > 90%    judged from 00:15

        p pause   + - scale   s stop and give back   ? help
      `),
    );
  });

  it('tells of a growth what has grown, not how fast: live, in plain lines and in the summary', () => {
    const leak = {
      ...plan.actors[1]!,
      control: 'growth',
      unit: 'bytes/s',
      peak: { amount: MIB, text: '1MiB/s' },
    };
    const growing = new RunState({ ...plan, actors: [leak as PlannedActor] });
    for (let i = 0; i < 12; i++) growing.onWindow(windowAt(i));
    expect(drawLive(growing, 12_300, KEYS, 80, 40)).to.include.members(
      drawing(`
        actor   asked     achieved
        memory  1.59 GiB  1.59 GiB  ▅▆▆▇▇█
      `),
    );
    expect(stateLine(growing, 12_000)).to.contain(' · memory 1.59 GiB (asked 1.59 GiB) · ');
    const told = actorSummary(leak as PlannedActor, plan.phases, []);
    expect(told).to.include({ unit: 'bytes/s', heldUnit: 'bytes', peak: MIB });
    const phases = [{ phase: 'hold', asked: 3 * GIB, held: 2 * GIB, achieved: 0.66, lowest: 0.5 }];
    const after = { ...summary.after, heldAtStop: { memory: 2 * GIB } };
    const lines = drawSummary({ ...summary, actors: [{ ...told, phases }], after }, NONE, 80);
    expect(lines.join('\n'))
      .to.match(/^ memory +3 GiB +2 GiB +66 % /m)
      .and.to.contain('memory 2 GiB given back');
  });

  it('drops the bars before the figures in 60 columns', () => {
    expect(drawLive(stateAfter(12), 12_300, KEYS, 60, 40)).to.deep.equal(
      drawing(`
        brunt · quick           climb 00:12 of 00:15 · run of 00:30
        ▕███████████████▋   ▕············▕·····▏ safety: laptop ok
         climb               hold         reco

        actor           asked               achieved
        cpu     61.3 %  4.91 cores  60.6 %  4.85 of 8 cores  ▃▄▄▅▅▅
        memory  61.3 %  1.59 GiB    61.3 %  1.59 of 2.6 GiB  ▃▄▄▅▅▅

        limit (nearest first)  now       acts at               room
        host.cpu.temperature   68.4 C    throttle 92 C       23.6 C
        host.memory.available  8.81 GiB  throttle 3.2 GiB  5.61 GiB

        host.scheduler.lag          p99 < 100ms  now 4 ms
        actor.achieved{phase:hold}  avg > 90%    judged from 00:15

        p pause   + - scale   s stop and give back   ? help
      `),
    );
  });

  it('fits every width and height', () => {
    const state = stateAfter(20);
    for (let columns = 10; columns <= 120; columns++) {
      for (const rows of [1, 5, 40]) {
        const lines = drawLive(state, 20_000, KEYS, columns, rows);
        expect(lines.length).to.be.at.most(rows);
        for (const line of lines) expect(line.length, `${columns}: ${line}`).to.be.at.most(columns);
      }
    }
  });

  it('says no figure before there is one', () => {
    const state = new RunState(plan);
    state.onEvent({ type: 'agent.ready', agent: 'shared', pid: 1, tookMs: 1, atMs: 0 });
    const lines = drawLive(state, null, [], 80, 40);
    expect(lines[0]).to.include('starting, 1 of 2 agents ready');
    expect(lines.join('\n')).to.match(/cpu {5}··/);
    expect(lines.join('\n')).to.not.include('limit (nearest');
  });

  it('names the harshest action when all limits are crossed', () => {
    const state = stateAfter(1);
    const window = windowAt(1);
    const series = window.series.map((each) =>
      each.metric === 'host.memory.available' && each.point.kind === 'gauge'
        ? { ...each, point: { ...each.point, last: 1 } }
        : each,
    );
    state.onWindow({ ...window, series });
    expect(state.limits()[0]).to.include({ sensor: 'host.memory.available', action: 'stop', room: 0 });
  });

  it('marks each phase once, whatever the width', () => {
    for (let width = 10; width < 80; width++) {
      const [bars] = timeline(plan.phases, plan.durationMs, 12_000, width);
      expect(bars.length, bars).to.be.at.most(width);
      expect(bars.match(/▕/g), bars).to.have.length(3);
    }
  });
});

describe('terminal: summary', () => {
  it('says verdict, thresholds, numbers, trust, safety, after, host and what is next', () => {
    expect(drawSummary(summary, NONE, 80)).to.deep.equal(
      drawing(`
        PASSED · quick · 30 s · 2 of 2 thresholds · trustworthy

        ok  host.scheduler.lag  p99  6.1 ms  < 100 ms  all phases
        ok  actor.achieved cpu  avg  99.2 %  > 90 %    hold

        hold        asked    achieved          lowest  by us
        cpu     6.4 cores  6.32 cores  98.8 %  98.1 %  6.3 cores
        memory   2.08 GiB    2.05 GiB  98.8 %  98.1 %  resident 2.08 GiB

        trust    holds: achieved, lost-frames (1 had nothing to check)
                 not fit to compare: measured for 12 s, and 30 s are the least
        safety   no action · closest: host.cpu.temperature 84 C, throttle at 92 C
                 no reading on this host: host.io.pressure
        after    memory 2.08 GiB given back in 0.2 s · nothing left behind
        host     8 cores, 16 GiB, linux 6.12.9, Node 20.19.0

        record   .brunt/runs/${RUN}
        next     brunt report ${RUN} --export json=summary.json

      `),
    );
  });

  it('stays within 60 columns, without what matters least', () => {
    const lines = drawSummary(summary, NONE, 60);
    for (const line of lines) expect(line.length, line).to.be.at.most(60);
    expect(lines).to.include(' cpu     6.4 cores  6.32 cores  98.8 %  98.1 %');
    expect(lines).to.include('          throttle at 92 C');
  });

  it('keeps the rounds of a repeated phase apart', () => {
    const [hold] = summary.phases.filter(({ name }) => name === 'hold');
    const rounds = [1, 2] as const;
    const repeated: RunSummary = {
      ...summary,
      phases: rounds.map((round) => ({ ...hold!, round })),
      actors: summary.actors.map((actor) => ({
        ...actor,
        phases: rounds.flatMap((round) =>
          actor.phases.filter(({ phase }) => phase === 'hold').map((phase) => ({ ...phase, round })),
        ),
      })),
    };
    const lines = drawSummary(repeated, NONE, 80);
    const rows = (start: string): number => lines.filter((line) => line.startsWith(start)).length;
    expect([rows(' hold #1 '), rows(' hold #2 '), rows(' cpu '), rows(' memory ')]).to.deep.equal([
      1, 1, 2, 2,
    ]);
  });

  it('puts failed thresholds first, each with where it broke, and the reasons before them', () => {
    const failed: RunSummary = {
      ...summary,
      verdict: 'failed',
      exitCode: 4,
      reasons: ['1 of 3 thresholds failed'],
      thresholds: [
        ...thresholds,
        {
          ...thresholds[0]!,
          ok: false,
          value: 2.04e8,
          detail: 'first above in climb at 00:07',
        },
        { ...thresholds[1]!, ok: false, severity: 'warn', value: null, detail: 'no data' },
      ],
    };
    const lines = drawSummary(failed, NONE, 80);
    expect(lines.slice(0, 9)).to.deep.equal(
      drawing(`
        FAILED · quick · 30 s · 2 of 4 thresholds · trustworthy
        because  1 of 3 thresholds failed

        FAIL  host.scheduler.lag  p99   204 ms  < 100 ms  all phases
              first above in climb at 00:07
        warn  actor.achieved cpu  avg  no data  > 90 %    hold
              no data
        ok    host.scheduler.lag  p99   6.1 ms  < 100 ms  all phases
        ok    actor.achieved cpu  avg   99.2 %  > 90 %    hold
      `),
    );
  });

  it('names doubts, losses, and what is left behind', () => {
    const bad: RunSummary = {
      ...summary,
      verdict: 'stopped',
      reasons: ['safety stopped the run'],
      tookMs: 12_000,
      trust: {
        trustworthy: false,
        checks: [{ check: 'achieved', ok: false, detail: 'cpu did 60 % of hold' }],
        comparable: { ok: false, detail: 'not trustworthy' },
      },
      safety: { ...summary.safety, worst: 'stop', actions: 3, closest: null, absent: [] },
      after: { stopMs: null, leftBehind: ['/tmp/brunt-x'], heldAtStop: {} },
      lost: { windows: 2, events: 0, frames: 1 },
    };
    const text = drawSummary(bad, { windows: 5, events: 0 }, 80).join('\n');
    expect(text).to.include(' STOPPED · quick · 12 s of 30 s · 2 of 2 thresholds · NOT trustworthy');
    expect(text).to.include(' trust    NOT achieved: cpu did 60 % of hold');
    expect(text).to.include(' safety   3 actions, worst: stop');
    expect(text).to.include('is not known · LEFT BEHIND: /tmp/brunt-x');
    expect(text).to.include(' lost     run: 2 windows, 1 frames\n          this screen: 5 windows');
    expect(text).to.include(' next     brunt clean');
  });

  it('draws latencies where operations were timed, a dash where too few were', () => {
    const quantiles = { p50: 90_000, p90: 2e5, p99: 310_000, 'p99.9': null, 'p99.99': null };
    const latency = seriesSummary('op.latency', {
      kind: 'trend',
      unit: 'ns',
      tags: { actor: 'readers' },
      count: 2000,
      max: 4e6,
      quantiles,
    });
    const [, hold] = summary.phases;
    const text = drawSummary({ ...summary, phases: [{ ...hold!, series: [latency] }] }, NONE, 80).join('\n');
    expect(text).to.include(
      ' from intended start         ops  rate/s    p50     p99  p99.9   max\n' +
        ' readers              hold  2000     200  90 us  310 us      -  4 ms',
    );
    expect(text).to.not.match(/waiting|failed/);
  });

  it('shows apart what operations waited, where that weighs, and those that failed', () => {
    const row = (metric: string, p99: number | null, count: number) =>
      seriesSummary(metric, {
        kind: 'trend',
        unit: 'ns',
        tags: { actor: 'readers', op: 'read' },
        count,
        max: 4e6,
        quantiles: { p50: 90_000, p90: 2e5, p99, 'p99.9': null, 'p99.99': null },
      });
    const series = [
      row('op.latency', 310_000, 2000),
      row('op.wait', 200_000, 2000),
      row('op.failed.latency', null, 3),
    ];
    const [, hold] = summary.phases;
    const draw = (shown: typeof series): string =>
      drawSummary({ ...summary, phases: [{ ...hold!, series: shown }] }, NONE, 80).join('\n');
    expect(draw(series)).to.include(
      ' readers read         hold  2000     200  90 us  310 us      -  4 ms\n' +
        '   of it waiting                          90 us  200 us      -  4 ms\n' +
        '   failed                      3          90 us       -      -  4 ms',
    );
    expect(draw(series.slice(2))).to.match(/^ readers read failed +hold +3 /m);
  });
});

describe('terminal: exporter', () => {
  const open = (screen: FakeTerminal, replay = false): ExporterInstance => {
    const run = { run: RUN, plan, record: summary.record, replay };
    return terminal.open({
      run,
      options: {},
      screen,
      signal: new AbortController().signal,
    }) as ExporterInstance;
  };
  const failure: RunEvent = {
    type: 'actor.failed',
    actor: 'cpu',
    instance: 0,
    simulator: 'cpu',
    method: 'run',
    code: 'E_ACTOR_FAILED',
    reason: 'boom\u001b[2J',
    atMs: 3000,
  };

  it('leaves nothing of the live screen but event lines and the summary, and shows the cursor again', async () => {
    const screen = new FakeTerminal(true);
    const exporter = open(screen);
    expect(screen.shown()[0]).to.include('starting');
    await exporter.event?.({ type: 'run.started', startedAt: '', atMs: 0 });
    await exporter.window?.(windowAt(0));
    await exporter.event?.(failure);
    await exporter.end({ summary, lost: NONE });
    const lines = screen.shown();
    expect(lines[0]).to.equal(' 00:03 actor cpu failed in run: boom [2J');
    expect(lines.slice(2, -1)).to.deep.equal(drawSummary(summary, NONE, 80));
    expect(screen.written.lastIndexOf('\u001b[?25h')).to.be.greaterThan(
      screen.written.lastIndexOf('\u001b[?25l'),
    );
  });

  it('erases the live screen when it is aborted without an end', () => {
    const screen = new FakeTerminal(true);
    const abort = new AbortController();
    const run = { run: RUN, plan, record: '', replay: false };
    void terminal.open({ run, options: {}, screen, signal: abort.signal });
    abort.abort();
    expect(screen.shown().join('')).to.equal('');
    expect(screen.written.endsWith('\u001b[?25h')).to.equal(true);
  });

  it('prints plain lines without a terminal: phases, every ten seconds, the same summary', async () => {
    const screen = new FakeTerminal(false);
    const exporter = open(screen);
    await exporter.event?.({ type: 'phase.started', phase: 'climb', phaseIndex: 0, atMs: 0 });
    for (let i = 0; i < 12; i++) await exporter.window?.(windowAt(i));
    await exporter.end({ summary, lost: NONE });
    const lines = screen.written.split('\n');
    expect(lines.slice(0, 3)).to.deep.equal([
      ' 00:00 climb (00:15): cpu 0 % -> 80 %, memory 0 % -> 80 %',
      ' 00:10 climb · cpu 4 of 8 cores (asked 4.05 cores) · memory 1.32 of 2.6 GiB (asked 1.32 GiB)' +
        ' · host.cpu.temperature 65.2 C, throttle at 92 C · safety ok',
      '',
    ]);
    expect(lines.slice(3, -1)).to.deep.equal(drawSummary(summary, NONE, 80));
    expect(screen.written).to.not.include('\u001b');
  });

  it('shows only the summary of a replay', async () => {
    const screen = new FakeTerminal(true);
    const exporter = open(screen, true);
    await exporter.end({ summary, lost: NONE });
    expect(screen.written.trim()).to.equal(drawSummary(summary, NONE, 80).join('\n').trim());
  });

  it('counts a flood of event lines instead of printing it', async () => {
    const screen = new FakeTerminal(false);
    const exporter = open(screen);
    for (let i = 0; i < 500; i++) await exporter.event?.({ type: 'note', message: `n ${i}`, atMs: 0 });
    // The flood may fall into two seconds of the clock, hardly into three.
    expect(screen.written.split('\n').length).to.be.at.most(3 * 20);
  });

  it('tells the safety gate by limit, value, source and effect', () => {
    const line = eventLine({
      type: 'safety.action',
      from: 'ok',
      to: 'throttle',
      limit: 'host.memory.available',
      value: 3 * 2 ** 30,
      bound: 3.2 * 2 ** 30,
      unit: 'bytes',
      source: 'profile',
      effect: 'memory scaled to 50 %',
      atMs: 7000,
    });
    expect(line).to.equal(
      ' 00:07 safety ok -> throttle: host.memory.available 3 GiB, limit 3.2 GiB (profile) · memory scaled to 50 %',
    );
  });
});

describe('terminal: words', () => {
  it('writes durations as people say them', () => {
    expect([200, 9960, 30_012, 195_000, 3_720_000, 0].map(formatDuration)).to.deep.equal([
      '0.2 s',
      '10 s',
      '30 s',
      '3 min 15 s',
      '1 h 2 min',
      '0 s',
    ]);
  });

  it('gives the unit once where both amounts have it', () => {
    expect(formatOf(5, 8, 'cores')).to.equal('5 of 8 cores');
    expect(formatOf(1, 8, 'cores')).to.equal('1 of 8 cores');
    expect(formatOf(2 ** 20, 2 ** 30, 'bytes')).to.equal('1 MiB of 1 GiB');
    expect(formatOf(3, 7, 'count')).to.equal('3 of 7');
    expect(formatOf(90, 100, 'ops/s')).to.equal('90 of 100/s');
  });
});
