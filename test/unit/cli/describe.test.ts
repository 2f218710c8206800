/** Descriptions of everything that has a name: complete, in few columns, with examples that are sound. */
import { expect } from 'chai';
import { validate } from '../../../cli/library.js';
import { describeText } from '../../../cli/describe-text.js';
import type { Description } from '../../../cli/describe.js';
import { describeAll, describeName } from '../../../cli/describe.js';
import { readInventory } from '../../../cli/inventory.js';
import { ERROR_CODES } from '../../../core/base/codes.js';
import { readHostFacts } from '../../../core/safety/host-facts.js';

describe('describe', () => {
  let all: Description[];
  before(async () => (all = describeAll(await readInventory(), await readHostFacts())));

  it('knows everything that there is, with a sentence each', () => {
    const kinds = new Set(all.map(({ kind }) => kind));
    expect([...kinds].sort()).to.deep.equal(['error', 'exporter', 'probe', 'profile', 'shape', 'simulator']);
    for (const { name, description } of all) expect(description, name).to.match(/\w/);
    expect(all.filter(({ kind }) => kind === 'error').length).to.equal(Object.keys(ERROR_CODES).length);
  });

  it('says of each option and metric what it means', () => {
    for (const { name, options = [], metrics = [] } of all) {
      for (const option of options) expect(option.description, `${name}.${option.name}`).to.match(/\w/);
      for (const { metric, help } of metrics) expect(help, metric).to.match(/\w/);
    }
  });

  it('fits a terminal and JSON', () => {
    for (const one of all) {
      const long = describeText(one)
        .split('\n')
        .filter((line) => line.length > 110);
      expect(long, one.name).to.deep.equal([]);
      expect(JSON.parse(JSON.stringify(one))).to.deep.equal(one);
    }
  });

  it('gives examples of simulators that are sound scenarios', async () => {
    for (const { name, kind, example } of all) {
      if (kind !== 'simulator') continue;
      const { errors } = await validate(example as object);
      expect(errors, name).to.deep.equal([]);
    }
  });

  it('tells two things of one name apart by kind', async () => {
    const [inventory, host] = [await readInventory(), await readHostFacts()];
    const [cpu] = inventory.simulators;
    const doubled = { ...inventory, shapes: [{ ...inventory.shapes[0]!, name: cpu!.name }] };
    expect(describeName(cpu!.name, doubled, host).map(({ kind }) => kind)).to.deep.equal([
      'simulator',
      'shape',
    ]);
    expect(describeName(`shape:${cpu!.name}`, doubled, host).map(({ kind }) => kind)).to.deep.equal([
      'shape',
    ]);
    expect(describeName('nothing', doubled, host)).to.deep.equal([]);
  });
});
