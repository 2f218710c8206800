import { expect } from 'chai';
import fc from 'fast-check';
import { SECOND } from '../../../core/base/clock.js';
import type { LeaseAccount } from '../../../core/contract/messages.js';
import type { Grant, LeaseDenial, LeaseExpiry } from '../../../core/safety/ledger.js';
import { CLAIM_MAX_NS, Ledger, UNCLAIMED_MAX_BATCHES } from '../../../core/safety/ledger.js';

const BATCH = 64;

/** A host and its instances, in units of MiB: grants arrive when `deliver` says so. */
class Desk {
  available = 1000;
  nowNs = 0;
  readonly sent: { agent: string; grant: Grant }[] = [];
  readonly denied: LeaseDenial[] = [];
  readonly expired: LeaseExpiry[] = [];
  readonly ledger: Ledger;
  constructor(reserve = 100) {
    this.ledger = new Ledger({
      reserveBytes: reserve,
      availableBytes: () => this.available,
      send: (agent, grant) => void this.sent.push({ agent, grant }),
      onDenied: (denial) => void this.denied.push(denial),
      onExpired: (expiry) => void this.expired.push(expiry),
      clock: () => this.nowNs,
      batch: BATCH,
    });
  }
  say(account: Partial<LeaseAccount>, agent = 'a'): void {
    const blank = {
      actor: 'hog',
      instance: 0,
      granted: 0,
      revoked: 0,
      credit: 0,
      claimed: 0,
      held: 0,
      want: 0,
    };
    this.ledger.accounts(agent, [{ ...blank, ...account }]);
  }
  get amounts(): number[] {
    return this.sent.map((s) => s.grant.amount);
  }
}

describe('ledger', () => {
  it('grants a batch for a small wish, and what is asked for a large one', () => {
    const desk = new Desk();
    desk.say({ want: 1 });
    desk.say({ want: 200 }, 'b');
    expect(desk.sent).to.deep.equal([
      { agent: 'a', grant: { type: 'grant', actor: 'hog', instance: 0, grant: 1, amount: BATCH } },
      { agent: 'b', grant: { type: 'grant', actor: 'hog', instance: 0, grant: 2, amount: 200 } },
    ]);
  });

  it('counts the request itself once: the last unit above the reserve can be had', () => {
    const desk = new Desk(100);
    desk.available = 150;
    desk.say({ want: 50 });
    expect(desk.amounts).to.deep.equal([50]);
    const tighter = new Desk(100);
    tighter.available = 149;
    tighter.say({ want: 50 });
    expect(tighter.amounts).to.deep.equal([]);
    expect(tighter.denied[0]).to.include({ asked: 50, there: 49, limit: 'reserve', actor: 'hog' });
  });

  it('looks at what the machine has left, whoever took it', () => {
    const desk = new Desk();
    desk.say({ want: 1 });
    // Another program takes nearly all; the instance itself holds only its batch.
    desk.available = 110;
    desk.say({ granted: BATCH, held: BATCH, want: 20 });
    expect(desk.amounts).to.deep.equal([BATCH]);
    expect(desk.denied).to.have.lengthOf(1);
  });

  it('counts what is on its way, granted, and claimed but not yet visible', () => {
    const desk = new Desk(0);
    desk.available = 200;
    desk.say({ want: 60 });
    desk.say({ want: 60 }, 'b');
    desk.say({ want: 60 }, 'c');
    expect(desk.amounts).to.deep.equal([64, 64, 64]);
    desk.say({ want: 60 }, 'd');
    expect(desk.amounts).to.have.lengthOf(3);
    // Claimed and not confirmed: the readings do not show it, so it still counts.
    desk.say({ granted: 64, claimed: 64 }, 'a');
    expect(desk.amounts).to.have.lengthOf(3);
    // Confirmed: now the host shows it, and the reading is less by that much.
    desk.available = 136;
    desk.say({ granted: 64, held: 64 }, 'a');
    expect(desk.amounts).to.have.lengthOf(3);
    // Given back.
    desk.available = 200;
    desk.say({ granted: 64 }, 'a');
    expect(desk.amounts).to.deep.equal([64, 64, 64, 64]);
  });

  it('grants once for a wish that is told many times, and ignores accounts that come late', () => {
    const desk = new Desk();
    for (let i = 0; i < 5; i++) desk.say({ want: 10 });
    expect(desk.amounts).to.deep.equal([BATCH]);
    desk.say({ granted: BATCH, held: BATCH, want: 0 });
    desk.say({ want: 10 });
    expect(desk.amounts, 'the wish from before the grant').to.deep.equal([BATCH]);
  });

  it('serves in order of arrival: a large wish is not passed by small ones', () => {
    const desk = new Desk(0);
    desk.available = 100;
    desk.say({ want: 150 }, 'big');
    desk.say({ want: 10 }, 'small');
    expect(desk.amounts).to.deep.equal([]);
    expect(desk.denied.map((d) => d.agent)).to.deep.equal(['big']);
    desk.available = 300;
    desk.ledger.tick();
    expect(desk.sent.map((s) => s.agent)).to.deep.equal(['big', 'small']);
    expect(desk.denied).to.have.lengthOf(1);
  });

  it('grants nothing on hold, and what waits when it ends', () => {
    const desk = new Desk();
    desk.ledger.hold();
    desk.say({ want: 10 });
    desk.ledger.tick();
    expect(desk.amounts).to.deep.equal([]);
    expect(desk.denied.map((d) => d.limit)).to.deep.equal(['hold']);
    desk.ledger.resume();
    expect(desk.amounts).to.deep.equal([BATCH]);
  });

  it('bounds what is granted and not claimed over all instances', () => {
    const desk = new Desk(0);
    desk.available = 1e9;
    for (let i = 0; i < 20; i++) desk.say({ want: 1, instance: i });
    expect(desk.amounts).to.have.lengthOf(UNCLAIMED_MAX_BATCHES);
    expect(desk.denied.map((d) => d.limit)).to.deep.equal(['unclaimed']);
  });

  it('takes back what nobody claims for five seconds, and not from one who does', () => {
    const desk = new Desk();
    desk.say({ want: 10 });
    desk.say({ granted: BATCH, credit: BATCH });
    desk.nowNs = CLAIM_MAX_NS - 1;
    desk.ledger.tick();
    expect(desk.expired).to.deep.equal([]);
    desk.nowNs = CLAIM_MAX_NS;
    desk.ledger.tick();
    expect(desk.expired).to.deep.equal([
      { agent: 'a', actor: 'hog', instance: 0, resource: 'memory', amount: BATCH },
    ]);
    desk.say({ granted: BATCH, revoked: BATCH });
    desk.nowNs += 60 * SECOND;
    desk.ledger.tick();
    expect(desk.expired).to.have.lengthOf(1);
    expect(desk.ledger.totals()).to.include({ inFlight: 0, credit: 0 });
  });

  it('counts a claim as use', () => {
    const desk = new Desk();
    desk.say({ want: 10 });
    desk.say({ granted: BATCH, credit: BATCH });
    desk.nowNs = 4 * SECOND;
    desk.say({ granted: BATCH, credit: 32, claimed: 32 });
    desk.nowNs = 6 * SECOND;
    desk.ledger.tick();
    expect(desk.expired).to.deep.equal([]);
  });

  it('forgets an agent that is gone, and everything of it', () => {
    const desk = new Desk(0);
    desk.available = 64;
    desk.say({ want: 10 });
    desk.say({ want: 10 }, 'b');
    expect(desk.amounts).to.have.lengthOf(1);
    desk.ledger.forget('a');
    expect(desk.sent.map((s) => s.agent)).to.deep.equal(['a', 'b']);
    expect(desk.ledger.totals()).to.include({ inFlight: 64, waiting: 1, held: 0 });
  });

  it('forgets nobody because they are many', () => {
    const desk = new Desk(0);
    desk.available = 1e12;
    for (let i = 0; i < 12_000; i++) desk.say({ instance: i, granted: 1, held: 1 });
    expect(desk.ledger.totals().held).to.equal(12_000);
    expect(desk.ledger.totals().heldByActor.get('hog')).to.equal(12_000);
  });

  it('never lets what exists and what is promised touch the reserve, however accounts come', () => {
    const event = fc.tuple(
      fc.nat(3),
      fc.integer({ min: 1, max: 120 }),
      fc.constantFrom('want', 'use', 'give'),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 80 }), fc.integer({ min: 0, max: 300 }), (events, reserve) => {
        const total = 1000;
        const people = Array.from({ length: 4 }, () => ({ granted: 0, credit: 0, held: 0, want: 0 }));
        const desk = new Desk(reserve);
        const taken = (): number => people.reduce((sum, p) => sum + p.held, 0);
        for (const [who, amount, what] of events) {
          const person = people[who]!;
          if (what === 'want') person.want = amount;
          if (what === 'give') person.held = Math.max(0, person.held - amount);
          if (what === 'use') {
            for (const { agent, grant } of desk.sent.splice(0)) {
              people[Number(agent)]!.granted += grant.amount;
              people[Number(agent)]!.credit += grant.amount;
            }
            const used = Math.min(amount, person.credit);
            person.credit -= used;
            person.held += used;
            if (used > 0) person.want = 0;
          }
          desk.available = total - taken();
          desk.say({ ...person }, String(who));
          const onTheWay = desk.sent.reduce((sum, s) => sum + s.grant.amount, 0);
          const promised = people.reduce((sum, p) => sum + p.credit, 0) + onTheWay;
          expect(total - taken() - promised).to.be.at.least(reserve > total ? 0 : Math.min(reserve, total));
        }
      }),
    );
  });
});
