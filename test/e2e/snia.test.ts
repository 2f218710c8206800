/** The templates of SNIA's tests, in a short form, on a loop device of the test's own: filled twice, steady or told that not. */
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Workplace } from '../support/cli.js';
import { Devices, whyNoDevices } from '../support/devices.js';
import { ROOT } from '../support/root.js';

const MIB = 2 ** 20;
const DEVICE_MIB = 16;

/** The workloads of each cycle, and which of them have to be steady. */
const ROUND_BY_ROUND: Readonly<Record<string, Readonly<Record<string, Cycle>>>> = {
  'snia-throughput': {
    'by-1m': { phases: ['write-1m', 'read-1m'], tracked: ['write-1m', 'read-1m'] },
    'by-128k': { phases: ['write-128k', 'read-128k'], tracked: ['write-128k', 'read-128k'] },
  },
  'snia-latency': {
    latency: {
      phases: ['8k', '4k', '512'].flatMap((size) => [100, 65, 0].map((reads) => `r${reads}-${size}`)),
      tracked: ['r0-4k'],
    },
  },
};

interface Cycle {
  readonly phases: readonly string[];
  readonly tracked: readonly string[];
}

interface Matrix {
  readonly actors: Readonly<
    Record<
      string,
      {
        readonly with: {
          readonly blockSize: string;
          readonly mix: Partial<Record<'read' | 'write', string>>;
        };
      }
    >
  >;
  readonly phases: readonly { readonly name: string }[];
}

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

  it('block-saturation fills the device twice, and writes until the rate is steady', async () => {
    if (place === null || devices === null) throw new Error('a test that is skipped');
    const { path, file } = devices.loop('saturation', DEVICE_MIB);
    place.write('saturation.json', {
      version: 1,
      extends: join(ROOT, 'scenarios/block-saturation.json'),
      // Four threads take long to start here.
      actors: { saturate: { instances: 1, peak: '8' } },
      window: '100ms',
      thresholds: { 'op.count{actor:saturate,phase:saturate}': null },
      variables: { device: path },
      safety: { erasableDevices: [`loop:${file}`] },
    });
    const sets = ['--set', 'phases.saturate.duration=500ms'];
    const { code, stderr } = await place.run('run', 'saturation.json', '--profile', 'lab', ...sets);
    expect(code, stderr).to.equal(0);
    expectFilled(place);
    const ends = place.events().filter(({ type }) => type === 'phase.reached' || type === 'phase.missed');
    const told = ends.flatMap((event) => ('until' in event ? [event] : [])).slice(1);
    expect(told.map(({ phase }) => phase)).to.deep.equal(['saturate']);
    expect(told[0]!.until).to.match(/^steady rate op\.count\{actor:/);
  });

  it('snia-throughput and snia-latency fill it twice, and go through their workloads round by round', async () => {
    if (place === null || devices === null) throw new Error('a test that is skipped');
    for (const [name, cycles] of Object.entries(ROUND_BY_ROUND)) {
      const { path, file } = devices.loop(name, DEVICE_MIB);
      place.write(`${name}.json`, {
        version: 1,
        extends: join(ROOT, 'scenarios', `${name}.json`),
        cycles: Object.fromEntries(Object.keys(cycles).map((cycle) => [cycle, { rounds: 5 }])),
        variables: { device: path, round: '100ms' },
        safety: { erasableDevices: [`loop:${file}`] },
      });
      const { code, stderr } = await place.run('run', `${name}.json`, '--profile', 'lab');
      expect(code, stderr).to.equal(0);
      expectFilled(place);
      const done = place.summary().cycles ?? [];
      expect(done.map(({ cycle }) => cycle)).to.deep.equal(Object.keys(cycles));
      for (const { cycle, over, tracked, phases } of done) {
        expect(over).to.equal(5);
        expect(tracked.map(({ owner }) => owner)).to.deep.equal(cycles[cycle]?.tracked);
        expect(phases.map(({ phase }) => phase)).to.deep.equal(cycles[cycle]?.phases);
        for (const { rate, rateInterval } of phases) {
          expect(rate).to.be.greaterThan(0);
          expect(rateInterval, 'with confidence').to.have.keys('low', 'high');
        }
      }
    }
  });

  it('snia-iops goes through its matrix round by round, judged by the three workloads that the test names', async () => {
    if (place === null || devices === null) throw new Error('a test that is skipped');
    const { path, file } = devices.loop('matrix', DEVICE_MIB);
    const whole = JSON.parse(readFileSync(join(ROOT, 'scenarios/snia-iops.json'), 'utf8')) as Matrix;
    const cells = whole.phases.slice(1).map(({ name }) => name);
    const sizes = ['1m', '128k', '64k', '32k', '16k', '8k', '4k', '512'];
    expect(cells).to.deep.equal(
      sizes.flatMap((size) => [100, 95, 65, 50, 35, 5, 0].map((r) => `r${r}-${size}`)),
    );
    for (const [name, { with: options }] of Object.entries(whole.actors).slice(1)) {
      const [, reads = '', size = ''] = /^r(\d+)-(.*)$/.exec(name) ?? [];
      const { read = '0%', write = '0%' } = options.mix;
      expect([read, write]).to.deep.equal([`${reads}%`, `${100 - Number(reads)}%`]);
      const bytes =
        size === '512' ? '${smallest}' : `${size.slice(0, -1)}${size.endsWith('m') ? 'MiB' : 'KiB'}`;
      expect(options.blockSize).to.equal(bytes);
    }
    // Those that are judged, and no others: a round of all takes a while.
    const kept = ['r0-4k', 'r65-64k', 'r100-1m', 'r50-512'];
    place.write('matrix.json', {
      version: 1,
      extends: join(ROOT, 'scenarios/snia-iops.json'),
      actors: Object.fromEntries(cells.filter((name) => !kept.includes(name)).map((name) => [name, null])),
      phases: whole.phases.filter(({ name }) => name === 'precondition' || kept.includes(name)),
      cycles: { matrix: { rounds: 6 } },
      variables: { device: path, round: '100ms', threads: 1, outstanding: '8' },
      safety: { erasableDevices: [`loop:${file}`] },
    });
    const { code, stderr } = await place.run('run', 'matrix.json', '--profile', 'lab');
    expect(code, stderr).to.equal(0);
    const [cycle] = place.summary().cycles ?? [];
    expect(cycle?.rounds).to.be.within(5, 6);
    expect(cycle?.over).to.equal(5);
    expect(cycle?.tracked.map(({ owner }) => owner)).to.deep.equal(['r0-4k', 'r65-64k', 'r100-1m']);
    expect(cycle?.phases.map(({ phase }) => phase).sort()).to.deep.equal([...kept].sort());
    for (const { rate, rateInterval } of cycle?.phases ?? []) {
      expect(rate).to.be.greaterThan(0);
      expect(rateInterval, 'with confidence').to.have.keys('low', 'high');
    }
  });
});

/** Before anything is measured. */
function expectFilled(place: Workplace): void {
  const written = place
    .summary()
    .phases[0]!.series.find(
      ({ metric, tags }) => metric === 'op.bytes' && tags['actor'] === 'fill' && tags['op'] === 'write',
    );
  expect(written?.count).to.equal(2 * DEVICE_MIB * MIB);
}
