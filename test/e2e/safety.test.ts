/** The gate against a real leak, under limits set a little below what this host has now. */
import { expect } from 'chai';
import type { RunEvent } from '../../core/contract/events.js';
import { readHostFacts } from '../../core/safety/host-facts.js';
import { Workplace } from '../support/cli.js';

const MIB = 2 ** 20;

describe('a leak', () => {
  const place = new Workplace();
  after(() => place.remove());

  it('is throttled, then stopped by the gate before the reserve is touched', async () => {
    const { memory } = await readHostFacts();
    const below = (mib: number): string => `< ${Math.round(memory.availableBytes / MIB) - mib}MiB`;
    place.write('leak.json', {
      version: 1,
      window: '500ms',
      actors: { leak: { uses: 'memory', peak: '150MiB/s' } },
      phases: [{ name: 'leak', duration: '1m', load: { leak: '100%' } }],
      safety: { limits: { 'host.memory.available': { throttle: below(400), stop: below(700) } } },
    });
    const { code, stderr } = await place.run('run', 'leak.json');
    expect(code, stderr).to.equal(5);
    expect(stderr)
      .to.match(/^ ?STOPPED/m)
      .and.to.contain('host.memory.available');

    const actions = place
      .events()
      .filter((e): e is RunEvent & { type: 'safety.action' } => e.type === 'safety.action');
    const states = actions.map((a) => a.to);
    expect(states).to.include('throttle');
    expect(states.at(-1)).to.equal('stop');
    for (const action of actions) {
      expect(action).to.include.keys('limit', 'value', 'bound', 'source', 'effect');
    }
    const { plan, summary } = { plan: place.summary(), summary: place.summary() };
    expect(summary.safety.worst).to.equal('stop');
    const lowest = plan.safety.closest;
    expect(lowest?.sensor).to.equal('host.memory.available');
    expect(lowest?.value).to.be.greaterThan(512 * MIB);
  });
});
