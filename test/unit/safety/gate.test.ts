import { expect } from 'chai';
import fc from 'fast-check';
import { MS, SECOND } from '../../../core/base/clock.js';
import type { SafetyAction } from '../../../core/base/sentences.js';
import { SAFETY_STATES } from '../../../core/base/sentences.js';
import type { PlannedLimit } from '../../../core/contract/plan.js';
import type { GateChange, GateStep } from '../../../core/safety/gate.js';
import { CLEAR_HOLD_NS, FAR_HZ, Gate, NEAR_HZ } from '../../../core/safety/gate.js';

const TOTAL = 1000;
const MEMORY = 'host.memory.available';

type Bounds = Readonly<Partial<Record<SafetyAction, readonly [bound: number, forMs: number]>>>;

function limit(
  sensor: string,
  operator: '<' | '>',
  unit: PlannedLimit['unit'],
  bounds: Bounds,
): PlannedLimit {
  const triggers = Object.entries(bounds).map(([action, [bound, forMs]]) => ({
    action: action as SafetyAction,
    operator,
    bound,
    forMs,
    text: `${operator} ${bound}`,
    source: 'profile' as const,
  }));
  return { sensor, unit, triggers };
}

const FULL: Bounds = {
  warn: [250, 0],
  throttle: [200, 1000],
  pause: [150, 0],
  stop: [100, 0],
  kill: [50, 0],
};
const memoryGate = (bounds: Bounds): Gate =>
  new Gate({ limits: [limit(MEMORY, '<', 'bytes', bounds)], totalBytes: TOTAL });

/** Holds one value for so long, at 10 Hz; the clock goes on from call to call. */
class Bench {
  atNs = 0;
  readonly changes: GateChange[] = [];
  readonly gate: Gate;
  constructor(gate: Gate) {
    this.gate = gate;
  }
  hold(value: number | null, ms: number): GateStep {
    let step: GateStep | undefined;
    for (let passed = 0; passed < ms || step === undefined; passed += 100) {
      step = this.gate.step(this.atNs, () => value);
      this.changes.push(...step.changes);
      this.atNs += 100 * MS;
    }
    return step;
  }
  get path(): string[] {
    return this.changes.map((c) => c.to);
  }
}

describe('gate', () => {
  it('waits for the hold time, and not longer', () => {
    const bench = new Bench(memoryGate(FULL));
    expect(bench.hold(190, 1000).state).to.equal('warn');
    expect(bench.hold(190, 100).state).to.equal('throttle');
    expect(bench.changes[1]).to.deep.equal({
      limit: MEMORY,
      from: 'warn',
      to: 'throttle',
      value: 190,
      bound: 200,
      unit: 'bytes',
      source: 'profile',
    });
  });

  it('begins the hold time anew when the reading was back meanwhile', () => {
    const bench = new Bench(memoryGate({ throttle: [200, 1000] }));
    bench.hold(190, 900);
    bench.hold(210, 100);
    expect(bench.hold(190, 900).state).to.equal('ok');
  });

  it('eases only after ten seconds beyond the margin', () => {
    const bench = new Bench(memoryGate({ throttle: [200, 0] }));
    bench.hold(190, 100);
    expect(bench.hold(249, 60_000).state, 'back, but by less than 5 points of the total').to.equal(
      'throttle',
    );
    expect(bench.hold(250, 9_900).state).to.equal('throttle');
    bench.hold(240, 100);
    expect(bench.hold(250, 10_000).state, 'the ten seconds begin anew').to.equal('throttle');
    expect(bench.hold(250, 100).state).to.equal('ok');
    expect(bench.path).to.deep.equal(['throttle', 'ok']);
  });

  it('can be eased where there is less room than the margin', () => {
    const gate = new Gate({
      limits: [limit('host.disk.free', '<', 'share', { throttle: [0.98, 0] })],
      totalBytes: TOTAL,
    });
    const bench = new Bench(gate);
    bench.hold(0.97, 100);
    expect(bench.hold(1, 10_100).state).to.equal('ok');
  });

  it('never takes back a stop', () => {
    const bench = new Bench(memoryGate(FULL));
    bench.hold(90, 100);
    expect(bench.hold(1000, 60_000).state).to.equal('stop');
    expect(bench.hold(40, 100).state).to.equal('kill');
    expect(bench.hold(1000, 60_000).state).to.equal('kill');
  });

  it('acts on readings above the bound where those are the danger', () => {
    const gate = new Gate({
      limits: [limit('host.tasks', '>', 'share', { pause: [0.75, 0] })],
      totalBytes: TOTAL,
    });
    expect(gate.step(0, () => 0.75).state).to.equal('ok');
    expect(gate.step(1, () => 0.76).state).to.equal('pause');
  });

  it('keeps a limit as it is while its sensor says nothing', () => {
    const bench = new Bench(memoryGate({ pause: [150, 0] }));
    bench.hold(140, 100);
    expect(bench.hold(null, 60_000).state).to.equal('pause');
  });

  it('reports the worst of several limits, and each change by its own', () => {
    const limits = [
      limit(MEMORY, '<', 'bytes', { warn: [250, 0] }),
      limit('host.tasks', '>', 'share', { pause: [0.75, 0] }),
    ];
    const gate = new Gate({ limits, totalBytes: TOTAL });
    const step = gate.step(0, (sensor) => (sensor === MEMORY ? 240 : 0.9));
    expect(step.state).to.equal('pause');
    expect(step.changes.map((c) => [c.limit, c.to])).to.deep.equal([
      [MEMORY, 'warn'],
      ['host.tasks', 'pause'],
    ]);
  });
});

describe('gate, looking ahead', () => {
  const fall = (gate: Gate, from: number, perTick: number, ticks: number): GateChange[] => {
    const changes: GateChange[] = [];
    for (let i = 0; i <= ticks; i++) {
      changes.push(...gate.step(i * 20 * MS, () => from - perTick * i).changes);
    }
    return changes;
  };

  it('throttles when the stop bound is less than half a second away, and says so', () => {
    // 10 a tick of 20 ms: 500 a second, so the stop bound at 100 is 500 ms away at 350.
    const changes = fall(memoryGate({ stop: [100, 0] }), 600, 10, 26);
    expect(changes).to.have.lengthOf(1);
    expect(changes[0]).to.include({ to: 'throttle', source: 'look-ahead', bound: 100 });
    expect(changes[0]!.value).to.be.within(330, 350);
  });

  it('does nothing about a slow fall, nor about noise near the bound', () => {
    expect(fall(memoryGate({ stop: [100, 0] }), 600, 1, 200)).to.deep.equal([]);
    const gate = memoryGate({ stop: [100, 0] });
    for (let i = 0; i < 200; i++) {
      expect(gate.step(i * 20 * MS, () => 110 + (i % 2)).changes).to.deep.equal([]);
    }
  });

  it('looks more often when a limit is near in time or in distance', () => {
    expect(memoryGate(FULL).step(0, () => 900).tickHz).to.equal(FAR_HZ);
    expect(memoryGate(FULL).step(0, () => 205).tickHz).to.equal(NEAR_HZ);
    expect(memoryGate(FULL).step(0, () => 205).near).to.deep.equal([MEMORY]);
    const gate = memoryGate(FULL);
    gate.step(0, () => 205);
    expect(gate.step(1, () => null).near, 'until there is another reading').to.deep.equal([MEMORY]);
    const falling = memoryGate(FULL);
    let step = falling.step(0, () => 600);
    for (let i = 1; i <= 10; i++) step = falling.step(i * 100 * MS, () => 600 - i * 25);
    expect(step.tickHz, '350 left, 250 a second, 200 is 600 ms away').to.equal(NEAR_HZ);
  });
});

describe('gate, on random readings', () => {
  const steps = fc.array(fc.tuple(fc.integer({ min: 10, max: 3000 }), fc.integer({ min: 0, max: TOTAL })), {
    minLength: 1,
    maxLength: 120,
  });
  const severity = (state: string): number => SAFETY_STATES.indexOf(state as never);

  it('never flaps faster than the hold times, and latches', () => {
    fc.assert(
      fc.property(steps, (readings) => {
        const gate = memoryGate(FULL);
        let [nowNs, lastUpNs, worst] = [0, -Infinity, 0];
        for (const [waitMs, value] of readings) {
          nowNs += waitMs * MS;
          const step = gate.step(nowNs, () => value);
          for (const change of step.changes) {
            if (severity(change.to) > severity(change.from)) lastUpNs = nowNs;
            else expect(nowNs - lastUpNs).to.be.at.least(CLEAR_HOLD_NS);
          }
          worst = Math.max(worst, severity(step.state));
          if (worst >= severity('stop')) expect(severity(step.state)).to.equal(worst);
        }
      }),
    );
  });

  it('takes no action by a bound before the reading was beyond it for the hold time', () => {
    fc.assert(
      fc.property(steps, (readings) => {
        const gate = memoryGate({ throttle: [200, 1000], pause: [150, 2500] });
        const sinceNs = new Map<number, number>();
        let nowNs = 0;
        for (const [waitMs, value] of readings) {
          nowNs += waitMs * MS;
          for (const bound of [200, 150]) {
            if (value >= bound) sinceNs.delete(bound);
            else if (!sinceNs.has(bound)) sinceNs.set(bound, nowNs);
          }
          for (const change of gate.step(nowNs, () => value).changes) {
            if (severity(change.to) < severity(change.from)) continue;
            const holdMs = change.to === 'pause' ? 2500 : 1000;
            expect(nowNs - (sinceNs.get(change.bound) ?? Infinity)).to.be.at.least(holdMs * MS);
          }
        }
      }),
    );
  });

  it('is never milder on readings that are worse at every instant', () => {
    const paired = fc.array(
      fc.tuple(fc.integer({ min: 10, max: 3000 }), fc.integer({ max: TOTAL, min: 0 }), fc.nat(400)),
      { minLength: 1, maxLength: 120 },
    );
    fc.assert(
      fc.property(paired, (readings) => {
        const bounds: Bounds = { warn: [250, 0], throttle: [200, 1000], pause: [150, 0] };
        const [mild, harsh] = [memoryGate(bounds), memoryGate(bounds)];
        let nowNs = 0;
        for (const [waitMs, value, less] of readings) {
          nowNs += waitMs * MS;
          const a = severity(mild.step(nowNs, () => value).state);
          const b = severity(harsh.step(nowNs, () => value - less).state);
          expect(b).to.be.at.least(a);
        }
      }),
    );
    expect(CLEAR_HOLD_NS).to.equal(10 * SECOND);
  });
});
