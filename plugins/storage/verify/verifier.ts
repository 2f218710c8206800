/**
 * Verification of one instance: stamps what it writes, looks at what it reads, and says what is wrong with each sector.
 * Between the workload, which calls it around each operation, and the oracle that all instances share.
 */
import { assert } from '../../../core/base/assert.js';
import type { Oracle } from './oracle.js';
import type { SectorKind, StampKey } from './stamp.js';
import { describeSector, extentOf, generationOf, SECTOR_BYTES, sectorKind, stampSectors } from './stamp.js';

/**
 * good: what must be there. lost: an acknowledged write is not there, what was before it is. stale: the same, and the
 * newer content had been read already. torn: a part of a write is there, a part not. misdirected: whole, but it belongs
 * elsewhere. rotted: the checksum says that it changed. foreign: bytes that this run never wrote, where it wrote.
 */
export type SectorVerdict = 'good' | 'lost' | 'stale' | 'torn' | 'misdirected' | 'rotted' | 'foreign';

export const BAD_VERDICTS = ['lost', 'stale', 'torn', 'misdirected', 'rotted', 'foreign'] as const;
export type BadVerdict = (typeof BAD_VERDICTS)[number];

export interface VerifierInput {
  readonly oracle: Oracle;
  readonly key: StampKey;
  /** Where the oracle's first unit begins in the target, in bytes: whole units. Default 0. */
  readonly from?: number;
  /** Of one unit of the oracle: every write covers whole units. */
  readonly unitBytes: number;
  /** This instance. */
  readonly writer: number;
  /** CLOCK_MONOTONIC at the beginning of the run. */
  readonly startNs: number;
  /** Each bad sector, with what is there instead. Called for the first few of each kind; all are counted. */
  readonly onBad: (verdict: BadVerdict, sector: number, found: string) => void;
  /** Each bad sector. */
  readonly onCount?: (verdict: BadVerdict) => void;
}

/** Bad sectors of one kind that are described. */
const DESCRIBED_MAX = 10;

export class Verifier {
  readonly counts: Record<SectorVerdict, number> = {
    good: 0,
    lost: 0,
    stale: 0,
    torn: 0,
    misdirected: 0,
    rotted: 0,
    foreign: 0,
  };
  /** Sectors that could not be judged since they were being written while they were read. */
  unsettled = 0;
  readonly #input: VerifierInput;
  readonly #unitSectors: number;
  readonly #from: number;

  constructor(input: VerifierInput) {
    assert(input.unitBytes % SECTOR_BYTES === 0, 'units are whole sectors');
    this.#input = input;
    this.#unitSectors = input.unitBytes / SECTOR_BYTES;
    this.#from = input.from ?? 0;
    assert(this.#from % input.unitBytes === 0, 'the oracle begins at a whole unit');
  }

  /** Of a read that touches so many units: what may be there when it begins, and what is under way there. */
  static floorWords(units: number): number {
    return 2 * units;
  }

  /** Before a write is submitted: stamps its bytes (`at`: its first word in the buffer) and expects it. */
  beginWrite(words: Uint32Array, at: number, offset: number, bytes: number, nowNs: number): void {
    const generation = this.#input.oracle.begin(this.#unit(offset), this.#units(bytes));
    stampSectors(words, at, this.#input.key, {
      sector: offset / SECTOR_BYTES,
      sectors: bytes / SECTOR_BYTES,
      generation,
      writer: this.#input.writer,
      atUs: Math.round((nowNs - this.#input.startNs) / 1000),
    });
  }

  /** Before a trim, a hole or a write of zeros. */
  beginBlank(offset: number, bytes: number): void {
    this.#input.oracle.begin(this.#unit(offset), this.#units(bytes), true);
  }

  /**
   * After either: so many bytes of it are acknowledged, from its start. 0 where it failed, or was only a hint. Durable: it
   * would be there after a loss of power.
   */
  end(offset: number, bytes: number, acknowledgedBytes: number, isDurable = false): void {
    const { oracle } = this.#input;
    const [first, units] = [this.#unit(offset), this.#units(bytes)];
    const acknowledged = Math.floor(acknowledgedBytes / this.#input.unitBytes);
    oracle.end(first, acknowledged, true, isDurable);
    oracle.end(first + acknowledged, units - acknowledged, false);
  }

  /** Before a sync of the whole target is submitted: its number for `endSync`, when it has ended well. */
  beginSync(): number {
    return this.#input.oracle.beginSync();
  }

  endSync(number: number): void {
    this.#input.oracle.endSync(number);
  }

  /** Before a read: what may be there from now on. `floors` has `floorWords` words for so many units. */
  beginRead(offset: number, bytes: number, floors: Uint32Array): void {
    const { oracle } = this.#input;
    const half = floors.length >> 1;
    const first = this.#unit(offset);
    const last = this.#unit(offset + bytes - 1);
    for (let unit = first; unit <= last; unit++) {
      floors[unit - first] = oracle.floorOf(unit);
      floors[half + unit - first] = oracle.settledAt(unit);
    }
  }

  /** After it: how many sectors of what was read (`at`: its first word) are bad. */
  endRead(words: Uint32Array, at: number, offset: number, bytes: number, floors: Uint32Array): number {
    const first = offset / SECTOR_BYTES;
    const sectors = Math.floor(bytes / SECTOR_BYTES);
    const firstUnit = this.#unit(offset);
    const { oracle } = this.#input;
    let bad = 0;
    let torn: readonly Extent[] | null = null;
    for (let i = 0; i < sectors; i++) {
      const w = at + (i * SECTOR_BYTES) / 4;
      const unit = this.#unitOfSector(first + i);
      const seen = unit - firstUnit;
      let verdict = this.#verdict(words, w, first + i, unit, floors[seen] ?? 0);
      if (verdict === 'rotted' || verdict === 'foreign') {
        // A page cache copies a write while others read it: until it has ended even a sector may be half of each.
        const settled = floors[(floors.length >> 1) + seen] ?? 0;
        if (!oracle.isSettledSince(unit, settled)) {
          this.unsettled++;
          continue;
        }
      }
      if (verdict === 'lost' || verdict === 'stale') {
        torn ??= this.#goodExtents(words, at, first, sectors, firstUnit, floors);
        if (torn.some(({ from, to }) => first + i >= from && first + i < to)) verdict = 'torn';
      }
      this.counts[verdict]++;
      if (verdict === 'good') continue;
      bad++;
      this.#input.onCount?.(verdict);
      if (this.counts[verdict] <= DESCRIBED_MAX) {
        this.#input.onBad(verdict, first + i, describeSector(words, w));
      }
    }
    return bad;
  }

  #verdict(words: Uint32Array, w: number, sector: number, unit: number, floor: number): SectorVerdict {
    const { oracle, key } = this.#input;
    const kind: SectorKind = sectorKind(words, w, key, sector);
    switch (kind) {
      case 'ours': {
        const verdict = oracle.judge(unit, floor, generationOf(words, w));
        return verdict === 'unknown' ? 'foreign' : verdict;
      }
      case 'blank': {
        const verdict = oracle.judgeBlank(unit, floor);
        return verdict === 'unknown' ? 'foreign' : verdict;
      }
      case 'other-run':
      case 'foreign':
        // What was there before this run began is good until something is acknowledged over it.
        if (floor === 0) return 'good';
        return kind === 'other-run' ? 'lost' : 'foreign';
      case 'rotted':
        // Of a run before this one, and none of this one's business.
        return oracle.isUntouched(unit) ? 'good' : 'rotted';
      case 'misdirected':
        return 'misdirected';
    }
  }

  /** Where the writes reach whose parts are there as they must be. */
  #goodExtents(
    words: Uint32Array,
    at: number,
    first: number,
    sectors: number,
    firstUnit: number,
    floors: Uint32Array,
  ): Extent[] {
    const extents: Extent[] = [];
    for (let i = 0; i < sectors; i++) {
      const w = at + (i * SECTOR_BYTES) / 4;
      if (sectorKind(words, w, this.#input.key, first + i) !== 'ours') continue;
      const floor = floors[this.#unitOfSector(first + i) - firstUnit] ?? 0;
      const generation = generationOf(words, w);
      const { index, length } = extentOf(words, w);
      const from = first + i - index;
      const isKnown = extents.some((e) => e.from === from && e.to === from + length);
      if (generation >= floor && floor > 0 && !isKnown) extents.push({ from, to: from + length });
    }
    return extents;
  }

  #unit(offset: number): number {
    return Math.floor((offset - this.#from) / this.#input.unitBytes);
  }

  #unitOfSector(sector: number): number {
    return Math.floor((sector - this.#from / SECTOR_BYTES) / this.#unitSectors);
  }

  #units(bytes: number): number {
    assert(bytes % this.#input.unitBytes === 0, 'a write covers whole units');
    return bytes / this.#input.unitBytes;
  }
}

interface Extent {
  readonly from: number;
  readonly to: number;
}
