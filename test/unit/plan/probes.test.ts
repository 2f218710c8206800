/** Probes and a target on their way into the plan. */
import { expect } from 'chai';
import { parseAssertion, parseSelector } from '../../../core/base/grammar.js';
import { catalogueOf } from '../../../core/plan/catalogue.js';
import { planProbes, PROBES_MAX } from '../../../core/plan/probes.js';
import { planTarget } from '../../../core/plan/target.js';
import type { Mistake } from '../../../core/scenario/problems.js';
import type { Scenario, ScenarioProbe } from '../../../core/scenario/scenario.js';
import { Registry } from '../../../core/plugin/registry.js';

const url = new URL('../../../plugins/probes/index.js', import.meta.url).href;
const registry = new Registry(['http', 'tcp', 'timer'].map((name) => ({ kind: 'probe', name, url })));
const directory = new URL('../../support/plugins', import.meta.url).pathname;

const probe = (name: string, uses: string, everyMs: number | null = null): ScenarioProbe => ({
  name,
  uses,
  options: {},
  everyMs,
});

/** All that planning looks at. */
const scenarioOf = (probes: readonly ScenarioProbe[]): Scenario =>
  ({ probes, plugins: { names: { mine: './probes.js' }, directory } }) as unknown as Scenario;

const planned = (...probes: ScenarioProbe[]): ReturnType<typeof planProbes> =>
  planProbes(scenarioOf(probes), registry);

describe('probes of a plan', () => {
  it('have their module, their own rhythm unless one is given, and their metrics', async () => {
    const { probes, mistakes } = await planned(probe('api', 'http', 50), probe('wakes', 'timer'));
    expect(mistakes).to.deep.equal([]);
    expect(probes.map(({ name, everyMs, module }) => [name, everyMs, module])).to.deep.equal([
      ['api', 50, url],
      ['wakes', 50, url],
    ]);
    const names = catalogueOf([], { probes, hasTarget: true }).map(({ metric }) => metric);
    expect(names).to.include.members(['probe.up', 'probe.failures', 'probe.missed', 'target.rss']);
    const alone = catalogueOf([]).map(({ metric }) => metric);
    expect(alone.filter((metric) => /^(probe|target)\./.test(metric))).to.deep.equal([]);
  });

  it('come from plugins by their short name', async () => {
    const { probes, mistakes } = await planned(probe('loud', 'mine/chatty'));
    expect(mistakes).to.deep.equal([]);
    expect(probes[0]?.metrics).to.have.keys('depth');
    expect(probes[0]?.module).to.match(/probes\.js$/);
  });

  it('that nobody knows are told, with a guess', async () => {
    const { probes, mistakes } = await planned(
      probe('api', 'htpp'),
      probe('x', 'mine/chaty'),
      probe('y', 'mine'),
    );
    expect(probes).to.deep.equal([]);
    expect(mistakes.map(({ path, code, message }) => [path, code, message])).to.deep.equal([
      [['probes', 'api'], 'E_NAME', 'no probe "htpp"'],
      [['probes', 'x'], 'E_NAME', 'no probe "mine/chaty"'],
      [['probes', 'y'], 'E_NAME', 'plugin "mine" has 5 probes: name one'],
    ]);
    expect(mistakes[0]?.hint).to.include('http');
    expect(mistakes[1]?.hint).to.include('mine/chatty');
  });

  it('are neither too many nor too frequent', async () => {
    const many = Array.from({ length: PROBES_MAX + 1 }, (_, i) => probe(`p${i}`, 'timer'));
    expect((await planned(...many)).mistakes.map(({ code }) => code)).to.deep.equal(['E_PLAN_SIZE']);
    const fast = await planned(probe('fast', 'timer', 1));
    expect(fast.mistakes).to.deep.include({
      path: ['probes', 'fast', 'every'],
      code: 'E_SCHEMA',
      message: 'a probe is taken every 5ms at most',
      seen: 1,
    });
  });
});

describe('the target of a plan', () => {
  async function mistakesOf(selector: string, assertion: string): Promise<readonly Mistake[]> {
    const { probes } = await planned(probe('api', 'http'));
    const ready = {
      selector: parseSelector(selector),
      assertion: parseAssertion(assertion),
      text: `${selector} ${assertion}`,
    };
    const target = { command: ['node'], cwd: '/', env: {}, ready };
    return planTarget(target, probes, catalogueOf([], { probes, hasTarget: true })).mistakes;
  }

  it('is ready by what a probe says', async () => {
    expect(await mistakesOf('probe.up{probe:api}', 'last == 1')).to.deep.equal([]);
    expect(await mistakesOf('probe.latency{probe:api}', 'p95 < 20ms for 2s')).to.deep.equal([]);
  });

  it('is not ready by what cannot be known before the start', async () => {
    const said = async (...sentence: [string, string]): Promise<unknown> =>
      (await mistakesOf(...sentence)).map(({ code, message }) => `${code}: ${message}`);
    expect(await said('target.rss', 'last > 1MiB')).to.deep.equal([
      'E_SCHEMA: a target is ready by what a probe says: nothing else is measured before the start',
    ]);
    expect(await said('probe.latency{probe:api}', 'p95 <= phase(before) * 1.2')).to.deep.equal([
      'E_SCHEMA: no phase has run when the target gets ready',
    ]);
    expect(await said('probe.up{probe:apo}', 'last == 1')).to.deep.equal(['E_NAME: there is no probe "apo"']);
    expect(await said('probe.up{probe:api}', 'p99 == 1')).to.have.length(1);
  });
});
