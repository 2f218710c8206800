/** What makes a run untrustworthy, and what gives nothing to check. */
import { expect } from 'chai';
import type { Expectation } from '../../../core/contract/expectation.js';
import type { SeriesPoint, Window } from '../../../core/contract/metrics.js';
import type { Plan } from '../../../core/contract/plan.js';
import { RunAccumulator } from '../../../core/metrics/accumulate.js';
import { checkTrust } from '../../../core/metrics/trust.js';
import type { TrustFacts } from '../../../core/metrics/trust.js';
import { actor, counter, gauge, plan, ratio, window } from './make.js';

const GOOD: TrustFacts = {
  lostFrames: 0,
  lateFrames: 0,
  refused: 0,
  clockJumpMs: 1,
  ownCpuShare: 0.1,
  ended: 'completed',
  failures: 0,
  hasEnded: true,
  restarts: new Map(),
  unleased: [],
};

type Series = readonly SeriesPoint[];

function trust(
  windows: readonly Series[],
  {
    more = {},
    facts = {},
    all = {},
  }: { more?: Partial<Plan>; facts?: Partial<TrustFacts>; all?: Partial<Window> } = {},
) {
  const whole = plan(more);
  const accumulator = new RunAccumulator(whole);
  windows.forEach((series, index) => accumulator.add(window(index, series, all)));
  const report = checkTrust({ plan: whole, accumulator, facts: { ...GOOD, ...facts } });
  return {
    ...report,
    of: (name: string) => report.checks.find(({ check }) => check === name),
  };
}

const held = (asked: number, share: number): Series => [
  gauge('actor.asked', asked, { actor: 'hog' }),
  gauge('actor.achieved', share, { actor: 'hog' }),
];

describe('trust', () => {
  it('is given to a run with nothing wrong, and nothing to check counts as nothing', () => {
    const report = trust([held(10, 1), held(10, 0.95), held(10, 1)]);
    expect(report.trustworthy).to.equal(true);
    expect(report.checks.filter(({ ok }) => ok === null).map(({ check }) => check)).to.deep.equal([
      'bytes-match',
      'guard-lateness',
      'held-measured',
      'littles-law',
      'mix',
      'operations-done',
    ]);
  });

  it('is lost when a steady window was not what was asked', () => {
    const report = trust([held(10, 1), held(10, 0.85)]);
    expect(report.trustworthy).to.equal(false);
    expect(report.of('achieved')).to.deep.include({
      ok: false,
      detail: 'hog: 1 of 1 steady windows beyond 10 %, at worst 85 % in main',
    });
  });

  it('is not lost on a climb, nor in the first window after one', () => {
    expect(trust([held(10, 0.2), held(20, 0.5), held(30, 0.5)]).of('achieved')?.ok).to.equal(null);
  });

  it('is lost when growth falls behind what was asked, by more than it takes to follow', () => {
    const leak = { actors: [actor('hog', { control: 'growth', unit: 'bytes/s' })] };
    const grown = (second: number, share: number, speed = 1): Series => {
      const [min, avg, max] = [second, second + 0.5, second + 1].map((s) => s * speed * 2 ** 20) as [
        number,
        number,
        number,
      ];
      const asked = { kind: 'gauge', avg, min, max, last: max, coveredNs: 1e9 } as const;
      return [
        { metric: 'actor.asked', tags: { actor: 'hog' }, point: asked },
        gauge('actor.achieved', share, { actor: 'hog' }),
      ];
    };
    const run = (shares: readonly number[]) =>
      trust(
        shares.map((share, at) => grown(at, share)),
        { more: leak },
      );
    // 0.15 s behind are a tenth of the second window; of the third and fourth they would be less.
    expect(run([0.9, 0.9, 0.96, 0.98]).of('achieved')).to.deep.include({ ok: true });
    expect(run([0.9, 0.8, 0.96, 0.98]).of('achieved')).to.deep.include({ ok: true });
    expect(run([0.9, 0.9, 0.7, 0.51]).of('achieved')).to.deep.include({
      ok: false,
      detail: 'hog: 2 of 3 steady windows beyond 10 %, at worst 51 % in main',
    });
    expect(trust([grown(0, 0.5), grown(1, 0.5, 2)], { more: leak }).of('achieved')?.ok).to.equal(null);
  });

  it('looks at rates as a whole where a window has few operations', () => {
    const rate = { actors: [actor('db', { control: 'rate', unit: 'ops/s', operations: ['read'] })] };
    const paced = (due: number, done: number): Series => [
      gauge('actor.asked', 1, { actor: 'db' }),
      gauge('actor.achieved', done / due, { actor: 'db' }),
      counter('op.due', due, { actor: 'db' }),
      counter('op.count', done, { actor: 'db', op: 'read' }),
    ];
    const edges = Array.from({ length: 10 }, (_, i) => paced(1, i % 2 === 0 ? 0 : 2));
    expect(trust(edges, { more: rate }).of('achieved')?.ok).to.equal(true);
    const silent = Array.from({ length: 10 }, () => paced(1, 0));
    expect(trust(silent, { more: rate }).of('achieved')?.ok).to.equal(false);
  });

  const facts: readonly (readonly [string, Partial<TrustFacts>])[] = [
    ['unleased', { unleased: ['hog: memory grew by 300 MiB, 0 B of it by lease and 96 MiB allowed'] }],
    ['lost-frames', { lostFrames: 1 }],
    ['refused-values', { refused: 1 }],
    ['clock-jump', { clockJumpMs: 4000 }],
    ['own-cpu', { ownCpuShare: 0.7 }],
    ['actors-alive', { failures: 1 }],
  ];
  for (const [check, fact] of facts) {
    it(`is lost by ${check}`, () => {
      const report = trust([held(10, 1)], { facts: fact });
      expect(report.trustworthy).to.equal(false);
      expect(report.checks.filter(({ ok }) => ok === false).map((one) => one.check)).to.deep.equal([check]);
    });
  }

  it('leaves open what a record does not know', () => {
    const unknown = {
      lostFrames: null,
      lateFrames: null,
      refused: null,
      clockJumpMs: null,
      ownCpuShare: null,
    };
    expect(trust([held(10, 1)], { facts: unknown }).trustworthy).to.equal(true);
  });

  it('is lost by windows without all their sources, but for the last of a run that was stopped', () => {
    const missing = { all: { missing: ['shared'] } };
    expect(trust([[]], missing).of('complete-windows')?.ok).to.equal(false);
    expect(trust([[]], { ...missing, facts: { ended: 'signal' } }).of('complete-windows')?.ok).to.equal(true);
    expect(trust([[], []], { ...missing, facts: { ended: 'signal' } }).of('complete-windows')?.ok).to.equal(
      false,
    );
  });

  it('is lost when a loaded actor did no operation', () => {
    const more = { actors: [actor('db', { control: 'concurrency', operations: ['read', 'write'] })] };
    // Too few to be sure that chance did not leave out a kind.
    const done = (n: number): Series => [counter('op.count', n, { actor: 'db', op: 'read' })];
    expect(trust([done(0)], { more }).of('operations-done')).to.deep.include({ ok: false });
    expect(trust([done(5)], { more }).of('operations-done')).to.deep.include({
      ok: true,
      detail: 'db 5 (never: write)',
    });
  });

  it('is lost when a kind of operation that is declared was never done, unless no mix or list asks for it', () => {
    const done: Series = [counter('op.count', 5000, { actor: 'db', op: 'read' })];
    const of = (expects: readonly Expectation[]) => {
      const db = actor('db', { control: 'rate', operations: ['read', 'write'], expects });
      return trust([done], { more: { actors: [db] } }).of('operations-done')?.ok;
    };
    expect(of([]), 'declared').to.equal(false);
    expect(of([{ kind: 'operations', operations: ['read'] }]), 'not asked').to.equal(true);
    expect(of([{ kind: 'mix', shares: { read: 1, write: 0 } }]), 'no share').to.equal(true);
    expect(of([{ kind: 'mix', shares: { read: 0.99, write: 0.01 } }]), 'one in a hundred').to.equal(false);
    expect(of([{ kind: 'mix', shares: { read: 0.999, write: 0.001 } }]), 'may be chance').to.equal(true);
  });

  it('checks bytes against the size that was promised', () => {
    const bytes = { kind: 'bytes', operation: 'read', min: 4096, max: 4096 } as const;
    const more = {
      actors: [actor('db', { control: 'concurrency', operations: ['read'], expects: [bytes] })],
    };
    const moved = (amount: number): Series => [
      counter('op.count', 12, { actor: 'db', op: 'read' }),
      counter('op.bytes', amount, { actor: 'db', op: 'read' }),
      ratio('op.errors', 2, 2, { actor: 'db', op: 'read', code: 'EIO' }),
      ratio('op.errors', 0, 10, { actor: 'db', op: 'read', code: 'none' }),
    ];
    expect(trust([moved(40_960)], { more }).of('bytes-match')?.ok).to.equal(true);
    expect(trust([moved(49_152)], { more }).of('bytes-match')?.ok, 'failed ones counted').to.equal(false);
    expect(trust([moved(0)], { more }).of('bytes-match')?.ok, 'nothing moved').to.equal(false);
  });

  it('keeps a mix within one point, and within chance where operations are few', () => {
    const mix = { kind: 'mix', shares: { read: 0.7, write: 0.3 } } as const;
    const more = {
      actors: [actor('db', { control: 'rate', operations: ['read', 'write'], expects: [mix] })],
    };
    const done = (read: number, write: number): Series => [
      counter('op.count', read, { actor: 'db', op: 'read' }),
      counter('op.count', write, { actor: 'db', op: 'write' }),
    ];
    expect(trust([done(70_500, 29_500)], { more }).of('mix')?.ok).to.equal(true);
    expect(trust([done(71_500, 28_500)], { more }).of('mix')).to.deep.include({
      ok: false,
      detail: 'db: read 71.5 % of 70 %, write 28.5 % of 30 %',
    });
    expect(trust([done(75, 25)], { more }).of('mix')?.ok, 'a hundred').to.equal(true);
    expect(trust([done(100, 0)], { more }).of('mix')?.ok, 'all of a hundred').to.equal(false);
  });

  it('holds figures of a simulator to what it promised, by the names that it gives them', () => {
    const figures = [
      { kind: 'figure', check: 'coverage', metric: 'seen', near: { metric: 'expected' }, within: 0.02 },
      { kind: 'figure', check: 'sparse', metric: 'allocated', min: 0.99 },
    ] as const;
    const more = { actors: [actor('db', { simulator: 'disk', control: 'switch', expects: figures })] };
    const told = (seen: number, expected: number, allocated: number): Series => [
      gauge('disk.seen', seen, { actor: 'db' }),
      gauge('disk.expected', expected, { actor: 'db' }),
      gauge('disk.allocated', allocated, { actor: 'db' }),
    ];
    const good = trust([told(0.62, 0.63, 1)], { more });
    expect([good.of('coverage')?.ok, good.of('sparse')?.ok]).to.deep.equal([true, true]);
    const bad = trust([told(0.14, 0.63, 0.2)], { more });
    expect(bad.of('coverage')).to.deep.include({ ok: false });
    expect(bad.of('sparse')).to.deep.include({ ok: false });
    expect(trust([[]], { more }).of('sparse')?.detail).to.match(/never told/);
  });

  it('is lost when the kernel does not bear out what an actor says it holds', () => {
    const more = { actors: [actor('hog', { control: 'amount', unit: 'cores' })] };
    const says = (told: number, cpu: number): Series => [
      ...held(told, 1),
      gauge('actor.held', told, { actor: 'hog' }),
      gauge('actor.cpu', cpu, { actor: 'hog' }),
    ];
    expect(trust([says(1, 1), says(1, 0.97)], { more }).of('held-measured')?.ok).to.equal(true);
    expect(trust([says(1, 0), says(1, 0.01)], { more }).of('held-measured')?.ok).to.equal(false);
  });

  it('is lost by a stretch of the run that is in no window', () => {
    const whole = plan();
    const accumulator = new RunAccumulator(whole);
    for (const index of [0, 1, 3]) accumulator.add(window(index, held(10, 1)));
    const { checks } = checkTrust({ plan: whole, accumulator, facts: GOOD });
    expect(checks.find(({ check }) => check === 'complete-windows')).to.deep.include({
      ok: false,
      detail: '1000 ms of the run are in none of its 3 windows',
    });
  });

  it('says whether the run is long enough to be compared', () => {
    const seconds = (n: number): Series[] => Array.from({ length: n }, () => held(10, 1));
    expect(trust(seconds(29)).comparable.ok).to.equal(false);
    expect(trust(seconds(30)).comparable.ok).to.equal(true);
    expect(trust(seconds(30), { all: { measured: false } }).comparable.ok, 'all of it warm-up').to.equal(
      false,
    );
  });

  it("holds Little's law over steady stretches of ten seconds", () => {
    const more = { actors: [actor('db', { control: 'concurrency', operations: ['read'] })] };
    const busy = (inService: number): Series => [
      gauge('actor.asked', 8, { actor: 'db' }),
      {
        metric: 'op.service',
        tags: { actor: 'db', op: 'read' },
        point: {
          kind: 'trend',
          count: 100,
          sum: inService * 1e9,
          min: 1,
          max: 1,
          bins: { index: new Uint16Array(), count: new Float64Array() },
        },
      },
    ];
    const windows = (n: number, inService: number): Series[] =>
      Array.from({ length: n }, () => busy(inService));
    expect(trust(windows(10, 8), { more }).of('littles-law')?.ok, 'nine steady seconds').to.equal(null);
    expect(trust(windows(11, 8), { more }).of('littles-law')?.ok).to.equal(true);
    expect(trust(windows(11, 12), { more }).of('littles-law')).to.deep.include({
      ok: false,
      detail: 'db in main: 12 in service of 8 in flight',
    });
  });

  it('is lost by what was started again and by what did not end, each by its name', () => {
    const again = trust([held(10, 1)], { facts: { restarts: new Map([['hog', 2]]) } });
    expect(again.trustworthy).to.equal(false);
    expect(again.of('restarts')?.detail).to.match(/hog 2 times/);
    const crashed = trust([held(10, 1)], { facts: { hasEnded: false } });
    expect(crashed.trustworthy).to.equal(false);
    expect(crashed.of('run-ended')).to.include({ ok: false });
  });
});
