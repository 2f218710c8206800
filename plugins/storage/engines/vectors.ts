/**
 * The tables of readv and writev: for each slot up to SEGMENTS_MAX pieces of its memory, outside the JavaScript heap so
 * that they have an address that stays. Called by engines that hand addresses to the kernel.
 */
import { errnoName } from '../../../core/linux/errno.js';
import type { Mapping } from '../../../core/linux/mapping.js';
import { mapper } from '../../../core/linux/mapping.js';
import { EngineUnavailable, SEGMENTS_MAX } from './engine.js';

/** One piece: address and length, 64 bits each. */
const PIECE_BYTES = 16;
const SCRATCH_BYTES = 64;

export class VectorTable {
  readonly #mapping: Mapping;
  readonly #words: Uint32Array;
  /** A few words beside the tables, for whatever else the kernel wants the address of. */
  readonly scratch: Int32Array;
  readonly scratchAddress: number;

  constructor(depth: number) {
    const tableBytes = depth * SEGMENTS_MAX * PIECE_BYTES;
    const mapping = mapper()?.map(tableBytes + SCRATCH_BYTES) ?? 0;
    if (typeof mapping === 'number')
      throw new EngineUnavailable(
        `no memory for tables of pieces: ${mapping === 0 ? 'no calls into libc' : errnoName(mapping)}`,
      );
    this.#mapping = mapping;
    this.#words = new Uint32Array(mapping.buffer);
    this.scratch = new Int32Array(mapping.buffer, tableBytes);
    this.scratchAddress = mapping.address + tableBytes;
  }

  /** Writes the slot's table: `count` equal pieces of the memory at `address`, the last with the rest. Its address. */
  fill(slot: number, address: number, bytes: number, count: number): number {
    const piece = Math.floor(bytes / count);
    const first = slot * SEGMENTS_MAX * 4;
    for (let i = 0; i < count; i++) {
      const from = address + i * piece;
      const at = first + i * 4;
      this.#words[at] = from;
      this.#words[at + 1] = Math.floor(from / 2 ** 32);
      this.#words[at + 2] = i === count - 1 ? bytes - i * piece : piece;
      this.#words[at + 3] = 0;
    }
    return this.#mapping.address + first * 4;
  }

  free(): void {
    this.#mapping.unmap();
  }
}
