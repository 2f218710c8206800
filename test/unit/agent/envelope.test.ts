import { expect } from 'chai';
import { Envelopes } from '../../../core/agent/envelope.js';

describe('envelopes', () => {
  const here = { run: 'r', agent: 'a', epoch: 1 };
  const make = (over: Partial<typeof here> = {}): Envelopes<{ type: 'beat' }, { type: 'beat' }> =>
    new Envelopes({ ...here, ...over });

  it('numbers what it sends and opens what belongs to the conversation', () => {
    const sender = make();
    const receiver = make();
    const envelopes = [sender.wrap({ type: 'beat' }), sender.wrap({ type: 'beat' })];
    expect(envelopes.map(({ seq }) => seq)).to.deep.equal([0, 1]);
    expect(envelopes.map((envelope) => receiver.open(envelope)?.body.type)).to.deep.equal(['beat', 'beat']);
    expect(receiver.refused).to.equal(0);
  });

  it('refuses and counts another run, agent, epoch or version, and what is no envelope', () => {
    const receiver = make();
    const strangers: unknown[] = [
      make({ run: 'x' }).wrap({ type: 'beat' }),
      make({ agent: 'x' }).wrap({ type: 'beat' }),
      make({ epoch: 0 }).wrap({ type: 'beat' }),
      { ...make().wrap({ type: 'beat' }), v: 2 },
      null,
      'beat',
    ];
    expect(strangers.map((message) => receiver.open(message))).to.deep.equal(strangers.map(() => null));
    expect(receiver.refused).to.equal(strangers.length);
  });
});
