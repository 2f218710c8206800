/**
 * A disk that can be told to misbehave: an NBD server over memory (fixed newstyle, one export), forked by a bench. It
 * freezes for a while, or acknowledges overwrites and forgets them, and knows exactly which blocks are wrong by then.
 * Protocol: NetworkBlockDevice doc/proto.md.
 */
import { createServer } from 'node:net';
import type { Socket } from 'node:net';

/** What the parent says. */
export type ToDisk =
  /** Answers nothing for so long, from so long after the next read on. */
  | { readonly type: 'freeze'; readonly ms: number; readonly afterMs: number }
  /** Answers reads late from now on: by ms, each step exactly its share of any thousand reads in a row. */
  | { readonly type: 'delay'; readonly steps: readonly DelayStep[] }
  /** Of overwrites of blocks that hold something, every so manieth is acknowledged and forgotten; 0 stops. */
  | { readonly type: 'drop'; readonly every: number }
  /** Notes each read from now on; what was noted before is forgotten. */
  | { readonly type: 'note' }
  | { readonly type: 'tell' };

export interface DelayStep {
  /** Of the reads; all add up to 1. */
  readonly share: number;
  readonly ms: number;
}

/** What it answers: `listening` once, `told` to `tell`. */
export type FromDisk =
  | { readonly type: 'listening' }
  | {
      readonly type: 'told';
      readonly reads: number;
      readonly writes: number;
      readonly dropped: number;
      /** Blocks that hold something else than what was acknowledged last. */
      readonly wrongBlocks: number;
      /** Reads since `note`, as they came. */
      readonly noted: readonly NotedRead[];
    };

/** When a read came and when it was answered, in ms by the disk's own clock; null: not answered yet. */
export interface NotedRead {
  readonly offset: number;
  readonly cameMs: number;
  answeredMs: number | null;
}

const BLOCK_BYTES = 4096;
const NBD_MAGIC = 0x4e42_444d_4147_4943n;
const OPTION_MAGIC = 0x4948_4156_454f_5054n;
const OPTION_REPLY = 0x0003_e889_0455_65a9n;
const REQUEST = 0x2560_9513;
const REPLY = 0x6744_6698;
const OPTION = { exportName: 1, abort: 2, info: 6, go: 7 } as const;
const ANSWER = { ack: 1, info: 3, unsupported: 0x8000_0001 } as const;
const COMMAND = { read: 0, write: 1, disconnect: 2, flush: 3, trim: 4 } as const;
const EINVAL = 22;
/** Fixed newstyle, no padding; the export has flags, flush, FUA and trim. */
const SERVER_FLAGS = 3;
const EXPORT_FLAGS = 1 | 4 | 8 | 32;

/** A timer of Node's is late by so much at most, where the machine is not busy. */
const TIMER_LATE_MS = 2;

/** Reads in which each step has exactly its share; a prime that is no divisor of it, by which the order jumps. */
const DELAY_CYCLE = 1000;
const DELAY_JUMP = 619;

class FaultDisk {
  readonly #data: Buffer;
  /** By block: 1 holds something, 2 holds something that is not what was acknowledged last. */
  readonly #state: Uint8Array;
  readonly counts = { reads: 0, writes: 0, dropped: 0 };
  #frozenFromMs = Infinity;
  #freeze: { readonly ms: number; readonly afterMs: number } | null = null;
  #frozenMs = 0;
  #delaysMs: Float64Array | null = null;
  #every = 0;
  #overwrites = 0;
  #noted: NotedRead[] | null = null;

  constructor(bytes: number) {
    this.#data = Buffer.alloc(bytes);
    this.#state = new Uint8Array(bytes / BLOCK_BYTES);
  }

  get bytes(): number {
    return this.#data.length;
  }

  get wrongBlocks(): number {
    return this.#state.reduce((sum, state) => sum + (state === 2 ? 1 : 0), 0);
  }

  get noted(): readonly NotedRead[] {
    return this.#noted ?? [];
  }

  note(): void {
    this.#noted = [];
  }

  /** Null: reads are not noted. */
  noteRead(offset: number): NotedRead | null {
    if (this.#noted === null) return null;
    const read = { offset, cameMs: performance.now(), answeredMs: null };
    this.#noted.push(read);
    return read;
  }

  freeze(freeze: { readonly ms: number; readonly afterMs: number }): void {
    this.#freeze = freeze;
  }

  delay(steps: readonly DelayStep[]): void {
    const all = steps.flatMap(({ share, ms }) => Array<number>(Math.round(share * DELAY_CYCLE)).fill(ms));
    this.#delaysMs = Float64Array.from(all);
  }

  /** Of the read that has just come. */
  get delayMs(): number {
    const delays = this.#delaysMs;
    return delays?.[(this.counts.reads * DELAY_JUMP) % delays.length] ?? 0;
  }

  drop(every: number): void {
    this.#every = every;
  }

  /** How long it stays frozen. */
  get frozenMs(): number {
    const now = performance.now();
    return now < this.#frozenFromMs ? 0 : Math.max(0, this.#frozenFromMs + this.#frozenMs - now);
  }

  read(offset: number, bytes: number): Buffer {
    this.counts.reads++;
    if (this.#freeze !== null) {
      this.#frozenFromMs = performance.now() + this.#freeze.afterMs;
      this.#frozenMs = this.#freeze.ms;
      this.#freeze = null;
    }
    return this.#data.subarray(offset, offset + bytes);
  }

  /** Faults are of whole blocks: a write that is longer is dropped or done as one. */
  write(offset: number, data: Buffer): void {
    this.counts.writes++;
    const first = Math.floor(offset / BLOCK_BYTES);
    const last = Math.floor((offset + data.length - 1) / BLOCK_BYTES);
    const isOverwrite = this.#state[first] !== 0;
    const isDropped = isOverwrite && this.#every > 0 && ++this.#overwrites % this.#every === 0;
    if (isDropped) this.counts.dropped++;
    else data.copy(this.#data, offset);
    this.#state.fill(isDropped ? 2 : 1, first, last + 1);
  }
}

/** Bytes of a connection in, whole messages out. */
class Conversation {
  readonly #socket: Socket;
  readonly #disk: FaultDisk;
  #pending: Buffer = Buffer.alloc(0);
  #step: 'flags' | 'options' | 'requests' = 'flags';

  constructor(socket: Socket, disk: FaultDisk) {
    this.#socket = socket;
    this.#disk = disk;
    const greeting = Buffer.alloc(18);
    greeting.writeBigUInt64BE(NBD_MAGIC, 0);
    greeting.writeBigUInt64BE(OPTION_MAGIC, 8);
    greeting.writeUInt16BE(SERVER_FLAGS, 16);
    socket.write(greeting);
    socket.on('data', (bytes) => this.#hear(bytes));
    socket.on('error', () => socket.destroy());
  }

  #hear(bytes: Buffer): void {
    this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
    for (;;) {
      const used = this.#take();
      if (used === 0) return;
      this.#pending = this.#pending.subarray(used);
    }
  }

  /** How many bytes the next message had; 0 when it is not all there. */
  #take(): number {
    const { length } = this.#pending;
    if (this.#step === 'flags') {
      if (length < 4) return 0;
      this.#step = 'options';
      return 4;
    }
    if (this.#step === 'options') {
      if (length < 16) return 0;
      const size = 16 + this.#pending.readUInt32BE(12);
      if (length < size) return 0;
      this.#option(this.#pending.readUInt32BE(8));
      return size;
    }
    if (length < 28) return 0;
    const type = this.#pending.readUInt16BE(6);
    const bytes = this.#pending.readUInt32BE(24);
    const size = type === COMMAND.write ? 28 + bytes : 28;
    if (length < size) return 0;
    this.#request(this.#pending.subarray(0, size), type, bytes);
    return size;
  }

  #option(option: number): void {
    if (option === OPTION.exportName) {
      const answer = Buffer.alloc(10);
      answer.writeBigUInt64BE(BigInt(this.#disk.bytes), 0);
      answer.writeUInt16BE(EXPORT_FLAGS, 8);
      this.#socket.write(answer);
      this.#step = 'requests';
    } else if (option === OPTION.go || option === OPTION.info) {
      const info = Buffer.alloc(12);
      info.writeBigUInt64BE(BigInt(this.#disk.bytes), 2);
      info.writeUInt16BE(EXPORT_FLAGS, 10);
      this.#answer(option, ANSWER.info, info);
      this.#answer(option, ANSWER.ack);
      if (option === OPTION.go) this.#step = 'requests';
    } else if (option === OPTION.abort) {
      this.#answer(option, ANSWER.ack);
      this.#socket.end();
    } else this.#answer(option, ANSWER.unsupported);
  }

  #answer(option: number, type: number, data = Buffer.alloc(0)): void {
    const head = Buffer.alloc(20);
    head.writeBigUInt64BE(OPTION_REPLY, 0);
    head.writeUInt32BE(option, 8);
    head.writeUInt32BE(type, 12);
    head.writeUInt32BE(data.length, 16);
    this.#socket.write(Buffer.concat([head, data]));
  }

  #request(message: Buffer, type: number, bytes: number): void {
    if (message.readUInt32BE(0) !== REQUEST || type === COMMAND.disconnect) {
      this.#socket.end();
      return;
    }
    const cookie = message.readBigUInt64BE(8);
    const offset = Number(message.readBigUInt64BE(16));
    // What is acknowledged is decided when it comes; a frozen disk only answers late.
    const isInside = offset + bytes <= this.#disk.bytes;
    const isKnown = Object.values(COMMAND).some((known) => known === type);
    let data = Buffer.alloc(0);
    if (isInside && type === COMMAND.read) data = Buffer.from(this.#disk.read(offset, bytes));
    if (isInside && type === COMMAND.write) this.#disk.write(offset, message.subarray(28));
    const head = Buffer.alloc(16);
    head.writeUInt32BE(REPLY, 0);
    head.writeUInt32BE(isInside && isKnown ? 0 : EINVAL, 4);
    head.writeBigUInt64BE(cookie, 8);
    const noted = type === COMMAND.read ? this.#disk.noteRead(offset) : null;
    const reply = (): void => {
      this.#socket.write(data.length === 0 ? head : Buffer.concat([head, data]));
      if (noted !== null) noted.answeredMs = performance.now();
    };
    const lateMs = this.#disk.frozenMs + (type === COMMAND.read ? this.#disk.delayMs : 0);
    if (lateMs > 0) replyAt(performance.now() + lateMs, reply);
    else reply();
  }
}

/** In time: a timer is late by as much as it likes, so it is set early and the rest is spent looking. */
function replyAt(atMs: number, reply: () => void): void {
  setTimeout(
    () => {
      while (performance.now() < atMs);
      reply();
    },
    Math.max(0, atMs - performance.now() - TIMER_LATE_MS),
  );
}

const [, , path = '', bytes = ''] = process.argv;
const disk = new FaultDisk(Number(bytes));
const server = createServer((socket) => new Conversation(socket, disk));
const tell = (message: FromDisk): boolean => process.send?.(message) ?? false;
server.listen(path, () => tell({ type: 'listening' }));
process.on('message', (message: ToDisk) => {
  if (message.type === 'freeze') disk.freeze(message);
  else if (message.type === 'delay') disk.delay(message.steps);
  else if (message.type === 'drop') disk.drop(message.every);
  else if (message.type === 'note') disk.note();
  else tell({ type: 'told', ...disk.counts, wrongBlocks: disk.wrongBlocks, noted: disk.noted });
});
// The bench is gone, or is done with it.
process.on('disconnect', () => process.exit(0));
