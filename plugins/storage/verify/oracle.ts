/**
 * What may be read at each place of a target, given every write that was ever submitted, acknowledged or failed: in one
 * memory that all instances share. A unit is the smallest piece that is written; a generation is the number of a write.
 *
 * For each unit it keeps the oldest generation that may still be there (`floor`) and the newest that may be (`high`).
 * Writes that overlap in time form a chain: whichever of them comes last on the device, nobody can know, so any of them
 * is good. What came before the chain is not, as soon as one of the chain has been acknowledged. A failed write may
 * have happened or not: it raises nothing. A trim is a write of "blank".
 *
 * An oracle that a later run goes on from (`kept-state.ts`) also knows what was made durable: what had been acknowledged
 * before a sync began which has ended well, or a write that was durable by itself.
 */
import { assert } from '../../../core/base/assert.js';

/** Per unit: one word of flags; floor, high, base of the open chain, blank, seen. */
const FIELDS = 6;
/** And where it is kept: the durable generation below the floor, and in which epoch of syncs the floor was acknowledged. */
const KEPT_FIELDS = FIELDS + 2;
const HEAD_WORDS = 16;
const GENERATION = 0;
/** Set once, by whoever is first: which run this is. */
const RUN_LOW = 1;
const RUN_HIGH = 2;
/** Syncs that have begun, from 1 on, and the newest of those that have ended well. */
const EPOCH = 3;
const SYNCED = 4;
/** The target may be newer than what is known of it. */
const BEHIND = 5;
/** Instances that have it open. */
const USERS = 6;
/** There have been trims. */
const TRIMS = 7;
/** In place of an epoch: durable as soon as it was acknowledged. */
const AT_ONCE = 0;

/** A lock bit and how many writes are in flight, in one word. */
const LOCK = 0x8000_0000 | 0;
const COUNT = 0x7fff_ffff;

/** Looks at a lock before sleeping a millisecond. */
const SPINS = 1000;

export type Verdict = 'good' | 'lost' | 'stale' | 'unknown';

export class Oracle {
  readonly #head: Int32Array;
  readonly #flags: Int32Array;
  readonly #floor: Uint32Array;
  readonly #high: Uint32Array;
  readonly #base: Uint32Array;
  readonly #blank: Uint32Array;
  readonly #seen: Uint32Array;
  /** Null where nothing is kept. */
  readonly #kept: { readonly durable: Uint32Array; readonly epoch: Uint32Array } | null;
  /** To sleep on: mapped memory cannot be waited on. */
  readonly #nap = new Int32Array(new SharedArrayBuffer(4));
  readonly units: number;

  /** Memory for so many units. */
  static bytes(units: number, isKept = false): number {
    return (HEAD_WORDS + units * (isKept ? KEPT_FIELDS : FIELDS)) * 4;
  }

  /** Writes and trims that ever began, by the first bytes of a memory. */
  static writesIn(memory: Buffer): number {
    return memory.readUInt32LE(GENERATION * 4);
  }

  /** `memory`: all zeros at first, the same for all instances; from byte `at` on. */
  constructor(memory: ArrayBufferLike, units: number, { isKept = false, at = 0 } = {}) {
    assert(
      memory.byteLength - at >= Oracle.bytes(units, isKept),
      'the memory is as large as Oracle.bytes says',
    );
    this.units = units;
    this.#head = new Int32Array(memory, at, HEAD_WORDS);
    const field = (index: number): Uint32Array =>
      new Uint32Array(memory, at + (HEAD_WORDS + index * units) * 4, units);
    this.#flags = new Int32Array(memory, at + HEAD_WORDS * 4, units);
    this.#floor = field(1);
    this.#high = field(2);
    this.#base = field(3);
    this.#blank = field(4);
    this.#seen = field(5);
    this.#kept = isKept ? { durable: field(6), epoch: field(7) } : null;
    if (isKept) Atomics.compareExchange(this.#head, EPOCH, 0, 1);
  }

  /** The run's own mark: the first caller's, for all. Both words are never 0 together. */
  run(low: number, high: number): { readonly runLow: number; readonly runHigh: number } {
    // Word by word: each is the first comer's, and all see the same pair.
    Atomics.compareExchange(this.#head, RUN_LOW, 0, low | 1);
    Atomics.compareExchange(this.#head, RUN_HIGH, 0, high | 1);
    return {
      runLow: Atomics.load(this.#head, RUN_LOW) >>> 0,
      runHigh: Atomics.load(this.#head, RUN_HIGH) >>> 0,
    };
  }

  /**
   * A write to units from `first` on begins; tells its generation. All its units are locked while the number is drawn, so
   * that numbers grow at each unit in the order in which writes begin there. Locked in ascending order: no deadlock.
   */
  begin(first: number, count: number, isBlank = false): number {
    for (let unit = first; unit < first + count; unit++) this.#lock(unit);
    if (isBlank) this.#head[TRIMS] = 1;
    const generation = (Atomics.add(this.#head, GENERATION, 1) + 1) >>> 0;
    for (let unit = first; unit < first + count; unit++) {
      const inFlight = Atomics.load(this.#flags, unit) & COUNT;
      if (inFlight === 0) this.#base[unit] = generation;
      this.#high[unit] = generation;
      if (isBlank) this.#blank[unit] = generation;
      this.#unlock(unit, inFlight + 1);
    }
    return generation;
  }

  /**
   * It has ended. Acknowledged: older content is illegal from now on. Not so when it failed, when it was only a hint
   * (a discard that the device may ignore), or for the part that it was short of.
   */
  end(first: number, count: number, isAcknowledged: boolean, isDurable = false): void {
    for (let unit = first; unit < first + count; unit++) {
      const inFlight = this.#lock(unit);
      if (isAcknowledged) this.#acknowledge(unit, isDurable);
      this.#unlock(unit, inFlight - 1);
    }
  }

  /** Before a sync is submitted: its number for `endSync`. */
  beginSync(): number {
    return Atomics.add(this.#head, EPOCH, 1) + 1;
  }

  /** It has ended well. */
  endSync(epoch: number): void {
    for (;;) {
      const newest = Atomics.load(this.#head, SYNCED);
      if (newest >= epoch || Atomics.compareExchange(this.#head, SYNCED, newest, epoch) === newest) return;
    }
  }

  /** One more instance has it open, or one less. How many have, by what is known: killed ones have never left. */
  use(change: 1 | -1): number {
    return Atomics.add(this.#head, USERS, change) + change;
  }

  /** Instances that never left: it was not closed. */
  get users(): number {
    return Atomics.load(this.#head, USERS);
  }

  /**
   * Of a kept one, by the first who opens it again: nothing is in flight any more, and whatever was may have happened or not.
   * `isPowerLost`: what was acknowledged and not made durable may be gone. `isBehind`: some of what it knew may be lost, so
   * that the target may hold newer writes than it knows of.
   */
  resume({ isPowerLost, isBehind }: { readonly isPowerLost: boolean; readonly isBehind: boolean }): void {
    this.#flags.fill(0);
    Atomics.store(this.#head, USERS, 0);
    Atomics.store(this.#head, BEHIND, isBehind ? 1 : 0);
    for (let unit = 0; unit < this.units; unit++) {
      const floor = isPowerLost ? this.#durableFloor(unit) : (this.#floor[unit] ?? 0);
      this.#floor[unit] = floor;
      // Pages of a file that was cut off are of different ages.
      if ((this.#high[unit] ?? 0) < floor) this.#high[unit] = floor;
    }
  }

  #acknowledge(unit: number, isDurable: boolean): void {
    const [base, floor] = [this.#base[unit] ?? 0, this.#floor[unit] ?? 0];
    const kept = this.#kept;
    if (kept !== null) {
      if (isDurable) kept.durable[unit] = Math.max(base, kept.durable[unit] ?? 0);
      if (base > floor) {
        if (this.#isSynced(unit)) kept.durable[unit] = Math.max(floor, kept.durable[unit] ?? 0);
        kept.epoch[unit] = isDurable ? AT_ONCE : Atomics.load(this.#head, EPOCH);
      }
    }
    if (base > floor) this.#floor[unit] = base;
  }

  #durableFloor(unit: number): number {
    const floor = this.#floor[unit] ?? 0;
    return this.#isSynced(unit) ? floor : Math.min(floor, this.#kept?.durable[unit] ?? 0);
  }

  /** A sync that began after the floor was acknowledged has ended well. */
  #isSynced(unit: number): boolean {
    const epoch = this.#kept?.epoch[unit] ?? 0;
    return epoch === AT_ONCE || epoch < Atomics.load(this.#head, SYNCED);
  }

  /** What may be read from a unit by a read that begins now: keep it for `judge`. */
  floorOf(unit: number): number {
    return this.#floor[unit] ?? 0;
  }

  /**
   * The newest write to a unit when none is in flight there, else 0: by it a read knows whether one was under way meanwhile.
   * Looked at twice: another thread may begin a write between two looks.
   */
  settledAt(unit: number): number {
    if (Atomics.load(this.#flags, unit) !== 0) return 0;
    const high = this.#high[unit] ?? 0;
    return Atomics.load(this.#flags, unit) === 0 && this.#high[unit] === high ? high : 0;
  }

  /** No write to the unit was in flight at any time since it settled at this one. */
  isSettledSince(unit: number, settled: number): boolean {
    const high = this.#high[unit] ?? 0;
    return high === settled && (settled > 0 || this.isUntouched(unit));
  }

  /** Units that were never written nor trimmed, with nothing to say about them. */
  isUntouched(unit: number): boolean {
    return this.#high[unit] === 0;
  }

  /** A whole sector of this run and place was read, by a read that began when the floor was `floor`. */
  judge(unit: number, floor: number, generation: number): Verdict {
    if (generation > (this.#high[unit] ?? 0)) return this.#head[BEHIND] === 1 ? 'good' : 'unknown';
    if (generation < floor) return (this.#seen[unit] ?? 0) >= floor ? 'stale' : 'lost';
    if (generation > (this.#seen[unit] ?? 0)) this.#seen[unit] = generation;
    return 'good';
  }

  /** Zeros were read: as good as the last trim is new. */
  judgeBlank(unit: number, floor: number): Verdict {
    const blank = this.#blank[unit] ?? 0;
    if (blank >= floor) {
      if (blank > (this.#seen[unit] ?? 0)) this.#seen[unit] = blank;
      return 'good';
    }
    if (this.#head[BEHIND] === 1 && this.#head[TRIMS] === 1) return 'good';
    return (this.#seen[unit] ?? 0) >= floor ? 'stale' : 'lost';
  }

  /** Held for some instructions; a holder that lost its core is waited for asleep. */
  #lock(unit: number): number {
    for (let tries = 1; ; tries++) {
      const now = Atomics.load(this.#flags, unit) & COUNT;
      if (Atomics.compareExchange(this.#flags, unit, now, now | LOCK) === now) return now;
      if (tries % SPINS === 0) Atomics.wait(this.#nap, 0, 0, 1);
    }
  }

  #unlock(unit: number, inFlight: number): void {
    Atomics.store(this.#flags, unit, inFlight);
  }
}
