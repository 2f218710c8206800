import { expect } from 'chai';
import fc from 'fast-check';
import { InstanceLease } from '../../../core/actor/lease.js';
import { Waiter } from '../../../core/actor/waiter.js';
import { LEASE_WORD, makeControlBlock, WORD } from '../../../core/contract/control-block.js';
import { RECALL_WORD } from '../../../core/contract/recall.js';

function make(exceedsAsked: (amount: number) => boolean = () => false): {
  readonly lease: InstanceLease;
  readonly block: ReturnType<typeof makeControlBlock>;
  readonly recall: Int32Array;
  readonly word: (name: keyof typeof LEASE_WORD) => number;
  readonly rings: () => number;
} {
  const block = makeControlBlock();
  const doorbell = new Int32Array(new SharedArrayBuffer(4));
  const recall = new Int32Array(2);
  const lease = new InstanceLease({
    waiter: new Waiter(block),
    doorbell,
    resource: 'openFiles',
    recall,
    exceedsAsked,
    lookAgainMs: () => 1,
  });
  const word = (name: keyof typeof LEASE_WORD): number => Number(block.lease[LEASE_WORD[name]]);
  return { lease, block, recall, word, rings: () => doorbell[0]! };
}

describe('the lease of an instance', () => {
  it('takes only what is granted', () => {
    const { lease, block, word } = make();
    expect(lease.take(1)).to.equal(false);
    block.lease[LEASE_WORD.credit] = 10n;
    expect([lease.take(7), lease.take(4), lease.take(3)]).to.deep.equal([true, false, true]);
    expect([word('credit'), word('claimed'), word('held')]).to.deep.equal([0, 10, 0]);
    lease.confirm(10);
    lease.give(4);
    expect([word('credit'), word('claimed'), word('held')]).to.deep.equal([0, 0, 6]);
  });

  it('refuses to confirm more than is claimed, give more than is held, or ask for parts and too much', () => {
    const { lease } = make();
    expect(() => lease.confirm(1)).to.throw('more than was claimed');
    expect(() => lease.give(1)).to.throw('more than was held');
    expect(() => lease.take(0.5)).to.throw('whole units');
    expect(() => lease.take(0)).to.throw('whole units');
    expect(() => lease.wait(lease.batchMax + 1)).to.throw('at most 256');
  });

  it('does not wait when stopped, releasing, or when so much is not asked any more', () => {
    const stopped = make();
    stopped.block.words[WORD.stop] = 1;
    expect(stopped.lease.wait(1)).to.equal(false);
    const releasing = make();
    releasing.block.words[WORD.release] = 1;
    expect(releasing.lease.wait(1)).to.equal(false);
    const less = make((amount) => amount > 5);
    less.block.lease[LEASE_WORD.credit] = 100n;
    expect([less.lease.wait(4), less.lease.wait(2), less.lease.wait(1)]).to.deep.equal([true, false, true]);
    expect(less.word('want')).to.equal(0);
  });

  it('rings once while it waits, says what it wants, and takes what then comes', async () => {
    const { lease, block, word, rings } = make();
    const waiting = lease.request(5);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect([word('want'), rings()]).to.deep.equal([5, 1]);
    Atomics.add(block.lease, LEASE_WORD.credit, 8n);
    Atomics.add(block.words, WORD.wake, 1);
    Atomics.notify(block.words, WORD.wake);
    expect(await waiting).to.equal(true);
    expect([word('want'), word('credit'), word('claimed')]).to.deep.equal([0, 3, 5]);
  });

  it('takes nothing of what it was granted from a recall on until the agent has seen to it', () => {
    const { lease, block, recall, word } = make();
    block.lease[LEASE_WORD.credit] = 10n;
    expect(lease.take(1)).to.equal(true);
    Atomics.add(recall, RECALL_WORD.count, 1);
    expect(lease.take(1)).to.equal(false);
    expect([word('credit'), word('claimed')]).to.deep.equal([9, 1]);
    block.words[WORD.recalled] = 1;
    expect(lease.take(1)).to.equal(true);
  });

  it('loses and makes no unit, whatever is done to it', () => {
    const step = fc.record({
      what: fc.constantFrom('grant', 'revoke', 'take', 'confirm', 'give'),
      n: fc.integer({ min: 1, max: 9 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { lease, block, word } = make();
        let [granted, revoked, given] = [0, 0, 0];
        for (const { what, n } of steps) {
          if (what === 'grant') {
            granted += n;
            Atomics.add(block.lease, LEASE_WORD.credit, BigInt(n));
          } else if (what === 'revoke') {
            revoked += Number(Atomics.exchange(block.lease, LEASE_WORD.credit, 0n));
          } else if (what === 'take') lease.take(n);
          else if (what === 'confirm' && n <= word('claimed')) lease.confirm(n);
          else if (what === 'give' && n <= word('held')) {
            lease.give(n);
            given += n;
          }
          expect(word('credit') + word('claimed') + word('held')).to.equal(granted - revoked - given);
        }
      }),
      { numRuns: 300, verbose: true },
    );
  });
});
