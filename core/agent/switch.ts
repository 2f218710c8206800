/**
 * The dead man's switch of an agent: nothing heard for the lease time, or a closed channel, ends it; and should its
 * main thread be stuck, the kernel's alarm does. Held by `main.ts`.
 */
import { MS, nowNs } from '../base/clock.js';
import { libc } from '../linux/libc.js';

/** Until `load` says the lease time: the orchestrator may still be importing what it needs. */
const BOOT_LEASE_MS = 20_000;
/** The kernel waits so much longer than the lease, so that an orderly end comes first. */
const ALARM_GRACE_S = 2;

export class DeadMansSwitch {
  readonly #onSilence: (reason: string) => void;
  readonly #parent: number;
  #leaseMs = BOOT_LEASE_MS;
  #heardNs = nowNs();
  #timer: NodeJS.Timeout | undefined;
  #isArmed = false;

  /** `onSilence` is called once, when the orchestrator (the process `parent`) is gone or silent. */
  constructor(parent: number, onSilence: (reason: string) => void) {
    this.#parent = parent;
    this.#onSilence = onSilence;
  }

  /** Says whether the kernel's alarm is armed too. Fires at once when the parent is gone already. */
  arm(): boolean {
    this.#isArmed = true;
    process.once('disconnect', () => this.#fire('the channel to the orchestrator closed'));
    this.heard();
    this.#watch();
    // A parent that died while this process was booting has left no event behind.
    const parent = libc()?.getppid() ?? process.ppid;
    if (!process.connected || parent !== this.#parent) {
      this.#fire('the orchestrator was gone before this agent was armed');
    }
    return libc() !== null;
  }

  /** Any message of the orchestrator proves that it lives. */
  heard(): void {
    this.#heardNs = nowNs();
    if (this.#isArmed) libc()?.alarm(Math.ceil(this.#leaseMs / 1000) + ALARM_GRACE_S);
  }

  setLease(leaseMs: number): void {
    this.#leaseMs = leaseMs;
    this.heard();
    this.#watch();
  }

  /** For an orderly end. The alarm stays: it ends a process that cannot end itself. */
  disarm(): void {
    this.#isArmed = false;
    clearTimeout(this.#timer);
  }

  #watch(): void {
    clearTimeout(this.#timer);
    const leftMs = this.#leaseMs - (nowNs() - this.#heardNs) / MS;
    this.#timer = setTimeout(() => void this.#check(), Math.max(1, leftMs));
  }

  /** After a late turn of the event loop, messages that did come in time still wait to be read: two turns read them. */
  async #check(): Promise<void> {
    for (let i = 0; i < 2; i++) await new Promise((resolve) => setImmediate(resolve));
    const silentMs = (nowNs() - this.#heardNs) / MS;
    if (silentMs < this.#leaseMs) this.#watch();
    else this.#fire(`nothing was heard of the orchestrator for ${Math.round(silentMs)} ms`);
  }

  #fire(reason: string): void {
    if (!this.#isArmed) return;
    this.disarm();
    this.#onSilence(reason);
  }
}
