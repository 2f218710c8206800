/** The templates of SNIA's tests, in a short form, on a loop device of the test's own: filled twice, steady or told that not. */
import { expect } from 'chai';
import { join } from 'node:path';
import { Workplace } from '../support/cli.js';
import { Devices, whyNoDevices } from '../support/devices.js';
import { ROOT } from '../support/root.js';

const MIB = 2 ** 20;
const DEVICE_MIB = 16;

interface Template {
  readonly phases: number;
  readonly tracked: RegExp;
  /** Actors that are one thread here: four of each take long to start. */
  readonly narrowed?: readonly string[];
}

/** Beside the filling: the workloads of each, and what becomes steady. */
const TEMPLATES: Readonly<Record<string, Template>> = {
  'snia-iops': {
    phases: 5,
    tracked: /^steady rate op\.count\{actor:/,
    narrowed: ['write-4k', 'mixed-4k', 'read-4k', 'mixed-64k', 'read-1m'],
  },
  'snia-throughput': { phases: 4, tracked: /^steady rate op\.count\{actor:/ },
  'snia-latency': { phases: 6, tracked: /^steady avg op\.latency\{actor:/ },
  'block-saturation': { phases: 1, tracked: /^steady rate op\.count\{actor:/, narrowed: ['saturate'] },
};

describe('templates of SNIA', function () {
  let place: Workplace | null = null;
  let devices: Devices | null = null;
  before(function () {
    if (whyNoDevices() !== null) return this.skip(); // no root, or no loop devices here
    place = new Workplace();
    devices = new Devices(place.dir);
  });
  after(() => {
    try {
      devices?.remove();
    } finally {
      place?.remove();
    }
  });

  for (const [name, { phases, tracked, narrowed = [] }] of Object.entries(TEMPLATES)) {
    it(`${name} fills the device twice, and goes on until each of its workloads is steady`, async () => {
      if (place === null || devices === null) throw new Error('a test that is skipped');
      const { path, file } = devices.loop(name, DEVICE_MIB);
      const isSaturation = name === 'block-saturation';
      place.write(`${name}.json`, {
        version: 1,
        extends: join(ROOT, 'scenarios', `${name}.json`),
        actors: Object.fromEntries(narrowed.map((actor) => [actor, { instances: 1, peak: '8' }])),
        variables: isSaturation ? { device: path } : { device: path, round: '100ms', limit: '500ms' },
        ...(isSaturation && {
          window: '100ms',
          thresholds: { 'op.count{actor:saturate,phase:saturate}': null },
        }),
        safety: { erasableDevices: [`loop:${file}`] },
      });
      const sets = isSaturation ? ['--set', 'phases.saturate.duration=500ms'] : [];
      const { code, stderr } = await place.run('run', `${name}.json`, '--profile', 'lab', ...sets);
      expect(code, stderr).to.equal(0);
      const summary = place.summary();
      const [filling, ...measured] = summary.phases;
      const written = filling!.series.find(
        ({ metric, tags }) => metric === 'op.bytes' && tags['actor'] === 'fill' && tags['op'] === 'write',
      );
      expect(written?.count, 'written before anything is measured').to.equal(2 * DEVICE_MIB * MIB);
      expect(measured.length).to.equal(phases);
      const ends = place.events().filter(({ type }) => type === 'phase.reached' || type === 'phase.missed');
      const told = ends.flatMap((event) => ('until' in event ? [event] : [])).slice(1);
      expect(told.map((event) => event.phase)).to.deep.equal(measured.map((phase) => phase.name));
      for (const { until } of told) expect(until).to.match(tracked);
      for (const { series, windows } of measured) {
        expect(windows).to.equal(5);
        const done = series.filter(({ metric, count }) => metric === 'op.count' && (count ?? 0) > 0);
        expect(done.length, 'did its work').to.be.greaterThan(0);
        expect(done[0]!.rateInterval, 'with confidence').to.have.keys('low', 'high');
      }
    });
  }
});
