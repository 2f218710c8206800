/** A ring of this thread against the real kernel; what is said where there is none. */
import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { MS, nowNs } from '../../../core/base/clock.js';
import { errnoName, errnoOf } from '../../../core/linux/errno.js';
import { OPCODE, SETUP, SQE_WORDS } from '../../../core/linux/io-uring-abi.js';
import type { Ring } from '../../../core/linux/io-uring.js';
import { opcodesOf, openRing, WAIT_MAX_NS, whyNoRing } from '../../../core/linux/io-uring.js';

describe('io_uring', () => {
  let ring: Ring | null = null;
  afterEach(() => {
    ring?.close();
    ring = null;
  });

  /** Null where this host has no ring: the test is skipped, and says why. */
  function opened(entries: number): Ring | null {
    const made = openRing({ entries });
    if (typeof made !== 'string') return (ring = made);
    console.log(`      (${made})`);
    return null;
  }

  function submitNops(it: Ring, count: number, from = 0): void {
    for (let i = 0; i < count; i++) {
      const at = it.next();
      expect(at).to.be.at.least(0);
      it.sqes.fill(0, at, at + SQE_WORDS);
      it.sqes[at] = OPCODE.nop;
      it.sqes[at + 8] = from + i;
    }
  }

  function tags(it: Ring): number[] {
    const count = it.ready();
    const all = Array.from({ length: count }, (_, i) => it.cqes[it.peek(i)] as number);
    it.seen(count);
    return all;
  }

  it('hands over many in one call and brings back each once, over the end of the queue', function () {
    const it = opened(8);
    if (it === null) return this.skip(); // no io_uring here
    for (let round = 0; round < 5; round++) {
      submitNops(it, 7, round * 10);
      const before = it.enters;
      expect(it.enter(7, 50 * MS)).to.equal(0);
      expect(it.enters).to.equal(before + 1);
      expect(tags(it).sort((a, b) => a - b)).to.deep.equal(
        Array.from({ length: 7 }, (_, i) => round * 10 + i),
      );
    }
  });

  it('tells when the queue is full', function () {
    const it = opened(4);
    if (it === null) return this.skip(); // no io_uring here
    submitNops(it, it.entries);
    expect(it.next()).to.equal(-1);
    it.enter(it.entries, 50 * MS);
    expect(it.next()).to.be.at.least(0);
  });

  it('loses no completion when nobody looks for long', function () {
    const it = opened(4);
    if (it === null) return this.skip(); // no io_uring here
    const count = it.entries * 10;
    for (let i = 0; i < count; i += it.entries) {
      submitNops(it, it.entries, i);
      expect(errnoName(it.enter(0, 0))).to.be.oneOf(['E0', 'EBUSY', 'EAGAIN']);
    }
    const seen: number[] = [];
    for (let i = 0; i < count && seen.length < count; i++) {
      seen.push(...tags(it));
      it.enter(0, 0);
    }
    expect(seen.sort((a, b) => a - b)).to.deep.equal(Array.from({ length: count }, (_, i) => i));
    expect(it.overflows).to.be.greaterThan(0);
  });

  it('waits as long as it may, and never longer than the bound', function () {
    const it = opened(4);
    if (it === null) return this.skip(); // no io_uring here
    const took = (waitNs: number): number => {
      const fromNs = nowNs();
      expect(it.enter(1, waitNs)).to.equal(0);
      return nowNs() - fromNs;
    };
    expect(took(20 * MS)).to.be.at.least(20 * MS);
    // As long as it likes on a busy machine, but it ends.
    expect(took(1e15)).to.be.at.least(WAIT_MAX_NS);
  });

  it('takes a signal during a wait for the end of the wait', async function () {
    const it = opened(4);
    if (it === null) return this.skip(); // no io_uring here
    let heard = 0;
    const hear = (): void => {
      heard++;
    };
    process.on('SIGUSR2', hear);
    const sender = spawn('sh', [
      '-c',
      `for i in 1 2 3 4 5 6 7 8; do kill -USR2 ${process.pid}; sleep 0.02; done`,
    ]);
    try {
      for (let i = 0; i < 4; i++) expect(it.enter(1, WAIT_MAX_NS)).to.equal(0);
      await once(sender, 'close');
      await new Promise(setImmediate);
      expect(heard).to.be.greaterThan(0);
      submitNops(it, 1, 77);
      while (it.ready() === 0) expect(it.enter(1, WAIT_MAX_NS)).to.equal(0);
      expect(tags(it)).to.deep.equal([77]);
    } finally {
      process.off('SIGUSR2', hear);
    }
  });

  it('asks the kernel what it can do', function () {
    const it = opened(4);
    if (it === null) return this.skip(); // no io_uring here
    const known = opcodesOf(it);
    expect(known?.has(OPCODE.read)).to.equal(true);
    expect(known?.has(250)).to.equal(false);
    expect(it.used).to.have.length(Object.values(SETUP).filter((bit) => (it.flags & bit) !== 0).length);
  });

  it('has a kernel thread submit where that is asked for', function () {
    const made = openRing({ entries: 8, sqPollIdleMs: 5 });
    if (typeof made === 'string') return this.skip(); // no io_uring here
    ring = made;
    expect(made.used).to.include('SQPOLL');
    const seen: number[] = [];
    for (let round = 0; round < 3; round++) {
      submitNops(made, 8, round * 8);
      const untilNs = nowNs() + 5000 * MS;
      while (seen.length < (round + 1) * 8 && nowNs() < untilNs) {
        expect(made.enter(1, 20 * MS)).to.equal(0);
        seen.push(...tags(made));
      }
    }
    expect(seen).to.have.length(24);
  });

  it('says in one sentence why there is none', () => {
    const [eperm, enosys, enomem, einval] = ['EPERM', 'ENOSYS', 'ENOMEM', 'EINVAL'].map(errnoOf) as [
      number,
      number,
      number,
      number,
    ];
    expect(whyNoRing(enosys, null)).to.match(/no io_uring/);
    expect(whyNoRing(eperm, '2\n')).to.match(/switched off: kernel.io_uring_disabled = 2/);
    expect(whyNoRing(eperm, '1\n')).to.match(/privileged/);
    expect(whyNoRing(eperm, '0\n')).to.match(/filter/);
    expect(whyNoRing(eperm, null)).to.match(/filter/);
    expect(whyNoRing(enomem, '0\n')).to.match(/RLIMIT_MEMLOCK/);
    expect(whyNoRing(einval, '0\n')).to.match(/EINVAL/);
    expect(openRing({ entries: 0 })).to.be.a('string');
  });

  it('names error numbers as the kernel does', () => {
    expect(errnoName(-errnoOf('EIO'))).to.equal('EIO');
    expect(errnoName(errnoOf('EAGAIN'))).to.equal('EAGAIN');
    expect(errnoName(4095)).to.equal('E4095');
    if (process.platform === 'linux')
      expect([117, 122, 95].map(errnoName)).to.deep.equal(['EUCLEAN', 'EDQUOT', 'EOPNOTSUPP']);
  });
});
