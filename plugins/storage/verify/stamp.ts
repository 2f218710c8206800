/**
 * The stamp that every sector carries when a run verifies: who wrote it, where to, which write it was, and a checksum of
 * the whole sector. A sector read back tells by it what it is, without any memory of what was written. The layout is a
 * format on disk: 16 little-endian words at the start of each 512 bytes.
 */

export const SECTOR_BYTES = 512;
export const STAMP_BYTES = 64;
const WORDS = SECTOR_BYTES / 4;

/** "BRNT", and the version of the layout. */
const MAGIC = 0x544e5242;
const VERSION = 1;

const AT = {
  magic: 0,
  version: 1,
  runLow: 2,
  runHigh: 3,
  target: 4,
  sectorLow: 5,
  sectorHigh: 6,
  generation: 7,
  writer: 8,
  /** Sectors that the write had, and which of them this is. */
  sectors: 9,
  index: 10,
  /** When it was submitted: microseconds since the run's own beginning, two words. */
  timeLow: 11,
  timeHigh: 12,
  checksum: 15,
} as const;

/** Which run and target this is. Never drawn from the run's seed: a repeated run must not look like its forerunner. */
export interface StampKey {
  readonly runLow: number;
  readonly runHigh: number;
  readonly target: number;
}

export interface WriteMark {
  /** First sector of the write, from the start of the target. */
  readonly sector: number;
  readonly sectors: number;
  /** Grows with each write to the target, from 1. */
  readonly generation: number;
  readonly writer: number;
  readonly atUs: number;
}

/** Stamps each sector of a write. `words` is the buffer as 32-bit words, `at` the first word of the write. */
export function stampSectors(words: Uint32Array, at: number, key: StampKey, mark: WriteMark): void {
  for (let i = 0; i < mark.sectors; i++) {
    const w = at + i * WORDS;
    const sector = mark.sector + i;
    words[w + AT.magic] = MAGIC;
    words[w + AT.version] = VERSION;
    words[w + AT.runLow] = key.runLow;
    words[w + AT.runHigh] = key.runHigh;
    words[w + AT.target] = key.target;
    words[w + AT.sectorLow] = sector;
    words[w + AT.sectorHigh] = sector / 2 ** 32;
    words[w + AT.generation] = mark.generation;
    words[w + AT.writer] = mark.writer;
    words[w + AT.sectors] = mark.sectors;
    words[w + AT.index] = i;
    words[w + AT.timeLow] = mark.atUs;
    words[w + AT.timeHigh] = mark.atUs / 2 ** 32;
    words[w + AT.timeHigh + 1] = 0;
    words[w + AT.timeHigh + 2] = 0;
    words[w + AT.checksum] = checksum(words, w);
  }
}

/**
 * What a sector is by itself. blank: zeros throughout. foreign: nothing of ours. rotted: ours, but its checksum says
 * otherwise. other-run, misdirected: whole, but of another run or target, or of another place. ours: whole, and from here.
 */
export type SectorKind = 'blank' | 'foreign' | 'rotted' | 'other-run' | 'misdirected' | 'ours';

export function sectorKind(words: Uint32Array, at: number, key: StampKey, sector: number): SectorKind {
  if (words[at + AT.magic] !== MAGIC) return isBlank(words, at) ? 'blank' : 'foreign';
  if (words[at + AT.checksum] !== checksum(words, at)) return 'rotted';
  if (words[at + AT.runLow] !== key.runLow || words[at + AT.runHigh] !== key.runHigh) return 'other-run';
  const isHere = placeOf(words, at) === sector && words[at + AT.target] === key.target;
  return isHere ? 'ours' : 'misdirected';
}

/** Of a whole sector. */
export function generationOf(words: Uint32Array, at: number): number {
  return words[at + AT.generation] ?? 0;
}

/** Which part of its write a whole sector is: how many sectors before it, and of how many. */
export function extentOf(
  words: Uint32Array,
  at: number,
): { readonly index: number; readonly length: number } {
  return { index: words[at + AT.index] ?? 0, length: words[at + AT.sectors] ?? 0 };
}

/** What a person is told of a sector that is not as it should be. */
export function describeSector(words: Uint32Array, at: number): string {
  const word = (offset: number): number => words[at + offset] ?? 0;
  if (word(AT.magic) !== MAGIC) return isBlank(words, at) ? 'zeros' : 'bytes that brunt did not write';
  return (
    `generation ${word(AT.generation)} of writer ${word(AT.writer)} for sector ${placeOf(words, at)} ` +
    `of target ${word(AT.target)}, part ${word(AT.index) + 1} of ${word(AT.sectors)}`
  );
}

function placeOf(words: Uint32Array, at: number): number {
  return (words[at + AT.sectorLow] ?? 0) + (words[at + AT.sectorHigh] ?? 0) * 2 ** 32;
}

function isBlank(words: Uint32Array, at: number): boolean {
  for (let i = at; i < at + WORDS; i++) if (words[i] !== 0) return false;
  return true;
}

const PRIME_A = 0x9e3779b1;
const PRIME_B = 0x85ebca77;
const PRIME_C = 0xc2b2ae3d;

/**
 * Of all words of a sector but the checksum itself: four lanes of multiply, rotate, multiply (the rounds of xxHash32,
 * Collet). Every step is a bijection of its lane, so that no change of a single word can go unseen.
 */
export function checksum(words: Uint32Array, at: number): number {
  let a = PRIME_A;
  let b = PRIME_B;
  let c = PRIME_C;
  let d = 0x165667b1;
  const last = at + WORDS;
  for (let i = at; i < last; i += 4) {
    a = round(a, words[i] ?? 0);
    b = round(b, words[i + 1] ?? 0);
    c = round(c, words[i + 2] ?? 0);
    d = round(d, i - at === 12 ? 0 : (words[i + 3] ?? 0));
  }
  let h = (rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18)) | 0;
  h = Math.imul(h ^ (h >>> 15), PRIME_B);
  h = Math.imul(h ^ (h >>> 13), PRIME_C);
  return (h ^ (h >>> 16)) >>> 0;
}

function round(lane: number, word: number): number {
  return Math.imul(rotate((lane + Math.imul(word, PRIME_B)) | 0, 13), PRIME_A);
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
