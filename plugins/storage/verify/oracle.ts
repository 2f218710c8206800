/**
 * What may be read at each place of a target, given every write that was ever submitted, acknowledged or failed: in one
 * memory that all instances share. A unit is the smallest piece that is written; a generation is the number of a write.
 *
 * For each unit it keeps the oldest generation that may still be there (`floor`) and the newest that may be (`high`).
 * Writes that overlap in time form a chain: whichever of them comes last on the device, nobody can know, so any of them
 * is good. What came before the chain is not, as soon as one of the chain has been acknowledged. A failed write may
 * have happened or not: it raises nothing. A trim is a write of "blank".
 */
import { assert } from '../../../core/base/assert.js';

/** Per unit: floor, high, base of the open chain, blank, seen; and one word of flags. */
const FIELDS = 6;
const HEAD_WORDS = 16;
const GENERATION = 0;
/** Set once, by whoever is first: which run this is. */
const RUN_LOW = 1;
const RUN_HIGH = 2;

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
  readonly units: number;

  /** Shared memory for so many units. */
  static bytes(units: number): number {
    return (HEAD_WORDS + units * FIELDS) * 4;
  }

  constructor(shared: SharedArrayBuffer, units: number) {
    assert(shared.byteLength >= Oracle.bytes(units), 'the shared memory is as large as Oracle.bytes says');
    this.units = units;
    this.#head = new Int32Array(shared, 0, HEAD_WORDS);
    const field = (index: number): Uint32Array =>
      new Uint32Array(shared, (HEAD_WORDS + index * units) * 4, units);
    this.#flags = new Int32Array(shared, HEAD_WORDS * 4, units);
    this.#floor = field(1);
    this.#high = field(2);
    this.#base = field(3);
    this.#blank = field(4);
    this.#seen = field(5);
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
  end(first: number, count: number, isAcknowledged: boolean): void {
    for (let unit = first; unit < first + count; unit++) {
      const inFlight = this.#lock(unit);
      const base = this.#base[unit] ?? 0;
      if (isAcknowledged && base > (this.#floor[unit] ?? 0)) this.#floor[unit] = base;
      this.#unlock(unit, inFlight - 1);
    }
  }

  /** What may be read from a unit by a read that begins now: keep it for `judge`. */
  floorOf(unit: number): number {
    return this.#floor[unit] ?? 0;
  }

  /** The newest write to a unit when none is in flight there, else 0: by it a read knows whether one was under way meanwhile. */
  settledAt(unit: number): number {
    return (Atomics.load(this.#flags, unit) & COUNT) === 0 ? (this.#high[unit] ?? 0) : 0;
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
    if (generation > (this.#high[unit] ?? 0)) return 'unknown';
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
    return (this.#seen[unit] ?? 0) >= floor ? 'stale' : 'lost';
  }

  /** Held for some instructions; a holder that lost its core is waited for asleep. */
  #lock(unit: number): number {
    for (let tries = 1; ; tries++) {
      const now = Atomics.load(this.#flags, unit) & COUNT;
      if (Atomics.compareExchange(this.#flags, unit, now, now | LOCK) === now) return now;
      if (tries % SPINS === 0) Atomics.wait(this.#flags, unit, now | LOCK, 1);
    }
  }

  #unlock(unit: number, inFlight: number): void {
    Atomics.store(this.#flags, unit, inFlight);
  }
}
