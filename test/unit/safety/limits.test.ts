import { expect } from 'chai';
import fc from 'fast-check';
import type { PlannedTrigger } from '../../../core/contract/plan.js';
import type { ScenarioSafety } from '../../../core/safety/limits.js';
import { mergeLimits } from '../../../core/safety/limits.js';
import { GiB, HOST, preset } from './fixtures.js';

const laptop = preset('laptop');
const MEMORY = 'host.memory.available';

function trigger(safety: ScenarioSafety, sensor: string, action: string): PlannedTrigger | undefined {
  const { limits } = mergeLimits(laptop, safety, HOST).safety;
  return limits.find((l) => l.sensor === sensor)?.triggers.find((t) => t.action === action);
}
const codes = (safety: ScenarioSafety): string[] =>
  mergeLimits(laptop, safety, HOST).problems.map((p) => `${p.code} ${p.path.join('/')}`);

describe('limits', () => {
  it('are absolute: a percentage of memory is made bytes of the total', () => {
    expect(trigger({}, MEMORY, 'stop')).to.deep.equal({
      action: 'stop',
      operator: '<',
      bound: 2 * GiB,
      forMs: 0,
      text: '< 10%',
      source: 'profile',
    });
    expect(trigger({}, 'host.cpu.temperature', 'stop')).to.include({ bound: 98, forMs: 5000 });
    expect(trigger({}, 'host.guard.lateness', 'throttle')).to.include({ bound: 250e6, forMs: 1000 });
  });

  it('keep the larger of the two reserves', () => {
    expect(mergeLimits(laptop, {}, HOST).safety.reserveBytes).to.equal(GiB);
    const small = { ...HOST, memory: { ...HOST.memory, totalBytes: 2 * GiB } };
    expect(mergeLimits(laptop, {}, small).safety.reserveBytes).to.equal(512 * 2 ** 20);
  });

  it('may be tightened and added to by a scenario', () => {
    const safety = {
      limits: { [MEMORY]: { stop: '< 3GiB' }, 'host.cpu.busy': { warn: '> 90% for 5s' } },
      maxDuration: '5m',
      gracefulStop: '2s',
    };
    expect(codes(safety)).to.deep.equal([]);
    expect(trigger(safety, MEMORY, 'stop')).to.include({ bound: 3 * GiB, source: 'scenario' });
    expect(trigger(safety, MEMORY, 'kill')).to.include({ source: 'profile' });
    expect(trigger(safety, 'host.cpu.busy', 'warn')).to.include({ bound: 0.9, forMs: 5000 });
    expect(mergeLimits(laptop, safety, HOST).safety).to.include({
      maxDurationMs: 300_000,
      gracefulStopMs: 2000,
    });
  });

  it('may not be loosened, in bound, in time, or by removal', () => {
    expect(codes({ limits: { [MEMORY]: { stop: '< 5%' } } })).to.deep.equal([
      `E_LIMIT_LOOSER safety/limits/${MEMORY}/stop`,
    ]);
    expect(codes({ limits: { [MEMORY]: { stop: '< 20% for 1s' } } })).to.have.lengthOf(1);
    expect(codes({ limits: { [MEMORY]: { kill: null } } })).to.have.lengthOf(1);
    expect(codes({ limits: { 'host.tasks': { stop: '> 86%' } } })).to.have.lengthOf(1);
    expect(codes({ maxDuration: '31m', gracefulStop: '1m' })).to.deep.equal([
      'E_LIMIT_LOOSER safety/maxDuration',
      'E_LIMIT_LOOSER safety/gracefulStop',
    ]);
    expect(trigger({ limits: { [MEMORY]: { stop: '< 5%' } } }, MEMORY, 'stop')?.bound).to.equal(2 * GiB);
  });

  it('name a sensor and an action that exist, in a unit that fits', () => {
    expect(codes({ limits: { 'host.memory.availible': { stop: '< 20%' } } })).to.deep.equal([
      'E_NAME safety/limits/host.memory.availible',
    ]);
    const { problems } = mergeLimits(laptop, { limits: { 'host.task': { stop: '> 1%' } } }, HOST);
    expect(problems[0]?.hint).to.equal('Did you mean "host.tasks"?');
    expect(codes({ limits: { [MEMORY]: { halt: '< 20%' } } })[0]).to.match(/^E_NAME/);
    expect(codes({ limits: { [MEMORY]: { stop: '> 20%' } } })[0]).to.match(/^E_GRAMMAR/);
    expect(codes({ limits: { [MEMORY]: { stop: '< 90C' } } })[0]).to.match(/^E_GRAMMAR/);
    expect(codes({ limits: { [MEMORY]: { stop: 'soon' } } })[0]).to.match(/^E_GRAMMAR/);
  });

  it('never become looser than the profile, whatever a scenario says', () => {
    const text = fc.tuple(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 5 }));
    fc.assert(
      fc.property(
        text,
        fc.constantFrom('warn', 'throttle', 'pause', 'stop', 'kill'),
        ([percent, s], action) => {
          const merged = trigger(
            { limits: { [MEMORY]: { [action]: `< ${percent}% for ${s}s` } } },
            MEMORY,
            action,
          );
          const granted = trigger({}, MEMORY, action);
          expect(merged?.bound).to.be.at.least(granted!.bound);
          expect(merged?.forMs).to.be.at.most(granted!.forMs);
        },
      ),
    );
  });
});
