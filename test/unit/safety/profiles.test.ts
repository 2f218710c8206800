import { expect } from 'chai';
import { BruntErrors } from '../../../core/base/errors.js';
import { HOST_METRICS } from '../../../core/metrics/catalogue.js';
import { readProfiles } from '../../../core/safety/profiles.js';
import { SENSORS } from '../../../core/safety/sensor-table.js';
import { presetTexts } from './fixtures.js';

function mistakes(...texts: string[]): string[] {
  try {
    readProfiles(texts.map((text, i) => ({ file: `${i}.json`, text })));
  } catch (error) {
    if (error instanceof BruntErrors) return error.errors.map((e) => `${e.code} ${e.place?.path ?? ''}`);
    throw error;
  }
  return [];
}

const good = {
  name: 'mine',
  description: 'Mine.',
  rank: 0,
  limits: {},
  reserve: { bytes: '512MiB', share: '5%' },
  maxDuration: '1h',
  gracefulStop: '10s',
  actorNice: 0,
};

describe('safety profiles', () => {
  it('that are shipped are sound and ranked from tight to wide', () => {
    const profiles = readProfiles(presetTexts());
    expect(profiles.map((p) => p.name)).to.deep.equal(['laptop', 'ci', 'server', 'lab']);
    expect(profiles.map((p) => p.rank)).to.deep.equal([0, 1, 2, 3]);
  });

  it('never stop a run for a busy processor, which is what a run may be about', () => {
    for (const profile of readProfiles(presetTexts())) {
      expect(profile.limits).not.to.have.any.keys('host.cpu.busy', 'host.cpu.pressure');
    }
  });

  it('keep a floor of memory everywhere', () => {
    for (const { limits } of readProfiles(presetTexts())) {
      expect(limits['host.memory.available']).to.include.all.keys('stop', 'kill');
    }
  });

  it('that extend another say only what differs, by sensor and action', () => {
    const child = { name: 'child', extends: 'mine', rank: 1, limits: { 'host.tasks': { stop: '> 80%' } } };
    const base = { ...good, limits: { 'host.tasks': { stop: '> 90%', warn: '> 50%' } } };
    const profiles = readProfiles(
      [base, child].map((p, i) => ({ file: `${i}.json`, text: JSON.stringify(p) })),
    );
    expect(profiles[1]).to.deep.equal({
      ...base,
      name: 'child',
      rank: 1,
      limits: { 'host.tasks': { stop: '> 80%', warn: '> 50%' } },
    });
  });

  it('tell every mistake with its place', () => {
    expect(mistakes('{')).to.deep.equal(['E_JSON ']);
    expect(mistakes('[]')).to.deep.equal(['E_SCHEMA ']);
    expect(mistakes(JSON.stringify({ ...good, extends: 'their' }))).to.deep.equal(['E_NAME extends']);
    const limits = {
      'host.tusks': {},
      'host.tasks': { stop: '< 90%', halt: '> 90%', warn: 1, kill: '> 2GiB' },
    };
    const wrong = { ...good, rank: 'x', actorNice: -5, maxDuration: 'soon', odd: 1, limits };
    expect(mistakes(JSON.stringify(wrong))).to.have.members([
      'E_SCHEMA odd',
      'E_SCHEMA rank',
      'E_SCHEMA actorNice',
      'E_GRAMMAR maxDuration',
      'E_NAME limits.host.tusks',
      'E_GRAMMAR limits.host.tasks.stop',
      'E_SCHEMA limits.host.tasks.halt',
      'E_SCHEMA limits.host.tasks.warn',
      'E_GRAMMAR limits.host.tasks.kill',
    ]);
  });
});

describe('sensors that can have limits', () => {
  it('are series of the catalogue, in the same unit and direction', () => {
    const known: Readonly<Record<string, { unit: string; better?: string }>> = HOST_METRICS;
    for (const [name, { unit, operator }] of Object.entries(SENSORS)) {
      expect(known[name], name).to.include({ unit });
      expect(known[name]?.better, name).to.equal(operator === '<' ? 'higher' : 'lower');
    }
  });
});
