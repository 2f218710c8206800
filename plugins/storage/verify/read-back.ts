/**
 * Reads a whole region back through an engine and has every sector looked at, when the load is over. Called by the
 * simulators between phases and before they end.
 */
import { fstatSync } from 'node:fs';
import { nowNs } from '../../../core/base/clock.js';
import type { Engine } from '../engines/engine.js';
import { OP } from '../engines/engine.js';
import type { Region } from '../workload/choices.js';
import { Verifier } from './verifier.js';

const WAIT_NS = 100e6;
/** The event loop gets its turn this often. */
const TURN_NS = 20e6;
const MIB = 2 ** 20;

export interface ReadBackInput {
  readonly engine: Engine;
  /** As the engine numbered it. */
  readonly file: number;
  readonly fd: number;
  readonly region: Region;
  /** From an offset in the file to its place in all that the verifier knows. Default 0. */
  readonly base?: number;
  readonly verifier: Verifier;
  readonly unitBytes: number;
  /** Asked between reads: true gives up. */
  readonly isOver: () => boolean;
  /** So many bytes were looked at. */
  readonly onRead: (bytes: number) => void;
}

export interface ReadBackResult {
  /** That were looked at, those behind the end of a file with them. */
  readonly bytes: number;
  /** Reads that failed or were short: what is there could not be looked at. */
  readonly unreadableBytes: number;
  readonly isWhole: boolean;
}

/** Nothing else may be in flight in the engine. */
export async function readBack(input: ReadBackInput): Promise<ReadBackResult> {
  const { engine, file, fd, region, verifier, unitBytes, isOver, base = 0 } = input;
  const { slots } = engine;
  const pieceBytes = Math.max(unitBytes, Math.floor(Math.min(MIB, engine.slotBytes) / unitBytes) * unitBytes);
  const words = new Uint32Array(engine.memory.buffer, engine.memory.byteOffset, engine.memory.length >> 2);
  const floors = Array.from(
    { length: engine.depth },
    () => new Uint32Array(Verifier.floorWords(pieceBytes / unitBytes)),
  );
  const free = Array.from({ length: engine.depth }, (_, slot) => slot);
  const endAt = region.from + Math.floor(region.bytes / unitBytes) * unitBytes;
  let at = region.from;
  let [done, unreadable] = [0, 0];
  let turnNs = nowNs() + TURN_NS;
  while (engine.inFlight > 0 || (at < endAt && !isOver())) {
    while (free.length > 0 && at < endAt && !isOver()) {
      const slot = free.pop() as number;
      const bytes = Math.min(pieceBytes, endAt - at);
      slots.op[slot] = OP.read;
      slots.flags[slot] = 0;
      slots.file[slot] = file;
      slots.offset[slot] = at;
      slots.bytes[slot] = bytes;
      verifier.beginRead(base + at, bytes, floors[slot] as Uint32Array);
      engine.submit(slot);
      at += bytes;
    }
    const told = engine.reap(1, WAIT_NS);
    const count = typeof told === 'number' ? told : await told;
    for (let i = 0; i < count; i++) {
      const slot = engine.ended[i] as number;
      const bytes = slots.bytes[slot] as number;
      const read = Math.max(0, slots.result[slot] as number);
      const [start, offset] = [slots.at[slot] as number, slots.offset[slot] as number];
      // What lies behind the end of a file has no bytes, which are as good as zeros, and no error either.
      const isAtEnd = (slots.result[slot] as number) >= 0 && read < bytes && offset + read >= endOf(fd);
      if (isAtEnd) engine.memory.fill(0, start + read, start + bytes);
      verifier.endRead(words, start / 4, base + offset, isAtEnd ? bytes : read, floors[slot] as Uint32Array);
      input.onRead(read);
      done += isAtEnd ? bytes : read;
      unreadable += isAtEnd ? 0 : bytes - read;
      free.push(slot);
    }
    if (nowNs() < turnNs) continue;
    await new Promise(setImmediate);
    turnNs = nowNs() + TURN_NS;
  }
  return { bytes: done, unreadableBytes: unreadable, isWhole: at >= endAt };
}

/** Of a file; no end of a device, which says that it is none. */
function endOf(fd: number): number {
  const facts = fstatSync(fd);
  return facts.isFile() ? facts.size : Infinity;
}
