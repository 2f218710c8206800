/** The scenarios of the package: each makes a plan on this host, and what is in the way of running it is the device it names. */
import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { prepare } from '../../../cli/prepare.js';
import { ROOT } from '../../support/root.js';

const FOLDER = join(ROOT, 'scenarios');
/** What the issue of storage names, beside whatever else there is. */
const NAMED = [
  'disk-oltp',
  'disk-olap-scan',
  'disk-log-append',
  'files-mail-server',
  'disk-web-cache',
  'files-object-store',
  'disk-boot-storm',
  'disk-checkpoint',
  'snia-iops',
  'snia-throughput',
  'snia-latency',
  'block-saturation',
  'block-depth-sweep',
];

describe('the scenarios of the package', () => {
  const names = readdirSync(FOLDER)
    .filter((name) => name.endsWith('.json') && !name.endsWith('schema.json'))
    .map((name) => name.slice(0, -'.json'.length));

  it('have all that are promised', () => {
    expect(names).to.include.members(NAMED);
  });

  for (const name of names.filter((one) => NAMED.includes(one)))
    it(`${name} makes a plan`, async () => {
      const file = join(FOLDER, `${name}.json`);
      const none = '/dev/disk/by-id/none-of-this-name';
      const env = { BRUNT_DEVICE: none, BRUNT_CONTROL: none };
      const { plan, refusals } = await prepare(
        { file, text: readFileSync(file, 'utf8') },
        { profile: 'lab', env, seed: 1 },
      );
      expect(plan.phases.length).to.be.greaterThan(0);
      const isOfDevice = /^(block|snia)-/.test(name);
      expect(refusals.some(({ code }) => code === 'E_DEVICE')).to.equal(isOfDevice);
      // Whatever else a small machine may lack: room, memory, io_uring.
      expect(
        plan.actors.every(({ expects = [] }) => expects.length > 0 || name.startsWith('files')),
      ).to.equal(true);
    });
});
