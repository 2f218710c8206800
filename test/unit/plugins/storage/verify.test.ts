import { expect } from 'chai';
import { randomFor } from '../../../../core/base/random.js';
import { Oracle } from '../../../../plugins/storage/verify/oracle.js';
import { SECTOR_BYTES, stampSectors } from '../../../../plugins/storage/verify/stamp.js';
import type { SectorVerdict } from '../../../../plugins/storage/verify/verifier.js';
import { Verifier } from '../../../../plugins/storage/verify/verifier.js';

const SEED = 417;
const UNIT = 4096;
const UNITS = 64;
const KEY = { runLow: 1, runHigh: 2, target: 7 };

/** A target in memory that does as it is told, and instances that write to it and verify. */
class Lab {
  readonly disk = new Uint8Array(UNIT * UNITS);
  readonly found: string[] = [];
  readonly #oracle: Oracle;
  readonly #shared = new SharedArrayBuffer(Oracle.bytes(UNITS));

  constructor() {
    this.#oracle = new Oracle(this.#shared, UNITS);
  }

  instance(writer = 0): Verifier {
    return new Verifier({
      oracle: this.#oracle,
      key: KEY,
      unitBytes: UNIT,
      writer,
      startNs: 0,
      onBad: (verdict, sector, found) => this.found.push(`${verdict} at ${sector}: ${found}`),
    });
  }

  /** A write that is submitted; it is done when `done` is called. */
  write(
    v: Verifier,
    offset: number,
    bytes: number,
  ): { data: Uint8Array; done: (acknowledged?: number) => void } {
    const data = new Uint8Array(bytes).fill(0xc3);
    v.beginWrite(new Uint32Array(data.buffer), 0, offset, bytes, 1000);
    return { data, done: (acknowledged = bytes) => v.end(offset, bytes, acknowledged) };
  }

  writeAll(v: Verifier, offset: number, bytes: number): void {
    const { data, done } = this.write(v, offset, bytes);
    this.disk.set(data, offset);
    done();
  }

  read(v: Verifier, offset: number, bytes: number): Partial<Record<SectorVerdict, number>> {
    return this.reading(v, offset, bytes)();
  }

  /** A read that is submitted; what is there when it is called is what it reads. */
  reading(v: Verifier, offset: number, bytes: number): () => Partial<Record<SectorVerdict, number>> {
    const floors = new Uint32Array(Verifier.floorWords(UNITS));
    v.beginRead(offset, bytes, floors);
    return () => this.#ended(v, offset, bytes, floors);
  }

  #ended(
    v: Verifier,
    offset: number,
    bytes: number,
    floors: Uint32Array,
  ): Partial<Record<SectorVerdict, number>> {
    const before = { ...v.counts };
    v.endRead(new Uint32Array(this.disk.slice(offset, offset + bytes).buffer), 0, offset, bytes, floors);
    const now = Object.entries(v.counts).map(([k, n]) => [k, n - before[k as SectorVerdict]] as const);
    return Object.fromEntries(now.filter(([, n]) => n > 0));
  }
}

describe(`verification (seed ${SEED})`, () => {
  it('finds good what was written, what was never written, and what was there before', () => {
    const lab = new Lab();
    const v = lab.instance();
    lab.disk.fill(0x11, 2 * UNIT, 3 * UNIT);
    lab.writeAll(v, 0, UNIT);
    expect(lab.read(v, 0, 3 * UNIT)).to.deep.equal({ good: 24 });
  });

  it('calls lost an acknowledged write that is not there, whether zeros or older content is', () => {
    const lab = new Lab();
    const v = lab.instance();
    lab.writeAll(v, 0, UNIT);
    const older = lab.disk.slice(0, UNIT);
    lab.write(v, 0, UNIT).done(); // acknowledged, and dropped
    expect(lab.read(v, 0, UNIT)).to.deep.equal({ lost: 8 });
    lab.write(v, UNIT, UNIT).done();
    expect(lab.read(v, UNIT, UNIT)).to.deep.equal({ lost: 8 });
    lab.writeAll(v, 0, UNIT);
    expect(lab.read(v, 0, UNIT)).to.deep.equal({ good: 8 });
    lab.disk.set(older); // was there, and is gone again
    expect(lab.read(v, 0, UNIT)).to.deep.equal({ stale: 8 });
    expect(lab.found[0]).to.equal(
      'lost at 0: generation 1 of writer 0 for sector 0 of target 7, part 1 of 8',
    );
  });

  it('calls torn a write of which a part is there, within a unit and across units', () => {
    const lab = new Lab();
    const v = lab.instance();
    lab.writeAll(v, 0, 2 * UNIT);
    const { data, done } = lab.write(v, 0, 2 * UNIT);
    lab.disk.set(data.subarray(0, UNIT + 3 * SECTOR_BYTES));
    done();
    expect(lab.read(v, 0, 2 * UNIT)).to.deep.equal({ good: 11, torn: 5 });
  });

  it('calls misdirected what belongs elsewhere, to another place or another target', () => {
    const lab = new Lab();
    const v = lab.instance();
    const { data, done } = lab.write(v, UNIT, UNIT);
    lab.disk.set(data, 3 * UNIT);
    done();
    expect(lab.read(v, 3 * UNIT, UNIT)).to.deep.equal({ misdirected: 8 });
    expect(lab.read(v, UNIT, UNIT)).to.deep.equal({ lost: 8 });
    const other = new Uint32Array(UNIT / 4);
    stampSectors(
      other,
      0,
      { ...KEY, target: 8 },
      { sector: 40, sectors: 8, generation: 1, writer: 0, atUs: 0 },
    );
    lab.disk.set(new Uint8Array(other.buffer), 5 * UNIT);
    expect(lab.read(v, 5 * UNIT, UNIT)).to.deep.equal({ misdirected: 8 });
  });

  it('lets half of a write stand while it is under way, and not a moment longer', () => {
    const lab = new Lab();
    const v = lab.instance();
    lab.writeAll(v, 0, UNIT);
    const half = (data: Uint8Array): void => lab.disk.set(data.subarray(0, 40), 0);
    const reading = lab.reading(v, 0, UNIT); // begins before the write does
    const { data, done } = lab.write(v, 0, UNIT);
    half(data);
    expect(reading()).to.deep.equal({ good: 7 });
    expect(lab.read(v, 0, UNIT)).to.deep.equal({ good: 7 });
    expect(v.unsettled).to.equal(2);
    done();
    expect(lab.read(v, 0, UNIT)).to.include({ rotted: 1 });
  });

  it('calls rotted whatever single bit has changed, and foreign what nobody of this run wrote', () => {
    const lab = new Lab();
    const v = lab.instance();
    const random = randomFor(SEED);
    for (let i = 0; i < 500; i++) {
      lab.writeAll(v, 0, UNIT);
      const bit = 32 + Math.floor(random() * (SECTOR_BYTES * 8 - 32)); // not of the magic word
      lab.disk[bit >> 3]! ^= 1 << (bit & 7);
      expect(lab.read(v, 0, UNIT), `bit ${bit}`).to.deep.equal({ rotted: 1, good: 7 });
    }
    lab.writeAll(v, 0, UNIT);
    lab.disk.fill(0x77, 0, SECTOR_BYTES);
    expect(lab.read(v, 0, UNIT)).to.deep.equal({ foreign: 1, good: 7 });
  });

  it('accepts old and new of a write that failed or was short, but nothing older', () => {
    const lab = new Lab();
    const v = lab.instance();
    lab.writeAll(v, 0, 2 * UNIT);
    const { data, done } = lab.write(v, 0, 2 * UNIT);
    done(UNIT); // short: the second unit is not acknowledged
    expect(lab.read(v, UNIT, UNIT)).to.deep.equal({ good: 8 });
    lab.disk.set(data);
    expect(lab.read(v, 0, 2 * UNIT)).to.deep.equal({ good: 16 });
  });

  it('accepts zeros after a trim that was acknowledged, and nothing else; before that, either', () => {
    const lab = new Lab();
    const v = lab.instance();
    lab.writeAll(v, 0, UNIT);
    v.beginBlank(0, UNIT);
    expect(lab.read(v, 0, UNIT)).to.deep.equal({ good: 8 });
    lab.disk.fill(0, 0, UNIT);
    expect(lab.read(v, 0, UNIT)).to.deep.equal({ good: 8 });
    const written = lab.write(v, UNIT, UNIT);
    v.end(0, UNIT, UNIT);
    written.done();
    lab.disk.set(written.data, UNIT);
    expect(lab.read(v, 0, 2 * UNIT)).to.deep.equal({ good: 16 });
    v.beginBlank(UNIT, UNIT);
    v.end(UNIT, UNIT, UNIT); // the trim was acknowledged and did not happen
    expect(lab.read(v, UNIT, UNIT)).to.deep.equal({ lost: 8 });
  });

  it('raises no false alarm, whatever overlaps: mixed sizes, several writers, trims, failures, any order', () => {
    const random = randomFor(SEED, 'storm');
    const pick = (n: number): number => Math.floor(random() * n);
    const lab = new Lab();
    const writers = [lab.instance(0), lab.instance(1), lab.instance(2)];
    const open: { end: () => void }[] = [];
    for (let i = 0; i < 30_000; i++) {
      const v = writers[pick(3)]!;
      const first = pick(UNITS - 8);
      const [offset, bytes] = [first * UNIT, (1 + pick(8)) * UNIT];
      const what = random();
      if (what < 0.45) {
        const { data, done } = lab.write(v, offset, bytes);
        const isFailed = random() < 0.1;
        open.push({
          end: () => {
            // It happens on the device some time between begin and end; a failed one happens in part.
            lab.disk.set(isFailed ? data.subarray(0, pick(bytes / UNIT) * UNIT) : data, offset);
            done(isFailed ? 0 : bytes);
          },
        });
      } else if (what < 0.5) {
        v.beginBlank(offset, bytes);
        open.push({
          end: () => {
            lab.disk.fill(0, offset, offset + bytes);
            v.end(offset, bytes, bytes);
          },
        });
      } else if (what < 0.75) {
        expect(Object.keys(lab.read(v, offset, bytes)), `after ${i}: ${lab.found.join()}`).to.deep.equal([
          'good',
        ]);
      }
      while (open.length > 12 || (open.length > 0 && random() < 0.4))
        open.splice(pick(open.length), 1)[0]!.end();
    }
    expect(lab.found).to.deep.equal([]);
  });
});
