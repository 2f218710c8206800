import { expect } from 'chai';
import type { PlannedActor } from '../../../core/contract/plan.js';
import { RECALL_WORD } from '../../../core/contract/recall.js';
import { openSharedPage } from '../../../core/linux/shared-page.js';
import { actorOf, AgentHarness, holding, phasesOf } from '../../support/agent-harness.js';

const module = new URL('../../support/plugins/misbehaving.js', import.meta.url).href;
const leasing = (amount: number, over: Partial<PlannedActor> = {}): PlannedActor =>
  actorOf({
    name: 'taker',
    simulator: 'leasing',
    module,
    control: 'amount',
    unit: 'count',
    peak: { amount, text: String(amount) },
    takes: 'openFiles',
    metrics: { adjusts: { kind: 'counter', unit: 'count', help: 'Calls of adjust.' } },
    ...over,
  });

describe('leases of an agent', () => {
  let harness: AgentHarness;
  afterEach(() => harness.close());

  it('an instance holds exactly what is asked, in batches, and then parks', async () => {
    harness = new AgentHarness();
    await harness.run([leasing(1000)], holding('taker', 1));
    await harness.until(() => harness.series('actor.held') === 1000, 'all held');
    await harness.until(() => harness.accounts[0]?.held === 1000, 'all in the account');
    const [account] = harness.accounts;
    expect(account).to.include({ granted: 1000, revoked: 0, credit: 0, claimed: 0, held: 1000, want: 0 });
    const adjusts = harness.series('leasing.adjusts');
    const frames = harness.frames.length;
    await harness.until(() => harness.frames.length > frames + 3, 'three more windows');
    expect(harness.series('leasing.adjusts'), 'a holder at its amount is left alone').to.equal(adjusts);
    expect(harness.series('actor.asked')).to.equal(1000);
  });

  it('never holds more than was granted, asks for the rest, and shows the shortfall', async () => {
    harness = new AgentHarness({ room: 512 });
    await harness.run([leasing(1000)], holding('taker', 1));
    await harness.until(() => harness.accounts[0]?.held === 512, 'what there is, is held');
    expect(harness.accounts[0]).to.include({ granted: 512, want: 256 });
    await harness.until(() => harness.series('actor.held') === 512, 'held is told');
    expect(harness.series('actor.asked')).to.equal(1000);
  });

  it('a grant that is said twice counts once; a revoke takes back what is not claimed', async () => {
    harness = new AgentHarness({ room: 0 });
    await harness.run([leasing(1000)], holding('taker', 1));
    await harness.until(() => harness.accounts[0]?.want === 256, 'it waits');
    const grant = { type: 'grant', actor: 'taker', instance: 0, grant: 5, amount: 100 } as const;
    harness.link.send(grant);
    harness.link.send(grant);
    harness.link.send({ ...grant, grant: 3 });
    await harness.until(() => harness.accounts[0]?.granted === 100, 'the grant arrives');
    expect(harness.accounts[0]).to.include({ credit: 100, claimed: 0, held: 0 });
    harness.link.send({ type: 'revoke', actor: 'taker' });
    await harness.until(() => harness.accounts[0]?.revoked === 100, 'it is taken back');
    expect(harness.accounts[0]).to.include({ granted: 100, credit: 0, want: 256 });
  });

  it('credit that the guard recalls is not claimed, before the agent is told and after; what is granted then is', async function () {
    harness = new AgentHarness({ room: 0 });
    await harness.run([leasing(1000)], holding('taker', 1));
    const { recallFd } = await harness.message('ready');
    if (recallFd === null) return this.skip(); // koffi is optional
    const page = openSharedPage(harness.link.pid, recallFd);
    expect(page?.words[RECALL_WORD.pid]).to.equal(harness.link.pid);
    await harness.until(() => harness.accounts[0]?.want === 256, 'it waits');
    Atomics.add(page!.words, RECALL_WORD.count, 1);
    const grant = { type: 'grant', actor: 'taker', instance: 0, grant: 5, amount: 256 } as const;
    harness.link.send(grant);
    const told = harness.of('accounts').length;
    await harness.until(() => harness.of('accounts').length > told + 3, 'it has gone on waiting');
    expect(harness.accounts[0]).to.include({ granted: 256, credit: 256, claimed: 0, held: 0, want: 256 });
    harness.link.send({ type: 'revoke', actor: 'taker' });
    await harness.until(() => harness.accounts[0]?.revoked === 256, 'it is taken back');
    harness.link.send({ ...grant, grant: 6 });
    await harness.until(() => harness.accounts[0]?.held === 256, 'the new grant counts');
    page!.close();
  });

  it('keeps the sum of every account while levels move up and down', async () => {
    harness = new AgentHarness({ windowMs: 50 });
    const load = (
      from: number,
      to: number,
      durationMs: number,
    ): { taker: [{ startMs: 0; endMs: number; from: number; to: number }] } => ({
      taker: [{ startMs: 0, endMs: durationMs, from, to }],
    });
    const phases = phasesOf(
      { name: 'up', durationMs: 400, load: load(0, 1, 400) },
      { name: 'down', durationMs: 400, load: load(1, 0.2, 400) },
      { name: 'rest', durationMs: 400, load: {} },
      { name: 'again', durationMs: 60_000, load: load(0.5, 0.5, 60_000) },
    );
    await harness.run([leasing(3000, { instances: 2, shares: [1000, 2000] })], phases);
    // All that was ever told: on a busy machine a state may be over before a test looks at it.
    const totals = (): number[] =>
      harness.of('accounts').map(({ accounts }) => accounts.reduce((sum, { held }) => sum + held, 0));
    await harness.until(() => totals().some((held) => held > 2000), 'up');
    const top = totals().findIndex((held) => held > 2000);
    await harness.until(() => totals().indexOf(0, top) > top, 'idle holds nothing');
    await harness.until(() => totals().at(-1) === 1500, 'holds again');
    for (const accounts of harness.of('accounts').flatMap((message) => message.accounts)) {
      expect(accounts.held, JSON.stringify(accounts)).to.be.at.most(accounts.granted - accounts.revoked);
      expect(accounts.held).to.be.at.most(accounts.instance === 0 ? 1000 : 2000);
    }
    for (const { credit, claimed } of harness.accounts) expect([credit, claimed]).to.deep.equal([0, 0]);
  });

  it('the scale lowers what is held; the release rung gives back everything', async () => {
    harness = new AgentHarness();
    await harness.run([leasing(1000)], holding('taker', 1));
    await harness.until(() => harness.accounts[0]?.held === 1000, 'all held');
    harness.link.send({ type: 'scale', actor: 'taker', scale: 0.25 });
    await harness.until(() => harness.accounts[0]?.held === 250, 'a quarter is held');
    harness.link.send({ type: 'stop', rung: 'ask' });
    expect(await harness.ended('taker')).to.deep.equal({ kind: 'stopped' });
    await harness.until(() => harness.series('actor.held') === 0, 'nothing is held at the end');
    expect(harness.accounts[0]).to.include({ credit: 0, claimed: 0, held: 0, want: 0 });
  });

  it('an instance that waits for credit is stopped by asking', async () => {
    harness = new AgentHarness({ room: 0 });
    await harness.run([leasing(1000)], holding('taker', 1));
    await harness.until(() => harness.accounts[0]?.want === 256, 'it waits');
    harness.link.send({ type: 'stop', rung: 'ask' });
    expect(await harness.ended('taker')).to.deep.equal({ kind: 'stopped' });
  });

  it('growth takes by time, keeps at 0 %, and gives back where it is idle', async () => {
    harness = new AgentHarness({ windowMs: 50 });
    const growing = leasing(1000, { control: 'growth', unit: 'bytes/s' });
    const phases = phasesOf(
      { name: 'grow', durationMs: 500, load: { taker: [{ startMs: 0, endMs: 500, from: 0, to: 1 }] } },
      { name: 'keep', durationMs: 500, load: { taker: [{ startMs: 0, endMs: 500, from: 0, to: 0 }] } },
      { name: 'rest', durationMs: 60_000, load: {} },
    );
    await harness.run([growing], phases);
    // The triangle under 0 → 1000 bytes a second in half a second.
    await harness.until(() => harness.accounts[0]?.held === 250, 'grown');
    expect(harness.series('actor.asked')).to.be.at.most(250 + 1e-6);
    await harness.until(() => harness.accounts[0]?.held === 0, 'given back');
    await harness.until(() => harness.series('actor.asked') === 0, 'nothing asked');
    const most = Math.max(...harness.of('accounts').flatMap((m) => m.accounts.map((a) => a.held)));
    expect(most).to.equal(250);
  });
});
